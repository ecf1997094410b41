#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reproduces every defect of the lab in every flavor, and runs its fixed twins.

    tools/reproduce.py [--only NAME ...] [--flavor NAME ...] [--trials N] [--time T]
                       [--twin-trials N] [--twins-only] [--set KEY=VALUE ...] [--jobs N]
                       [--json FILE] [--smoke]

Drives `eighth run` on scenarios/lab. A defect runs until it had --trials trials (default 20) or
--time is over (default 60 s), in each flavor that is built. Its twins run --twin-trials trials
(default 5) with nothing changed but that the defect is mended, in each of the ways that tools/
lab_rows.py lists. Prints one line for each defect and flavor:

    finding     the kinds that appeared; "-": nothing, and nothing was expected
    rate        trials with a finding, and their exact 95 % interval
    at          connection on which it came first; how many cycles had begun by then in the median
    first after median time of trials until one has a finding
    twin        how many trials of the twins were clean

A row is as expected if its scenario passed, the defect's own evidence is among the findings (an
error or a hang that other causes may have is none: lab_rows.py), and each trial of each twin was
clean. What could not run is not: a flavor that is not built, a scenario that does not fit. The last
line says how many rows are. Exit code: 0 if all are, else 1.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

import lab_rows

ROOT = pathlib.Path(__file__).resolve().parents[1]
SCENARIOS = ROOT / "scenarios" / "lab"
FLAVORS = ("plain", "poison", "asan", "tsan")
BUILT = {"plain": "plain", "poison": "plain", "asan": "asan", "tsan": "tsan"}
ENOUGH = 12  # runs in which a defect shows what it is known by
# A few of each sort: deterministic, racy, a leak, a signal.
SMOKE = ("eighth-connection", "close-while-reading", "ssl-reentered", "session-leak", "sigpipe")


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--build", default=ROOT / "build", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--reports", type=pathlib.Path, metavar="DIR",
                        help="default: reports/lab in the build folder")
    parser.add_argument("--only", action="append", metavar="NAME", help="scenarios by file name")
    parser.add_argument("--flavor", action="append", choices=FLAVORS)
    parser.add_argument("--trials", type=int, default=20, help="of a defect, at most")
    parser.add_argument("--time", default="60s", help="for the trials of a defect")
    parser.add_argument("--until-finding", action="store_true", help="one is enough")
    parser.add_argument("--twin-trials", type=int, default=5, help="of each twin")
    parser.add_argument("--twins-only", action="store_true")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="of all scenarios, such as load.cycles=2")
    parser.add_argument("--jobs", type=int, default=1, help="trials at once")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="the figures, too")
    parser.add_argument("--smoke", action="store_true",
                        help=f"only {', '.join(SMOKE)}; a finding is enough, twins run once")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.only = options.only or list(SMOKE)
        options.until_finding = True
        options.twin_trials = 1
    options.reports = options.reports or options.build / "reports" / "lab"
    return options


class CouldNotRun(Exception):
    """Says why there is no result."""


class Lab:
    """Runs scenarios of the lab with one set of options."""

    def __init__(self, options):
        self.options = options
        self.eighth = options.build / "plain" / "eighth"

    def flavors(self):
        return self.options.flavor or FLAVORS

    def run(self, name, flavor, *more):
        """One run: its scenario in the report, and the command that repeats it."""
        words = ["run", f"scenarios/lab/{name}.json", "--flavor", flavor, *map(str, more)]
        for change in self.options.set:
            words += ["--set", change]
        if self.options.jobs > 1:
            words += ["--jobs", str(self.options.jobs)]
        own = ["--quiet", "--reports", str(self.options.reports), "--name", f"{name}-{flavor}"]
        if not (self.options.build / BUILT[flavor] / "eighth-worker").exists():
            raise CouldNotRun(f"flavor {flavor} is not built: make FLAVOR={BUILT[flavor]}")
        done = subprocess.run([str(self.eighth), *words, *own], cwd=ROOT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False)
        lines = done.stdout.split()
        if done.returncode not in (0, 1) or not lines or not os.path.exists(ROOT / lines[-1]):
            raise CouldNotRun(f"eighth {' '.join(words)}: {done.stderr.strip() or done.returncode}")
        with open(ROOT / lines[-1], encoding="utf-8") as file:
            report = json.load(file)
        return report["scenarios"][0], "eighth " + " ".join([*words, "--seed", str(report["seed"])])

    def defect(self, name, flavor):
        more = ["--trials", self.options.trials, "--time", self.options.time]
        if not self.options.until_finding:
            return self.run(name, flavor, *more)
        for _ in range(ENOUGH):  # the first finding need not be the one that shows the defect
            result, command = self.run(name, flavor, *more, "--until-finding")
            if result["verdict"] != "pass" or shows_defect(name, flavor, result["findings"]):
                break
        return result, command

    def twins(self, name, flavor):
        """(what is set, result) for each way in which the defect is mended."""
        for twin in lab_rows.twins(name):
            words = ["--trials", self.options.twin_trials, "--set", "client.options.fixed=true"]
            for key, value in twin.items():
                words += ["--set", f"client.options.{key}={value}"]
            yield next(iter(twin.values()), "fixed"), *self.run(name, flavor, *words)


