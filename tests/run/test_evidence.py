# SPDX-License-Identifier: MIT
"""What is found when a client dies, hangs, leaks or races: each detector fires, its twin does not.

Runs every flavor that is built: the client has the bug in all of them.
"""

import collections
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import time

import pytest
from conftest import BARE, BUILD, FLAVOR, OUT, ROOT, TIME_FACTOR, Result

BUILT = [
    flavor
    for flavor in ("plain", "asan", "tsan")
    if flavor in (FLAVOR, *(("asan", "tsan") if FLAVOR == "plain" else ()))
    and (BUILD / flavor / "eighth-worker").exists()
    and (BUILD / flavor / "run" / "bugs.so").exists()
]


def needs(flavor):
    return pytest.mark.skipif(flavor not in BUILT, reason=f"flavor {flavor} is not built")


def marks(flavor):
    return [needs(flavor), *([pytest.mark.other_flavors] if flavor != FLAVOR else [])]


def run(eighth, bug, flavor="plain", *arguments, twin=False, prefix=(), **changes):
    env = {"EIGHTH_TEST_BUG": bug}
    if twin:
        env["EIGHTH_TEST_TWIN"] = "1"
    client = BUILD / flavor / "run" / "bugs.so"
    words = ("--flavor", flavor, "--client", client, *arguments)
    return eighth.bare(*words, env=env, prefix=prefix, **changes)


def functions(stack):
    return [frame.get("function", "?") for frame in stack["frames"]]


def stack_of(finding, role):
    (found,) = [s for s in finding["stacks"] if s["title"].startswith(role)]
    return found


# bug, flavor, kind, what the headline says, frames of the signature
TABLE = [
    ("null-write", "plain", "crash", r"^SIGSEGV at 0x0 in null_write \(bugs\.c:\d+\), in request of", "null_write"),
    ("assertion", "plain", "crash", r"^SIGABRT: .*Assertion `twin' failed", "assertion"),
    ("double-free", "plain", "heap-corruption", r"^SIGABRT: free\(\): double free", "object_free"),
    ("stack-smashed", "plain", "crash", r"^SIGABRT: \*\*\* stack smashing", "stack_smashed"),
    (
        "use-after-free",
        "asan",
        "asan",
        r"^heap-use-after-free: read in object_read, freed in free \(client frame object_free, "
        r"called by use_after_free\), allocated in malloc \(client frame object_make, called by ",
        "object_read",
    ),
    (
        "double-free",
        "asan",
        "asan",
        r"double-free.* in free \(client frame object_free, called by double_free\), "
        r"freed in .*object_free.*object_make",
        "object_free",
    ),
    ("null-write", "asan", "ubsan", r"store to null pointer.* in null_write", "null_write"),
    (
        "assertion",
        "asan",
        "asan",
        r"^ABRT: Assertion `twin' failed\. in assertion, in request of instance",
        "assertion",
    ),
    ("after-return", "asan", "asan", r"^stack-use-after-return: read in after_return", "after_return"),
    ("leak", "asan", "lsan", r"leak of 40 B in 1 object, allocated in .*object_make", "object_make"),
    ("overflow", "asan", "ubsan", r"signed integer overflow.* in number_next", "number_next"),
    ("stack-smashed", "asan", "ubsan", r"index 16 out of bounds.* in stack_smashed", "stack_smashed"),
    (
        "race",
        "tsan",
        "tsan",
        r"^data race on .*: (read|write) in count_up during request / (read|write) in count_up "
        r"during request",
        "count_up",
    ),
    (
        "half-locked",
        "tsan",
        "tsan",
        r"^data race on .* holding write M\d+ \(made by lock_make at bugs\.c:\d+\)",
        "count_up",
    ),
    ("lock-order", "tsan", "tsan", r"^lock-order-inversion: .*lock_both", "lock_both"),
    (
        "thread-leak",
        "tsan",
        "tsan",
        r"^thread leak, created in pthread_create \(client frame start_helper\)",
        "start_helper",
    ),
    ("use-after-free", "tsan", "tsan", r"object_read", "object_read"),
    ("null-write", "tsan", "crash", r"^SIGSEGV at 0x0 in null_write \(bugs\.c:\d+\), in request of", "null_write"),
    ("foreign", "plain", "crash", r"nvalid memory access", None),
]


def table(*, twin):
    return [
        pytest.param(*(row[:2] if twin else row), marks=marks(row[1]), id=f"{row[0]}-{row[1]}")
        for row in TABLE
    ]


LOAD = {"threads": 2, "clients": 2, "cycles": 20, "sample_every": 5}


