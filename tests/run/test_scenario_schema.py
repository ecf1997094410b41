# SPDX-License-Identifier: MIT
"""The published JSON Schema against a validator that is not ours.

It accepts every scenario that is shipped, and refuses every wrong one of the corpus but for those
whose name says that no schema could: `syntax-` (no JSON at all, or not strictly) and `semantic-`
(a matter of several keys at once, of ranges of texts with units, or of order).
"""
import json
import pathlib

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "scenarios" / "scenario.schema.json").read_text())
SHIPPED = sorted(p for p in (ROOT / "scenarios").rglob("*.json") if not p.name.endswith(".schema.json"))
WRONG = sorted((ROOT / "tests" / "run" / "scenarios" / "wrong").glob("*.json"))


def validator():
    return jsonschema.Draft202012Validator(SCHEMA)


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_is_accepted(path):
    validator().validate(json.loads(path.read_text()))


@pytest.mark.parametrize(
    "path", [p for p in WRONG if not p.name.startswith(("syntax-", "semantic-"))], ids=lambda p: p.stem
)
def test_wrong_is_refused(path):
    assert not validator().is_valid(json.loads(path.read_text()))


@pytest.mark.parametrize("path", [p for p in WRONG if p.name.startswith("semantic-")], ids=lambda p: p.stem)
def test_semantic_is_beyond_the_schema(path):
    """Keeps the names honest: what a schema can refuse must not hide behind `semantic-`."""
    assert validator().is_valid(json.loads(path.read_text()))


def test_corpus_is_large_enough():
    assert len(WRONG) >= 60
    assert all(p.with_suffix(".txt").exists() for p in WRONG)
