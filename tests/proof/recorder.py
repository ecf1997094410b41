#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What recorder and tracer cost together: `make proof-recorder`.

Runs each load in pairs, with both and without: the silent worker records nothing, without
interposition it sees no call on descriptors and who makes TLS objects, and where ptrace is refused
nothing is traced. One side of a pair is the best of three runs, since what else runs on
the machine only ever adds; the sides take turns, and who begins is balanced and shuffled. Printed is
the Hodges-Lehmann estimate of the cost with its exact 95 % interval, for the CPU that the client's
process used for a cycle, and for the time that a cycle took.

Exits 0 if every interval of CPU lies below the budget, 1 if one lies above it, 3 if neither.
"""

import argparse
import json
import math
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import pairs

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUDGET = 0.02
BEST_OF = 3
STEPS = [{"connect": {}}, {"request": {"path": "/get"}}, {"close": {}}]

# name: TLS, load
LOADS = {
    "tls": (True, {"threads": 2, "clients": 20, "cycles": 25}),
    "clear text": (False, {"threads": 2, "clients": 20, "cycles": 100}),
    "fresh threads, tls": (True, {"threads": 2, "clients": 20, "cycles": 25, "fresh_threads": True}),
}


def lay_out(folder, eighth, worker, libraries):
    """A build folder of its own: eighth finds its worker beside itself."""
    place = folder / "plain"
    place.mkdir(parents=True)
    shutil.copy(eighth, place / "eighth")
    shutil.copy(worker, place / "eighth-worker")
    for library in libraries:
        shutil.copy(library, place)
    return place / "eighth"


def measure(command, scenario, reports):
    program, options = command
    done = subprocess.run([*map(str, program), "run", "-q", scenario, "--reports", reports, *options],
                          stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"proof-recorder: a run ended with {done.returncode}; nothing is measured")
    path = pathlib.Path(done.stdout.strip().split("\n")[-1])
    (result,) = json.loads(path.read_text())["scenarios"]
    traced = not any("cannot be traced" in note for note in result["notes"])
    shutil.rmtree(path.parent)
    return result["client_cpu_us_per_cycle"], 1e6 / result["cycles_per_second"], traced


def compare(name, commands, folder, count, seed):
    tls, load = LOADS[name]
    scenario = folder / "scenario.json"
    scenario.write_text(json.dumps({
        "name": "recorder", "client": {"library": "h2"}, "target": {"embedded": {"tls": tls}},
        "load": {**load, "sample_every": load["cycles"]}, "steps": STEPS, "deadline": "5m",
    }))
    runs = {"with": [], "without": []}
    for first in pairs.order(count, seed):
        turns = {"with": [], "without": []}
        for _ in range(BEST_OF):
            for way in ("with", "without") if first else ("without", "with"):
                cpu, time, traced = measure(commands[way], scenario, folder / "reports")
                turns[way].append((cpu, time))
                if traced != (way == "with"):
                    sys.exit("proof-recorder: tracing is not what it should be here")
        for way, measured in turns.items():
            runs[way].append([min(column) for column in zip(*measured)])
    verdicts = []
    for column, what in enumerate(("client CPU", "time")):
        differences = [math.log(a[column] / b[column])
                       for a, b in zip(runs["with"], runs["without"])]
        cost, low, high = (math.expm1(x) * 100 for x in pairs.hodges_lehmann(differences))
        base = statistics.median(run[column] for run in runs["without"])
        holds = ("holds" if high <= BUDGET * 100 else
                 "does not hold" if low > BUDGET * 100 else "undecided")
        verdicts.append(holds)
        print(f"{name:20} {what:11} {base:9.1f} us per cycle  {cost:+6.2f} %  "
              f"[{low:+.2f}, {high:+.2f}]  SD {100 * statistics.stdev(differences):.1f} %  {holds}",
              flush=True)
    return verdicts[0]


def main():
    arguments = argparse.ArgumentParser(description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--build", default="build/plain")
    arguments.add_argument("--pairs", type=int, default=20)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--load", action="append", choices=sorted(LOADS))
    given = arguments.parse_args()
    out = (ROOT / given.build).resolve()
    verdicts = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        libraries = sorted(out.glob("libeighth_h2.so"))
        eighth = {way: lay_out(folder / way, out / "eighth", worker, libraries)
                  for way, worker in (("with", out / "eighth-worker"),
                                      ("without", out / "proof" / "silent_worker"))}
        filtered = out / "proof" / "filtered"
        commands = {"with": ([filtered, "allow", eighth["with"]], []),
                    "without": ([filtered, "refuse", eighth["without"]], ["--no-interposition"])}
        print(f"cost of recorder and tracer, {given.pairs} pairs, 95 %; budget {BUDGET:.0%}")
        for load in given.load or LOADS:
            verdicts.append(compare(load, commands, folder, given.pairs, given.seed))
    return 1 if "does not hold" in verdicts else 3 if "undecided" in verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
