#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what `make reproduce` measured as the table of docs/the-eighth-connection.md.

    tools/reproduce_table.py build/reproduce.json
"""

import json
import sys

OTHERS = ("poison", "asan", "tsan")
HEAD = ("scenario", "plain", "95 %", "at", "first after", *OTHERS)


def percent(share):
    return f"{share * 100:.3g} %"


def cell(row):
    """Trials with a finding, and of which kinds: "13/13 crash"."""
    if row is None or row["rate"] is None:
        return "not measured"
    rate = row["rate"]
    return f"{rate['k']}/{rate['n']} {', '.join(row['kinds'])}".rstrip()


def at(row):
    cycles = row["median_cycles"]
    first = str(row["first_connection"] or "-")
    return first if cycles is None else f"{first} ({cycles:.0f})"


def line(name, flavors):
    plain = flavors["plain"]
    rate = plain["rate"]
    first = plain["median_seconds_to_first"]
    cells = [f"`{name}`", cell(plain), f"{percent(rate['low'])} to {percent(rate['high'])}", at(plain),
             "-" if first is None else f"{first:.2f} s",
             *(cell(flavors.get(flavor)) for flavor in OTHERS)]
    return f"| {' | '.join(cells)} |"


def main(path):
    with open(path, encoding="utf-8") as file:
        rows = json.load(file)["rows"]
    table = {}
    for row in rows:
        table.setdefault(row["defect"], {})[row["flavor"]] = row
    print(f"| {' | '.join(HEAD)} |")
    print("|" + " --- |" * len(HEAD))
    for name, flavors in table.items():
        print(line(name, flavors))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
