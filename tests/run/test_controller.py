# SPDX-License-Identifier: MIT
"""The controller calls what happens to a worker, the target and the machine by its name."""

import contextlib
import errno
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import time

import pytest
from conftest import BARE, FLAVOR, OUT, ROOT

plain_only = pytest.mark.skipif(
    FLAVOR != "plain", reason="sanitizers catch the signals and limits that this test is about"
)


# ---- workers that die, each in its way ------------------------------------------------------


@plain_only
@pytest.mark.parametrize("name", ["SEGV", "BUS", "ABRT", "ILL", "FPE", "KILL", "TERM", "PIPE"])
def test_death_by_signal(eighth, name):
    number = int(getattr(signal, f"SIG{name}"))
    result = eighth.bare(client="die", env={"EIGHTH_TEST_SIGNAL": str(number)})
    finding = result.finding("crash")
    assert result.code == 1
    assert f"SIG{name}" in finding["title"]
    assert f"SIG{name}" in finding["signature"]["key"]
    assert finding["first_connection"] == 8
    assert finding["connections_at_target"] in (7, 8)  # it died when about to connect
    assert any("in open of instance 0 (connection 8)" in line for line in finding["doing"])
    assert result.scenario["trials"] == {
        "planned": 1, "run": 1, "clean": 0, "with_findings": 1, "with_leaks": 0,
        "with_leaks_only": 0, "infra": 0,
    }


@plain_only
@pytest.mark.parametrize("status", [0, 1, 3, 23, 77])
def test_early_exit(eighth, status):
    result = eighth.bare(client="exit_early", env={"EIGHTH_TEST_STATUS": str(status)})
    finding = result.finding("crash")
    assert result.code == 1
    assert "exited early" in finding["title"]
    assert f"status {status}" in finding["title"]
    assert any("in request of instance 0" in line for line in finding["doing"])


def test_garbage_on_pipes_is_bounded_and_no_finding(eighth):
    result = eighth.bare("--keep", client="garbage")
    assert result.code == 0, result
    assert result.findings == []
    for stream in ("stdout", "stderr"):
        kept = (result.path.parent / "trial-0" / f"{stream}.txt").read_bytes()
        assert len(kept) < 17 * 1024
        assert b"bytes left out" in kept
    # Everything printed by eighth itself is clean.
    assert "\x1b" not in result.out


@plain_only
def test_garbage_and_death(eighth):
    result = eighth.bare(client="garbage", env={"EIGHTH_TEST_STATUS": "5"})
    finding = result.finding("crash")
    assert "status 5" in finding["title"]
    assert [e["name"] for e in finding["evidence"]] == ["standard error (its end)"]


@pytest.mark.parametrize("stubborn", [False, True])
def test_never_ending_is_a_hang(eighth, stubborn, time_factor):
    env = {"EIGHTH_TEST_STUBBORN": "1"} if stubborn else {}
    deadline = int(2 * time_factor)
    begun = time.monotonic()
    result = eighth.bare(client="never_end", env=env, deadline=f"{deadline}s")
    finding = result.finding("hang")
    assert result.code == 1
    assert finding["signature"]["key"].startswith("v3:hang:close:misbehave")
    assert any("in close of instance 0 (connection 4)" in line for line in finding["doing"])
    assert deadline <= time.monotonic() - begun < deadline + 15 * time_factor


@plain_only
def test_memory_limit(eighth):
    result = eighth.bare(
        client="eat_memory", limits={"memory": "100MiB", "output": "16KiB"}, deadline="60s"
    )
    finding = result.finding("crash")
    assert result.code == 1
    assert "memory limit" in finding["title"]
    assert result.scenario["peak_rss_bytes"] > 100 << 20


def test_scribbled_logbook_harms_nobody(eighth):
    result = eighth.bare("--trials", "3", client="scribble")
    assert result.code == 1, result
    kinds = {f["kind"] for f in result.findings}
    assert kinds & {"crash", "hang"}, result
    assert result.scenario["trials"]["run"] == 3
    # And show can read it.
    assert eighth("show", result.path).code == 0