@pytest.mark.parametrize(("bug", "flavor", "kind", "headline", "frame"), table(twin=False))
def test_detector_fires(eighth, bug, flavor, kind, headline, frame):
    result = run(eighth, bug, flavor, load=LOAD)
    found = [f for f in result.findings if f["kind"] == kind]
    assert found and result.code == 1, result
    assert {f["kind"] for f in result.findings} <= {kind, "leak"}, result
    finding = found[0]
    assert re.search(headline, finding["title"]), finding["title"]
    if frame is not None:
        assert finding["signature"]["quality"] == "good"
        assert frame in finding["signature"]["key"]
        marked = [f for s in finding["stacks"] for f in s["frames"] if f["client"]]
        assert any(frame in f["function"] for f in marked)
        assert all(f["module"].endswith("bugs.so") for f in marked)
        assert all(f["file"].endswith((".c", ".h")) and f["line"] > 0 for f in marked)
    folder = result.path.parent / finding["evidence_folder"]
    assert (folder / "flight.txt").stat().st_size > 0


@pytest.mark.parametrize(("bug", "flavor"), table(twin=True))
def test_twin_stays_silent(eighth, bug, flavor):
    result = run(eighth, bug, flavor, twin=True, load=LOAD)
    assert result.findings == [], result
    assert result.code == 0


@needs("tsan")
@pytest.mark.other_flavors
def test_show_tells_who_made_a_thread_that_leaks(eighth):
    result = run(eighth, "thread-leak", "tsan", load=LOAD)
    (stack,) = result.finding("tsan")["stacks"]
    assert stack["weight"] == "matters" and " created" in stack["title"]
    shown = eighth("show", result.path)
    assert "start_helper" in shown.out.split("thread leak", 1)[1].split("\n", 1)[1], shown


@needs("tsan")
@pytest.mark.other_flavors
def test_show_tells_which_locks_are_meant(eighth):
    """Mutexes without a call that makes them are told by who locked them first."""
    for bug, origin in (("half-locked", "made by lock_make"),
                        ("half-locked-static", "first locked by count_half_locked")):
        result = run(eighth, bug, "tsan", load=LOAD)
        sides = [s["title"] for s in result.finding("tsan")["stacks"] if "access" in s["title"]]
        told = rf", holding write M\d+ \({origin} at bugs\.c:\d+\)$"
        assert len(sides) == 2 and sum(bool(re.search(told, s)) for s in sides) == 1, sides
        assert f"({origin} at bugs.c:" in eighth("show", result.path).out
    # Of an inversion TSan tells no more than which is locked while which is held.
    result = run(eighth, "lock-order", "tsan", load=LOAD)
    locks = [re.match(r"lock of (M\d+), .*, holding (M\d+)$", s["title"])
             for s in result.finding("tsan")["stacks"] if s["title"].startswith("lock of")]
    assert len(locks) == 2 and locks[0].groups() == locks[1].groups()[::-1], result


def end_itself(eighth, says, how, prefix=()):
    env = {"EIGHTH_TEST_SAYS": says, "EIGHTH_TEST_END": how}
    return eighth.bare("--client", OUT / "run" / "abort_log.so", env=env, prefix=prefix)


LOGGED = ["conn_free(): releasing 3 buffers\n", "free(): invalid pointer\n",
          "a.out: x.c:7: take: Assertion `retry' failed. going on\n",
          "a.out: x.c:7: take: Assertion `retry' failed.\n",
          "*** stack smashing detected ***: terminated\n",
          "terminate called without an active exception\n"]


@needs("plain")
@pytest.mark.parametrize("how", ["abort", "raise"])
@pytest.mark.parametrize("says", LOGGED)
def test_abort_is_not_explained_by_the_log_of_the_client(eighth, says, how):
    """Even whole messages of glibc: the stack shows that the client called abort itself."""
    finding = end_itself(eighth, says, how).finding("crash")
    assert re.match(r"SIGABRT in give_up \(\w+\.c:\d+\), in request of", finding["title"]), finding
    assert finding["signature"]["quality"] == "good"


@needs("plain")
@pytest.mark.parametrize("says", [*LOGGED, "connecting... "])
def test_abort_of_glibc_keeps_its_own_words(eighth, says):
    found = end_itself(eighth, says, "free").finding("heap-corruption")
    assert found["title"].startswith("SIGABRT: free(): double free detected in tcache 2 in free ")
    found = end_itself(eighth, says, "assert").finding("crash")
    assert found["title"].startswith("SIGABRT: Assertion `object == NULL"), found["title"]


@needs("plain")
def test_without_ptrace_the_last_words_tell_who_aborted(eighth, refused):
    finding = end_itself(eighth, LOGGED[1], "abort", prefix=refused).finding("crash")
    assert "invalid pointer" not in finding["title"]
    finding = end_itself(eighth, LOGGED[2], "free", prefix=refused).finding("heap-corruption")
    assert "double free detected in tcache 2" in finding["title"]


