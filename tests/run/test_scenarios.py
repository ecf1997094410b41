# SPDX-License-Identifier: MIT
"""The shipped scenarios pass on the clean client, and every count is the same on both sides."""

import json

import pytest

from conftest import FLAVOR, OUT, ROOT

# Sanitizers make every cycle many times slower: they get a tenth.
SCALE = 1 if FLAVOR == "plain" else 10

SHIPPED = [
    "eighth-connection", "eighth-connection-h2c", "handshake-only", "hundred-clients", "churn",
    "close-while-reading", "handshake-failures", "resumption", "resumption-off",
]

TLS_FAULTS = {
    "refuse": {("tcp", "refused")},
    "never-answer": {("tls", "timeout")},
    "stall-handshake": {("tls", "timeout")},
    "reset-handshake": {("tls", "reset")},
    "fatal-alert": {("tls", "protocol")},
    "certificate-expired": {("tls", "certificate")},
    "certificate-wrong-host": {("tls", "certificate")},
    "certificate-unknown-ca": {("tls", "certificate")},
    "no-alpn": {("alpn", "protocol")},
    "reset-after-handshake": {("tls", "reset"), ("h2", "reset"), ("request", "reset")},
    "goaway": {("request", "refused"), ("h2", "refused")},
    "rst-stream": {("request", "reset"), ("request", "refused")},
    "delayed-body": {("request", "timeout")},
    "dripped-body": {("request", "timeout")},
    "truncated-body": {("request", "protocol"), ("request", "reset")},
}
CLEAR_FAULTS = ["refuse", "never-answer", "goaway", "rst-stream", "delayed-body", "truncated-body"]


def assert_nothing_left(scenario):
    """Descriptors, threads and TLS objects are where they were before the client was loaded."""
    for trial in scenario["resources"]:
        before, after = trial["before_init"], trial["after_cleanup"]
        for what in ("fds", "sockets", "threads", "ssl", "ssl_ctx", "ssl_session"):
            assert after[what] == before[what], (what, before, after)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_scenario_passes(eighth, name):
    result = eighth("run", ROOT / "scenarios" / f"{name}.json", timeout=120)
    assert result.code == 0, result
    report = result.report
    assert report["verdict"] == "pass" and not report["partial"]
    for scenario in report["scenarios"]:
        assert scenario["findings"] == []
        assert scenario["unexplained_errors"] == 0
        assert scenario["cycles"]["started"] == (
            scenario["cycles"]["completed"] + scenario["cycles"]["failed"])
        assert_nothing_left(scenario)


def test_the_eighth_connection_lives(eighth):
    for name in ("eighth-connection", "eighth-connection-h2c"):
        scenario = eighth("run", ROOT / "scenarios" / f"{name}.json").scenario
        assert scenario["cycles"] == {"started": 20, "completed": 20, "failed": 0}
        assert scenario["connections_at_target"] == 20


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("session", ["none", "reuse", "import"])
def test_ten_thousand_cycles_are_counted_alike(eighth, version, session):
    """Full and resumed handshakes, connections and requests: driver, report and ledger agree."""
    cycles = 10_000 // SCALE
    result = eighth(
        "run", ROOT / "scenarios" / "hundred-clients.json",
        "--set", f"load.cycles={cycles // 100}", "--set", f"client.session={session}",
        "--set", f"client.tls.max={version}", "--set", "client.options.cache=shared-locked",
        "--set", "thresholds={}", "--set", "deadline=300s", "--set", "trials=1", timeout=300)
    assert result.code == 0, result
    scenario = result.scenario
    assert scenario["cycles"] == {"started": cycles, "completed": cycles, "failed": 0}
    assert scenario["connects"] == cycles
    assert scenario["connections_at_target"] == cycles
    client, target = scenario["handshakes"]["client"], scenario["handshakes"]["target"]
    assert client == target
    assert client["full"] + client["resumed"] == cycles and client["failed"] == 0
    # A herd of a hundred starts without sessions; afterwards there are enough for everyone.
    assert client["resumed"] == 0 if session == "none" else client["resumed"] > cycles // 2
    requests = scenario["requests"]
    assert len(set(requests.values())) == 1 and requests["sent"] == cycles, requests
    assert_nothing_left(scenario)


