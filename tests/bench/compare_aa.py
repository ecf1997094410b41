#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How often `eighth compare` raises a false alarm: one build against itself, again and again.

    make compare-aa COUNT=100 [ARGS="--crash 0.02 --trials 100"]

With --crash both sides are one client that dies in this share of its trials, by chance. Prints a line for each comparison and then
the sums; exit code 1 if more than one in a hundred was called a regression. Inconclusive is no false
alarm, but counted: on a busy machine there are many.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sides(build, crash):
    """The command line's sides, and what is judged."""
    if crash == 0:
        return ["--baseline", "h2", "--candidate", "h2", "--same-build-too"]
    client = f'{build / "run/worse.so"}:{{"crash":{crash},"racy":1}}'
    return ["--baseline", client, "--candidate", client, "--fail-on", "crashes",
            "--set", "load.cycles=4", "--set", "target.embedded.tls=false"]


def compare(build, what, scenario, trials, seed, reports):
    command = [build / "eighth", "compare", *what, scenario, "--trials", trials, "--seed", seed,
               "--reports", reports, "-q"]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        raise SystemExit(f"compare ended with {done.returncode}")
    path = pathlib.Path(done.stdout.rstrip("\n").split("\n")[-1])
    return json.loads(path.read_text(encoding="utf-8"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/plain")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--trials", type=int, default=21)
    parser.add_argument("--crash", type=float, default=0)
    parser.add_argument("--scenario", type=pathlib.Path, default=ROOT / "scenarios/compare.json")
    options = parser.parse_args()
    verdicts = collections.Counter()
    better = collections.Counter()
    undecided = collections.Counter()
    seconds = 0
    for i in range(options.count):
        with tempfile.TemporaryDirectory() as reports:
            what = sides(options.build, options.crash)
            tree = compare(options.build, what, options.scenario, options.trials, i + 1, reports)
        verdicts[tree["verdict"]] += 1
        seconds += tree["seconds"]
        for scenario in tree["scenarios"]:
            for metric in scenario["metrics"]:
                better[metric["name"]] += metric["verdict"] == "better"
                undecided[metric["name"]] += metric["verdict"] == "inconclusive"
            reason = scenario["reason"]
        print(f"{i + 1:4} {tree['verdict']:13} {tree['seconds']:6.1f} s  {reason}", flush=True)
    print(f"\n{options.count} comparisons of one build with itself, {seconds:.0f} s: "
          f"{verdicts['regression']} false alarms, {sum(better.values())} metrics called better, "
          f"{verdicts['pass']} pass, {verdicts['inconclusive']} inconclusive")
    for name, count in undecided.most_common(6):
        if count:
            print(f"  undecided in {count}: {name}")
    sys.exit(verdicts["regression"] > options.count // 100)


if __name__ == "__main__":
    main()