@needs("plain")
def test_crash_has_all_its_evidence(eighth):
    result = run(eighth, "null-write", load={"threads": 4, "clients": 4, "cycles": 20})
    finding = result.finding("crash")
    signal = finding["signal"]
    assert (signal["number"], signal["name"], signal["code_name"]) == (11, "SIGSEGV", "SEGV_MAPERR")
    assert signal["address"] == "0x0" and "near NULL" in signal["cause"]
    assert len(finding["registers"]) > 10
    assert finding["stacks_of_threads"] and finding["stacks_note"] == ""
    assert len(finding["stacks"]) == 5  # four threads of the pool, and the main one
    crashed = finding["stacks"][0]
    assert crashed["title"].startswith("crashed: thread ") and crashed["weight"] == "matters"
    assert functions(crashed)[0] == "null_write"
    assert re.fullmatch("[0-9a-f]{40}", crashed["frames"][0]["build_id"])
    assert finding["phase"] == "request"
    assert isinstance(finding["instance"], int) and finding["first_connection"] >= 1
    raw = (result.path.parent / finding["evidence_folder"] / "stacks.txt").read_text()
    assert raw.count("\nthread ") == 5 and "rip 0x" in raw
    flight = (result.path.parent / finding["evidence_folder"] / "flight.txt").read_text()
    assert "begin request" in flight


@needs("plain")
def test_show_tells_the_story_first(eighth):
    result = run(eighth, "null-write", load={"threads": 4, "clients": 4, "cycles": 20})
    shown = eighth("show", result.path).out
    lines = shown.splitlines()
    assert any(re.fullmatch(r"      \* #0 +null_write at .*bugs\.c:\d+( \(inlined\))?", line)
               for line in lines), shown
    assert re.search(r"^      \d idle threads?$", shown, re.M)
    assert shown.index("SIGSEGV at 0x0 in null_write") < shown.index("reproduce: ")
    assert "p99.9" not in shown and "rip" not in shown
    assert "raw evidence: trial-0/" in shown
    loud = eighth("show", "--verbose", result.path).out
    assert "rip" in loud and "build-id" in loud
    brief = eighth("show", "--brief", result.path).out
    assert "#0" not in brief and "SIGSEGV at 0x0 in null_write" in brief


@pytest.mark.parametrize("flavor", [pytest.param(f, marks=marks(f)) for f in ("plain", "asan", "tsan")])
def test_hang_shows_stacks_in_every_flavor(eighth, flavor, time_factor):
    client = BUILD / flavor / "run" / "never_end.so"
    result = eighth.bare("--flavor", flavor, "--client", client,
                         deadline=f"{int(3 * time_factor)}s")
    finding = result.finding("hang")
    assert "longest in close of instance 0 (connection 4)" in finding["title"]
    assert "misbehave" in finding["title"]
    longest = finding["stacks"][0]
    assert longest["title"].startswith("longest in its operation: thread ")
    assert "misbehave" in functions(longest)
    assert finding["phase"] == "close"


# ---- where tracing is not allowed -------------------------------------------------------------


@pytest.fixture
def refused():
    return (str(OUT / "run" / "without_ptrace"),)


@needs("plain")
def test_without_ptrace_the_faulting_thread_is_known(eighth, refused):
    result = run(eighth, "null-write", prefix=refused, load={"threads": 4, "clients": 4, "cycles": 20})
    finding = result.finding("crash")
    assert finding["title"].startswith("SIGSEGV at 0x0 in null_write (bugs.c:")
    assert finding["signature"]["key"] == "v3:crash:SIGSEGV:null_write"
    assert len(finding["stacks"]) == 1
    assert "only the faulting thread" in finding["stacks_note"]
    assert any("cannot be traced here" in note for note in result.scenario["notes"])


def die(eighth, flavor, number, threads, prefix=()):
    env = {"EIGHTH_TEST_SIGNAL": str(int(number))}
    if threads > 1:
        env["EIGHTH_TEST_TOGETHER"] = "1"
    load = {"threads": threads, "clients": threads, "cycles": 10}
    return eighth.bare("--flavor", flavor, "--client", BUILD / flavor / "run" / "die.so",
                       "--trials", "2", env=env, prefix=prefix, load=load)


NOBODY_KNOWS = [
    pytest.param("plain", signal.SIGPIPE, "its action is left as it is", marks=marks("plain")),
    pytest.param("plain", signal.SIGUSR1, "cannot be traced here", marks=marks("plain")),
    pytest.param("asan", signal.SIGPIPE, "is not traced", marks=marks("asan")),
    pytest.param("asan", signal.SIGUSR1, "is not traced", marks=marks("asan")),
]


