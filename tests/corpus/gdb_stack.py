# SPDX-License-Identifier: MIT
"""Run inside gdb: print the stack of the thread that died in the form that sanitizers print.

It stands in for the tracer where only a plain binary and a debugger are at hand, so that a corpus
can be made without the controller.
"""

import os
import re

import gdb


def module_of(pc):
    """Name and load address of the object that holds pc."""
    name = gdb.solib_name(pc) or gdb.current_progspace().filename
    text = gdb.execute(f"info proc mappings", to_string=True)
    for line in text.splitlines():
        fields = line.split()
        if fields and fields[-1] == os.path.realpath(name) and int(fields[3], 16) == 0:
            return os.path.basename(name), int(fields[0], 16)
    return os.path.basename(name), 0


def describe(frame):
    pc = frame.pc()
    name = frame.name() or "<unknown>"
    place = frame.find_sal()
    where = ""
    if place.symtab is not None:
        where = f" {place.symtab.filename}:{place.line}"
    if not gdb.solib_name(pc) and place.symtab is None and frame.name() is None:
        return f"{pc:#x} (<unknown module>)"
    module, base = module_of(pc)
    return f"{pc:#x} in {name}{where} ({module}+{pc - base:#x})"


def main():
    gdb.execute("set confirm off")
    gdb.execute("set debuginfod enabled off")
    gdb.execute("set disable-randomization on")
    gdb.execute("set print thread-events off")
    try:
        gdb.execute("run", to_string=True)
        info = gdb.parse_and_eval("$_siginfo")
    except gdb.error as error:
        print(f"no signal: {error}")
        return
    signal = int(info["si_signo"])
    names = {4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 11: "SIGSEGV"}
    print(f"signal: {names.get(signal, signal)}")
    frame = gdb.newest_frame()
    number = 0
    while frame is not None and number < 24:
        print(f"    #{number} {describe(frame)}")
        number += 1
        try:
            frame = frame.older()
        except gdb.error:
            break


main()
