# SPDX-License-Identifier: MIT
"""What a client allocates through the functions that it is given: counted exactly, in every flavor."""

import pytest
from conftest import FLAVOR

COUNTED = ("--set", "client.count_allocations=true")


def allocations(result):
    """Findings about them, and the counts after each round and after the cleanup."""
    (series,) = result.scenario["resources"]
    return ([f["title"] for f in result.findings if f["kind"] == "leak"],
            [s["allocations"] for s in series["rounds"]], series["after_cleanup"]["allocations"])


@pytest.mark.parametrize("every, left", [(20, 1), (7, 2), (1, 20)])
def test_what_is_left_is_a_leak(eighth, every, left):
    result = eighth.bare(*COUNTED, client="allocator", env={"EIGHTH_TEST_KEEP": str(every)})
    assert result.code == 1, result
    titles, rounds, after = allocations(result)
    words = "1 allocation of the client's" if left == 1 else f"{left} allocations of the client's"
    assert titles == [f"{words} left after the client's cleanup"], result
    assert after == left and rounds == [n // every for n in (5, 10, 15, 20)]


def test_nothing_left_is_none(eighth):
    result = eighth.bare(*COUNTED, client="allocator")
    assert result.code == 0 and allocations(result) == ([], [0] * 4, 0), result
    assert not any("allocations" in note for note in result.scenario["notes"])


@pytest.mark.skipif(FLAVOR == "asan", reason="LeakSanitizer finds it by itself")
def test_only_where_it_is_asked_for(eighth):
    result = eighth.bare(client="allocator", env={"EIGHTH_TEST_KEEP": "7"})
    assert result.code == 0 and allocations(result) == ([], [0] * 4, 0), result


def test_a_client_without_is_told(eighth):
    result = eighth.bare(*COUNTED, client="leak")
    assert result.code == 0, result
    assert "allocations were not counted: the client has no set_allocator" in result.scenario["notes"]


@pytest.mark.parametrize("options", ['{"cache":"instance"}', '{"cache":"shared-locked"}', '{"cache":"none"}'])
def test_our_own_client_keeps_nothing(eighth, root, options):
    """Its connections allocate: the rounds of held ones would show it."""
    result = eighth("run", root / "scenarios/churn.json", "--client", f"h2:{options}", *COUNTED, "--set",
                    "load.clients=50", "--set", "load.cycles=3", "--set", "load.sample_every=1", timeout=120)
    assert result.code == 0 and result.scenario["trials"]["clean"] == 1, result
    titles, rounds, after = allocations(result)
    assert titles == [] and after == 0 and len(rounds) == 3 and min(rounds) > 0, result