@pytest.mark.parametrize(("flavor", "number", "note"), NOBODY_KNOWS)
def test_death_that_no_stack_tells_is_nobodys(eighth, refused, flavor, number, note):
    """Two threads were in an operation: neither is accused, and no two such deaths are one bug."""
    result = die(eighth, flavor, number, 2, refused if flavor == "plain" else ())
    assert len(result.findings) == 2, result
    for finding in result.findings:
        assert re.match(rf"{number.name}, in one of: open of instance \d \(connection \d+\), open of "
                        r"instance \d \(connection \d+\)", finding["title"]), finding["title"]
        assert finding["signature"]["quality"] == "low"
        assert finding["phase"] == "" and finding["first_connection"] is None
        assert f"which thread got {number.name} is not known" in finding["stacks_note"]
        assert note in finding["stacks_note"]


@pytest.mark.parametrize(("flavor", "number", "note"), NOBODY_KNOWS)
def test_death_in_the_only_operation_is_told(eighth, refused, flavor, number, note):
    result = die(eighth, flavor, number, 1, refused if flavor == "plain" else ())
    finding = result.finding("crash")
    assert finding["title"].startswith(f"{number.name}, in open of instance 0 (connection 8)")
    assert finding["signature"]["key"] == f"crash/{number.name}/open"
    assert finding["trials"] == 2 and finding["phase"] == "open"
    assert note in finding["stacks_note"]


@needs("plain")
def test_without_ptrace_a_hang_is_still_one(eighth, refused, time_factor):
    client = BUILD / "plain" / "run" / "never_end.so"
    result = eighth.bare("--client", client, prefix=refused, deadline=f"{int(2 * time_factor)}s")
    finding = result.finding("hang")
    assert finding["stacks"] == [] and "cannot be traced here" in finding["stacks_note"]
    assert any("in close of instance 0 (connection 4)" in line for line in finding["doing"])


@needs("plain")
def test_without_ptrace_a_clean_client_is_clean(eighth, refused):
    result = run(eighth, "null-write", twin=True, prefix=refused)
    assert result.findings == [] and result.code == 0


@needs("asan")
@pytest.mark.other_flavors
@pytest.mark.skipif(FLAVOR == "asan", reason="eighth's own leak check cannot run there either")
def test_leak_check_that_cannot_run_is_no_fault_of_the_client(eighth, refused):
    """LeakSanitizer traces its own process: where that is refused nothing was checked."""
    result = run(eighth, "leak", "asan", prefix=refused)
    assert [f["kind"] for f in result.findings] == ["infra"], result
    assert "LeakSanitizer" in result.findings[0]["title"]
    assert result.code == 3


# ---- UBSan ------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["recovers", "halts"])
def undefined(request, tmp_path_factory, root):
    """A client with UBSan alone, which runs in workers without it."""
    library = tmp_path_factory.mktemp(request.param) / "bugs.so"
    halts = ["-fno-sanitize-recover=undefined"] if request.param == "halts" else []
    subprocess.run(
        ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-fPIC", "-shared", f"-I{root}",
         "-fno-omit-frame-pointer", "-fsanitize=undefined", *halts, "-o", library,
         root / "tests" / "run" / "clients" / "bugs.c"],
        check=True,
    )
    return library


def run_undefined(eighth, library, bug, flavor, **env):
    words = ("--client", library, "--flavor", flavor)
    return eighth.bare(*words, env={"EIGHTH_TEST_BUG": bug, **env}, load=LOAD)


@pytest.mark.skipif(FLAVOR != "plain", reason="for workers without a sanitizer")
@pytest.mark.parametrize("flavor", ["plain", "poison"])
def test_ubsan_alone_is_heard_in_any_worker(eighth, undefined, flavor):
    result = run_undefined(eighth, undefined, "overflow", flavor)
    finding = result.finding("ubsan")
    assert result.code == 1
    assert re.match(r"signed integer overflow: .* in number_next", finding["title"]), finding["title"]
    assert "number_next" in functions(stack_of(finding, "access"))
    # The log that its runtime opened is not the client's descriptor.
    assert ".sanitizer-" not in json.dumps(result.scenario["notes"]), result
    assert run_undefined(eighth, undefined, "overflow", flavor, EIGHTH_TEST_TWIN="1").findings == []


@pytest.mark.skipif(FLAVOR != "plain", reason="for workers without a sanitizer")
def test_with_ubsan_alone_deaths_stay_the_tracers(eighth, undefined):
    result = run_undefined(eighth, undefined, "assertion", "plain")
    assert "Assertion `twin' failed" in result.finding("crash")["title"], result


@pytest.mark.skipif(FLAVOR != "plain", reason="for workers without a sanitizer")
def test_a_line_like_ubsans_is_the_clients_own(eighth, undefined):
    assert run_undefined(eighth, undefined, "own-line", "plain").findings == []


@needs("asan")
@pytest.mark.other_flavors
def test_a_line_like_ubsans_is_the_clients_own_in_asan(eighth):
    result = run(eighth, "own-line", "asan", load=LOAD)
    assert result.findings == [] and result.code == 0, result


