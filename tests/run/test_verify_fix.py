# SPDX-License-Identifier: MIT
"""verify-fix: each verdict on a defect of the lab, and what it must not be led astray by."""

import json
import math

import jsonschema
import pytest
from conftest import BARE, FLAVOR, OUT, ROOT

pytestmark = pytest.mark.skipif(FLAVOR != "plain", reason="verdicts do not depend on the flavor")

EIGHTH = ROOT / "scenarios" / "lab" / "eighth-connection.json"
SCHEMA = json.loads((ROOT / "reports" / "verify-fix.schema.json").read_text(encoding="utf-8"))
FIXED = 'lab:{"cache": "shared-locked", "capacity": 7}'


class Answer:
    """What one run of verify-fix said."""

    def __init__(self, result):
        self.code, self.out, self.err = result.code, result.out, result.err
        lines = result.out.rstrip("\n").split("\n")
        assert lines[-1].endswith("/verify-fix.json"), result
        with open(lines[-1], encoding="utf-8") as file:
            self.report = json.load(file)
        jsonschema.Draft202012Validator(SCHEMA).validate(self.report)

    def __getitem__(self, key):
        return self.report[key]

    def __repr__(self):
        return f"exit {self.code}\n{self.out}\n{self.err}"


@pytest.fixture
def verify(eighth):
    def run(before, after, *more, scenario=EIGHTH, control=6):
        return Answer(eighth(
            "verify-fix", "--before", before, "--after", after, scenario, "--control", control,
            "--reports", eighth.reports, *more, timeout=120,
        ))
    return run


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_fix_is_proved(verify, eighth):
    answer = verify("lab", FIXED)
    assert (answer.code, answer["verdict"], answer["reason"]) == (0, "fixed", ""), answer
    before, after = answer["before"], answer["after"]
    assert before["rate"]["k"] == before["rate"]["n"] == 6
    # Clopper-Pearson of 6 of 6, and ln(0.01) / ln(1 - low).
    assert before["rate"]["low"] == pytest.approx(0.025 ** (1 / 6))
    needed = math.ceil(math.log(0.01) / math.log(1 - before["rate"]["low"]))
    assert answer["clean_trials_needed"] == needed == after["trials"]["clean"] == 6
    assert answer["confidence_reached"] >= 0.99 and answer["more_trials"] == 0
    assert after["findings"] == [] and after["client"]["options"] != before["client"]["options"]
    for side in (before, after):  # each build has its own whole report, of the same seed
        with open(side["report"], encoding="utf-8") as file:
            assert json.load(file)["seed"] == answer["seed"]
        assert eighth("show", side["report"]).code == 0
    assert "verdict: fixed" in answer.out


def test_no_fix_is_caught_by_its_first_failure(verify):
    answer = verify("lab", 'lab:{"defect": "eighth-connection", "entries": 5}', control=3)
    assert (answer.code, answer["verdict"]) == (1, "not fixed"), answer
    assert answer["reason"] == "still-fails"
    assert answer["after"]["trials"]["run"] == 1
    assert [f["new"] for f in answer["after"]["findings"]] == [False]


def test_a_new_failure_is_not_a_fix(verify):
    answer = verify("lab", 'lab:{"defect": "dropped-without-close"}', control=3)
    assert answer["verdict"] == "fixed", answer  # the scenario closes: this defect stays silent
    answer = verify("lab", 'lab:{"defect": "ssl-ctx-leak"}', control=3)
    assert (answer.code, answer["reason"]) == (1, "fails-anew"), answer
    assert all(f["new"] and f["kind"] == "leak" for f in answer["after"]["findings"])
    assert "NEW leak" in answer.out


def test_too_few_trials_are_inconclusive(verify):
    answer = verify("lab", FIXED, "--trials", 2)
    assert (answer.code, answer["verdict"]) == (3, "inconclusive"), answer
    assert answer["reason"] == "too-few-trials"
    assert answer["after"]["trials"]["clean"] == 2
    assert answer["more_trials"] == answer["clean_trials_needed"] - 2 == 4
    assert "inconclusive, 4 more trials" in answer.out


def test_more_confidence_takes_more_trials(verify):
    answer = verify("lab", FIXED, "--trials", 1, "--confidence", "99.99%", control=3)
    assert answer["confidence"] == pytest.approx(0.9999)
    assert answer["clean_trials_needed"] == 27, answer


def test_without_a_failure_of_the_old_build_there_is_no_verdict(verify):
    answer = verify(FIXED, FIXED, control=2)
    assert (answer.code, answer["verdict"]) == (3, "inconclusive"), answer
    assert answer["reason"] == "no-control" and answer["after"] is None
    assert answer["clean_trials_needed"] is None and answer["more_trials"] == 8
    assert "did not fail in 2" in answer.out


def test_the_same_client_twice_is_told(verify):
    answer = verify("lab", "lab", control=3)
    assert answer["reason"] == "still-fails"
    assert "both builds are the same file with the same options" in answer.out


def test_a_client_that_refuses_its_options_is_usage(verify):
    answer = verify("lab", "h2", control=2)  # the scenario's own options stay, and are the lab's
    assert answer.code == 2 and answer["verdict"] == "inconclusive", answer
    assert 'unknown option "defect"' in answer.err and 'unknown option "defect"' in answer["stopped"]