def shows_defect(name, flavor, findings):
    """Whether the defect's own evidence is among the findings, not only what it may bring about."""
    kinds, headline = lab_rows.kinds(name, flavor), lab_rows.headline(name, flavor)
    return any(finding["kind"] in kinds and re.search(headline, finding["title"])
               for finding in findings)


def times_to_finding(result):
    """Seconds of trials from one with a finding to the next."""
    times, passed = [], 0.0
    for trial in result["trial_list"]:
        passed += trial["seconds"]
        if trial["outcome"] == "findings":
            times.append(passed)
            passed = 0.0
    return times


def figures_of(name, flavor, result, command):
    times = times_to_finding(result)
    firsts = [f["first_connection"] for f in result["findings"] if f["first_connection"]]
    rate = result["failure_rate"]
    return {
        "defect": name,
        "flavor": flavor,
        "kinds": sorted({f["kind"] for f in result["findings"]}),
        "titles": [f"{f['kind']}: {f['title']}" for f in result["findings"][:10]],
        "rate": {key: rate[key] for key in ("k", "n", "low", "high")},
        "first_connection": min(firsts, default=None),
        "median_cycles": (rate.get("cycles_to_first") or {}).get("median"),
        "median_seconds_to_first": statistics.median(times) if times else None,
        "shown": shows_defect(name, flavor, result["findings"]),
        "verdict": result["verdict"],
        "reason": result["reason"],
        "command": command,
    }


def twin_figures(setting, result, command):
    trials = result["trials"]
    return {
        "setting": setting,
        "run": trials["run"],
        "clean": trials["clean"],
        "infra": trials["infra"],
        "at_most": result["failure_rate"]["high"],
        "findings": [f"{f['kind']}: {f['title']}" for f in result["findings"][:5]],
        "command": command,
    }


def is_fine(row):
    """The defect shows itself where its scenario expects it to, and no twin had a finding."""
    if row["trouble"] or not row["twins"]:
        return False
    if row["verdict"] is None:
        shown = True
    elif row["expects"]:
        shown = row["verdict"] == "pass" and row["shown"]
    else:
        shown = not row["kinds"]
    return shown and all(twin["clean"] == twin["run"] > 0 for twin in row["twins"])


def why_not(row):
    """The first thing that is wrong with a row."""
    if row["trouble"]:
        return row["trouble"]
    if row.get("reason"):
        return row["reason"]
    if row["verdict"] is not None and row["expects"] and not row["shown"]:
        return "what it showed others may cause as well: nothing that the defect is known by"
    return "a twin failed"


def text_of(row):
    rate = row["rate"]
    shown = "" if rate is None else (
        f"{rate['k']}/{rate['n']} [{rate['low'] * 100:.3g} %, {rate['high'] * 100:.3g} %]")
    at = row["first_connection"] or "-"
    if row["median_cycles"] is not None:
        at = f"{at} ({row['median_cycles']:.0f})"
    first = row["median_seconds_to_first"]
    twins = " ".join(f"{t['setting']} {t['clean']}/{t['run']}" for t in row["twins"])
    return (row["defect"], row["flavor"], ",".join(row["kinds"]) or "-", shown, str(at),
            "-" if first is None else f"{first:.2f} s", twins, "ok" if is_fine(row) else "NO")


WIDTHS = (27, 6, 28, 26, 10, 11, 36, 2)


def show(cells):
    print("  ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS)).rstrip(), flush=True)


def row_of(lab, name, flavor):
    """One line of the table, also of what could not run."""
    row = {"defect": name, "flavor": flavor, "kinds": [], "rate": None, "verdict": None,
           "first_connection": None, "median_cycles": None, "median_seconds_to_first": None,
           "trouble": "", "expects": [], "twins": []}
    try:
        if not lab.options.twins_only:
            row.update(figures_of(name, flavor, *lab.defect(name, flavor)))
        scenario = json.loads((SCENARIOS / f"{name}.json").read_text(encoding="utf-8"))
        row["expects"] = scenario["expect"]["flavors"].get(flavor, [])
        row["twins"] = [twin_figures(*twin) for twin in lab.twins(name, flavor)]
    except (CouldNotRun, OSError) as trouble:
        row["trouble"] = str(trouble)
    return row


def main(arguments):
    options = parse(arguments)
    lab = Lab(options)
    names = options.only or sorted(path.stem for path in SCENARIOS.glob("*.json"))
    rows = []
    show(("defect", "flavor", "finding", "rate", "at", "first after", "twin", ""))
    for name in names:
        for flavor in lab.flavors():
            rows.append(row_of(lab, name, flavor))
            show(text_of(rows[-1]))
            if options.json:
                options.json.write_text(json.dumps({"rows": rows}, indent=1) + "\n",
                                        encoding="utf-8")
    bad = [row for row in rows if not is_fine(row)]
    for row in bad:
        print(f"\n{row['defect']}, {row['flavor']}: {why_not(row)}")
        for line in row.get("titles", []) + [f for t in row["twins"] for f in t["findings"]]:
            print(f"  {line}")
    print(f"\n{len(rows) - len(bad)} of {len(rows)} rows as expected")
    return 0 if rows and not bad else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