@needs("asan")
@pytest.mark.other_flavors
def test_leaks_through_a_library_are_few_findings(eighth, root):
    """Their stacks break off in OpenSSL, which has no frame pointers: one bug is not told 20 times."""
    scenario = root / "scenarios" / "lab" / "session-leak.json"
    result = eighth("run", scenario, "--flavor", "asan", "--seed", "7", "--trials", "3")
    leaks = [f for f in result.findings if f["kind"] == "lsan"]
    (direct,) = [f for f in leaks if f["title"].startswith("direct-leak")]
    assert direct["title"].endswith("allocated in libssl.so.3"), result
    assert direct["rate"]["k"] == 3 and direct["signature"]["quality"] == "low"
    assert "fast_unwind_on_malloc=0" in direct["stacks_note"]
    assert len({f["signature"]["key"] for f in leaks}) == len(leaks) <= 4, result
    whole = {"ASAN_OPTIONS": "fast_unwind_on_malloc=0"}
    result = eighth("run", scenario, "--flavor", "asan", "--seed", "7", env=whole)
    direct = [f for f in result.findings if f["title"].startswith("direct-leak")]
    assert direct and all(f["signature"]["quality"] == "good" for f in direct), result
    assert not any(f["stacks_note"] for f in direct)


@needs("asan")
@pytest.mark.other_flavors
def test_time_that_a_report_takes_is_not_the_operations(eighth):
    """With two seconds between report and end, the request seemed to have begun two seconds ago."""
    client = BUILD / "asan" / "run" / "bugs.so"
    env = {"EIGHTH_TEST_BUG": "use-after-free", "ASAN_OPTIONS": "sleep_before_dying=2"}
    result = eighth.bare("--flavor", "asan", "--client", client, env=env)
    finding = result.finding("asan")
    (busy,) = [s for s in finding["doing"] if "in request of instance 0 (connection 5)" in s]
    assert re.search(r", begun [\d.]+ (ns|us|ms) before$", busy), busy
    flight = (result.path.parent / finding["evidence_folder"] / "flight.txt").read_text()
    assert busy in flight


# ---- what else a headline says --------------------------------------------------------------


@needs("plain")
def test_a_death_names_the_thread_that_ran_beside_it(eighth):
    title = run(eighth, "beside").finding("crash")["title"]
    assert re.search(r" in beside \(bugs\.c:\d+\), in request of instance 0 \(connection 5\), while "
                     r"thread \d+ was in spin \(bugs\.c:\d+\)$", title), title
    # Its twin only waits there.
    title = run(eighth, "beside", twin=True).finding("crash")["title"]
    assert " in beside (bugs.c:" in title and "while thread" not in title, title


@needs("plain")
def test_a_death_in_a_thread_of_the_clients_own(eighth):
    title = run(eighth, "in-own-thread").finding("crash")["title"]
    assert re.search(r" in null_write \(bugs\.c:\d+\), in a thread of the client's own, begun in "
                     r"die_main$", title), title


@needs("plain")
def test_poison_tells_that_freed_memory_was_used(eighth):
    client = BUILD / "plain" / "run" / "bugs.so"

    def title(**env):
        result = eighth.bare("--flavor", "poison", "--client", client, load=LOAD,
                             env={"EIGHTH_TEST_BUG": "stale-pointer", **env})
        return result.finding("crash")["title"]

    told = title()
    assert re.search(r"^SIGSEGV in stale_pointer \(bugs\.c:\d+\), in request of .*; \w+ held "
                     r"0xa5a5a5a5a5a5a5a5, which poison fills freed memory with$", told), told
    # A null pointer is none that was freed, and dies at its address.
    told = title(EIGHTH_TEST_TWIN="1")
    assert re.search(r"^SIGSEGV at 0x0 in stale_pointer", told) and "freed" not in told, told


# ---- whole stacks -----------------------------------------------------------------------------


class Repeated:
    """A use after free of an object that a library freed, in asan, and how many processes it took."""

    def __init__(self, eighth, folder, *arguments, bug="library-use-after-free", **env):
        log = folder / "log"
        client = BUILD / "asan" / "run" / "bugs.so"
        self.result = eighth.bare(
            "--flavor", "asan", "--client", client, "--seed", "7", *arguments, load=LOAD,
            env={"EIGHTH_TEST_BUG": bug, "EIGHTH_TEST_LOG": str(log), **env},
        )
        (self.finding,) = self.result.findings
        self.processes = len(log.read_text().split())

    @property
    def counts(self):
        """All that a repetition must not change."""
        finding, scenario = self.finding, self.result.scenario
        return (finding["signature"]["key"], finding["trials"], finding["occurrences"],
                finding["rate"], scenario["trials"], scenario["cycles"], self.result.code)


