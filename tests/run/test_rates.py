# SPDX-License-Identifier: MIT
"""How often, how long, in which flavor: rates, stop rules, poison, heap slopes, parallel trials."""

import json
import os
import re
import subprocess
import time

import pytest
from conftest import BARE, FLAVOR, OUT, ROOT, Result, command_words

plain_only = pytest.mark.skipif(
    FLAVOR != "plain", reason="what a sanitizer changes is tested where it matters"
)

SOMETIMES = {"EIGHTH_TEST_SOMETIMES": "0.3"}


def outcomes(result):
    return [(t["index"], t["seed"], t["outcome"]) for t in result.scenario["trial_list"]]


# ---- rates ---------------------------------------------------------------------------------


@plain_only
def test_rates_of_a_crash_that_comes_sometimes(eighth):
    result = eighth.bare("--trials", "40", client="sometimes", env=SOMETIMES)
    finding = result.finding("crash")
    assert result.code == 1
    k = finding["rate"]["k"]
    deaths = [t for t in result.scenario["trial_list"] if t["outcome"] == "findings"]
    assert k == len(deaths) == result.scenario["trials"]["with_findings"]
    assert 4 <= k <= 22  # 0.3 of 40, 99.9 %; the seed is fixed
    assert finding["rate"]["n"] == 40
    assert finding["rate"]["low"] < 0.3 < finding["rate"]["high"]
    # 20 cycles in a trial that lives, 3 in one that dies.
    cycles = 20 * (40 - k) + 3 * k
    rate = finding["per_million_cycles"]
    assert rate["events"] == k and rate["cycles"] == cycles
    assert rate["rate"] == pytest.approx(k * 1e6 / cycles)
    assert rate["low"] < rate["rate"] < rate["high"]
    assert finding["cycles_to_first"] == {
        "median": None, "median_seen": 3, "seen": k, "unseen": 40 - k,
    }
    assert result.scenario["failure_rate"]["k"] == k
    assert result.scenario["failure_rate"]["trustworthy"] is True
    assert f"in {k} of 40 trials" in result.out
    assert "per million cycles" in (result.path.parent / "summary.md").read_text()


@plain_only
def test_median_of_a_crash_that_always_comes(eighth):
    result = eighth.bare("--trials", "3", client="sometimes", env={"EIGHTH_TEST_SOMETIMES": "1"})
    first = result.finding("crash")["cycles_to_first"]
    assert first == {"median": 3, "median_seen": 3, "seen": 3, "unseen": 0}
    assert "half of the trials by cycle 3" in result.out


def test_nothing_seen_is_said_with_its_bound(eighth):
    result = eighth.bare("--trials", "5", client="sometimes", env={"EIGHTH_TEST_SOMETIMES": "0"})
    assert result.code == 0, result
    rate = result.scenario["failure_rate"]
    assert rate["k"] == 0 and rate["high"] == pytest.approx(1 - 0.05 ** (1 / 5))
    assert rate["per_million_cycles"]["low"] == 0 and rate["per_million_cycles"]["high"] > 0
    assert "no failure seen in 5 trials (at most 45 % of trials, 95 %)" in result.out


# ---- stop rules ----------------------------------------------------------------------------


@plain_only
def test_until_finding_ends_with_the_first(eighth):
    all_of_them = eighth.bare("--trials", "20", client="sometimes", env=SOMETIMES)
    first = [o for _, _, o in outcomes(all_of_them)].index("findings")
    assert first > 0  # else the seed of this test must change
    result = eighth.bare("--until-finding", client="sometimes", env=SOMETIMES)
    assert result.code == 1
    assert outcomes(result) == outcomes(all_of_them)[: first + 1]
    assert result.scenario["stop"]["rule"] == "finding"
    assert result.scenario["trials"]["planned"] is None
    assert f"ended by: a finding after {first + 1} trials" in result.out


def test_until_finding_without_any_ends_with_the_trials(eighth):
    result = eighth.bare("--until-finding", "--trials", "3", client="sometimes")
    assert result.code == 0, result
    assert result.scenario["stop"]["rule"] == "trials"
    assert result.scenario["trials"]["planned"] == result.scenario["trials"]["run"] == 3


def test_time_lets_no_new_trial_begin(eighth, time_factor):
    begun = time.monotonic()
    result = eighth.bare("--time", f"{int(1500 * time_factor)}ms", client="sometimes")
    assert result.code == 0, result
    assert 1.4 * time_factor < time.monotonic() - begun < 12 * time_factor
    assert result.scenario["trials"]["run"] == result.scenario["trials"]["clean"] > 1
    assert result.scenario["stop"]["rule"] == "time"


