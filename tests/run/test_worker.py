# SPDX-License-Identifier: MIT
"""The worker with the clean client against the embedded target: what both sides counted agrees."""

import os
import subprocess

import pytest

from conftest import FLAVOR

STEPS = [
    {"connect": {"timeout": "20s"}},
    {"request": {"path": "/get", "timeout": "20s"}},
    {"request": {"path": "/bytes/5000", "timeout": "20s"}},
    {"close": {"timeout": "20s"}},
]


def run(eighth, load, steps=STEPS, tls=True, **more):
    scenario = {
        "name": "worker",
        "client": {"library": "h2"},
        "target": {"embedded": {"tls": tls}},
        "load": load,
        "steps": steps,
        "deadline": "100s",
        **more,
    }
    return eighth("run", eighth.write(scenario), "--seed", "3", timeout=110)


def assert_all_agree(result, cycles, connects=None):
    assert result.code == 0, result
    scenario = result.scenario
    connects = cycles if connects is None else connects
    assert scenario["cycles"] == {"started": cycles, "completed": cycles, "failed": 0}
    assert scenario["connections_at_target"] == connects
    handshakes = scenario["handshakes"]
    assert handshakes["client"] == handshakes["target"], handshakes
    assert sum(handshakes["client"].values()) in (0, connects)
    assert result.findings == []


@pytest.mark.parametrize("affinity", ["pinned", "migrate", "fresh"])
@pytest.mark.parametrize("start", ["together", "staggered", "rate"])
def test_every_load_is_counted_alike_on_both_sides(eighth, start, affinity):
    load = {"threads": 8, "clients": 30, "cycles": 4}
    load["start"] = {"rate": "400/s"} if start == "rate" else start
    if start == "staggered":
        load["stagger"] = "20ms"
    if affinity == "fresh":
        load["fresh_threads"] = True
    else:
        load["affinity"] = affinity
    assert_all_agree(run(eighth, load), 120)


def delayed(ms):
    return [{"connect": {}}, {"request": {"path": f"/delay/{ms}"}}, {"close": {}}]


@pytest.mark.parametrize("every", [1, 8, 40])
def test_drains_do_not_hide_that_an_open_model_is_overloaded(eighth, every):
    """40 cycles of 50 ms in a row, due every 10 ms: the middle one is 800 ms late."""
    load = {"threads": 1, "clients": 1, "cycles": 40, "start": {"rate": "100/s"}, "sample_every": every}
    result = run(eighth, load, delayed(50))
    assert result.code == 0, result
    assert result.scenario["latency_us"]["cycle"]["p50"] > 5 * 50000


def test_drains_put_an_open_model_off(eighth):
    """Clients that keep up: in each drain of 400 ms ten more cycles would be due. If it did not put the
    schedule off, 75 would begin, many of them late; so it is 16 in each second."""
    load = {"threads": 16, "clients": 16, "duration": "3s", "start": {"rate": "25/s"}, "sample_every": 1}
    result = run(eighth, load, delayed(400))
    assert result.code == 0, result
    assert 0 < result.scenario["cycles"]["completed"] <= 60, result


@pytest.mark.parametrize("every", [5, 50, 100000])
def test_cycles_that_never_began_are_counted_whatever_the_rounds(eighth, every):
    load = {"threads": 1, "clients": 1, "duration": "1s", "start": {"rate": "100/s"}, "sample_every": every}
    result = run(eighth, load, delayed(50))
    (note,) = [n for n in result.scenario["notes"] if "never began" in n]
    dropped, due = (int(word) for word in note.split() if word.isdigit())
    assert dropped + result.scenario["cycles"]["completed"] == due, note
    assert dropped > due / 2, note


def test_clear_text(eighth):
    assert_all_agree(run(eighth, {"threads": 8, "clients": 30, "cycles": 4}, tls=False), 120)


def test_race_of_requests_and_close(eighth):
    operations = [{"request": {"path": "/delay/5"}}, {"request": {"path": "/get"}},
                  {"close": {"jitter": "4ms"}}]
    race = {"race": {"operations": operations}}
    steps = [{"connect": {}}, race, {"close": {}}]
    result = run(eighth, {"threads": 4, "clients": 8, "cycles": 20, "sample_every": 5}, steps)
    assert_all_agree(result, 160)


