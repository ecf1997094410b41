# SPDX-License-Identifier: MIT
"""Clients that answer a connect without connecting: a pool of connections, and one that connects late."""

import pytest
from conftest import FLAVOR, OUT

CYCLES = 20
POOLS = ("--set", "client.pools=true")
# The target resets each connection at its third request.
RESETS = {"embedded": {"faults": [{"fault": "rst-stream", "every": 1, "after": 2}]}}
ASKS = [{"connect": {}}, {"request": {"path": "/bytes/100"}}, {"close": {}}]


def run(eighth, *arguments, late=False, clients=8, library=OUT / "run" / "keep_alive.so", **changes):
    scenario = {
        "name": "pools", "client": {"library": str(library), "alpn": "http/1.1"},
        "load": {"threads": 4, "clients": clients, "cycles": CYCLES}, "steps": ASKS, "deadline": "60s", **changes,
    }
    return eighth("run", eighth.write(scenario), "--seed", "1", *arguments,
                  env={"EIGHTH_TEST_LATE": "1"} if late else None)


def test_a_pool_is_a_finding_of_the_clients_own(eighth):
    result = run(eighth)
    assert result.code == 1, result
    finding = result.finding("wrong-total")
    seen = result.scenario["connections_at_target"]
    assert 1 <= seen <= 8 and result.scenario["connects"] == 160
    assert f"160 connects succeeded, but the target accepted only {seen} connection" in finding["title"], finding
    assert "set client.pools to true" in finding["title"]


def test_a_pool_that_is_declared_is_none(eighth):
    result = run(eighth, *POOLS)
    assert result.code == 0 and result.findings == [], result
    assert result.scenario["connects"] == 160 and result.scenario["connections_at_target"] <= 8
    assert any("that each connect makes a connection (client.pools is true" in n for n in result.scenario["notes"])


@pytest.mark.parametrize("declared", [(), POOLS])
def test_a_client_that_connects_each_time_agrees(eighth, declared):
    """It connects with its first request, but for each open."""
    result = run(eighth, *declared, late=True)
    assert result.code == 0 and result.findings == [], result
    assert result.scenario["connects"] == result.scenario["connections_at_target"] == 160


def test_opens_without_a_connection_are_found(eighth):
    result = run(eighth, late=True, steps=[{"connect": {}}, {"close": {}}])
    assert "160 connects succeeded, but the target accepted only 0" in result.finding("wrong-total")["title"]
    assert run(eighth, *POOLS, late=True, steps=[{"connect": {}}, {"close": {}}]).code == 0


def test_faults_explain_failures_on_connections_of_the_pool(eighth):
    """The connect of such a cycle was another cycle's: only with client.pools it may be any."""
    result = run(eighth, *POOLS, target=RESETS)
    assert result.code == 0 and result.findings == [], result
    assert sum(f["count"] for f in result.scenario["expected_failures"]) > 10, result.scenario["expected_failures"]
    result = run(eighth, target=RESETS)
    assert {f["kind"] for f in result.findings} == {"error"}, result


def test_faults_do_not_explain_what_they_never_do(eighth):
    """A status that the step does not expect is wrong with a pool, too."""
    steps = [{"connect": {}}, {"request": {"path": "/bytes/100", "expect": {"status": 404}}}, {"close": {}}]
    result = run(eighth, *POOLS, target=RESETS, steps=steps)
    assert {f["kind"] for f in result.findings} == {"wrong-response"}, result


@pytest.mark.skipif(FLAVOR != "plain", reason="the message is the controller's")
def test_a_program_has_a_check_of_its_own(eighth):
    scenario = {"name": "pools", "client": {"exec": ["/bin/true"], "pools": True}}
    result = eighth("run", eighth.write(scenario))
    assert result.code == 2 and "`pools` has no meaning for an external program" in result.err, result