def test_time_that_is_over_at_once_still_runs_one(eighth):
    result = eighth.bare("--time", "1ns", "--trials", "9", client="sometimes")
    assert result.code == 0, result
    assert result.scenario["trials"]["run"] == 1
    assert result.scenario["stop"]["rule"] == "time"


@pytest.mark.parametrize("words", [("--time", "5"), ("--time", "0s"), ("--jobs", "0")])
def test_odd_limits_are_refused(eighth, words):
    result = eighth.bare(*words, client="sometimes")
    assert result.code == 2
    assert words[0] in result.err


# ---- poison --------------------------------------------------------------------------------


def counted(finding):
    return finding["rate"]["k"], finding["rate"]["n"]


@plain_only
def test_poison_shows_a_use_after_free_that_plain_does_not(eighth):
    assert eighth.bare("--trials", "3", client="stale").code == 0
    result = eighth.bare("--trials", "3", "--flavor", "poison", client="stale")
    assert result.code == 1, result
    assert result.scenario["flavor"] == "poison"
    assert counted(result.finding("crash")) == (3, 3)
    assert "SIGSEGV" in result.finding("crash")["title"]
    assert "--flavor poison" in result.finding("crash")["reproduce"]


@plain_only
@pytest.mark.parametrize("client", ["stale", "leak"])
def test_poison_leaves_clean_clients_alone(eighth, client):
    env = {"EIGHTH_TEST_STALE": "no"}
    result = eighth.bare("--trials", "3", "--flavor", "poison", client=client, env=env)
    assert result.code == 0, result


@plain_only
def test_poison_keeps_the_tunables_of_the_user(eighth):
    # The user's own byte makes no pointer of the freed object: 0 turns poison off.
    env = {"GLIBC_TUNABLES": "glibc.malloc.perturb=0"}
    assert eighth.bare("--flavor", "poison", client="stale", env=env).code == 0
    env = {"GLIBC_TUNABLES": "glibc.malloc.arena_max=1"}
    assert eighth.bare("--flavor", "poison", client="stale", env=env).code == 1


@plain_only
def test_expectations_know_the_flavor(eighth):
    expect = {"flavors": {"poison": ["crash"]}}
    assert eighth.bare(client="stale", expect=expect).code == 0
    result = eighth.bare("--flavor", "poison", client="stale", expect=expect)
    assert result.code == 0, result
    assert result.finding("crash")["expected"] is True
    env = {"EIGHTH_TEST_STALE": "no"}
    result = eighth.bare("--flavor", "poison", client="stale", expect=expect, env=env)
    assert result.code == 1
    assert "did not appear" in result.scenario["reason"]


# ---- leaks over many cycles ----------------------------------------------------------------

LONG = {"load": {"threads": 2, "clients": 2, "cycles": 5000, "sample_every": 25}}


def grow(eighth, what, cycles=5000, *arguments):
    load = {**LONG["load"], "cycles": cycles}
    return eighth.bare(*arguments, client="grow", env={"EIGHTH_TEST_GROW": what}, load=load,
                       deadline="100s")


@plain_only
@pytest.mark.parametrize(
    ("what", "key"),
    [
        ("fd:1000", "leak/fds"),
        ("thread:1000", "leak/threads"),
        ("session:1000", "leak/SSL_SESSION"),
        ("heap", "leak/heap"),
        ("heap:1000", "leak/heap"),
        ("cache:1000000", "leak/heap"),  # one that never fills
    ],
)
def test_slow_leaks_are_found_within_ten_thousand_cycles(eighth, what, key):
    result = grow(eighth, what)
    assert result.code == 1, result
    assert result.scenario["cycles"]["completed"] == 10000
    keys = {f["signature"]["key"] for f in result.findings}
    # A thread costs heap, too: what the loader keeps for it. It may or may not be seen.
    assert key in keys and keys <= {key, "leak/heap"}, keys
    if key in ("leak/threads", "leak/SSL_SESSION"):
        (finding,) = [f for f in result.findings if f["signature"]["key"] == key]
        stack = finding["stacks"][0]
        several = {"leak/threads": "and 9 more at the same place", "leak/SSL_SESSION": "10 SSL_SESSION"}
        assert several[key] in stack["title"] and any(f["client"] for f in stack["frames"]), result
    slope = result.scenario["resources"][0]["heap_slope"]
    if key == "leak/heap":
        size = {"heap": 32, "heap:1000": 1008, "cache:1000000": 208}[what]
        assert slope["low"] <= size <= slope["high"] and slope["leak"] is True
        assert size - 1 < slope["bytes_per_cycle"] < size + 1
        assert "bytes per cycle" in result.findings[0]["title"]