@needs("asan")
@pytest.mark.other_flavors
def test_a_cut_stack_is_completed_by_a_repetition(eighth, tmp_path):
    """libcrypto has no frame pointers: ASan's fast unwinder ends there."""
    got = Repeated(eighth, tmp_path)
    assert got.processes == 2, got.result
    for role in ("free", "alloc"):
        stack = stack_of(got.finding, role)
        assert stack["title"].endswith("(from a repetition with slow unwinding)")
        assert any(frame["client"] for frame in stack["frames"]), stack
        assert "request_run" in functions(stack)
    assert "from a repetition with slow unwinding" in got.finding["stacks_note"]
    assert re.search(r"read in library_read, freed in \w.*; freed in BIO_free \(client frame "
                     r"library_free\) during request, allocated in .*client frame "
                     r"library_use_after_free.* during request, as a repetition with slow unwinding "
                     r"shows$", got.finding["title"]), got.finding["title"]
    names = [piece["name"] for piece in got.finding["evidence"]]
    assert "report" in names and "report of a repetition with slow unwinding" in names


@needs("asan")
@pytest.mark.other_flavors
def test_of_the_eighth_connection_the_free_is_told_to_its_end(eighth, root):
    """It comes through a callback of OpenSSL's, below which the fast unwinder ends."""
    scenario = root / "scenarios" / "lab" / "eighth-connection.json"
    result = eighth("run", scenario, "--flavor", "asan", "--seed", "7", "--trials", "1")
    finding = result.finding("asan")
    for role in ("access", "free", "alloc"):
        names = functions(stack_of(finding, role))
        assert {"table_put", "tls_read", "client_request", "request_run"} <= set(names), names
    assert "; freed during request, allocated during request, as a repetition" in finding["title"]


@needs("asan")
@pytest.mark.other_flavors
def test_a_repetition_changes_no_count(eighth, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    got = Repeated(eighth, tmp_path / "one", "--trials", "3")
    off = Repeated(eighth, tmp_path / "other", "--trials", "3",
                   ASAN_OPTIONS="fast_unwind_on_malloc=1")
    assert (got.processes, off.processes) == (4, 3)  # the user's own choice is followed
    assert "fast_unwind_on_malloc=0" in off.finding["stacks_note"]
    assert not any(frame["client"] for frame in stack_of(off.finding, "alloc")["frames"])
    assert got.counts == off.counts
    assert got.finding["rate"]["k"] == got.finding["rate"]["n"] == 3


@needs("asan")
@pytest.mark.other_flavors
def test_jobs_are_repeated_as_well(eighth, tmp_path):
    got = Repeated(eighth, tmp_path, "--trials", "4", "--jobs", "2")
    assert got.processes == 5 and got.finding["rate"]["n"] == 4, got.result
    assert "from a repetition" in stack_of(got.finding, "free")["title"]


@needs("asan")
@pytest.mark.other_flavors
def test_whole_stacks_are_not_repeated(eighth, tmp_path):
    got = Repeated(eighth, tmp_path, bug="use-after-free")
    assert got.processes == 1 and got.finding["stacks_note"] == "", got.result
    assert not any("repetition" in stack["title"] for stack in got.finding["stacks"])


@needs("asan")
@pytest.mark.other_flavors
def test_an_error_that_does_not_come_back_stays_as_it_is(eighth, tmp_path):
    got = Repeated(eighth, tmp_path, EIGHTH_TEST_ONCE=str(tmp_path / "once"))
    assert got.processes == 1 + 3, got.result
    assert "fast_unwind_on_malloc=0" in got.finding["stacks_note"]
    assert "repetition" not in got.finding["title"]
    assert not any("repetition" in stack["title"] for stack in got.finding["stacks"])
    assert got.finding["rate"]["n"] == 1 and got.result.code == 1


@needs("asan")
@pytest.mark.other_flavors
def test_a_repetition_ends_when_the_user_wants(eighth, tmp_path):
    """It waits for ever: the trial that was judged stays judged."""
    log = tmp_path / "log"
    env = {"EIGHTH_TEST_BUG": "library-use-after-free", "EIGHTH_TEST_LOG": str(log),
           "EIGHTH_TEST_ONCE": str(tmp_path / "once"), "EIGHTH_TEST_ELSE_WAIT": "1"}
    path = eighth.write({**BARE, "load": LOAD, "deadline": "5m"})
    command = eighth.command("run", path, "--seed", "7", "--flavor", "asan", "--client",
                             BUILD / "asan" / "run" / "bugs.so")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
                               env={**os.environ, **env}, text=True)
    while process.poll() is None and not (log.exists() and len(log.read_text().split()) == 2):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60 * TIME_FACTOR)
    result = Result(process.returncode, out, err)
    finding = result.finding("asan")
    assert finding["rate"]["n"] == 1 and "repetition" not in finding["title"], result
    assert len(log.read_text().split()) == 2
    trials = result.scenario["trials"]
    assert (trials["run"], trials["with_findings"]) == (1, 1), result
    assert [t["outcome"] for t in result.scenario["trial_list"]] == ["findings"]


