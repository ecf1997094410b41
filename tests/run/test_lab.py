# SPDX-License-Identifier: MIT
"""Each defect of the lab fails as its scenario says, and its fixed twin does not fail at all.

In a sanitizer flavor the same scenarios run with what they expect there.
"""

import json
import re
import subprocess
import sys

import pytest
from conftest import BUILD, FLAVOR, ROOT

sys.path.insert(0, str(ROOT / "tools"))
import lab_rows

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
    decisive = lab_rows.kinds(name, FLAVOR)
    assert decisive & kinds, name
    headline = lab_rows.headline(name, FLAVOR)
    for _ in range(ENOUGH if name in RACY else 1):
        result = run(eighth, name, 1)
        found = {finding["kind"] for finding in result.findings}
        assert found <= kinds, result
        if any(finding["kind"] in decisive and re.search(headline, finding["title"])
               for finding in result.findings):
            assert result.code == 0, result
            return
    pytest.fail(f"{name} did not fail as it should ({headline}): {result}")


def mended(twin):
    """What makes a scenario the one of its fixed twin."""
    words = ["--set", "client.options.fixed=true"]
    for key, value in twin.items():
        words += ["--set", f"client.options.{key}={value}"]
    return words


@pytest.mark.parametrize(
    "name, twin",
    [pytest.param(name, twin, id="-".join([name, *map(str, twin.values())]))
     for name in NAMES for twin in lab_rows.twins(name)],
)
def test_fixed_twin_is_clean(eighth, name, twin):
    result = run(eighth, name, 2, *mended(twin))
    assert result.findings == [], result
    trials = result.scenario["trials"]
    assert (trials["run"], trials["clean"]) == (2, 2), result
    cycles = result.scenario["cycles"]
    assert cycles["started"] > 0 and cycles["completed"] + cycles["failed"] == cycles["started"]
    if expected(name):  # without its bug the scenario fails, and so would the test above
        assert result.code == 1, result
        assert result.scenario["reason"] == "the expected finding did not appear"


@pytest.mark.parametrize("name", ["eighth-connection", "cache-unbounded", "session-leak"])
def test_the_twin_of_a_session_cache_resumes_sessions(eighth, name):
    (twin,) = lab_rows.twins(name)
    result = run(eighth, name, 1, *mended(twin))
    handshakes = result.scenario["handshakes"]["client"]
    # All but the first of each client, at the most.
    assert handshakes["resumed"] > result.scenario["cycles"]["started"] / 2, result


def test_every_scenario_has_its_evidence():
    assert set(lab_rows.DECISIVE) == set(lab_rows.PLAIN) == set(NAMES)
    assert set(lab_rows.TWINS) <= set(NAMES)
    for table in (lab_rows.ASAN, lab_rows.TSAN):
        assert set(table) <= set(NAMES)
    for name in NAMES:
        for flavor, kinds in scenario(name)["expect"]["flavors"].items():
            assert lab_rows.kinds(name, flavor) <= set(kinds), (name, flavor)
    told = {name for name, text in lab_rows.PLAIN.items()
            if text and text != lab_rows.PLAIN["tls-cache-global"]}
    assert len(told) >= 15
    assert len([name for name in NAMES if lab_rows.names_both(name)]) >= 15


def test_the_records_say_what_the_scenarios_expect():
    """docs/lab.md is what the records say: a unit test keeps it so."""
    page = (ROOT / "docs" / "lab.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^## (\S+)\n(?:.*\n)*?- \*\*Appears as:\*\* (.*)$", page, re.M))
    wanted = {}
    for name in NAMES:
        flavors = wanted.setdefault(scenario(name)["client"]["options"]["defect"], {})
        for flavor in ("plain", "asan", "tsan"):
            kinds = scenario(name)["expect"]["flavors"].get(flavor, [])
            flavors.setdefault(flavor, set()).update(kinds)
    assert set(told) == set(wanted)
    for defect, flavors in wanted.items():
        plain, asan, tsan = re.fullmatch(r"plain: (.*)\. asan: (.*)\. tsan: (.*)\.",
                                         told[defect]).groups()
        for flavor, text in (("plain", plain), ("asan", asan), ("tsan", tsan)):
            words = set(re.findall(r"[a-z-]+", re.sub(r"\(.*?\)|\balso\b|\bnone\b", "", text)))
            assert words == flavors[flavor], (defect, flavor)


def test_without_the_released_buffer_it_is_another_bug(eighth):
    """An error alone is no sign of the bug that the scenario is about."""
    result = run(eighth, "ssl-reentered", 2, "--set", "client.options.release_buffers=no")
    decisive = lab_rows.kinds("ssl-reentered", FLAVOR)
    assert not decisive & {finding["kind"] for finding in result.findings}, result


@pytest.mark.parametrize("name", ["ssl-ctx-leak", "session-leak"])
def test_what_is_never_freed_is_counted_and_grows(eighth, name):
    if FLAVOR != "plain":
        pytest.skip("a sanitizer's heap has no slope of its own")
    titles = [finding["title"] for finding in run(eighth, name, 1).findings]
    assert any("objects left" in title for title in titles), titles
    assert any("the heap grows by" in title for title in titles), titles


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
    assert "shared-locked 1/1" in lines[1]
    row, cache = json.loads(figures.read_text(encoding="utf-8"))["rows"]
    assert (row["rate"]["k"], row["first_connection"], row["median_cycles"]) == (2, 8, 8)
    assert row["median_seconds_to_first"] > 0 and "--seed" in row["command"]
    assert [twin["clean"] for twin in cache["twins"]] == [1, 1, 1]
    table = subprocess.run([ROOT / "tools" / "reproduce_table.py", figures], stdout=subprocess.PIPE, text=True,
                           timeout=60, check=True).stdout.splitlines()
    assert table[2].startswith("| `eighth-connection` | 2/2 crash | 15.8 % to 100 % | 8 (8) | "), table
    assert table[2].endswith(" | not measured | not measured | not measured |"), table
    done = reproduce("--only", "eighth-connection", "--set", "load.cycles=7")
    assert done.returncode == 1 and lines[1] != done.stdout.splitlines()[1]
    assert "0 of 1 rows as expected" in done.stdout
    assert "the expected finding did not appear" in done.stdout
    # An error is among what the scenario allows, and not what its defect is known by.
    done = reproduce("--only", "ssl-reentered", "--set", "client.options.release_buffers=no")
    assert done.returncode == 1, done.stdout
    assert "0 of 1 rows as expected" in done.stdout
    # One row that cannot run does not take the others with it.
    done = reproduce("--only", "sigpipe", "--only", "no-such", "--only", "eighth-connection")
    assert done.returncode == 1, done.stdout
    assert "2 of 3 rows as expected" in done.stdout
    done = reproduce("--only", "sigpipe", "--build", str(tmp_path))
    assert done.returncode == 1 and "0 of 1 rows as expected" in done.stdout