@plain_only
@pytest.mark.parametrize(
    ("what", "cycles"),
    [("cache:10000", 6000), ("cache:10000", 10000), ("cache:500", 1000), ("start", 1000),
     ("late-fd", 1000), ("nothing", 1000), ("fd:1900", 1000)],
)
def test_what_is_made_once_or_levels_off_is_no_leak(eighth, what, cycles):
    result = grow(eighth, what, cycles)
    assert result.code == 0, result
    assert result.findings == []
    slope = result.scenario["resources"][0]["heap_slope"]
    assert slope["leak"] is False
    assert slope["levels_off"] is (what == "cache:10000")


def few_rounds(eighth, what, cycles):
    load = {"threads": 2, "clients": 20, "cycles": cycles}
    return eighth.bare(client="grow", env={"EIGHTH_TEST_GROW": what}, load=load)


@plain_only
def test_gross_heap_leak_needs_no_slope(eighth):
    result = few_rounds(eighth, "heap:500000", 5)
    finding = result.finding("leak")
    assert finding["signature"]["key"] == "leak/heap"
    assert re.match(r"the heap grows by 50\d{4} bytes per cycle", finding["title"]), result
    assert result.scenario["resources"][0]["heap_slope"] is None


@plain_only
@pytest.mark.parametrize(("what", "cycles"), [("heap:500000", 3), ("heap:500000", 1),
                                              ("heap:1000", 23), ("start", 5), ("nothing", 5)])
def test_heap_that_is_not_judged_is_told(eighth, what, cycles):
    result = few_rounds(eighth, what, cycles)
    assert result.code == 0 and result.findings == [], result
    (note,) = [n for n in result.scenario["notes"] if "heap growth is not judged" in n]
    assert note.split(": ")[1].startswith(f"{cycles} round") and "load.cycles" in note
    assert note in result.out, result


@plain_only
def test_heap_that_is_judged_needs_no_note(eighth):
    result = few_rounds(eighth, "nothing", 24)
    assert result.scenario["resources"][0]["heap_slope"]["leak"] is False, result
    assert not any("heap" in n for n in result.scenario["notes"]), result


@plain_only
@pytest.mark.parametrize("flavor", ["plain", "poison"])
def test_clean_client_has_no_slope(eighth, flavor):
    load = {**LONG["load"], "cycles": 300, "sample_every": 10}
    result = eighth.bare("--flavor", flavor, load=load, target={"embedded": {"tls": True}},
                         deadline="100s")
    assert result.code == 0, result
    slope = result.scenario["resources"][0]["heap_slope"]
    assert slope["leak"] is False
    assert slope["high"] < 16 or flavor == "plain"  # malloc's cache comes and goes


@plain_only
@pytest.mark.parametrize(("threads", "cycles"), [(16, 60), (4, 100)])
def test_caches_of_malloc_are_no_leak(eighth, root, threads, cycles):
    load = {"threads": threads, "clients": threads, "cycles": cycles, "sample_every": 2}
    result = eighth("run", root / "scenarios/churn.json", "--seed", "3", "--trials", "1",
                    "--set", f"load={json.dumps(load)}")
    assert result.code == 0, result
    assert result.scenario["resources"][0]["heap_slope"]["leak"] is False


@pytest.mark.other_flavors
def test_sanitizers_do_not_tell_the_heap(eighth):
    if not (OUT.parent / "asan" / "eighth-worker").exists():
        pytest.skip("the asan flavor is not built")
    load = {**LONG["load"], "cycles": 200, "sample_every": 5}
    result = eighth.bare("--flavor", "asan", client="grow", load=load, deadline="100s",
                         env={"EIGHTH_TEST_GROW": "nothing"})
    assert result.code == 0, result
    assert result.scenario["resources"][0]["heap_slope"] is None
    assert any("heap growth is not judged" in note for note in result.scenario["notes"])


# ---- parallel trials -----------------------------------------------------------------------


@plain_only
def test_parallel_trials_count_as_those_in_turn(eighth):
    alone = eighth.bare("--trials", "12", client="sometimes", env=SOMETIMES)
    together = eighth.bare("--trials", "12", "--jobs", "3", client="sometimes", env=SOMETIMES)
    assert outcomes(together) == outcomes(alone)
    for key in ("trials", "cycles", "connects", "connections_at_target"):
        assert together.scenario[key] == alone.scenario[key], key
    assert together.finding("crash")["rate"] == alone.finding("crash")["rate"]
    assert together.scenario["jobs"] == 3 and alone.scenario["jobs"] == 1
    assert "timing under 3 parallel trials" in together.out
    assert "--jobs 3" in together.finding("crash")["reproduce"]
    alone = eighth.bare("--until-finding", client="sometimes", env=SOMETIMES)
    together = eighth.bare("--until-finding", "-j", "4", client="sometimes", env=SOMETIMES)
    assert outcomes(together) == outcomes(alone)
    assert together.scenario["stop"]["rule"] == "finding"


