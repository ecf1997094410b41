#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Thousands of worker crashes of mixed kinds in a row: `make proof-crashes`.

The client of the tests (tests/run/clients/bugs.c) dies of another bug in each trial and notes which.
Afterwards the report must say of each kind exactly as many, and the controller, whose resident memory
is read all the while, must not have grown by a mebibyte: the median of the last tenth of the trials
against that of the second tenth. Single readings tell less: each report that a run writes meanwhile
takes some megabytes for a moment.
"""

import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
GROWTH = 1 << 20
RESPAWN_MS = 20
SCENARIO = {
    "name": "crashes", "client": {"library": "h2"}, "target": {"embedded": {"tls": False}},
    "load": {"threads": 2, "clients": 2, "cycles": 20, "sample_every": 5},
    "steps": [{"connect": {}}, {"request": {"path": "/get"}}, {"close": {}}], "deadline": "60s",
}
# What the client calls it, and what the report must say.
HEADLINES = {
    "double-free": "free(): double free",
    "assertion": "Assertion `twin' failed",
    "null-write": "SIGSEGV at 0x0 in null_write",
    "stack-smashed": "stack smashing detected",
    "foreign": "nvalid memory access",
}


def resident(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def follow(process, log):
    """(crashes so far, resident bytes), until the controller ends."""
    points = []
    with open(log, "a+", encoding="ascii") as notes:
        notes.seek(0)
        crashes = 0
        while process.poll() is None:
            crashes += notes.read().count("\n")
            try:
                points.append((crashes, resident(process.pid)))
            except (OSError, ProcessLookupError):
                break
            time.sleep(0.2)
    process.wait()
    return [point for point in points if point[1] > 0]


def typical(points, first, end):
    held = [rss for crashes, rss in points if first <= crashes < end]
    return statistics.median(held) if held else 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--build", default="build/plain")
    arguments.add_argument("--trials", type=int, default=10000)
    given = arguments.parse_args()
    out = (ROOT / given.build).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        log = folder / "log"
        (folder / "scenario.json").write_text(json.dumps(SCENARIO))
        command = [out / "eighth", "run", "-q", folder / "scenario.json", "--seed", "1", "--client",
                   out / "run" / "bugs.so", "--trials", given.trials, "--reports",
                   folder / "reports"]
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True,
                                   env={**os.environ, "EIGHTH_TEST_BUG": "mixed",
                                        "EIGHTH_TEST_LOG": str(log)})
        points = follow(process, log)
        path = process.stdout.read().strip().split("\n")[-1]
        done = collections.Counter(log.read_text().split())
        report = json.loads(pathlib.Path(path).read_text())
    (scenario,) = report["scenarios"]
    found = {name: sum(f["trials"] for f in scenario["findings"] if words in f["title"])
             for name, words in HEADLINES.items()}
    others = [f for f in scenario["findings"]
              if not any(words in f["title"] for words in HEADLINES.values())]
    wrong = sum(abs(found[name] - done[name]) for name in HEADLINES)
    wrong += sum(f["trials"] for f in others)
    total = sum(done.values())
    warm = typical(points, total * 0.1, total * 0.2)
    # Not the last trial's: after it the controller writes the whole report.
    growth = typical(points, total * 0.9, total) - warm
    respawn = statistics.median(t["seconds"] for t in scenario["trial_list"]) * 1000
    checks = {
        f"controller: ended with {process.returncode} after {total} crashes":
            process.returncode == 1 and total == given.trials,
        "kinds: " + ", ".join(f"{name} {found[name]}" for name in HEADLINES)
        + f"; {wrong} misclassified, {len(scenario['findings'])} findings":
            wrong == 0 and len(scenario["findings"]) == len(done),
        f"resident growth: {growth / 1024:.0f} KiB from {warm / 1024:.0f} KiB (below "
        f"{GROWTH // 1024} KiB)": warm > 0 and growth < GROWTH,
        f"median trial, from its start to all that is known of its death: {respawn:.1f} ms (at most "
        f"{RESPAWN_MS} ms)": respawn <= RESPAWN_MS,
    }
    for text, holds in checks.items():
        print(f"{'ok  ' if holds else 'FAIL'} {text}")
    for finding in others:
        print(f"     not expected, in {finding['trials']} trials: {finding['kind']}: {finding['title']}")
        print(f"     {finding['reproduce']}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