@plain_only
def test_crashes_are_told_apart_and_merged_over_trials(eighth):
    result = eighth.bare("--trials", "5", client="die")
    finding = result.finding("crash")
    assert finding["trials"] == 5
    assert finding["rate"]["k"] == 5 and finding["rate"]["n"] == 5
    assert 0.4 < finding["rate"]["low"] < 0.6 and finding["rate"]["high"] == 1
    seeds = {t["seed"] for t in result.scenario["trial_list"]}
    assert len(seeds) == 5


# ---- leaks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "key"),
    [
        ("fd", "leak/fds"),
        ("socket", "leak/sockets"),
        ("thread", "leak/threads"),
        ("ssl", "leak/SSL"),
    ],
)
def test_leak(eighth, what, key):
    if FLAVOR == "asan" and what == "ssl":
        pytest.skip("LeakSanitizer ends the worker with its own report")
    if FLAVOR == "tsan" and what == "thread":
        pytest.skip("ThreadSanitizer ends the worker with its own report")
    result = eighth.bare(client="leak", env={"EIGHTH_TEST_LEAK": what})
    keys = {f["signature"]["key"] for f in result.findings}
    assert result.code == 1, result
    assert key in keys
    assert {f["kind"] for f in result.findings} == {"leak"}
    if what == "ssl":
        assert keys == {"leak/SSL", "leak/SSL_CTX"}
    else:
        assert keys == {key}


@pytest.mark.parametrize("what", ["one-time", "nothing"])
def test_no_leak(eighth, what):
    result = eighth.bare(client="leak", env={"EIGHTH_TEST_LEAK": what})
    assert result.code == 0, result
    assert result.findings == []
    noted = [n for n in result.scenario["notes"] if "one-time" in n]
    assert len(noted) == (1 if what == "one-time" else 0)


def pool(eighth, what, **load):
    return eighth.bare(client="pool", env={"EIGHTH_TEST_POOL": what}, load=load)


def leaks(result):
    """Without those of the heap: a thread costs memory, too."""
    return {f["signature"]["key"] for f in result.findings} - {"leak/heap"}


POOLS = {"threads": "leak/threads", "sockets": "leak/sockets", "fds": "leak/fds"}
FIFTY = {"threads": 2, "clients": 20, "cycles": 50}


@pytest.mark.parametrize("kind", POOLS)
def test_pool_that_fills_and_stops_is_no_leak(eighth, kind):
    """Full at 16 % of the run or at a half, and kept up to the cleanup."""
    for most in ("8:20", "8:60"):
        result = pool(eighth, f"{kind}:{most}", **FIFTY)
        assert leaks(result) == set(), result


@pytest.mark.parametrize(("kind", "key"), POOLS.items())
def test_pool_that_never_stops_is_a_leak(eighth, kind, key):
    """Although the cleanup gives all of it back."""
    assert leaks(pool(eighth, f"{kind}:4000:60", **FIFTY)) == {key}


@pytest.mark.parametrize("kind", POOLS)
def test_few_rounds_cannot_tell_a_pool_from_a_leak(eighth, kind):
    result = pool(eighth, f"{kind}:1:13", threads=2, clients=10, cycles=2)
    assert result.code == 0 and result.findings == [], result
    assert any("from a pool that fills; 4 can" in n for n in result.scenario["notes"]), result


@pytest.mark.parametrize("kind", ["threads", "sockets"])
def test_what_the_cleanup_leaves_is_a_leak(eighth, kind):
    if FLAVOR == "tsan" and kind == "threads":
        pytest.skip("ThreadSanitizer ends the worker with its own report")
    result = pool(eighth, f"keep-{kind}:1:13", threads=2, clients=10, cycles=2)
    assert leaks(result) == {POOLS[kind]}, result


