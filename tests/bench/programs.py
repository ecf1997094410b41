#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proof: many external programs at once for minutes leave the controller flat.

    tests/bench/programs.py [--build build/plain] [--at-once 300] [--minutes 5]

Runs one scenario (a shell that connects, stays for a while and ends, over and over) and looks at the
controller once a second: its descriptors and its resident memory. Prints how they began and ended,
and ends with 1 if descriptors grew or memory grew by 1 MiB or more after the first tenth of the time,
or if a process of the programs lives on.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import uuid


def state_of(pid):
    fds = len(os.listdir(f"/proc/{pid}/fd"))
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return fds, pages * os.sysconf("SC_PAGE_SIZE")


def driver_of(pid):
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if b"programs" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
            return int(child)
    return None


def marked(mark):
    found = 0
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found += (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
        except OSError:
            continue
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/plain")
    parser.add_argument("--at-once", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=5)
    options = parser.parse_args()
    build = pathlib.Path(options.build).resolve()
    mark = uuid.uuid4().hex
    seconds = int(options.minutes * 60)
    outsider = build / "run" / "outsider"
    scenario = {
        "name": "programs-at-once",
        "target": {"embedded": {"tls": False}},
        "client": {
            "exec": ["sh", "-c", f"{outsider} {{host}} {{port}} 2 nothing; sleep 3"],
            "env": {"PROOF_MARK": mark},
        },
        "load": {"threads": options.at_once, "clients": options.at_once, "duration": f"{seconds}s",
                 "start": "staggered", "stagger": "10s"},
        "deadline": f"{seconds + 120}s",
    }
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "scenario.json"
        path.write_text(json.dumps(scenario))
        command = [build / "eighth", "run", path, "--reports", folder, "--quiet"]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        states, drivers, most = [], [], 0
        begun = time.monotonic()
        while run.poll() is None:
            time.sleep(1)
            try:
                driver = driver_of(run.pid)
                states.append((time.monotonic() - begun, *state_of(run.pid)))
                if driver is not None:
                    drivers.append(state_of(driver)[1])
                    children = f"/proc/{driver}/task/{driver}/children"
                    most = max(most, len(pathlib.Path(children).read_text().split()))
            except OSError:
                continue
        report = json.loads(pathlib.Path(run.stdout.read().strip().splitlines()[-1]).read_text())
        left = marked(mark.encode())
    steady = [s for s in states if seconds * 0.1 < s[0] < seconds]
    (result,) = report["scenarios"]
    grown = max(s[2] for s in steady) - steady[0][2]
    print(f"processes: {result['cycles']['started']} in {seconds} s, {most} at once at most, verdict "
          f"{result['verdict']}, connections {result['connections_at_target']}")
    print(f"controller descriptors: {steady[0][1]} at the begin, {max(s[1] for s in steady)} at most, "
          f"{steady[-1][1]} at the end")
    print(f"controller memory: {steady[0][2] >> 10} KiB at the begin, grown by {grown >> 10} KiB at most")
    third = len(drivers) // 3
    print(f"driver memory: {drivers[third] >> 10} KiB after a third, {max(drivers[third:]) >> 10} KiB at most")
    print(f"processes left: {left}")
    # A look at /proc takes the controller a descriptor for a moment: least against least.
    flat = min(s[1] for s in steady[-9:]) <= min(s[1] for s in steady[:9]) and grown < 1 << 20
    return 0 if flat and left == 0 and result["verdict"] == "pass" else 1


if __name__ == "__main__":
    sys.exit(main())
