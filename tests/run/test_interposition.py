# SPDX-License-Identifier: MIT
"""What the worker stands before in the client's process: named in the report, and left alone when asked."""

import json
import subprocess

import pytest
from conftest import BARE, FLAVOR, OUT, command_words

OFF = "--no-interposition"
NOTE = ("checks that were off: misuse of descriptors, who opened those that stay open, and who made "
        "TLS objects or started threads that stay (client.interposition is false)")
# Two instances on one thread, as the client wants them; it talks to no target, so no nonce comes back.
TWO = {"target": {"address": "127.0.0.1:9", "tls": False}, "load": {"threads": 1, "clients": 2, "cycles": 1},
       "steps": [{"connect": {}}, *[{"request": {"path": "/"}}] * 3, {"close": {}}]}
CLOSED_TWICE = {"EIGHTH_TEST_DESCRIPTORS": "close-twice"}


def misuses(result):
    return [f for f in result.findings if f["kind"] == "fd-misuse"]


def test_the_report_names_every_function(eighth):
    """All that the worker's program defines before libc, by its own symbol table."""
    result = eighth.bare(client="leak")
    assert result.code == 0 and NOTE not in result.scenario["notes"], result
    named = result.scenario["interposed"]
    assert {"socket", "connect", "close", "fcntl", "read", "sendmsg"} <= set(named)
    lines = subprocess.run(["nm", "-D", "--defined-only", OUT / "eighth-worker"], check=True, stdout=subprocess.PIPE,
                           text=True, timeout=60).stdout.splitlines()
    defined = {line.split()[-1] for line in lines if line.split()[-2] == "T"} - {"_start", "etext", "_init", "_fini"}
    defined -= {"__asan_on_error", "__ubsan_on_report"}  # the runtimes' own hooks: nothing stands behind them
    assert set(named) == defined if FLAVOR == "plain" else set(named) <= defined
    shown = eighth("show", result.path, "--verbose")
    assert f"interposed functions: {' '.join(named)}\n" in shown.out, shown


def test_a_misuse_is_found_with_it_only(eighth):
    with_it = eighth.bare(env=CLOSED_TWICE, client="descriptors", **TWO)
    assert with_it.code == 1 and misuses(with_it) and NOTE not in with_it.scenario["notes"], with_it
    without = eighth.bare(OFF, env=CLOSED_TWICE, client="descriptors", **TWO)
    assert without.code == 0 and without.findings == [], without
    assert without.scenario["interposed"] == [] and NOTE in without.scenario["notes"], without
    assert NOTE in without.out and "interposed functions: none\n" in eighth("show", without.path, "--verbose").out


def test_a_client_that_does_right_is_silent_either_way(eighth):
    for more in ((), (OFF,)):
        result = eighth.bare(*more, env={"EIGHTH_TEST_DESCRIPTORS": "all-kinds"}, client="descriptors", **TWO)
        assert result.code == 0 and result.findings == [], result
        assert (NOTE in result.scenario["notes"]) == bool(more)


def test_what_stays_open_is_found_without_its_opener(eighth):
    for more, told in (((), True), ((OFF,), False)):
        result = eighth.bare(*more, client="leak", env={"EIGHTH_TEST_LEAK": "fd"})
        leaks = [f for f in result.findings if f["kind"] == "leak"]
        assert leaks and bool(leaks[0]["stacks"]) == told, result


def test_the_flag_goes_with_the_finding(eighth):
    """A crash without interposition is reproduced without it, by hand and by replay."""
    env = {"EIGHTH_TEST_SIGNAL": "11"}
    first = eighth.bare(OFF, client="die", env=env)
    assert first.code == 1 and NOTE in first.scenario["notes"], first
    words = command_words(first.findings[0])
    assert OFF in words
    again = eighth(*words[1:], env=env)
    assert again.code == 1 and again.scenario["interposed"] == [], again
    replay = eighth("replay", first.path, "--reports", eighth.reports, env=env)
    assert replay.code == 1 and replay.scenario["interposed"] == [], replay


@pytest.mark.skipif(FLAVOR != "plain", reason="verdicts do not depend on the flavor")
def test_of_two_builds(eighth):
    library = OUT / "run" / "descriptors.so"
    path = eighth.write({**BARE, **TWO})
    words = ["verify-fix", "--before", library, "--after", library, path, "--control", "2", "--reports", eighth.reports]
    assert '"still-fails"' in read(eighth(*words, env=CLOSED_TWICE))
    assert '"no-control"' in read(eighth(*words, OFF, env=CLOSED_TWICE))
    same = eighth("compare", "--baseline", library, "--candidate", library, path, "--trials", "1", OFF, "--reports",
                  eighth.reports, env=CLOSED_TWICE)
    assert not json.loads(read(same))["scenarios"][0]["findings"], same


def read(result):
    with open(result.out.rstrip("\n").split("\n")[-1], encoding="utf-8") as file:
        return file.read()


def test_an_external_program_is_never_interposed(eighth):
    scenario = {"name": "program", "client": {"exec": ["true"]}, "load": {"clients": 1, "cycles": 1},
                "steps": [{"run": {"expect": {"connections": 0}}}], "target": {"embedded": {}}}
    path = eighth.write(scenario)
    for more in ((), (OFF,)):
        if FLAVOR == "plain":
            result = eighth("run", path, *more)
            assert result.code == 0 and result.scenario["interposed"] == [], result
            assert NOTE not in result.scenario["notes"]


@pytest.mark.parametrize("target", [{"faults": [{"fault": "refuse", "every": 2}]}, {"certificate": "expired"}])
def test_faults_need_it(eighth, target):
    """Failures that a fault explains would be findings."""
    result = eighth.bare(OFF, target={"embedded": target})
    assert result.code == 2 and "which failures the target's faults explain" in result.err, result
