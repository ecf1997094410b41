# SPDX-License-Identifier: MIT
"""Each defect of the lab fails as its scenario says, and its fixed twin does not fail at all.

In a sanitizer flavor the same scenarios run with what they expect there.
"""

import json
import re
import subprocess

import pytest
from conftest import BUILD, FLAVOR, ROOT

FOLDER = ROOT / "scenarios" / "lab"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))

# What may need more than one trial, on a quiet or a busy machine. The rest fails in each trial.
RACY = {
    "buffer-reuse",
    "buffer-reuse-freed",
    "close-while-reading",
    "close-while-reading-delay",
    "close-while-reading-mutex",
    "buffer-stats-global",
    "double-close",
    "double-close-fd",
    "finalizer-order",
    "ssl-reentered",
    "ssl-reentered-kept",
    "string-pool-global",
    "tcp-closed-before-tls",
    "tls-cache-getter-lock",
    "tls-cache-global",
}
ENOUGH = 12  # trials in which a racy one shows

# What a finding's one line must say where the flavor can know it: the place, the object, and the
# other thread where there is one.
PLAIN = {
    "buffer-stats-global": r"the client (counted \d+ requests, the driver 16000 responses"
                           r"|says buffers.in_use is -?\d+ when no instance is left)",
    "cache-unbounded": r"the heap grows by \d+.* bytes per cycle",
    "close-while-reading": r"in SSL_\w+ \(client frame reading_read\)"
                           r" while thread \d+ was in close of the same instance",
    "close-while-reading-h2c": r"in request of instance \d.*in poll \(client frame waiting_read\)"
                               r"; thread \d+ is in close of the same instance",
    "connect-timeout-thread": r"4 threads left",
    "double-close": r"(double free detected|SIGSEGV).* in SSL_free"
                    r" \(client frame careless_release\), in (free|close) of instance",
    "double-close-fd": r"descriptor \d+ of instance \d+ closed by instance \d+( of an earlier cycle)?"
                       r" in careless_finish,"
                       r" which had closed that number before",
    "dropped-without-close": r"20 SSL objects left",
    "eighth-connection": r"\(client frame table_put\), in request of instance 0 \(connection 8\)",
    "error-queue-stale": r"TLS failed: certificate verify failed",
    "fd-leak-on-handshake-failure": r"12 sockets left .*, opened in connect_one",
    "mutex-across-read": r"in request of instance \d.*in poll \(client frame wait_readable\)"
                         r"; thread \d+ is in close of the same instance",
    "session-leak": r"16 SSL_SESSION objects left",
    "sigpipe": r"SIGPIPE in \w+ \(client frame socket_write\), in close of instance 0",
    "ssl-ctx-leak": r"20 SSL_CTX objects left",
    "ssl-reentered-kept": r"close failed: protocol in phase close: TLS failed: internal error",
    "ssl-reentered-write": r"the connection failed \(SSL_ERROR_SYSCALL\)",
    "tcp-closed-before-tls": r"send on (closed descriptor \d+|descriptor \d+, which was instance"
                             r" \d+'s by then,) in \w+ during close; closed before in hasty_goodbye",
}
HEADLINES = {
    "plain": PLAIN,
    "asan": {
        "buffer-reuse-freed": r"heap-use-after-free: write in .*freed in free \(client frame",
        "close-while-reading": r"heap-use-after-free: \w+ in (socket_read|SSL_).*, freed in ",
        "eighth-connection": r"heap-use-after-free: read in table_put, freed in ",
        "finalizer-order": r"heap-use-after-free: read in h2_protocol_release, freed in ",
        "ssl-reentered": r"heap-use-after-free: write in memcpy \(client frame socket_read\),"
                         r" freed in .*instance",
    },
    "tsan": {
        "buffer-reuse": r"data race on heap block of size 16384: .* / ",
        "buffer-stats-global": r"data race on heap block .* in plain_add .* / .* in plain_add ",
        "close-while-reading": r"write in free .* during close .* / .* during request",
        "eighth-connection": r"heap-use-after-free: read in table_put .* / write in free",
        "finalizer-order": r"heap-use-after-free: read in h2_protocol_release / write in free",
        "ssl-reentered": r"write in memcpy \(client frame socket_read\) .* / write in free",
        "string-pool-global": r"in pool_\w+ during request .* / .* in \w+ .*during request",
        "tls-cache-global": r"data race on heap block .* / .* in (age_|make_room|extract|malloc)",
    },
}


