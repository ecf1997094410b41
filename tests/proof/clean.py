#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The clean client stays clean, in every flavor: `make proof-clean`.

Runs hundred-clients and close-while-reading, TRIALS times each in plain, poison, asan and tsan. Any
finding, failed trial or infrastructure failure fails. Left out is only the scenarios' limit on
latency, which says more about the machine. --set load.cycles=1 and the like make it shorter.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIOS = ("hundred-clients", "close-while-reading")
FLAVORS = ("plain", "poison", "asan", "tsan")
THRESHOLDS = 'thresholds={"errors.rate": "== 0"}'


def main():
    arguments = argparse.ArgumentParser(description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--build", default="build/plain")
    arguments.add_argument("--trials", type=int, default=200)
    arguments.add_argument("--jobs", type=int, default=1)
    arguments.add_argument("--flavor", action="append", choices=FLAVORS)
    arguments.add_argument("--scenario", action="append", choices=SCENARIOS)
    arguments.add_argument("--set", action="append", default=[],
                           help="as of eighth run, for both scenarios")
    given = arguments.parse_args()
    out = (ROOT / given.build).resolve()
    bad = 0
    for flavor in given.flavor or FLAVORS:
        for name in given.scenario or SCENARIOS:
            with tempfile.TemporaryDirectory() as folder:
                more = [word for change in [THRESHOLDS, *given.set]
                        for word in ("--set", change)]
                done = subprocess.run(
                    [str(out / "eighth"), "run", "-q", str(ROOT / "scenarios" / f"{name}.json"),
                     "--flavor", flavor, "--trials", str(given.trials), "--jobs",
                     str(given.jobs), "--reports", folder, *more],
                    stdout=subprocess.PIPE, text=True, check=False)
                path = pathlib.Path(done.stdout.strip().split("\n")[-1])
                (scenario,) = json.loads(path.read_text())["scenarios"]
            trials = scenario["trials"]
            holds = done.returncode == 0 and trials["clean"] == given.trials
            bad += not holds
            print(f"{'ok  ' if holds else 'FAIL'} {name:20} {flavor:7} {trials['clean']} of "
                  f"{given.trials} trials clean, {trials['infra']} infra, "
                  f"{scenario['cycles']['completed']} cycles, {len(scenario['findings'])} findings",
                  flush=True)
            for finding in scenario["findings"]:
                print(f"     {finding['kind']}: {finding['title']}\n     {finding['reproduce']}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