@pytest.mark.parametrize(
    "words, text",
    [
        (["--before", "lab", EIGHTH], "which build?"),
        (["--after", "lab", EIGHTH], "which build?"),
        (["--before", "lab", "--after", "lab"], "one scenario, please"),
        (["--before", "lab", "--after", "./none.so", EIGHTH], "--after ./none.so: No such file"),
        (["--before", "lab", "--after", "none", EIGHTH], 'no client library "none"'),
        (["--before", "lab", "--after", "lab", EIGHTH, "--confidence", "1"], "expected a percentage"),
        (["--before", "lab", "--after", "lab", EIGHTH, "--flavor", "all"], "one flavor at a time"),
        (["--before", "lab", "--after", "lab", EIGHTH, "--seed", "x"], "whole number"),
        (["--before", "lab", "--after", "lab", EIGHTH, "--control", "0"], "from 1"),
        (["--before", "lab", "--after", "lab", ROOT / "scenarios" / "lab"], "give one file"),
    ],
)
def test_usage_is_refused_before_anything_runs(eighth, words, text):
    result = eighth("verify-fix", *words, "--reports", eighth.reports)
    assert result.code == 2, result
    assert text in result.err, result
    assert not eighth.reports.exists()


# ---- bug by bug ----------------------------------------------------------------------------

# Which trials die of the rare one follows from the seed; both builds run the same trials.
SEED = 5


@pytest.fixture
def two_bugs(eighth):
    library = OUT / "run" / "two_bugs.so"

    def run(before, after, *more, share=0.1, control=20):
        words = [f'{library}:{{"bugs": "{bugs}"}}' for bugs in (before, after)]
        path = eighth.write(BARE | {"load": {"threads": 1, "clients": 1, "cycles": 5}})
        return Answer(eighth(
            "verify-fix", "--before", words[0], "--after", words[1], path, "--control", control,
            "--seed", SEED, "--reports", eighth.reports, *more, timeout=120,
            env={"EIGHTH_TEST_SOMETIMES": str(share)},
        ))
    return run


def bugs_of(answer):
    """The state of each bug by the function that it is named after."""
    return {name: bug for bug in answer["bugs"] for name in ("bug_often", "bug_rare")
            if name in bug["finding"] or name in bug["title"]}


def test_a_rare_bug_that_stays_is_not_fixed_by_the_frequent_one_that_went(two_bugs):
    answer = two_bugs("often rare", "rare")
    assert (answer.code, answer["reason"]) == (1, "still-fails"), answer
    bugs = bugs_of(answer)
    often, rare = bugs["bug_often"], bugs["bug_rare"]
    assert 1 <= rare["old_rate"]["k"] <= 4, answer
    assert often["old_rate"]["k"] + rare["old_rate"]["k"] == 20
    # More clean trials than would have proved the frequent one gone: all together they would do.
    assert answer["after"]["trials"]["clean"] >= 3
    assert answer["clean_trials_needed"] == rare["clean_trials_needed"] > 100
    assert rare["state"] == "back" and rare["trials_after"] == 1
    assert often["state"] in ("gone", "open") and often["trials_after"] == 0


def test_a_rare_bug_that_did_not_show_yet_is_inconclusive(two_bugs):
    answer = two_bugs("often rare", "none", "--trials", 12)
    assert (answer.code, answer["reason"]) == (3, "too-few-trials"), answer
    bugs = bugs_of(answer)
    assert bugs["bug_often"]["state"] == "gone" and bugs["bug_often"]["more_trials"] == 0
    assert bugs["bug_rare"]["state"] == "open"
    assert bugs["bug_rare"]["more_trials"] == answer["more_trials"] > 100
    assert f"inconclusive, {answer['more_trials']} more trials" in answer.out


def test_both_bugs_gone_is_fixed(two_bugs):
    answer = two_bugs("often rare", "none", share=0.5)
    assert (answer.code, answer["verdict"]) == (0, "fixed"), answer
    assert {bug["state"] for bug in answer["bugs"]} == {"gone"} and len(answer["bugs"]) == 2
    assert answer["after"]["trials"]["clean"] == max(
        bug["clean_trials_needed"] for bug in answer["bugs"])


def test_one_bug_can_be_judged_alone(two_bugs):
    answer = two_bugs("often rare", "rare", "--finding", "crash: *bug_often*", share=0.3)
    assert (answer.code, answer["verdict"]) == (0, "fixed"), answer
    bugs = bugs_of(answer)
    assert bugs["bug_often"]["state"] == "gone", answer
    # It is still there, it is told, and a trial that died of it is no clean one.
    assert bugs["bug_rare"]["state"] == "not judged" and bugs["bug_rare"]["trials_after"] > 0
    assert answer["after"]["trials"]["clean"] >= answer["clean_trials_needed"]
    assert "not judged" in answer.out
    answer = two_bugs("often rare", "rare", "--finding", "*bug_rare*", share=0.3)
    assert (answer.code, answer["reason"]) == (1, "still-fails"), answer


def test_all_findings_can_be_one_bug(two_bugs):
    answer = two_bugs("often rare", "none", "--finding", "*")
    assert (answer.code, answer["verdict"]) == (0, "fixed"), answer
    (bug,) = answer["bugs"]
    assert (bug["finding"], bug["findings"], bug["old_rate"]["k"]) == ("*", 2, 20)
    assert answer["after"]["trials"]["clean"] == 3


def test_a_bug_that_the_old_build_never_showed_has_no_control(two_bugs):
    answer = two_bugs("often rare", "none", "--finding", "leak: *", control=4)
    assert (answer.code, answer["reason"]) == (3, "no-control"), answer
    assert "did not fail like that in 4" in answer.out
