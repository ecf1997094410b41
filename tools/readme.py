#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Keeps the code in README.md and docs/ equal to the files that it shows.

    tools/readme.py          rewrites the blocks
    tools/readme.py --check  says which blocks are stale, and ends with 1

A block begins with `<!-- file: PATH -->` and ends with `<!-- end -->`.
"""
import glob
import re
import sys


def fill(text):
    def block(match):
        with open(match.group(1), encoding="utf-8") as handle:
            body = handle.read()
        # The licence line and the sentence about the file are for the file.
        body = re.sub(r"\A/\*.*?\*/\n", "", body, flags=re.S)
        return f"<!-- file: {match.group(1)} -->\n```c\n{body}```\n<!-- end -->"

    return re.sub(r"<!-- file: (\S+) -->\n.*?<!-- end -->", block, text, flags=re.S)


def main():
    stale = 0
    for name in ["README.md", *sorted(glob.glob("docs/*.md"))]:
        with open(name, encoding="utf-8") as handle:
            text = handle.read()
        filled = fill(text)
        if filled == text:
            continue
        if "--check" in sys.argv[1:]:
            print(f"{name}: a block differs from its file: run tools/readme.py")
            stale = 1
            continue
        with open(name, "w", encoding="utf-8") as handle:
            handle.write(filled)
    return stale


if __name__ == "__main__":
    sys.exit(main())