def test_ten_thousand_are_held_at_once(eighth):
    clients = 10_000 // SCALE
    result = eighth("run", ROOT / "scenarios" / "ten-thousand-held.json",
                    "--set", f"load.clients={clients}", timeout=320)
    assert result.code == 0, result
    scenario = result.scenario
    assert scenario["cycles"] == {"started": clients, "completed": clients, "failed": 0}
    assert scenario["most_connections_at_once"] == clients
    assert scenario["connections_at_target"] == clients
    assert_nothing_left(scenario)


def faulty(fault, tls, **parameters):
    return {
        "name": f"fault-{fault}",
        "client": {"library": "h2"},
        "target": {"embedded": {"tls": tls, "faults": [
            {"fault": fault, "every": 2, **parameters}]}},
        "load": {"threads": 4, "clients": 4, "cycles": 6, "start": "staggered", "stagger": "0s"},
        "steps": [
            {"connect": {"timeout": "1s"}},
            {"request": {"path": "/bytes/40000", "timeout": "1s"}},
            {"request": {"path": "/get", "timeout": "1s"}},
            {"close": {"timeout": "1s"}},
        ],
        "deadline": "90s",
    }


PARAMETERS = {"delayed-body": {"delay": "5s"}, "dripped-body": {"delay": "5s"}, "goaway": {"after": 1}}


def check_fault(result, fault, outcomes):
    assert result.code == 0, result
    scenario = result.scenario
    assert scenario["findings"] == [] and scenario["unexplained_errors"] == 0
    expected = scenario["expected_failures"]
    assert {(e["phase"], e["class"]) for e in expected} <= outcomes, expected
    # Every second of 24 connections carries the fault, and fails of it; the others never do.
    assert sum(e["count"] for e in expected) == 12, expected
    assert all(e["fault"] == fault for e in expected)
    assert scenario["cycles"] == {"started": 24, "completed": 12, "failed": 12}
    # In time: no call came back later than its second, plus what a busy machine takes.
    assert scenario["latency_us"]["cycle"]["max"] < 10_000_000 * SCALE
    assert_nothing_left(scenario)


@pytest.mark.parametrize("fault", TLS_FAULTS)
def test_each_fault_is_reported_as_what_it_is(eighth, fault):
    path = eighth.write(faulty(fault, True, **PARAMETERS.get(fault, {})))
    check_fault(eighth("run", path, timeout=120), fault, TLS_FAULTS[fault])


@pytest.mark.parametrize("fault", CLEAR_FAULTS)
def test_each_fault_in_clear_text(eighth, fault):
    outcomes = {"never-answer": {("h2", "timeout"), ("request", "timeout")}}
    path = eighth.write(faulty(fault, False, **PARAMETERS.get(fault, {})))
    check_fault(eighth("run", path, timeout=120), fault, outcomes.get(fault, TLS_FAULTS[fault]))


def test_a_missing_close_notify_hurts_nobody_who_is_done(eighth):
    scenario = faulty("no-close-notify", True)
    del scenario["steps"][2]
    result = eighth("run", eighth.write(scenario), timeout=120)
    assert result.code == 0, result
    assert result.scenario["faults_done"], result
    assert_nothing_left(result.scenario)


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("racing", [True, False])
def test_a_ping_behind_goaway_is_not_left_waiting(eighth, after, tls, racing):
    """It is answered while responses are due, and then the connection ends: at once, not after the
    second that the target waits for a client that is to close."""
    scenario = faulty("goaway", tls, after=after)
    request, ping = {"request": {"path": "/get", "timeout": "50s"}}, {"ping": {"timeout": "800ms"}}
    scenario["steps"] = [
        {"connect": {"timeout": "50s"}},
        *([{"race": {"operations": [request, ping]}}] if racing else [request, ping]),
        {"close": {}},
    ]
    result = eighth("run", eighth.write(scenario), timeout=120)
    assert result.code == 0 and result.findings == [], result
    scenario = result.scenario
    assert scenario["faults_done"] == {"goaway": 12}
    # With a response due or not yet asked for, a racing ping may be answered.
    assert 12 <= scenario["cycles"]["completed"] <= (24 if racing and after else 12)
    assert_nothing_left(scenario)