def scenario(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def expected(name):
    """The kinds of findings that the scenario expects in this flavor."""
    return set(scenario(name)["expect"]["flavors"].get(FLAVOR, []))


def run(eighth, name, trials, *more):
    path = FOLDER / f"{name}.json"
    return eighth("run", path, "--trials", trials, *more, timeout=240)


@pytest.mark.parametrize("name", NAMES)
def test_defect_appears(eighth, name):
    kinds = expected(name)
    if not kinds:
        pytest.skip(f"{name} shows nothing in flavor {FLAVOR}")
    headline = HEADLINES.get(FLAVOR, {}).get(name, "")
    for _ in range(ENOUGH if name in RACY else 1):
        result = run(eighth, name, 1)
        found = {finding["kind"] for finding in result.findings}
        assert found <= kinds, result
        if any(re.search(headline, finding["title"]) for finding in result.findings):
            assert result.code == 0, result
            return
    pytest.fail(f"{name} did not fail as it should ({headline}): {result}")


@pytest.mark.parametrize("name", NAMES)
def test_fixed_twin_is_clean(eighth, name):
    result = run(eighth, name, 2, "--set", "client.options.fixed=true")
    assert result.findings == [], result
    trials = result.scenario["trials"]
    assert (trials["run"], trials["clean"]) == (2, 2), result
    cycles = result.scenario["cycles"]
    assert cycles["started"] > 0 and cycles["completed"] + cycles["failed"] == cycles["started"]
    if expected(name):  # without its bug the scenario fails, and so would the test above
        assert result.code == 1, result
        assert result.scenario["reason"] == "the expected finding did not appear"


def test_headlines_name_the_mechanism_of_most_defects():
    assert set(PLAIN) <= set(NAMES) and len(PLAIN) >= 15
    for table in HEADLINES.values():
        assert set(table) <= set(NAMES)
    defects = {scenario(name)["client"]["options"]["defect"] for name in NAMES}
    named = {scenario(name)["client"]["options"]["defect"]
             for table in HEADLINES.values() for name in table}
    assert named == defects


@pytest.mark.parametrize("name", ["tls-cache-global", "string-pool-global", "buffer-reuse-freed"])
@pytest.mark.parametrize("setting", ["instance", "shared-locked", "none"])
def test_each_fix_of_the_notes_is_clean(eighth, name, setting):
    result = run(
        eighth, name, 1,
        "--set", "client.options.fixed=true",
        "--set", f"client.options.cache={setting}",
    )
    assert result.findings == [], result


def test_counters_of_each_instance_lose_nothing(eighth):
    result = run(eighth, "buffer-stats-global", 1, "--set", "client.options.fixed=true",
                 "--set", "client.options.statistics=instance")
    assert result.findings == [], result


def test_eighth_connection_dies_at_the_eighth(eighth):
    if FLAVOR == "tsan":
        pytest.skip("TSan tells of the access and goes on")
    result = run(eighth, "eighth-connection", 5)
    assert sum(f["trials"] for f in result.findings) == 5, result
    assert result.scenario["cycles"]["completed"] == 5 * 7, result


@pytest.mark.parametrize("entries", [3, 12])
def test_the_eighth_is_the_capacity_and_nothing_else(eighth, entries):
    if FLAVOR == "tsan":
        pytest.skip("TSan tells of the access and goes on")
    result = run(
        eighth, "eighth-connection", 1, "--set", f"client.options.entries={entries}"
    )
    assert result.scenario["cycles"]["completed"] == entries, result


def test_failed_handshakes_leak_one_socket_each(eighth):
    result = run(eighth, "fd-leak-on-handshake-failure", 1)
    (leak,) = [f for f in result.findings if f["signature"]["key"].endswith("sockets")]
    failed = result.scenario["cycles"]["failed"]
    assert failed == 12 and leak["title"].startswith(f"{failed} sockets"), result


@pytest.mark.parametrize(
    "options, text",
    [
        ({"defect": "no-such"}, "names none that there is"),
        ({"defect": "eighth-connection", "entries": 0}, "from 1 to 64"),
        ({"defect": "eighth-connection", "fixed": 1}, "true or false"),
        ({"defect": "double-close", "again": "both"}, "no such word"),
        ({"defect": "double-close", "entries": 7}, "unknown option"),
        ({"entries": 7}, "unknown option"),
    ],
)
def test_wrong_options_are_refused(eighth, options, text):
    path = eighth.write(
        {
            "name": "refused",
            "client": {"library": "lab", "options": options},
            "steps": [{"connect": {}}, {"close": {}}],
        }
    )
    result = eighth("run", path)
    assert result.code in (2, 3), result
    assert text in result.out + result.err, result


def test_without_a_defect_it_is_the_clean_client(eighth):
    path = eighth.write(
        {
            "name": "clean",
            "client": {"library": "lab", "options": {"cache": "shared-locked"}},
            "load": {"threads": 4, "clients": 8, "cycles": 5},
            "steps": [{"connect": {}}, {"request": {"path": "/get"}}, {"close": {}}],
        }
    )
    result = eighth("run", path)
    assert result.code == 0, result
    assert result.scenario["client"]["name"] == "lab"
    assert result.scenario["cycles"]["completed"] == 40, result


def test_reproduce_tells_each_row(tmp_path):
    """The tool behind `make reproduce`: its table, its figures, and that it can say no."""
    if FLAVOR != "plain":
        pytest.skip("the tool runs all flavors itself")
    figures = tmp_path / "figures.json"
    words = [
        str(ROOT / "tools" / "reproduce.py"), "--build", str(BUILD), "--reports", str(tmp_path),
        "--flavor", "plain", "--trials", "2", "--twin-trials", "1", "--json", str(figures),
    ]

    def reproduce(*more):
        return subprocess.run([*words, *more], stdout=subprocess.PIPE, text=True, timeout=120,
                              check=False)

    done = reproduce("--only", "eighth-connection", "--only", "tls-cache-global")
    lines = done.stdout.splitlines()
    assert lines[1].split()[:4] == ["eighth-connection", "plain", "crash", "2/2"], done.stdout
    assert "instance 1/1 shared-locked 1/1 none 1/1" in lines[2]
    row, cache = json.loads(figures.read_text(encoding="utf-8"))["rows"]
    assert (row["rate"]["k"], row["first_connection"], row["median_cycles"]) == (2, 8, 8)
    assert row["median_seconds_to_first"] > 0 and "--seed" in row["command"]
    assert [twin["clean"] for twin in cache["twins"]] == [1, 1, 1]
    done = reproduce("--only", "eighth-connection", "--set", "load.cycles=7")
    assert done.returncode == 1 and lines[1] != done.stdout.splitlines()[1]
    assert "0 of 1 rows as expected" in done.stdout
    assert "the expected finding did not appear" in done.stdout
