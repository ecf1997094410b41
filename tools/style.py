#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds the line that reviewers should not have to hold: `make style`.

Checks every C file that git tracks: clang-format, the SPDX line, banned functions, the length of
files and functions, and the direction of includes between folders. Prints each offence as
FILE:LINE: TEXT and ends with 1 if there is any.
"""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys

FILE_LIMIT = 600
FUNCTION_LIMIT = 100

# A table or a dispatcher may be longer; say why.
ALLOWED_LENGTH = {}

BANNED = {
    "strcpy": "snprintf or memcpy", "strcat": "struct buffer", "sprintf": "snprintf",
    "vsprintf": "vsnprintf", "strtok": "strchr", "gets": "fgets", "localtime": "gmtime_r",
    "gmtime": "gmtime_r", "alloca": "malloc", "atoi": "strtol with checks", "rand": "prf",
    "srand": "prf", "system": "posix_spawn or exec", "popen": "posix_spawn or exec",
    "signal": "sigaction", "usleep": "a condition or a timer",
}

# What a folder may include, besides itself and the system.
ARROWS = {
    "harness/base": [],
    "harness/scenario": ["harness/base", "client/eighth_client.h"],
    "harness/watch": ["harness/base", "harness/scenario", "client/eighth_client.h"],
    "harness/programs": ["harness/base", "harness/scenario", "harness/watch",
                         "client/eighth_client.h"],
    "harness/judge": ["harness/base", "harness/scenario", "harness/watch", "client/eighth_client.h"],
    "harness/report": ["harness/base", "harness/scenario", "harness/watch", "harness/judge",
                       "client/eighth_client.h"],
    "harness/worker": ["harness/base", "harness/scenario", "client/eighth_client.h"],
    "harness/target": ["harness/base", "harness/scenario", "client/eighth_client.h"],
    "harness/cli": ["harness/"],
    "client/h2": ["client/eighth_client.h"],
    "client/lab": ["client/"],
    "client/adapters": ["client/eighth_client.h"],
}


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "--", *patterns], check=True, text=True,
                         capture_output=True).stdout
    return [name for name in out.splitlines() if not name.startswith("tests/corpus/")]


def check_format(files, offences):
    if not shutil.which("clang-format"):
        sys.exit("style: clang-format is not installed: tools/need.sh ci")
    def offended(batch):
        run = subprocess.run(["clang-format", "--dry-run", "--Werror", *batch],
                             capture_output=True, text=True)
        return re.findall(r"^(.+?):(\d+):\d+: error", run.stderr, flags=re.M)

    batches = [files[i:i + 20] for i in range(0, len(files), 20)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(offended, batches):
            # The first place in each file is enough.
            for name, line in dict(reversed(found)).items():
                offences.append((name, int(line), "not formatted: clang-format -i " + name))


def check_text(name, text, offences):
    lines = text.splitlines()
    if not lines or "SPDX-License-Identifier: MIT" not in lines[0]:
        offences.append((name, 1, "the first line must be `/* SPDX-License-Identifier: MIT`"))
    if len(lines) > FILE_LIMIT and name not in ALLOWED_LENGTH:
        offences.append((name, len(lines), f"{len(lines)} lines; the limit is {FILE_LIMIT}"))
    code = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"',
                  lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
    for number, line in enumerate(code.splitlines(), 1):
        for match in re.finditer(r"(?<![\w.>])(\w+)\s*\(", line):
            if match.group(1) in BANNED and not name.startswith("tests/"):
                offences.append((name, number, f"{match.group(1)} is banned: use "
                                               f"{BANNED[match.group(1)]}"))


def check_arrows(name, text, offences):
    folder = next((f for f in ARROWS if name.startswith(f + "/")), None)
    if folder is None:
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if match and not any(match.group(1).startswith(allowed)
                             for allowed in [folder + "/", *ARROWS[folder]]):
            offences.append((name, number, f"{folder} must not know {match.group(1)}"))


def check_functions(files, offences):
    if not shutil.which("ctags"):
        sys.exit("style: ctags is not installed: tools/need.sh ci")
    out = subprocess.run(["ctags", "--output-format=json", "--fields=+ne", "--kinds-C=f", "-f", "-",
                          *files], check=True, capture_output=True, text=True).stdout
    for tag in map(json.loads, out.splitlines()):
        length = tag.get("end", tag["line"]) - tag["line"] + 1
        if length > FUNCTION_LIMIT and (tag["path"] + ":" + tag["name"]) not in ALLOWED_LENGTH:
            offences.append((tag["path"], tag["line"], f"{tag['name']} has {length} lines; the "
                                                       f"limit is {FUNCTION_LIMIT}"))


def main():
    files = tracked("*.c", "*.h")
    offences = []
    check_format(files, offences)
    check_functions(files, offences)
    for name in files:
        with open(name, encoding="utf-8") as handle:
            text = handle.read()
        check_text(name, text, offences)
        check_arrows(name, text, offences)
    for name, line, text in sorted(offences):
        print(f"{name}:{line}: {text}")
    print(f"style: {len(files)} files, {len(offences)} offences")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