def test_descriptors_left_in_one_round(eighth):
    """Ten of two hundred cycles keep one: nobody opens so what he needs once."""
    one = {"threads": 1, "clients": 200, "cycles": 1}
    result = pool(eighth, "keep-fds:10:20", **one)
    assert leaks(result) == {"leak/fds"}, result
    title = result.findings[0]["title"]
    assert title.startswith("10 descriptors that are no sockets left after"), title
    assert ", 10 of them opened where another cycle opened one" in title
    assert result.findings[0]["stacks"], result
    # More than the log of descriptors holds.
    result = pool(eighth, "keep-fds:100:3", threads=1, clients=400, cycles=1)
    title = result.findings[0]["title"]
    assert title.startswith("100 descriptors ") and ", at least 64 of them opened" in title, title
    result = pool(eighth, "keep-fds:1:20", **one)
    assert result.code == 0 and result.findings == [], result
    (note,) = [n for n in result.scenario["notes"] if "one-time" in n]
    assert "1 round cannot show" in note and "do not go on growing" not in note
    # Bounded, as fifty rounds show: a cache that its library cannot free.
    result = pool(eighth, "keep-fds:8:20", **FIFTY)
    assert result.code == 0 and result.findings == [], result
    assert any("do not go on growing" in n for n in result.scenario["notes"]), result


# ---- answers -------------------------------------------------------------------------------


def test_wrong_status(eighth):
    result = eighth.bare(client="wrong_answers", env={"EIGHTH_TEST_ANSWER": "status"})
    finding = result.finding("wrong-response")
    assert result.code == 1
    assert finding["first_connection"] == 3


def test_unexplained_error_with_odd_text(eighth):
    result = eighth.bare(client="wrong_answers", env={"EIGHTH_TEST_ANSWER": "error"})
    finding = result.finding("error")
    assert result.code == 1
    assert finding["signature"]["key"] == "error/request/request/reset"
    assert finding["first_connection"] == 3
    assert "\x1b" not in finding["title"]
    assert result.scenario["unexplained_errors"] == 1


def test_expected_finding_passes(eighth):
    expect = {"findings": ["wrong-response"]}
    env = {"EIGHTH_TEST_ANSWER": "status"}
    result = eighth.bare(client="wrong_answers", env=env, expect=expect)
    assert result.code == 0, result
    assert result.scenario["verdict"] == "pass"
    assert result.findings[0]["expected"] is True
    result = eighth.bare(client="wrong_answers", expect=expect)
    assert result.code == 1, result
    assert "did not appear" in result.scenario["reason"]


def test_threshold(eighth):
    result = eighth.bare(client="leak", thresholds={"cycles.rate": "> 100000000/s"})
    finding = result.finding("threshold")
    assert result.code == 1
    assert "cycles.rate" in finding["title"]


# ---- the target and the machine ------------------------------------------------------------