def test_reconnects_of_one_instance(eighth):
    steps = [{"repeat": {"times": 3, "steps": STEPS}}]
    result = run(eighth, {"threads": 4, "clients": 8, "cycles": 5}, steps)
    assert_all_agree(result, 40, connects=120)


def test_dropped_without_close(eighth):
    steps = [*STEPS[:2], {"close": {"mode": "none"}}]
    assert_all_agree(run(eighth, {"threads": 4, "clients": 8, "cycles": 10}, steps), 80)


def test_refused_connects_are_explained(eighth):
    target = {"embedded": {"tls": True, "faults": [{"fault": "refuse", "every": 4}]}}
    load = {"threads": 4, "clients": 10, "cycles": 8}
    result = run(eighth, load, target=target)
    assert result.code == 0, result
    assert result.scenario["cycles"] == {"started": 80, "completed": 60, "failed": 20}
    assert result.scenario["connections_at_target"] == 60


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_says_what_it_is(out, option):
    done = subprocess.run([out / "eighth-worker", option], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0
    assert "eighth-worker" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [[], ["--plan-fd", "3"], ["--plan-fd", "x", "--logbook-fd", "4"], ["--bogus"],
     ["--plan-fd", "3", "--logbook-fd", "4", "more"], ["--plan-fd", "-1", "--logbook-fd", "4"]],
)
def test_wrong_arguments(out, arguments):
    done = subprocess.run([out / "eighth-worker", *arguments], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert done.stdout == ""


def test_a_descriptor_that_is_no_logbook(out, tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 10000)
    fd = os.open(tmp_path / "file", os.O_RDWR)
    try:
        done = subprocess.run(
            [out / "eighth-worker", "--plan-fd", str(fd), "--logbook-fd", str(fd)],
            capture_output=True, text=True, check=False, pass_fds=[fd])
    finally:
        os.close(fd)
    assert done.returncode == 3
    assert "not a logbook" in done.stderr


def test_ten_thousand_clean_cycles_misuse_no_descriptor(eighth):
    """Two connections a cycle, the first closed while two requests read from it."""
    race = {"operations": [{"request": {"path": "/get"}}, {"request": {"path": "/delay/1"}},
                           {"close": {"jitter": "2ms"}}]}
    steps = [{"connect": {}}, {"race": race}, {"close": {}},
             {"connect": {}}, {"request": {"path": "/get"}}, {"close": {"mode": "abrupt"}}]
    load = {"threads": 8, "clients": 32, "cycles": 320, "sample_every": 160, "affinity": "migrate"}
    assert_all_agree(run(eighth, load, steps, tls=False), 10240, connects=20480)


@pytest.mark.skipif(FLAVOR != "plain", reason="sanitizers tell deaths themselves")
@pytest.mark.parametrize("thread", ["pool", "fresh", "racer"])
def test_a_stack_overflow_is_told_without_a_tracer(eighth, out, thread):
    """The dying thread has no stack left: it needs another one to say its last words on."""
    load = {"threads": 2, "clients": 4, "cycles": 20, "fresh_threads": thread == "fresh"}
    request = {"request": {"path": "/get"}}
    steps = [{"connect": {}}, request, {"close": {}}]
    if thread == "racer":
        steps[1] = {"race": {"operations": [request, request]}}
    client = {"library": str(out / "run" / "overflow.so"), "ignore_promises": True}
    scenario = {"name": "overflow", "client": client, "target": {"embedded": {"tls": False}},
                "load": load, "steps": steps, "deadline": "20s"}
    result = eighth("run", eighth.write(scenario), prefix=[str(out / "run" / "without_ptrace")],
                    env={"EIGHTH_TEST_OVERFLOW": thread})
    finding = result.finding("crash")
    assert finding["title"].startswith("SIGSEGV"), result
    (stack,) = finding["stacks"]
    assert [frame["function"] for frame in stack["frames"][:5]] == ["sink"] * 5