# ---- descriptors ------------------------------------------------------------------------------


@needs("plain")
def test_sockets_left_open_show_who_opened_them(eighth):
    result = eighth.bare("--client", OUT / "run" / "leak.so", env={"EIGHTH_TEST_LEAK": "fd"})
    leaks = [f for f in result.findings if f["kind"] == "leak"]
    assert leaks, result
    opened = [s for f in leaks for s in f["stacks"]]
    assert opened and all("opened: " in s["title"] for s in opened), result
    assert any(frame["client"] for s in opened for frame in s["frames"])


# ---- threads and TLS objects that are left -----------------------------------------------------


def left(eighth, what, flavor):
    client = BUILD / flavor / "run" / "leak.so"
    env = {"EIGHTH_TEST_LEAK": what, "TSAN_OPTIONS": "report_thread_leaks=0"}
    result = eighth.bare("--flavor", flavor, "--client", client, env=env)
    return result, [f for f in result.findings if f["kind"] == "leak"]


@pytest.mark.parametrize("flavor", [pytest.param(f, marks=marks(f)) for f in ("plain", "asan", "tsan")])
def test_threads_that_are_left_show_where_they_stand(eighth, flavor):
    result, leaks = left(eighth, "thread", flavor)
    (finding,) = leaks
    assert finding["title"].startswith("1 thread left after the client's cleanup, standing in "), result
    assert "sleep_for_ever" in finding["title"], result
    stack = finding["stacks"][0]
    assert stack["title"].endswith("left at the end")
    assert [f["function"] for f in stack["frames"] if f["client"]] == ["sleep_for_ever"], stack
    assert "sleep_for_ever" in eighth("show", result.path).out
    # With a sanitizer there is nobody between the client and pthread_create.
    if flavor == "plain":
        assert finding["title"].endswith(", started in misbehave"), result
        started = finding["stacks"][1]
        assert re.search(r", started: pthread_create by thread \d+ in open of instance 0 "
                         r"\(connection 3\)$", started["title"]), result
        assert {"misbehave", "base_open"} <= set(functions(started)), started
    else:
        assert len(finding["stacks"]) == 1, result


@needs("plain")
def test_threads_that_are_left_are_found_without_ptrace(eighth, refused, time_factor):
    """Nobody can look, and so the worker need not wait the ten seconds that a look may take."""
    env = {"EIGHTH_TEST_LEAK": "thread"}
    result = eighth.bare("--client", OUT / "run" / "leak.so", env=env, prefix=refused)
    assert result.finding("leak")["signature"]["key"] == "leak/threads"
    assert result.finding("leak")["stacks"] == []
    assert any("threads that are left none" in n for n in result.scenario["notes"]), result
    assert result.scenario["trial_list"][0]["seconds"] < 8 * time_factor


@pytest.mark.parametrize("flavor", [pytest.param(f, marks=marks(f)) for f in ("plain", "asan", "tsan")])
def test_tls_objects_that_are_left_show_who_made_them(eighth, flavor):
    """The third open makes them: of the only instance, in its third cycle."""
    result, leaks = left(eighth, "ssl", flavor)
    for name, maker in (("SSL", "SSL_new"), ("SSL_CTX", "SSL_CTX_new_ex")):
        (finding,) = [f for f in leaks if f["signature"]["key"] == f"leak/{name}"]
        assert f", made in {maker} (client frame leak_ssl" in finding["title"], result
        (stack,) = finding["stacks"]
        assert re.match(rf"1 {name} object, made by thread \d+ in open of instance 0 "
                        r"\(connection 3\), cycle 2, step 0$", stack["title"]), result
        assert "leak_ssl" in functions(stack)
    assert "in open of instance 0 (connection 3), cycle 2" in eighth("show", result.path).out


# ---- many crashes -----------------------------------------------------------------------------


@needs("plain")
def test_crashes_of_one_kind_are_one_finding(eighth):
    result = run(eighth, "null-write", "plain", "--trials", "40")
    finding = result.finding("crash")
    assert finding["trials"] == 40
    seconds = [t["seconds"] for t in result.scenario["trial_list"]]
    assert statistics.median(seconds) < 1


@needs("plain")
def test_mixed_crashes_are_told_apart(eighth, tmp_path):
    log = tmp_path / "log"
    result = eighth.bare(
        "--flavor", "plain", "--client", BUILD / "plain" / "run" / "bugs.so", "--trials", "60",
        env={"EIGHTH_TEST_BUG": "mixed", "EIGHTH_TEST_LOG": str(log)},
    )
    done = collections.Counter(log.read_text().split())
    headlines = {
        "double-free": "free(): double free",
        "assertion": "Assertion `twin' failed",
        "null-write": "SIGSEGV at 0x0 in null_write",
        "stack-smashed": "stack smashing detected",
        "foreign": "nvalid memory access",
    }
    found = {
        name: sum(f["trials"] for f in result.findings if words in f["title"])
        for name, words in headlines.items()
    }
    assert found == {name: done[name] for name in headlines}
    assert len(result.findings) == len([name for name in done if done[name]])


