# SPDX-License-Identifier: MIT
"""The options of a client library reach it as they were written, on every way that they can take."""

import json

import pytest
from conftest import BARE, FLAVOR, OUT, command_words

CLIENT = OUT / "run" / "options.so"
# Nothing of this would survive being read and printed: numbers beyond doubles, zeros at their end, escapes,
# the order of keys, white space.
WRITTEN = """{ "z": 12345678901234567890,\r\n\t"a" :[1.10, 1e400,-0.0 , 9007199254740993],
   "text": "\\u00e4\\/ , \\u0041", "deep": {"n": 0.10e+01 } }"""
# Longer than cJSON would read them.
LONGEST = "1" * 63


class Got:
    """What the client of each trial got."""

    def __init__(self, folder):
        self.path = folder / "options.txt"
        self.env = {"EIGHTH_TEST_OPTIONS": str(self.path)}

    def take(self):
        texts = self.path.read_bytes().decode("utf-8").split("\0")
        self.path.unlink()
        assert texts.pop() == ""
        return texts


@pytest.fixture
def got(tmp_path):
    return Got(tmp_path)


def scenario(eighth, options, **changes):
    """A file with this text for the client's options."""
    tree = {**BARE, **changes, "client": {"library": str(CLIENT), "options": "HERE"}}
    path = eighth.folder / "scenario.json"
    path.write_bytes(json.dumps(tree).replace('"HERE"', options).encode("utf-8"))
    return path


def run(eighth, got, path, *arguments):
    result = eighth("run", path, "--seed", "1", *arguments, env=got.env)
    assert result.code == 0, result
    return got.take(), [s["client"]["options"] for s in result.report["scenarios"]]


def test_of_a_scenario(eighth, got):
    texts, told = run(eighth, got, scenario(eighth, WRITTEN), "--trials", "2")
    assert texts == [WRITTEN] * 2 and told == [WRITTEN]


def test_without_any(eighth, got):
    assert run(eighth, got, eighth.write({**BARE, "client": {"library": str(CLIENT)}})) == (["{}"], ["{}"])


def test_of_the_command_line(eighth, got):
    path = eighth.write(BARE)
    texts, told = run(eighth, got, path, "--client", f"{CLIENT}:{WRITTEN}")
    assert texts == told == [WRITTEN]
    texts, told = run(eighth, got, path, "--client", CLIENT, "--set", f"client.options={WRITTEN}")
    assert texts == told == [WRITTEN]
    texts, told = run(eighth, got, path, "--set", f'client={{"library":"{CLIENT}","options" : {WRITTEN}}}')
    assert texts == told == [WRITTEN]


def test_an_override_of_one_member_leaves_the_others(eighth, got):
    path = scenario(eighth, WRITTEN)
    texts, _ = run(eighth, got, path, "--set", "client.options.deep.n=12345678901234567891",
                   "--set", "client.options.a.3=2.50", "--set", "client.options.new=1e999",
                   "--set", "client.options.word=none")
    assert texts == ['{"z":12345678901234567890,"a":[1.10,1e400,-0.0,2.50],"text":"\\u00e4\\/ , \\u0041",'
                     '"deep":{"n":12345678901234567891},"new":1e999,"word":"none"}']
    texts, _ = run(eighth, got, path, "--set", 'client.options={"x": 1.0 , "y":2.0}', "--set",
                   "client.options.y=1.10")
    assert texts == ['{"x":1.0,"y":1.10}']


def test_of_a_matrix(eighth, got):
    path = scenario(eighth, WRITTEN.replace("\r\n\t", ""), matrix={"client.options.z": ["ONE", "TWO", "none"]})
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"ONE"', "1.10").replace('"TWO"', '{ "n" : 9007199254740993 }'), encoding="utf-8")
    texts, _ = run(eighth, got, path)
    rest = ('"a":[1.10, 1e400,-0.0 , 9007199254740993],"text":"\\u00e4\\/ , \\u0041","deep":{"n": 0.10e+01 }}')
    assert texts == [f'{{"z":{z},{rest}' for z in ("1.10", '{ "n" : 9007199254740993 }', '"none"')]
    # And where the command line gives the values.
    texts, _ = run(eighth, got, path, "--set", "matrix.client.options.z=[1.20, 3.0e0]")
    assert texts == [f'{{"z":{z},{rest}' for z in ("1.20", "3.0e0")]
    texts, _ = run(eighth, got, path, "--set", 'matrix={"client.options": [{"q": 1.30}, {}]}')
    assert texts == ['{"q": 1.30}', "{}"]