def test_a_failure_without_a_fault_is_a_finding_among_faulty_neighbours(eighth):
    """The twin: the same resets, and one healthy request that asks for what is not there."""
    scenario = faulty("reset-handshake", True)
    scenario["steps"][2]["request"]["expect"] = {"error": {"class": "timeout"}}
    result = eighth("run", eighth.write(scenario), timeout=120)
    assert result.code == 1, result
    assert {f["kind"] for f in result.findings} == {"error"}
    assert result.scenario["expected_failures"][0]["fault"] == "reset-handshake"


# ---- connections that a good client refuses ------------------------------------------------------


CERTIFICATES = ["expired", "wrong-host", "unknown-ca"]


def handshakes(fault, *, request=False, **client):
    scenario = faulty(fault, True)
    scenario["client"].update(client)
    scenario["steps"] = [{"connect": {"timeout": "5s"}}, {"close": {"timeout": "5s"}}]
    if request:
        scenario["steps"].insert(1, {"request": {"path": "/get", "timeout": "5s"}})
    return scenario


def run_trusting(eighth, scenario, *arguments, alpn=None, **env):
    env = {**env, **({"EIGHTH_TEST_ALPN": alpn} if alpn else {})}
    client = OUT / "run" / "trusting.so"
    return eighth("run", eighth.write(scenario), "--client", client, *arguments, env=env)


def check_accepted(result, fault, count):
    finding = result.finding("error")
    assert result.code == 1, result
    assert finding["title"] == f"a connection with the fault {fault} was accepted"
    assert finding["signature"]["key"] == f"error/accepted/{fault}"
    assert finding["occurrences"] == count and result.scenario["unexplained_errors"] == count


@pytest.mark.parametrize("kind", CERTIFICATES)
def test_a_bad_certificate_is_not_accepted_without_a_request(eighth, kind):
    fault = f"certificate-{kind}"
    check_accepted(run_trusting(eighth, handshakes(fault)), fault, 12)
    result = eighth("run", eighth.write(handshakes(fault)))
    assert result.code == 0 and result.findings == [], result


@pytest.mark.parametrize("kind", CERTIFICATES)
def test_the_certificate_of_all_connections_is_not_accepted(eighth, kind):
    scenario = handshakes("certificate-expired")
    scenario["target"]["embedded"] = {"tls": True, "certificate": kind}
    check_accepted(run_trusting(eighth, scenario), f"certificate-{kind}", 24)
    scenario["steps"][0]["connect"]["expect"] = {"error": {"class": "certificate"}}
    result = eighth("run", eighth.write(scenario))
    assert result.code == 0 and result.findings == [], result


@pytest.mark.parametrize("kind", CERTIFICATES)
@pytest.mark.parametrize("where", ["fault", "all"])
def test_who_is_told_to_accept_any_certificate_may(eighth, kind, where):
    scenario = handshakes(f"certificate-{kind}", request=True, verify=False)
    if where == "all":
        scenario["target"]["embedded"] = {"tls": True, "certificate": kind}
    result = eighth("run", eighth.write(scenario))
    assert result.code == 0 and result.findings == [], result
    assert result.scenario["cycles"]["completed"] == 24


def test_http2_is_not_spoken_without_alpn(eighth):
    check_accepted(run_trusting(eighth, handshakes("no-alpn"), alpn="h2"), "no-alpn", 12)


@pytest.mark.parametrize(
    ("alpn", "env"), [(None, {}), ("both", {}), ("h2", {"EIGHTH_TEST_CONNECTS_ONLY": "1"})])
def test_who_does_not_need_alpn_may_go_on_without(eighth, alpn, env):
    result = run_trusting(eighth, handshakes("no-alpn"), alpn=alpn, **env)
    assert result.code == 0 and result.findings == [], result
    assert result.scenario["faults_done"] == {"no-alpn": 12}


def test_the_first_run_prints_the_path_last(eighth):
    result = eighth("run", ROOT / "scenarios" / "eighth-connection.json")
    assert json.loads(result.path.read_text(encoding="utf-8"))["verdict"] == "pass"