def children_of(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return []


def wait_for_child(pid, word, seconds=20):
    """The pid of the child whose command line holds the word."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for child in children_of(pid):
            if word in command_of(child):
                return child
        time.sleep(0.02)
    raise AssertionError(f"no child {word}")


def is_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1]
    except FileNotFoundError:
        return False
    return state.split()[0] != "Z"


def start(eighth, *arguments, env=None, **changes):
    path = eighth.write({**BARE, **changes})
    return subprocess.Popen(
        eighth.command("run", path, "--seed", "1", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
        cwd=ROOT,
    )


def finish(process, timeout=60):
    from conftest import Result

    out, err = process.communicate(timeout=timeout)
    return Result(process.returncode, out.decode(), err.decode())


HOLD = [{"connect": {}}, {"hold": {"time": "200ms"}}, {"close": {}}]
LONG = {"load": {"threads": 1, "clients": 2, "cycles": 1000}, "deadline": "100s", "steps": HOLD}


def wait_running(process):
    wait_for_child(process.pid, b"--logbook-fd")
    time.sleep(0.5)


def test_target_killed(eighth):
    process = start(eighth, **LONG)
    wait_running(process)
    os.kill(wait_for_child(process.pid, b"serve"), signal.SIGKILL)
    result = finish(process)
    finding = result.finding("infra")
    assert result.code == 3, result
    assert "SIGKILL" in finding["title"]
    assert result.scenario["trials"]["infra"] == 1
    assert result.scenario["verdict"] == "inconclusive"


# ---- a target that does not run -------------------------------------------------------------


WAITING = [{"connect": {}}, {"request": {"path": "/get", "timeout": "100s"}}, {"close": {}}]
ENDLESS = {"threads": 1, "clients": 2, "cycles": 10_000_000}


def check_stuck(result, words):
    finding = result.finding("infra")
    assert result.code == 3, result
    assert words in finding["title"]
    assert result.scenario["trials"]["infra"] == 1 and result.scenario["verdict"] == "inconclusive"


@pytest.mark.parametrize("deadline", ["100s", "3s"])
def test_a_stopped_target_is_not_the_clients_hang(eighth, deadline):
    process = start(eighth, load=ENDLESS, steps=WAITING, deadline=deadline)
    wait_for_child(process.pid, b"--logbook-fd")
    target = wait_for_child(process.pid, b"serve")
    os.kill(target, signal.SIGSTOP)
    check_stuck(finish(process), "the target was stopped")
    assert not is_alive(target)


def test_a_stopped_target_is_not_the_clients_timeout(eighth):
    """Stopped for less time than a trial is given up for, but longer than the client waits."""
    request = {"request": {"path": "/get", "timeout": "50ms"}}
    process = start(
        eighth, load={"threads": 1, "clients": 1, "cycles": 200},
        steps=[{"connect": {}}, {"hold": {"time": "10ms"}}, request, {"close": {}}],
    )
    wait_for_child(process.pid, b"--logbook-fd")
    target = wait_for_child(process.pid, b"serve")
    with contextlib.suppress(ProcessLookupError):
        while process.poll() is None:
            os.kill(target, signal.SIGSTOP)
            time.sleep(0.3)
            os.kill(target, signal.SIGCONT)
            time.sleep(0.1)
    check_stuck(finish(process), "stopped")


HOLD_THREAD = """
import ctypes, os, sys
libc, pid = ctypes.CDLL(None, use_errno=True), int(sys.argv[1])
libc.ptrace.argtypes = [ctypes.c_long] * 4
assert libc.ptrace(0x4206, pid, 0, 0) == 0  # PTRACE_SEIZE
assert libc.ptrace(0x4207, pid, 0, 0) == 0  # PTRACE_INTERRUPT
print(os.waitpid(pid, 0x40000000), flush=True)  # __WALL
while True:
    os.waitpid(pid, 0x40000000)
"""


@plain_only
def test_a_stuck_thread_of_the_target_is_not_the_clients_hang(eighth):
    embedded = {"tls": False, "threads": 1}
    process = start(
        eighth, load=ENDLESS, steps=WAITING, deadline="5s", target={"embedded": embedded})
    wait_for_child(process.pid, b"--logbook-fd")
    target = wait_for_child(process.pid, b"serve")
    (thread,) = set(os.listdir(f"/proc/{target}/task")) - {str(target)}
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_THREAD, thread], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    if not holder.stdout.readline():
        process.kill()
        pytest.skip("no ptrace here")
    result = finish(process)
    holder.kill()
    holder.communicate()
    check_stuck(result, "1 of the target's threads did not run")


def test_a_client_that_hangs_beside_a_healthy_target_hangs(eighth):
    """The twin: the target runs, and takes its time as it is asked to."""
    steps = [{"connect": {}}, {"request": {"path": "/delay/60000", "timeout": "100s"}}]
    result = eighth.bare(steps=steps, deadline="3s")
    assert result.finding("hang") and result.code == 1, result


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(eighth, number):
    process = start(eighth, **LONG)
    wait_running(process)
    worker = wait_for_child(process.pid, b"--logbook-fd")
    target = wait_for_child(process.pid, b"serve")
    begun = time.monotonic()
    process.send_signal(number)
    result = finish(process)
    assert time.monotonic() - begun < 10
    assert result.code == 3, result
    assert result.report["partial"] is True
    assert signal.Signals(number).name in result.report["stopped"]
    assert result.findings == []
    assert not is_alive(worker) and not is_alive(target)


def wait_worked(pid, seconds, patience=60):
    """Waits until the process has used so much of a processor: then it has done many cycles."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1]
        if sum(map(int, fields.split()[11:13])) >= seconds * os.sysconf("SC_CLK_TCK"):
            return
        time.sleep(0.02)
    raise AssertionError(f"{pid} does not work")


FAULTY = {
    "target": {"embedded": {"tls": False, "faults": [{"fault": "rst-stream", "every": 2}]}},
    "load": {"threads": 2, "clients": 4, "cycles": 1000, "sample_every": 2},
    "steps": [{"connect": {}}, {"request": {"path": "/get"}}, {"close": {}}],
    "deadline": "100s",
    "thresholds": {
        "errors.count": "== 0", "cycles.failed": "< 10000000", "cycle.max": "< 1h",
        "handshakes.resumed.rate": ">= 0",
    },
}


def held(scenario):
    return {t["metric"]: t["holds"] for t in scenario["thresholds"]}


def check_agrees(scenario, most_apart):
    """Both sides tell of the same trial; what was under way when it ended may be on one only."""
    requests = scenario["requests"]
    assert 0 <= scenario["connects"] - scenario["connections_at_target"] <= most_apart
    assert 0 <= requests["sent"] - requests["received_by_target"] <= most_apart
    assert scenario["connections_at_target"] > 4
    cycles = scenario["cycles"]
    assert 0 <= cycles["started"] - cycles["completed"] - cycles["failed"] <= most_apart
    explained = sum(e["count"] for e in scenario["expected_failures"])
    assert 0 <= explained - cycles["failed"] <= most_apart and cycles["failed"] > 0
    assert 0 <= scenario["faults_done"]["rst-stream"] - explained <= most_apart
    latencies = scenario["latency_us"]
    assert abs(latencies["cycle"]["count"] - cycles["completed"]) <= most_apart
    assert cycles["completed"] > 0
    assert latencies["connect"]["count"] >= cycles["completed"] + cycles["failed"]
    (resources,) = scenario["resources"]
    assert resources["rounds"]


@pytest.mark.parametrize("limit", ["< 10000000", "< 1"])
def test_what_was_known_of_an_interrupted_trial_is_told(eighth, limit):
    load = {**FAULTY["load"], "cycles": 10_000_000}
    thresholds = {**FAULTY["thresholds"], "cycles.failed": limit}
    process = start(eighth, **{**FAULTY, "load": load, "thresholds": thresholds})
    wait_worked(wait_for_child(process.pid, b"--logbook-fd"), 1)
    process.send_signal(signal.SIGINT)
    result = finish(process)
    scenario = result.scenario
    broken = limit == "< 1"  # by what has happened, whatever would have come
    assert result.code == (1 if broken else 3) and result.report["partial"] is True, result
    assert [f["kind"] for f in result.findings] == (["threshold"] if broken else [])
    assert scenario["trials"]["run"] == 0 and scenario["unexplained_errors"] == 0
    assert [t["outcome"] for t in scenario["trial_list"]] == ["interrupted"]
    check_agrees(scenario, 4)
    states = held(scenario)
    assert states.pop("cycles.failed") is (False if broken else None)
    assert set(states.values()) == {None}
    assert any("not judged, the run was interrupted" in note for note in scenario["notes"])


def test_what_is_known_of_a_whole_trial_is_told(eighth):
    result = eighth.bare(**FAULTY)
    assert result.code == 0 and result.findings == [], result
    check_agrees(result.scenario, 0)
    states = held(result.scenario)
    assert states.pop("handshakes.resumed.rate") is None  # there was no handshake
    assert set(states.values()) == {True}


def test_killed_controller_leaves_nothing_running_and_a_whole_report(eighth):
    process = start(eighth, **LONG)
    wait_running(process)
    worker = wait_for_child(process.pid, b"--logbook-fd")
    target = wait_for_child(process.pid, b"serve")
    process.kill()
    process.communicate(timeout=20)
    until = time.monotonic() + 10
    while (is_alive(worker) or is_alive(target)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_alive(worker) and not is_alive(target)
    (report,) = eighth.reports.glob("*/report.json")
    assert json.loads(report.read_text(encoding="utf-8"))["partial"] is True


@plain_only
def test_a_finding_stays_one_when_the_run_is_cut_short(eighth):
    first = eighth.write({**BARE, "name": "first"}, "first.json")
    second = eighth.write({**BARE, **LONG, "name": "second"}, "second.json")
    process = subprocess.Popen(
        eighth.command("run", first, second, "--client", OUT / "run" / "wrong_answers.so"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
        env={**os.environ, "EIGHTH_TEST_ANSWER": "status"},
    )
    until = time.monotonic() + 30
    first_done = False
    while not first_done and time.monotonic() < until:
        time.sleep(0.05)
        for report in eighth.reports.glob("*/report.json"):
            first_done = json.loads(report.read_text(encoding="utf-8"))["scenarios"] != []
    assert first_done
    process.send_signal(signal.SIGINT)
    result = finish(process)
    assert result.code == 1, result
    assert result.report["partial"] is True
    assert result.report["verdict"] == "fail"
    verdicts = {s["name"]: s["verdict"] for s in result.report["scenarios"]}
    assert verdicts["first"] == "fail"
    assert verdicts.get("second", "inconclusive") == "inconclusive"


def test_report_folder_cannot_be_made(eighth, tmp_path):
    (tmp_path / "file").write_text("in the way")
    eighth.reports = tmp_path / "file" / "reports"
    result = eighth.bare(client="leak")
    assert result.code == 3, result
    assert "cannot make the report folder" in result.err
    assert "Not a directory" in result.err


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("cannot mount a small file system here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_disk_full_before(eighth, small_disk):
    (small_disk / "ballast").write_bytes(b"x" * (254 << 10))
    eighth.reports = small_disk
    result = eighth.bare(client="leak")
    assert result.code == 3, result
    assert os.strerror(errno.ENOSPC) in result.err
    assert result.out == ""


def test_disk_full_meanwhile(eighth, small_disk):
    eighth.reports = small_disk / "reports"
    process = start(eighth, **LONG, trials=1)
    wait_running(process)
    try:
        (small_disk / "ballast").write_bytes(b"x" * (256 << 10))
    except OSError as error:
        assert error.errno == errno.ENOSPC
    process.send_signal(signal.SIGINT)
    result = finish(process)
    assert result.code == 3, result
    assert os.strerror(errno.ENOSPC) in result.err
    (report,) = (small_disk / "reports").glob("*/report.json")
    json.loads(report.read_text(encoding="utf-8"))  # the older one, whole


def test_limit_of_file_sizes(eighth):
    """SIGXFSZ, which would end the controller without a word."""
    result = eighth.bare(client="leak", prefix=["prlimit", "--fsize=4096"])
    assert result.code == 3, result
    assert os.strerror(errno.EFBIG) in result.err


def test_standard_output_full(eighth):
    path = eighth.write(BARE)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            eighth.command("run", path, "--client", OUT / "run" / "leak.so"),
            stdout=full, stderr=subprocess.PIPE, cwd=ROOT, check=False, timeout=100,
        )
    assert done.returncode == 3
    assert os.strerror(errno.ENOSPC) in done.stderr.decode()


def test_port_in_use(eighth):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = eighth.bare(client="leak", target={"embedded": {"tls": False, "port": port}})
    finding = result.finding("infra")
    assert result.code == 3, result
    assert str(port) in finding["title"]
    assert "in use" in finding["title"]


def limit_descriptors(soft, hard):
    def apply():
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    return apply


def run_limited(eighth, soft, hard, **changes):
    path = eighth.write({**BARE, **changes})
    return eighth(
        "run", path, "--client", OUT / "run" / "leak.so",
        preexec_fn=limit_descriptors(soft, hard),
    )


def test_soft_limit_of_descriptors_is_raised(eighth):
    load = {"threads": 2, "clients": 200, "cycles": 1, "start": "together"}
    steps = [{"connect": {}}, {"hold": {"time": "500ms"}}, {"close": {}}]
    result = run_limited(eighth, 64, 4096, load=load, steps=steps)
    assert result.code == 0, result
    assert result.scenario["cycles"]["completed"] == 200


def test_hard_limit_of_descriptors_is_too_low(eighth):
    load = {"threads": 2, "clients": 2000, "cycles": 1}
    result = run_limited(eighth, 64, 256, load=load)
    finding = result.finding("infra")
    assert result.code == 3, result
    assert "file descriptors" in finding["title"]
    assert "256" in finding["title"] and "2000 clients" in finding["title"]


def test_ephemeral_ports_used_up(eighth):
    setup = "ip link set lo up && echo 33000 33039 >/proc/sys/net/ipv4/ip_local_port_range"
    if subprocess.run(["unshare", "-n", "sh", "-c", setup], check=False,
                      stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("cannot make a network namespace here")
    load = {"threads": 2, "clients": 200, "cycles": 1, "start": "together"}
    steps = [{"connect": {}}, {"hold": {"time": "500ms"}}, {"close": {}}]
    path = eighth.write({**BARE, "load": load, "steps": steps})
    words = eighth.command("run", path, "--client", OUT / "run" / "leak.so")
    result = eighth(
        *words[1:-2] if words[-2] == "--reports" else words[1:],
        prefix=["unshare", "-n", "sh", "-c", f'{setup} && exec "$@"', "sh"],
    )
    finding = result.finding("infra")
    assert result.code == 3, result
    assert "ephemeral ports used up" in finding["title"]


@pytest.mark.parametrize("host", ["192.0.2.1", "198.51.100.7"])
def test_remote_target_is_refused(eighth, host):
    target = {"address": f"{host}:9", "tls": False}
    result = eighth.bare(client="leak", target=target)
    assert result.code == 2, result
    assert f"--allow-remote {host}" in result.err


@pytest.mark.parametrize("host, instead", [("0.0.0.0", "127.0.0.1"), ("[::]", "::1")])
def test_target_at_no_address_is_refused(eighth, host, instead):
    result = eighth.bare(client="leak", target={"address": f"{host}:9", "tls": False})
    assert result.code == 2, result
    assert f"say {instead} for this machine" in result.err and "--allow-remote" not in result.err


@pytest.mark.parametrize("jobs", [(), ("--jobs", 2)])
@pytest.mark.parametrize("changes", [
    {"client": {"library": "h2", "options": {"cach": "none"}}}, {"client": {"library": "h3"}},
    {"target": {"address": "192.0.2.1:9", "tls": False}}])
def test_mistake_is_no_finding(eighth, changes, jobs):
    """Found only when the first trial starts: one line, and no report about nothing."""
    result = eighth.bare(*jobs, **changes)
    assert result.code == 2, result
    assert result.out == "" and result.err.count("\n") == 1
    assert not list(eighth.reports.glob("*"))


def test_mistake_beside_a_scenario_that_ran(eighth):
    """The report is about the other one; of this one it has a note, and no finding."""
    good = eighth.write({**BARE, "name": "good", "client": {"library": "h2"}}, name="good.json")
    bad = eighth.write({**BARE, "name": "bad", "client": {"library": "h2", "options": {"a": 1}}},
                       name="bad.json")
    result = eighth("run", bad, good, "--seed", "1")
    assert result.code == 2, result
    scenarios = {s["name"]: s for s in result.report["scenarios"]}
    assert scenarios["good"]["verdict"] == "pass"
    assert scenarios["bad"]["verdict"] == "inconclusive" and scenarios["bad"]["findings"] == []
    assert scenarios["bad"]["trials"]["run"] == 0
    assert any("unknown option" in note for note in scenarios["bad"]["notes"])


# ---- the command line -----------------------------------------------------------------------


def test_unknown_verb_and_option(eighth):
    result = eighth("rnu")
    assert result.code == 2
    assert 'did you mean "run"' in result.err
    result = eighth("run", "--trails", "3")
    assert result.code == 2
    assert "did you mean --trials" in result.err
    result = eighth("list", "fualts")
    assert result.code == 2
    assert 'did you mean "faults"' in result.err


@pytest.mark.parametrize("verb", ["run", "check", "list", "show", "serve"])
def test_help(eighth, verb):
    result = eighth(verb, "--help")
    assert result.code == 0, result
    assert f"eighth {verb}" in result.out
    assert result.err == ""
    assert eighth("help", verb).out == result.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "which scenario?"),
        (["run", "nowhere.json"], "nowhere.json"),
        (["run", "--seed", "-1", "x"], "expected a whole number"),
        (["run", "--flavor", "asam", "x"], "did you mean asan"),
        (["run", "--client", "./nowhere.so", "x"], "No such file"),
        (["check", "--set"], "needs a value"),
        (["check"], "which scenario?"),
        (["check", "/dev/zero"], "neither a file nor a folder"),
        (["list", "clients", "extra"], '"extra" is too much'),
        (["list", "scenarios", "scenarios", "extra"], "list what?"),
        (["version", "extra"], '"extra" is too much'),
        (["show", "/dev/null"], "not a report"),
        (["show", "nowhere"], "No such file"),
    ],
)
def test_usage_errors(eighth, arguments, words):
    result = eighth(*arguments)
    assert result.code == 2, result
    assert words in result.err


@pytest.mark.parametrize("inside", [False, True])
def test_fifo_is_no_scenario(eighth, tmp_path, inside):
    """Opening one would wait for a writer that never comes."""
    folder = tmp_path / "folder"
    folder.mkdir()
    os.mkfifo(tmp_path / "pipe")
    (folder / "x.json").symlink_to(tmp_path / "pipe")
    result = eighth("check", folder if inside else folder / "x.json")
    assert result.code == 2, result
    assert result.err.count("\n") == 1 and "x.json: it is neither a file nor a folder" in result.err


@pytest.mark.parametrize("path", ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
def test_scenario_from_a_pipe(eighth, path):
    done = subprocess.run(eighth.command("check", path), input=json.dumps(BARE), text=True,
                          capture_output=True, cwd=ROOT, check=False, timeout=100)
    assert done.returncode == 0, done.stderr


def test_unknown_client_names_the_known(eighth):
    path = eighth.write(BARE)
    result = eighth("run", path, "--client", "h3")
    assert result.code == 2, result
    assert "h2" in result.err and '"h3"' in result.err


@pytest.mark.parametrize("what", ["clients", "steps", "faults", "endpoints", "metrics", "scenarios"])
def test_list(eighth, what):
    flavor = ["--flavor", FLAVOR] if what == "clients" else []
    result = eighth("list", what, *flavor)
    assert result.code == 0, result
    expected = {
        "clients": "libeighth_h2.so", "steps": "connect", "faults": "reset-handshake",
        "endpoints": "/get", "metrics": "errors.rate", "scenarios": "hundred-clients",
    }
    assert expected[what] in result.out


def test_version(eighth):
    version = (ROOT / "VERSION").read_text(encoding="ascii").strip()
    assert eighth("version").out == f"eighth {version}\n"


def test_check(eighth):
    result = eighth("check", ROOT / "scenarios")
    assert result.code == 0, result
    broken = eighth.write({**BARE, "laod": {}})
    result = eighth("check", broken)
    assert result.code == 2
    assert "did you mean `load`" in result.err
    schema = eighth("check", "--schema")
    assert json.loads(schema.out)["$schema"].endswith("2020-12/schema")


def test_no_progress_line_without_a_terminal(eighth):
    result = eighth.bare(client="leak")
    assert result.err == ""
    assert "\r" not in result.out


def test_quiet_prints_the_path_only(eighth):
    result = eighth.bare("-q", client="leak")
    assert result.out == f"{result.path}\n"


def test_progress_line_on_a_terminal(eighth):
    """A pseudo terminal sees the line, and sees it taken away; with NO_COLOR there is none."""
    import pty

    path = eighth.write({**BARE, "steps": HOLD, "load": {"threads": 1, "clients": 1, "cycles": 4}})
    for no_color in (False, True):
        environment = {**os.environ, "TERM": "xterm"}
        environment.pop("NO_COLOR", None)
        if no_color:
            environment["NO_COLOR"] = "1"
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            eighth.command("run", path, "--client", OUT / "run" / "leak.so"),
            stdout=subprocess.PIPE, stderr=follower, cwd=ROOT, env=environment,
        )
        os.close(follower)
        process.communicate(timeout=60)
        os.set_blocking(leader, False)
        try:
            seen = os.read(leader, 65536)
        except OSError:
            seen = b""
        os.close(leader)
        assert process.returncode == 0
        assert (b"trial 1/1" in seen) is not no_color