def test_in_the_command_that_reproduces(eighth, got):
    """Once by hand, as a shell would cut it, once by replay."""
    dies = WRITTEN.replace("\r", "").replace("{ ", '{ "die": 1.0, ', 1)
    path = eighth.write({**BARE, "matrix": {"client.options.m": ["WIDE", 1]}})
    path.write_text(path.read_text(encoding="utf-8").replace('"WIDE"', '12345678901234567890'), encoding="utf-8")
    first = eighth("run", path, "--seed", "1", "--client", f"{CLIENT}:{dies}", env=got.env)
    assert first.code == 1, first
    made = got.take()
    assert len(made) == 2 and '"m":12345678901234567890}' in made[0] and '"a":[1.10, 1e400,-0.0 ,' in made[0]
    words = command_words(first.findings[0])
    again = eighth(*words[1:], env=got.env)
    assert again.code == 1 and set(got.take()) == {made[0]}, again
    replay = eighth("replay", first.path, "--reports", eighth.reports, env=got.env)
    assert replay.code == 1 and set(got.take()) == {made[0]}, replay


@pytest.mark.skipif(FLAVOR != "plain", reason="verdicts do not depend on the flavor")
def test_of_two_builds(eighth, got):
    """verify-fix and compare give each side its own."""
    dies = WRITTEN.replace("{ ", '{ "die": 1.0, ', 1)
    path = eighth.write(BARE)
    fix = eighth("verify-fix", "--before", f"{CLIENT}:{dies}", "--after", f"{CLIENT}:{WRITTEN}", path, "--control", "2",
                 "--confidence", "50%", "--reports", eighth.reports, env=got.env)
    assert fix.code == 0 and set(got.take()) == {dies, WRITTEN}, fix
    with open(fix.out.split("\n")[-2], encoding="utf-8") as file:
        report = json.load(file)
    assert [report[side]["client"]["options"] for side in ("before", "after")] == [dies, WRITTEN]
    # White space alone makes no other build.
    spaced = WRITTEN.replace('"z":', '"z"  :')
    same = eighth("compare", "--baseline", f"{CLIENT}:{WRITTEN}", "--candidate", f"{CLIENT}:{spaced}", path, "--trials",
                  "2", "--reports", eighth.reports, env=got.env)
    assert set(got.take()) == {WRITTEN, spaced}, same
    with open(same.out.split("\n")[-2], encoding="utf-8") as file:
        (compared,) = json.load(file)["scenarios"]
    assert [compared[side]["options"] for side in ("baseline", "candidate")] == [WRITTEN, spaced]
    assert "both sides are the same build with the same options" in {m["note"] for m in compared["metrics"]}


@pytest.mark.parametrize("options, words", [
    ('{"a": 1, "a": 2}', "$.client.options: the key `a` appears twice"),
    ('{"a": {"b": 1,\n "b": 2}}', "2:2: at $.client.options.a: the key `b` appears twice"),
    (f'{{"a": {LONGEST}1}}', "a number has at most 63 characters"),
    ("5", "$.client.options: expected an object, got 5"),
])
def test_what_is_still_refused(eighth, got, options, words):
    result = eighth("run", scenario(eighth, options), env=got.env)
    assert result.code == 2 and words in result.err, result
    assert not got.path.exists()
    if "\n" not in options and LONGEST not in options:
        result = eighth("run", scenario(eighth, "{}"), "--set", f"client.options={options}", env=got.env)
        assert result.code == 2 and words in result.err, result


def test_the_longest_number(eighth, got):
    texts, _ = run(eighth, got, scenario(eighth, f'{{"a": {LONGEST}}}'))
    assert texts == [f'{{"a": {LONGEST}}}']


def test_elsewhere_a_number_is_one(eighth, got):
    result = eighth("run", scenario(eighth, "{}"), "--set", "load.cycles=1e400", env=got.env)
    assert result.code == 2 and "$.load.cycles: this number is too large" in result.err, result
