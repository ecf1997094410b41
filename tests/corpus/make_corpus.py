#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make the corpus of labelled reports anew: compile the programs, crash them, keep what they said.

    make_corpus.py [--build DIR] [--output DIR] [--only DETECTOR] [--jobs N]

Each report lies in OUTPUT/DETECTOR/LABEL/BUILD.txt: the label says which bug it is, and reports of
one detector with the same label are the same bug. Nothing of the machine stays in a report but
addresses: the folder of the build is cut from every path.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# Compiler, level, lines by which the source is shifted, path (see programs/common.h).
BUILDS = (
    ("gcc", "O0", 0, 0),
    ("gcc", "O1", 7, 2),
    ("gcc", "O2", 0, 1),
    ("clang", "O0", 0, 1),
    ("clang", "O1", 13, 0),
    ("clang", "O2", 0, 2),
)

# One detector: the programs that it looks at, flags, and what its runtime is told.
COMMON = "-g -w -pthread -fno-omit-frame-pointer"
DETECTORS = {
    "asan": (("memory", "names", "names_twin"), "-fsanitize=address -fno-optimize-sibling-calls",
             {"ASAN_OPTIONS": "print_legend=0:detect_stack_use_after_return=1:detect_leaks=0:"
                              "exitcode=99:log_path="}),
    "lsan": (("leaks",), "-fsanitize=address -fno-optimize-sibling-calls",
             {"ASAN_OPTIONS": "exitcode=99:log_path="}),
    "ubsan": (("undefined",), "-fsanitize=undefined,float-cast-overflow -fno-optimize-sibling-calls",
              {"UBSAN_OPTIONS": "print_stacktrace=1:log_path="}),
    "tsan": (("races",), "-fsanitize=thread",
             {"TSAN_OPTIONS": "exitcode=66:second_deadlock_stack=1:log_path="}),
    "plain": (("memory", "names"), "-fstack-protector-strong -fno-omit-frame-pointer", {}),
}

# What a plain binary cannot see, or what shows itself only later, somewhere else.
SILENT_IN_PLAIN = {
    "read-body-after-release", "read-header-after-release", "rewind-body-after-release",
    "overflow-header", "overflow-trailer", "overflow-global", "use-after-return",
    "use-after-scope", "keep-over-realloc", "overlap-window", "take-dropped", "take-dropped-number", "free-of-new", "call-lambda",
}
# Not a bug of the detector in this list but of another, or not deterministic enough to be kept.
SILENT = {"asan": {"assert-window"}, "plain": SILENT_IN_PLAIN}
# Two ways to run into the same bug.
SAME = {"race-sum-swapped": "race-sum"}


def source_of(program):
    for suffix in (".c", ".cc"):
        path = HERE / "programs" / (program + suffix)
        if path.exists():
            return path
    sys.exit(f"no program {program}")


def bugs_of(program):
    return re.findall(r'^    \{"([a-z-]+)", ', source_of(program).read_text(), re.M)


def compile_one(folder, detector, program, build):
    compiler, level, shift, _ = build
    source = source_of(program)
    place = folder / detector / f"{compiler}-{level}"
    place.mkdir(parents=True, exist_ok=True)
    (place / source.name).write_text("\n" * shift + source.read_text())
    shutil.copy(HERE / "programs" / "common.h", place)
    driver = compiler + ("++" if source.suffix == ".cc" and compiler == "clang" else "")
    if source.suffix == ".cc" and compiler == "gcc":
        driver = "g++"
    command = [driver, *COMMON.split(), *DETECTORS[detector][1].split(), "-" + level, source.name,
               "-o", program, "-lssl", "-lcrypto"]
    subprocess.run(command, cwd=place, check=True)
    return place / program


def clean(text, folder):
    text = text.replace(str(folder) + "/", "")
    return re.sub(r"(?<![\w.])/[\w./-]*/(?=(?:asan|lsan|ubsan|tsan|plain)/(?:gcc|clang)-)", "", text)


def run_sanitized(binary, detector, bug, path):
    (variable, options), = DETECTORS[detector][2].items()
    log = binary.parent / f"log-{bug}"
    for old in binary.parent.glob(f"log-{bug}.*"):
        old.unlink()
    environment = {"PATH": os.environ["PATH"], variable: options + str(log)}
    subprocess.run([binary, bug, str(path)], env=environment, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=False)
    logs = sorted(binary.parent.glob(f"log-{bug}.*"))
    return "".join(one.read_text(errors="replace") for one in logs)


def run_plain(binary, bug, path):
    command = ["gdb", "-nx", "-batch", "-x", str(HERE / "gdb_stack.py"), "--args", str(binary), bug,
               str(path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=120, check=False)
    stack = [line for line in done.stdout.splitlines() if re.match(r"signal: |    #\d+ ", line)]
    said = [line for line in done.stderr.splitlines()
            if re.search(r"malloc|free\(\)|corrupt|\*\*\*|Assertion|munmap_chunk", line)]
    return "".join(line + "\n" for line in said + stack) if stack else ""


def collect(job):
    folder, output, detector, program, build = job
    compiler, level, _, path = build
    binary = compile_one(folder, detector, program, build)
    missing = []
    for bug in bugs_of(program):
        if bug in SILENT.get(detector, ()):
            continue
        if detector == "plain":
            text = run_plain(binary, bug, path)
        else:
            text = run_sanitized(binary, detector, bug, path)
        if not text:
            missing.append(f"{detector} {bug} {compiler}-{level}")
            continue
        label = output / detector / SAME.get(bug, bug)
        label.mkdir(parents=True, exist_ok=True)
        name = f"{compiler}-{level}" + ("-swapped" if bug in SAME else "")
        (label / (name + ".txt")).write_text(clean(text, folder))
    return missing


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/corpus"))
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "reports")
    parser.add_argument("--only", choices=sorted(DETECTORS))
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    folder = options.build.resolve()
    jobs = []
    for detector, (programs, _, _) in DETECTORS.items():
        if options.only not in (None, detector):
            continue
        shutil.rmtree(options.output / detector, ignore_errors=True)
        jobs += [(folder, options.output, detector, program, build)
                 for program in programs for build in BUILDS]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        missing = [line for lines in pool.map(collect, jobs) for line in lines]
    for line in missing:
        print("nothing reported:", line)
    print(sum(1 for _ in options.output.glob("*/*/*.txt")), "reports")


if __name__ == "__main__":
    main()