def test_parallel_trials_run_at_once(eighth, time_factor):
    hold = f"{int(1000 * time_factor)}ms"
    steps = [{"connect": {}}, {"hold": {"time": hold}}, {"close": {}}]
    begun = time.monotonic()
    result = eighth.bare("--trials", "6", "--jobs", "6", steps=steps,
                         load={"threads": 1, "clients": 1, "cycles": 1})
    assert result.code == 0, result
    assert time.monotonic() - begun < 4 * time_factor
    assert result.scenario["trials"]["clean"] == 6


def test_parallel_trials_are_interrupted_together(eighth, time_factor):
    steps = [{"connect": {}}, {"hold": {"time": "200ms"}}, {"close": {}}]
    path = eighth.write({**BARE, "steps": steps, "deadline": "100s",
                         "load": {"threads": 1, "clients": 2, "cycles": 400}})
    process = subprocess.Popen(eighth.command("run", path, "--trials", "4", "-j", "2"),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    time.sleep(1.5 * time_factor)
    process.terminate()
    out, err = process.communicate(timeout=20 * time_factor)
    result = Result(process.returncode, out.decode(), err.decode())
    assert result.code == 3, result
    assert result.report["partial"] is True
    assert result.scenario["stop"]["rule"] == "interrupted"
    assert result.findings == []


# ---- reproduction --------------------------------------------------------------------------


@plain_only
def test_reproduction_of_a_rare_crash(eighth):
    result = eighth.bare("--trials", "40", client="sometimes", env=SOMETIMES)
    finding = result.finding("crash")
    words = command_words(finding)
    trials = int(words[words.index("--trials") + 1])
    low = finding["rate"]["low"]
    assert 1 - (1 - low) ** trials >= 0.95 > 1 - (1 - low) ** (trials - 1)
    assert "--until-finding" in words
    again = subprocess.run([*words, "--reports", str(eighth.reports)], cwd=ROOT, check=False,
                           env={**os.environ, **SOMETIMES}, capture_output=True, timeout=60)
    assert again.returncode == 1
    replayed = eighth("replay", result.path.parent, "--reports", eighth.reports, env=SOMETIMES)
    assert replayed.code == 1, replayed
    assert (replayed.finding("crash")["signature"]["key"] == finding["signature"]["key"])
    assert replayed.report["seed"] == result.report["seed"]
    healthy = eighth("replay", result.path, "--reports", eighth.reports, "-q")
    assert healthy.code == 0, healthy


def test_replay_of_what_is_not_there(eighth, tmp_path):
    result = eighth.bare(client="sometimes")
    assert eighth("replay", result.path).code == 2
    assert eighth("replay").code == 2
    assert eighth("replay", tmp_path / "none.json").code == 2
    report = {"scenarios": [{"findings": [
        {"reproduce": "sh -c 'touch /nowhere'"},
        {"reproduce": "eighth run x.json --allow-remote example.org"},
        {"reproduce": "eighth run 'no such file.json' --seed 1"},
    ]}]}
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    assert "no command" in eighth("replay", path).err
    assert "--allow-remote example.org" in eighth("replay", path, "--finding", "2").err
    assert "no such file.json" in eighth("replay", path, "--finding", "3").err
    assert "no number 4" in eighth("replay", path, "--finding", "4").err


# ---- all flavors ---------------------------------------------------------------------------


@plain_only
def test_all_flavors(eighth):
    result = eighth.bare("--flavor", "all", client="stale", deadline="60s")
    assert result.code == 1, result
    ran = {s["flavor"]: s for s in result.report["scenarios"]}
    built = [f for f in ("asan", "tsan") if (OUT.parent / f / "eighth-worker").exists()]
    assert list(ran) == ["plain", "poison", *built]
    assert ran["plain"]["verdict"] == "pass" and ran["poison"]["verdict"] == "fail"
    notes = [n for n in ran["plain"]["notes"] if "not built" in n]
    assert len(notes) == 2 - len(built)
    assert all(f"make FLAVOR={f}" in "".join(notes) for f in ("asan", "tsan") if f not in built)
    assert all("--flavor poison" in f["reproduce"] for f in ran["poison"]["findings"])


@plain_only
def test_one_crash_in_two_flavors_is_one_story(eighth):
    result = eighth.bare("--flavor", "all", client="die", deadline="60s")
    findings = {s["flavor"]: s["findings"] for s in result.report["scenarios"]}
    assert findings["plain"][0]["story"] == findings["poison"][0]["story"] == 1
    assert "one story in " in result.out
    assert "one story in " in (result.path.parent / "summary.md").read_text(encoding="utf-8")
