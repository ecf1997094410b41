# SPDX-License-Identifier: MIT
"""Comparisons: worse candidates are caught, better ones called better, equal ones left alone; every
form says the same; reports, baselines and command lines that do not fit are told apart.

The clients burn CPU time and sleep by the clock, and die by the trial's seed: what they are is the
same on a busy machine.
"""

import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest
from conftest import BARE, FLAVOR, OUT, ROOT

WORSE = OUT / "run" / "worse.so"
pytestmark = pytest.mark.skipif(FLAVOR != "plain", reason="compares plain builds")


class Compared:
    def __init__(self, result):
        self.result = result
        self.code = result.code
        self.out = result.out
        path = result.out.rstrip("\n").split("\n")[-1]
        assert path.endswith("/compare.json"), result
        self.folder = (ROOT / path).parent
        self.tree = json.loads((self.folder / "compare.json").read_text(encoding="utf-8"))

    @property
    def scenario(self):
        (only,) = self.tree["scenarios"]
        return only

    def metric(self, name):
        (only,) = [m for m in self.scenario["metrics"] if m["name"] == name]
        return only

    def finding(self, kind):
        (only,) = [f for f in self.scenario["findings"] if f["kind"] == kind]
        return only

    def text(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def __repr__(self):
        return repr(self.result)


@pytest.fixture(scope="session")
def validator():
    schema = json.loads((ROOT / "reports/compare.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture
def compare(eighth, validator):
    def call(baseline, candidate, *arguments, env=None, **changes):
        path = eighth.write({**BARE, **changes})
        sides = [f"{WORSE}:{json.dumps(options)}" for options in (baseline, candidate)]
        compared = Compared(
            eighth("compare", "--baseline", sides[0], "--candidate", sides[1], path, "--seed", "1",
                   "--reports", eighth.reports, *arguments, env=env, timeout=120)
        )
        validator.validate(compared.tree)
        assert {"pass": 0, "regression": 1, "inconclusive": 3}[compared.tree["verdict"]] == \
            compared.code, compared
        return compared

    return call


def in_time(compared):
    """Caught within a minute: of a machine that does nothing else (`make check-measures`)."""
    assert "PYTEST_XDIST_WORKER" in os.environ or compared.tree["seconds"] < 60, compared


# ---- worse and better candidates ----

@pytest.mark.in_time
def test_new_crash(compare):
    compared = compare({}, {"crash": 0.1}, "--fail-on", "crashes")
    assert compared.code == 1, compared
    crash = compared.finding("crash")
    assert crash["status"] == "new" and crash["verdict"] == "regression"
    assert crash["baseline"]["k"] == 0 and crash["candidate"]["k"] >= 2
    in_time(compared)


@pytest.mark.in_time
def test_crash_that_comes_more_often(compare):
    compared = compare({"crash": 0.05}, {"crash": 0.3, "salt": 7}, "--fail-on", "crashes")
    assert compared.code == 1, compared
    crash = compared.finding("crash")
    assert crash["status"] == "worse" and crash["baseline"]["k"] > 0
    assert crash["difference"]["low"] > 0
    in_time(compared)


def test_crash_that_is_gone(compare):
    compared = compare({"crash": 0.3}, {}, "--fail-on", "crashes", "--trials", "40")
    assert compared.code == 0, compared
    crash = compared.finding("crash")
    assert crash["status"] == "fixed" and crash["verdict"] == "better"


def test_one_crash_is_replayed_with_its_seed(compare):
    """Few trials, so that it comes once or twice: the replay has the same seed, and so the same end."""
    compared = compare({}, {"crash": 0.1}, "--fail-on", "crashes", "--trials", "12")
    crash = compared.finding("crash")
    assert crash["candidate"]["k"] < 7  # not proved by the trials alone
    assert crash["replay"]["candidate_shown"] == crash["replay"]["candidate_run"] > 0
    assert crash["replay"]["baseline_shown"] == 0
    # The baseline had to run more trials, with other seeds, to count as clean of it.
    assert crash["replay"]["baseline_fresh_run"] > 0 == crash["replay"]["baseline_fresh_shown"]
    assert crash["status"] == "new" and compared.code == 1, compared


def test_same_crash_at_other_seeds(compare):
    """Both sides crash equally often, by other seeds: replays alone would blame the candidate."""
    for seed in ("6", "7"):
        compared = compare({"crash": 0.08}, {"crash": 0.08, "salt": 7}, "--fail-on", "crashes",
                           "--trials", "12", "--seed", seed)
        crash = compared.finding("crash")
        assert (crash["baseline"]["k"], crash["candidate"]["k"]) == (0, 1), compared
        assert crash["replay"]["candidate_shown"] == 10 > crash["replay"]["baseline_shown"] == 0
        assert crash["replay"]["baseline_fresh_shown"] == 1
        assert crash["status"] == "undecided" and compared.code == 3, compared


def test_same_crash_on_both_sides(compare):
    compared = compare({"crash": 0.3}, {"crash": 0.3}, "--fail-on", "crashes", "--trials", "30")
    crash = compared.finding("crash")
    assert crash["baseline"]["k"] == crash["candidate"]["k"] > 0
    assert crash["status"] == "same" and compared.code == 0, compared


def test_sequential(compare):
    worse = compare({"crash": 0.05}, {"crash": 0.6, "salt": 7}, "--fail-on", "crashes",
                    "--sequential", "--trials", "100")
    assert worse.scenario["sequential"]["outcome"] == "worse" and worse.code == 1, worse
    assert worse.scenario["candidate"]["trials"] < 60
    same = compare({"crash": 0.5}, {"crash": 0.5, "salt": 7}, "--fail-on", "crashes",
                   "--sequential", "--trials", "100")
    assert same.scenario["sequential"]["outcome"] == "not-worse" and same.code == 0, same


@pytest.mark.alone
def test_more_cpu(compare):
    compared = compare({"burn_us": 3000}, {"burn_us": 3300}, "--trials", "21",
                       "--fail-on", "cpu.per_cycle")
    metric = compared.metric("cpu.per_cycle")
    assert compared.code == 1, compared
    assert metric["verdict"] == "regression" and metric["low"] > 1.03
    in_time(compared)


@pytest.mark.alone
def test_less_cpu(compare):
    compared = compare({"burn_us": 3300}, {"burn_us": 2700}, "--trials", "21",
                       "--fail-on", "cpu.per_cycle")
    assert compared.metric("cpu.per_cycle")["verdict"] == "better"
    assert compared.code == 0, compared


@pytest.mark.alone
def test_slower_handshake(compare):
    compared = compare({"open_us": 8000}, {"open_us": 9200}, "--trials", "21",
                       "--fail-on", "handshake.p50")
    metric = compared.metric("tls.p50")
    assert compared.code == 1, compared
    assert metric["verdict"] == "regression" and 1.05 < metric["low"] < metric["estimate"]
    in_time(compared)


def test_system_calls(compare):
    """Counted in trials of their own, after those that are timed: 21, then 16."""
    worse = compare({"calls": 1}, {"calls": 5}, "--trials", "37", "--fail-on", "syscalls.per_cycle")
    metric = worse.metric("syscalls.per_cycle")
    if metric["verdict"] == "skipped":
        pytest.skip("processes cannot be traced here")
    assert metric["verdict"] == "regression" and worse.code == 1, worse
    assert metric["baseline_trials"] == 16
    assert 3 < metric["candidate"] - metric["baseline"] < 5
    equal = compare({"calls": 5}, {"calls": 5, "salt": 1}, "--trials", "37", "--fail-on",
                    "syscalls.per_cycle", "--margin", "syscalls.per_cycle=15%")
    assert equal.metric("syscalls.per_cycle")["verdict"] == "pass"


def test_instructions(compare):
    """By the processor's counter; without one each of the twelve trials once more in callgrind."""
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    words = ("--callgrind", "--trials", "12", "--fail-on", "instructions.per_cycle")
    worse = compare({"loops": 100000}, {"loops": 110000}, *words)
    metric = worse.metric("instructions.per_cycle")
    assert metric["verdict"] == "regression" and worse.code == 1, worse
    assert metric["baseline_trials"] == metric["candidate_trials"] == 12
    assert 1.05 < metric["estimate"] < 1.1
    equal = compare({"loops": 100000}, {"loops": 100000, "salt": 1}, "--callgrind", "--trials", "8",
                    "--fail-on", "instructions.per_cycle")
    assert equal.metric("instructions.per_cycle")["verdict"] == "pass", equal
    assert equal.code == 0, equal


def test_callgrind_counts_only_what_went_well(eighth):
    """Translating the first handshake takes callgrind a good part of a second."""
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    path = eighth.write({**BARE, "client": {"library": "h2"}, "target": {"embedded": {"tls": True}},
                         "steps": [{"connect": {"timeout": "150ms"}}, {"close": {}}]})
    words = ("compare", "--baseline", "h2", "--candidate", 'h2:{"cache":"none"}', path, "--trials", "2",
             "--reports", eighth.reports)
    if Compared(eighth(*words)).metric("instructions.per_cycle")["verdict"] != "skipped":
        pytest.skip("the processor counts here")
    compared = Compared(eighth(*words, "--callgrind", timeout=300))
    assert compared.metric("instructions.per_cycle")["verdict"] == "skipped", compared
    assert any("callgrind counted 0 of 2" in note for note in compared.scenario["notes"]), compared


def test_callgrind_counts_one_thread_only(compare):
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    many = {"load": {"threads": 2, "clients": 2, "cycles": 20, "sample_every": 5}}
    compared = compare({}, {"salt": 1}, "--callgrind", "--trials", "6", **many)
    assert any("more than one thread" in note for note in compared.scenario["notes"]) or \
        compared.metric("instructions.per_cycle")["verdict"] != "skipped"


LEAKS = {"load": {"threads": 1, "clients": 1, "cycles": 200, "sample_every": 4}}


@pytest.mark.in_time
def test_heap_leak(compare):
    compared = compare({}, {"leak_bytes": 64}, "--trials", "21", "--fail-on", "leaks", **LEAKS)
    metric = compared.metric("heap.per_cycle")
    assert compared.code == 1, compared
    assert metric["verdict"] == "regression" and 60 < metric["estimate"] < 100
    in_time(compared)


def test_heap_leak_that_is_gone(compare):
    compared = compare({"leak_bytes": 64}, {}, "--trials", "21", "--fail-on", "leaks", **LEAKS)
    assert compared.metric("heap.per_cycle")["verdict"] == "better"
    assert compared.code == 0, compared


@pytest.mark.in_time
def test_descriptor_leak(compare):
    compared = compare({}, {"leak_fd_every": 100}, "--trials", "21", "--fail-on", "leaks", **LEAKS)
    leak = compared.finding("leak")
    assert compared.code == 1, compared
    assert leak["status"] == "new" and leak["candidate"]["k"] >= 7
    in_time(compared)


@pytest.mark.alone
def test_equal_sides_pass(compare):
    """The same work on both sides; margins wide enough for a busy machine."""
    wide = [word for phase in ("connect", "request", "cycle")
            for word in ("--margin", f"{phase}.p50=400%")]
    compared = compare({"burn_us": 2000}, {"burn_us": 2000}, "--same-build-too", "--trials", "21",
                       "--margin", "cpu.per_cycle=50%", *wide, "--fail-on",
                       "crashes,leaks,cpu.per_cycle,memory.peak", **LEAKS | {
                           "load": {"threads": 1, "clients": 1, "cycles": 40, "sample_every": 1}})
    assert compared.code == 0, compared
    assert {m["verdict"] for m in compared.scenario["metrics"] if m["may_fail"]} <= \
        {"pass", "better", "skipped"}


# ---- what is compared ----

def test_same_build_is_not_timed(compare):
    compared = compare({}, {}, "--trials", "6")
    assert compared.code == 0, compared
    assert {m["verdict"] for m in compared.scenario["metrics"]} == {"skipped"}
    assert "same build" in compared.metric("cpu.per_cycle")["note"]
    assert "performance is not compared: both sides are the same build" in compared.out


def test_equal_seeds_and_balanced_order(compare):
    compared = compare({"burn_us": 1}, {"burn_us": 2}, "--trials", "12")
    sides = [json.loads((compared.folder / side / "report.json").read_text(encoding="utf-8"))
             for side in ("baseline", "candidate")]
    lists = [side["scenarios"][0]["trial_list"] for side in sides]
    assert [t["seed"] for t in lists[0]] == [t["seed"] for t in lists[1]]
    assert len(lists[0]) == 12


def test_time_ends_it(compare):
    compared = compare({}, {"burn_us": 5000}, "--max-time", "2s", "--trials", "5000")
    assert 0 < compared.scenario["candidate"]["trials"] < 5000
    assert any("--max-time" in note for note in compared.scenario["notes"])


def test_callgrind_needs_valgrind_and_a_plain_build(eighth):
    words = ("compare", "--baseline", "h2", "--candidate", "lab", ROOT / "scenarios/compare.json")
    result = eighth(*words, "--callgrind", env={"PATH": "/nowhere"})
    assert result.code == 2 and "no valgrind in PATH" in result.err, result
    if shutil.which("valgrind") is not None:
        result = eighth("compare", "a.json", "b.json", "--callgrind")
        assert result.code == 2 and "give --baseline and --candidate" in result.err, result
        result = eighth(*words, "--callgrind", "--flavor", "asan")
        assert result.code == 2 and "use flavor plain" in result.err, result


def test_fail_on_crashes_lets_leaks_pass(compare):
    """Also in the row of all findings, which counts what may fail."""
    compared = compare({}, {"leak_fd_every": 5}, "--trials", "21", "--fail-on", "crashes", **LEAKS)
    assert compared.finding("leak")["verdict"] == "regression"
    assert [f["kind"] for f in compared.scenario["findings"]] == ["leak"]
    assert compared.code == 0, compared


def test_what_may_not_fail_ends_nothing_early(compare):
    compared = compare({}, {"crash": 0.9}, "--trials", "40", "--fail-on", "leaks")
    assert compared.scenario["candidate"]["trials"] == 40


@pytest.mark.parametrize("arguments", [("--trials", "1"), ("--trials", "8", "--fail-on",
                                                            "crashes,heap.per_cycle")])
def test_what_was_not_measured_does_not_pass(compare, arguments):
    compared = compare({"burn_us": 1}, {"burn_us": 9}, *arguments)
    assert compared.code == 3, compared
    assert "not measured" in compared.scenario["reason"] or \
        "none of it was measured" in compared.scenario["reason"]


def test_too_few_trials_for_any_finding(compare):
    compared = compare({}, {"salt": 1}, "--trials", "3", "--fail-on", "crashes")
    assert compared.code == 3, compared
    assert "too few trials" in compared.scenario["reason"]
    assert compared.scenario["detectable_rate"] is None


def test_fail_on_leaves_the_rest_alone(compare):
    compared = compare({}, {"crash": 0.5}, "--trials", "30", "--fail-on", "leaks")
    assert compared.finding("crash")["verdict"] == "regression"
    assert compared.finding("crash")["may_fail"] is False
    assert compared.code == 0, compared


# ---- forms ----

def test_forms_agree(compare):
    compared = compare({"open_us": 100}, {"crash": 0.4, "leak_fd_every": 50, "open_us": 4000},
                       "--trials", "25", env={"GITHUB_ACTIONS": "true"}, **LEAKS)
    assert compared.code == 1, compared
    assert "\nverdict: regression" in compared.out
    # Every row of the table stands in the JSON.
    for metric in compared.scenario["metrics"]:
        if metric["verdict"] == "skipped":
            continue
        (row,) = [line for line in compared.out.split("\n")
                  if line.startswith(f"  {metric['name']} ")]
        assert metric["verdict"] in row
        if metric["measure"] == "ratio" and metric["estimate"] is not None:
            low = 0 if metric["low"] is None else metric["low"]
            assert f"{metric['estimate']:.3f} [{low:.3f}" in row
    for finding in compared.scenario["findings"]:
        k, n = finding["candidate"]["k"], finding["candidate"]["n"]
        assert re.search(rf"{finding['status']} .* {k}/{n} .*{finding['verdict']}", compared.out)
    # JUnit: unique names, counts, the message also in the text.
    suite = ElementTree.fromstring(compared.text("junit.xml")).find("testsuite")
    cases = suite.findall("testcase")
    assert len({c.get("name") for c in cases}) == len(cases) == int(suite.get("tests"))
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure")) > 0
    for failure in suite.findall("testcase/failure"):
        assert failure.get("message") in failure.text
    # Summary.
    summary = compared.text("summary.md")
    assert summary.startswith("# eighth compare: regression") and len(summary) < 1 << 20
    # SARIF: one result for each signature.
    sarif = json.loads(compared.text("compare.sarif"))
    (run,) = sarif["runs"]
    keys = [f["key"] for f in compared.scenario["findings"] if f["key"] != "any"]
    assert [r["partialFingerprints"]["eighthSignature/v1"] for r in run["results"]] == keys
    assert {r["baselineState"] for r in run["results"]} == {"new"}
    (crash,) = [r for r in run["results"] if r["ruleId"] == "crash"]
    assert crash["level"] == "error" and crash["stacks"][0]["frames"]
    location = crash["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"].endswith("worse.c")
    assert location["region"]["startLine"] > 0
    assert run["invocations"][0]["exitSignalName"] == "SIGSEGV"
    # Annotations.
    lines = [line for line in compared.out.split("\n") if line.startswith("::")]
    assert any(line.startswith("::error file=") and "crash" in line for line in lines)
    assert all(line.count("::") >= 2 and "\r" not in line for line in lines)
    assert len([line for line in lines if line.startswith("::error")]) <= 10


def test_no_annotations_elsewhere(compare):
    compared = compare({}, {"crash": 0.5}, "--trials", "12", env={"GITHUB_ACTIONS": ""})
    assert "::error" not in compared.out


# ---- recorded sides ----

def run_report(eighth, options, *arguments, **changes):
    path = eighth.write({**BARE, **changes}, "recorded.json")
    result = eighth("run", path, "--client", f"{WORSE}:{json.dumps(options)}", "--seed", "1",
                    *arguments)
    return result


def test_two_reports(eighth, validator):
    old = run_report(eighth, {"burn_us": 2000}, "--trials", "12")
    new = run_report(eighth, {"burn_us": 4000, "crash": 0.5}, "--trials", "24")
    compared = Compared(eighth("compare", old.path, new.path, "--reports", eighth.reports))
    validator.validate(compared.tree)
    assert compared.code == 1, compared
    assert compared.tree["mode"] == "recorded" and compared.tree["seed"] is None
    assert compared.metric("cpu.per_cycle")["verdict"] == "regression"
    assert compared.metric("cpu.per_cycle")["baseline_trials"] == 12
    assert compared.finding("crash")["status"] == "new"
    assert "recorded apart" in compared.tree["notes"][0]
    back = Compared(eighth("compare", new.path, old.path, "--reports", eighth.reports))
    assert back.metric("cpu.per_cycle")["verdict"] == "better"
    assert back.finding("crash")["status"] == "fixed"


def test_recorded_side_without_some_scenarios(eighth):
    """What only one side has is said, whichever side it is; what is partial does not pass."""
    folder = eighth.folder / "both"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.json").write_text(json.dumps({**BARE, "name": name}), encoding="utf-8")
    words = ("--client", WORSE, "--trials", "8")
    both = eighth("run", folder, *words, "--save-baseline", "both")
    one = eighth("run", folder / "one.json", *words, "--save-baseline", "one")
    less = Compared(eighth("compare", both.path, one.path, "--reports", eighth.reports))
    assert any('"two" (plain) of the baseline was not run' in n for n in less.tree["notes"]), less
    more = Compared(eighth("compare", one.path, both.path, "--reports", eighth.reports))
    assert any('"two" (plain) is not in the baseline' in n for n in more.tree["notes"]), more
    half = Compared(eighth("compare", "--baseline-report", "one", "--candidate", WORSE, folder,
                           "--reports", eighth.reports))
    assert [s["name"] for s in half.tree["scenarios"]] == ["one"] and half.code == 0, half
    assert any('"two" (plain) is not in the baseline' in n for n in half.tree["notes"]), half
    none = eighth("compare", "--baseline-report", "one", "--candidate", WORSE, folder / "two.json",
                  "--reports", eighth.reports)
    assert none.code == 2 and "has none of these scenarios" in none.err, none
    tree = json.loads(one.path.read_text(encoding="utf-8"))
    part = eighth.folder / "part.json"
    part.write_text(json.dumps({**tree, "partial": True, "stopped": "interrupted"}), encoding="utf-8")
    partial = Compared(eighth("compare", one.path, part, "--reports", eighth.reports))
    assert partial.code == 3, partial
    # Not even of one scenario that has changed is it silent.
    assert not any("itself differs" in n for n in less.scenario["notes"])
    other = eighth("run", folder / "one.json", *words, "--set", "load.cycles=7")
    changed = Compared(eighth("compare", one.path, other.path, "--reports", eighth.reports))
    assert any("itself differs" in n for n in changed.scenario["notes"]), changed


def test_what_is_no_report(eighth):
    one = run_report(eighth, {}, "--trials", "6")
    compared = Compared(eighth("compare", one.path, one.path, "--reports", eighth.reports))
    tree = json.loads(one.path.read_text(encoding="utf-8"))
    wrong = eighth.folder / "wrong.json"
    for text, message in ((compared.text("compare.json"), "is not a report of eighth"),
                          ('{"scenarios":["x"]}', "is not a report of eighth"),
                          (json.dumps({**tree, "version": 99}), "version 99")):
        wrong.write_text(text, encoding="utf-8")
        result = eighth("compare", one.path, wrong, "--reports", eighth.reports)
        assert result.code == 2 and message in result.err, result
    ignored = eighth("compare", one.path, one.path, "--trials", "9", "--reports", eighth.reports)
    assert ignored.code == 2 and "compared as they are" in ignored.err, ignored


def test_more_trials_than_are_listed(eighth):
    """The list of trials ends at 10,000; counts do not."""
    one = run_report(eighth, {"crash": 0.5}, "--trials", "6")
    trees = []
    for hits, listed in ((3000, 2), (20, 6)):
        tree = json.loads(one.path.read_text(encoding="utf-8"))
        (scenario,) = tree["scenarios"]
        scenario["trials"].update(run=20000, clean=20000 - hits, with_findings=hits)
        scenario["trial_list"] = scenario["trial_list"][:listed]
        scenario["findings"][0]["trials"] = hits
        path = eighth.folder / f"long{hits}.json"
        path.write_text(json.dumps(tree), encoding="utf-8")
        trees.append(path)
    compared = Compared(eighth("compare", trees[1], trees[0], "--fail-on", "crashes", "--reports",
                               eighth.reports))
    row = compared.finding("any")
    assert (row["baseline"]["k"], row["candidate"]["k"]) == (20, 3000), compared
    assert row["status"] == "worse" and compared.code == 1, compared


def test_reports_without_common_scenario(eighth):
    one = run_report(eighth, {}, "--trials", "1")
    other = run_report(eighth, {}, "--trials", "1", name="other")
    result = eighth("compare", one.path, other.path, "--reports", eighth.reports)
    assert result.code == 2 and "no scenario in common" in result.err, result


def test_baselines_are_kept(eighth, validator):
    path = eighth.write(BARE)
    kept = eighth("run", path, "--client", WORSE, "--trials", "12", "--save-baseline", "main")
    assert kept.code == 0, kept
    assert (eighth.reports / "baselines/main.json").exists()
    (eighth.folder / "main").mkdir()  # a name is a name, whatever else is called so
    bad = Compared(eighth("compare", "--baseline-report", "main", "--candidate",
                          f'{WORSE}:{{"crash":0.9}}', path, "--reports", eighth.reports,
                          "--fail-on", "crashes", "--save-baseline", "next"))
    validator.validate(bad.tree)
    assert bad.code == 1 and bad.tree["mode"] == "candidate-only", bad
    assert not (eighth.reports / "baselines/next.json").exists()
    assert any("not saved" in note for note in bad.tree["notes"])
    good = Compared(eighth("compare", "--baseline-report", "main", "--candidate", WORSE, path,
                           "--reports", eighth.reports, "--save-baseline", "next"))
    assert good.code == 0, good
    assert (eighth.reports / "baselines/next.json").exists()


# ---- usage ----

USAGE = [
    (["compare"], "what is compared"),
    (["compare", "--baseline", "h2", "x.json"], "needs --candidate"),
    (["compare", "--candidate", "h2", "x.json"], "needs --baseline"),
    (["compare", "--baseline", "h2", "--candidate", "h2"], "on which scenario"),
    (["compare", "a", "b", "c"], "what is compared"),
    (["compare", "--margin", "tls.p5=5%"], "did you mean tls.p50"),
    (["compare", "--margin", "tls.p50=5"], "expected METRIC=PERCENT%"),
    (["compare", "--margin", "tls.p50=0x5%"], "expected METRIC=PERCENT%"),
    (["compare", "--fail-on", "crash"], "did you mean crashes"),
    (["compare", "--save-baseline", "../x"], "expected at most 100 letters"),
    (["compare", "--flavor", "all", "a", "b"], "one flavor"),
    (["compare", "--baseline-report", "main", "x.json"], "there is no baseline main"),
    (["compare", "nowhere/a.json", "nowhere/b.json"], "cannot read nowhere/a.json"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE)
def test_usage(eighth, arguments, message):
    result = eighth(*arguments, cwd=eighth.folder)
    assert result.code == 2 and message in result.err, result
    assert not eighth.reports.exists()


# ---- recipes ----

def script_of(path, job):
    """The shell script of a job: what stands below `script:` of GitLab, or behind `run:` of GitHub."""
    lines = path.read_text(encoding="utf-8").split("\n")
    begin = next(i for i, line in enumerate(lines) if line.startswith(job))
    script = []
    block = 0  # indentation of a `|` block that is being read
    listed = False
    for line in lines[begin + 1:]:
        indent = len(line) - len(line.lstrip())
        words = line.strip()
        if words and indent <= len(job) - len(job.lstrip()):
            break
        if block and words and indent >= block:
            script.append(line[block:])
            continue
        block = 0
        if words.startswith("#"):
            continue
        if words == "script:":
            listed = True
        elif listed and words.startswith("- "):
            words = words[2:]
            if words == "|":
                block = indent + 2
            else:
                script.append(words)
        elif words.startswith("run: "):
            if words == "run: |":
                block = indent + 2
            else:
                script.append(words[5:])
        elif words:
            listed = False
    return "\n".join(script)


@pytest.fixture
def project(eighth):
    """A repository with a client library that make builds, a scenario, and an origin."""
    if shutil.which("git") is None:
        pytest.skip("no git")
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
           "PATH": f"{eighth.binary.parent}:{os.environ['PATH']}",
           "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "GITHUB_BASE_REF": "main",
           "GITHUB_STEP_SUMMARY": str(eighth.folder / "step.md"), "GITHUB_ACTIONS": "",
           "GIT_AUTHOR_NAME": "nobody", "GIT_AUTHOR_EMAIL": "nobody",
           "GIT_COMMITTER_NAME": "nobody", "GIT_COMMITTER_EMAIL": "nobody"}
    origin = eighth.folder / "origin"
    (origin / "eighth").mkdir(parents=True)
    (origin / "eighth/bare.json").write_text(json.dumps(BARE), encoding="utf-8")
    (origin / "Makefile").write_text(f"libclient.so:\n\tcp {WORSE} $@\n", encoding="utf-8")

    def shell(script, folder=eighth.folder):
        return subprocess.run(["sh", "-e", "-c", script], cwd=folder, env=env, timeout=300,
                              capture_output=True, text=True, check=False)

    made = shell("git init -q -b main . && git add . && git commit -q -m first", origin)
    assert made.returncode == 0, made
    assert shell("git clone -q origin mine").returncode == 0
    return shell, eighth.folder / "mine"


def test_gitlab_recipe_compares_a_merge_request(project):
    shell, mine = project
    done = shell(script_of(ROOT / "docs/ci/gitlab-ci.yml", "eighth-compare:"), mine)
    assert done.returncode == 0, done
    assert list(mine.glob("out/merge-*/junit.xml"))


def test_gitlab_recipe_keeps_a_baseline(project):
    """Also where the baseline has findings; a later build that is worse fails, and replaces nothing."""
    shell, mine = project
    script = script_of(ROOT / "docs/ci/gitlab-ci.yml", "eighth-trend:")
    leaking = {**BARE, "client": {"options": {"leak_fd_every": 5}}}
    (mine / "eighth/bare.json").write_text(json.dumps(leaking), encoding="utf-8")
    first = shell(script, mine)
    kept = mine / "out/baselines/main.json"
    assert first.returncode == 0, first
    assert json.loads(kept.read_text(encoding="utf-8"))["scenarios"][0]["findings"]
    before = kept.read_bytes()
    worse = {**BARE, "client": {"options": {"leak_fd_every": 5, "crash": 0.95}}}
    (mine / "eighth/bare.json").write_text(json.dumps(worse), encoding="utf-8")
    second = shell(script, mine)
    assert second.returncode == 1, second
    assert kept.read_bytes() == before


def test_github_recipe(project):
    shell, mine = project
    path = ROOT / "docs/ci/github-actions.yml"
    for step in ("Build the baseline and the candidate", "Compare", "Show the summary"):
        done = shell(script_of(path, f"      - name: {step}"), mine)
        assert done.returncode == 0, (step, done)
    assert list(mine.glob("out/pull-*/*.sarif"))
    assert "eighth compare: pass" in (mine.parent / "step.md").read_text(encoding="utf-8")