@needs("plain")
def test_two_bugs_stay_two(eighth, tmp_path):
    one = run(eighth, "null-write").finding("crash")
    other = run(eighth, "assertion").finding("crash")
    assert one["signature"]["hash"] != other["signature"]["hash"]


@needs("plain")
def test_folder_of_several_scenarios_has_no_suffix(eighth):
    first = eighth.write({**BARE, "name": "a"}, "first.json")
    second = eighth.write({**BARE, "name": "b"}, "second.json")
    client = BUILD / "plain" / "run" / "bugs.so"
    result = eighth("run", first, second, "--client", client)
    assert pathlib.Path(result.path).parent.name.startswith("first-2")
    assert json.loads(result.path.read_text())["name"] == "first"


# ---- debug information in files of its own ----

# Puts the debug file where its build-id says, in a mount namespace of its own.
BY_BUILD_ID = """
mount -t tmpfs none /usr/lib/debug && id=$1 file=$2 && shift 2 &&
folder=/usr/lib/debug/.build-id/$(printf %.2s "$id") && mkdir -p "$folder" &&
cp "$file" "$folder/${id#??}.debug" && exec "$@"
"""


def split(folder):
    """bugs.so without debug information, that information, and their build-id."""
    whole, stripped, debug = OUT / "run" / "bugs.so", folder / "bugs.so", folder / "bugs.debug"
    subprocess.run(["objcopy", "--only-keep-debug", whole, debug], check=True)
    subprocess.run(["strip", "--strip-unneeded", "-o", stripped, whole], check=True)
    notes = subprocess.run(["readelf", "-n", whole], check=True, stdout=subprocess.PIPE, text=True)
    return stripped, debug, re.search(r"Build ID: ([0-9a-f]+)", notes.stdout)[1]


def lines_of(eighth, library, prefix=()):
    """Of the frames of the client's own, in the stack of the thread that died."""
    env = {"EIGHTH_TEST_BUG": "null-write"}
    result = eighth.bare("--flavor", "plain", "--client", library, env=env, prefix=prefix, load=LOAD)
    finding = result.finding("crash")
    return [(f.get("function"), f.get("file"), f.get("line"))
            for f in finding["stacks"][0]["frames"] if f["client"]]


@pytest.mark.skipif(FLAVOR != "plain", reason="plain stacks only")
def test_debug_information_is_found_by_link(eighth, tmp_path):
    library, debug, _ = split(tmp_path)
    assert all(file is None for _, file, _ in lines_of(eighth, library))
    (tmp_path / ".debug").mkdir()
    debug.rename(tmp_path / ".debug" / debug.name)
    subprocess.run(["objcopy", f"--add-gnu-debuglink={tmp_path / '.debug' / debug.name}", library],
                   check=True)
    function, file, line = lines_of(eighth, library)[0]
    assert function == "null_write" and file.endswith("bugs.c") and line > 0


@pytest.mark.skipif(FLAVOR != "plain", reason="plain stacks only")
def test_debug_information_is_found_by_build_id(eighth, tmp_path):
    mounts = ("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/usr/lib/debug")
    if subprocess.run(mounts, stderr=subprocess.DEVNULL, check=False).returncode != 0:
        pytest.skip("nothing can be mounted at /usr/lib/debug here")
    library, debug, build_id = split(tmp_path)
    prefix = ("unshare", "--mount", "sh", "-c", BY_BUILD_ID, "sh", build_id, debug)
    function, file, line = lines_of(eighth, library, prefix)[0]
    assert function == "null_write" and file.endswith("bugs.c") and line > 0


@pytest.mark.skipif(FLAVOR != "plain", reason="one library for all flavors")
def test_names_of_cxx_are_those_that_sanitizers_print(eighth, tmp_path):
    """Without debug information there is only the symbol, and that is mangled."""
    library = tmp_path / "bugs.so"
    subprocess.run(["strip", "--strip-debug", "-o", library, OUT / "run" / "bugs.so"], check=True)
    sites = set()
    for flavor in BUILT:
        result = eighth.bare("--flavor", flavor, "--client", library, load=LOAD,
                             env={"EIGHTH_TEST_BUG": "mangled"})
        (finding,) = [f for f in result.findings if f["kind"] in ("crash", "asan")]
        assert " in void net::Conn::take<long>, in request of" in finding["title"], finding["title"]
        innermost = finding["stacks"][0]["frames"][0]["function"]
        assert innermost.startswith("void net::Conn::take<long>(long)")
        sites.add(finding["signature"]["frames"][0])
    assert sites == {"void net::Conn::take<long>"}
