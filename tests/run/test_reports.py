# SPDX-License-Identifier: MIT
"""Reports: valid by their schema, equal to what really happened, whole at any moment."""

import json
import subprocess
import threading
import time
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest
from conftest import BARE, FLAVOR, OUT, ROOT, command_words

TLS = {
    "name": "tls",
    "client": {"library": "h2"},
    "target": {"embedded": {"tls": True}},
    "load": {"threads": 4, "clients": 10, "cycles": 5},
    "steps": [
        {"connect": {"timeout": "20s"}},
        {"request": {"path": "/get", "timeout": "20s"}},
        {"close": {}},
    ],
    "deadline": "60s",
}


@pytest.fixture(scope="session")
def validator():
    schema = json.loads((ROOT / "reports/report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_clean_run(eighth, validator):
    result = eighth("run", eighth.write(TLS), "--seed", "7", "--trials", "2")
    assert result.code == 0, result
    report = result.report
    validator.validate(report)
    assert report["verdict"] == "pass" and report["partial"] is False
    assert report["seed"] == 7
    assert report["command"][1] == "run"
    assert report["environment"]["openssl"].startswith("OpenSSL 3")
    scenario = result.scenario
    assert scenario["trials"]["clean"] == 2
    assert scenario["cycles"] == {"started": 100, "completed": 100, "failed": 0}
    assert scenario["connects"] == scenario["connections_at_target"] == 100
    assert scenario["handshakes"]["client"] == scenario["handshakes"]["target"]
    assert sum(scenario["handshakes"]["client"].values()) == 100
    assert scenario["requests"]["sent"] == scenario["requests"]["received_by_target"] == 100
    assert scenario["client"]["name"] == "h2"
    assert scenario["client_cpu_us_per_cycle"] > 0
    assert scenario["peak_rss_bytes"] > 1 << 20
    assert scenario["failure_rate"]["k"] == 0 and scenario["failure_rate"]["high"] > 0.7
    for name in ("connect", "tls", "request", "close", "cycle"):
        latency = scenario["latency_us"][name]
        assert latency["count"] == 100, name
        assert sum(count for _, count in latency["buckets_ns"]) == 100
        assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["max"]
    assert len(scenario["resources"]) == 2
    for trial in scenario["trial_list"]:
        figures = trial["figures"]
        assert figures["client_cpu_us_per_cycle"] > 0
        assert 1 << 20 < figures["peak_rss_bytes"] <= scenario["peak_rss_bytes"]
        assert figures["latency_us"]["tls"]["count"] == 50
        assert 0 < figures["latency_us"]["tls"]["p50"] <= figures["latency_us"]["tls"]["p99"]
        assert "ping" not in figures["latency_us"]


def test_build_id_is_that_of_the_file(eighth):
    notes = subprocess.run(
        ["readelf", "-n", str(OUT / "libeighth_h2.so")], capture_output=True, check=True, text=True
    ).stdout
    (line,) = [line for line in notes.splitlines() if "Build ID" in line]
    result = eighth("run", eighth.write(TLS))
    assert result.scenario["client"]["build_id"] == line.split()[-1]


def test_same_seed_same_trials(eighth):
    path = eighth.write(BARE)
    client = OUT / "run" / "leak.so"
    runs = [eighth("run", path, "--client", client, "--seed", seed, "--trials", "3")
            for seed in ("5", "5", "6")]
    seeds = [[t["seed"] for t in run.scenario["trial_list"]] for run in runs]
    assert seeds[0] == seeds[1] != seeds[2]


FAILURES = [
    ("die", {}, "crash"),
    ("exit_early", {}, "crash"),
    ("scribble", {}, None),
    ("leak", {"EIGHTH_TEST_LEAK": "socket"}, "leak"),
    ("wrong_answers", {"EIGHTH_TEST_ANSWER": "error"}, "error"),
    ("wrong_answers", {"EIGHTH_TEST_ANSWER": "status"}, "wrong-response"),
]


@pytest.mark.parametrize(("client", "env", "kind"), FAILURES)
def test_failures_are_valid_in_every_form(eighth, validator, client, env, kind):
    result = eighth.bare("--trials", "2", client=client, env=env)
    assert result.code == 1, result
    validator.validate(result.report)
    folder = result.path.parent
    if kind is not None and FLAVOR == "plain":
        assert {f["kind"] for f in result.findings} == {kind}
    # The text is UTF-8 without control characters.
    text = result.path.read_bytes().decode("utf-8")
    assert not [c for c in text if ord(c) < 32 and c not in "\n\t"]
    assert "\\u001b" not in text
    suite = ElementTree.parse(folder / "junit.xml").getroot().find("testsuite")
    assert suite.get("failures") == "1" and suite.get("errors") == "0"
    case = suite.find("testcase")
    assert case.get("classname") == "eighth.bare"
    failure = case.find("failure")
    assert failure.get("message") in failure.text
    assert result.findings[0]["reproduce"] in failure.text
    summary = (folder / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("# eighth: fail")
    assert result.findings[0]["reproduce"] in summary
    shown = eighth("show", folder)
    assert shown.code == 0
    for finding in result.findings:
        assert finding["reproduce"] in shown.out
    assert (folder / "trial-0").is_dir()
    assert not list(folder.glob("**/.*"))


def test_reproduce_is_a_command_that_reproduces(eighth):
    result = eighth.bare("--set", "load.cycles=12", client="leak",
                         env={"EIGHTH_TEST_LEAK": "socket"})
    command = command_words(result.findings[0])
    assert command[1] == "run" and "load.cycles=12" in command
    again = subprocess.run(
        [*command, "--reports", str(eighth.reports)],
        env={**__import__("os").environ, "EIGHTH_TEST_LEAK": "socket"},
        capture_output=True, check=False, text=True, cwd=ROOT, timeout=100,
    )
    assert again.returncode == 1
    assert "leak/sockets" in json.loads(
        open(again.stdout.splitlines()[-1], encoding="utf-8").read()
    )["scenarios"][0]["findings"][0]["signature"]["key"]


def test_matrix_in_reports(eighth, validator):
    path = eighth.write({**BARE, "matrix": {"load.cycles": [8, 12]}})
    env = {"EIGHTH_TEST_LEAK": "socket"}
    result = eighth("run", path, "--client", OUT / "run" / "leak.so", env=env)
    assert result.code == 1, result
    validator.validate(result.report)
    scenarios = result.report["scenarios"]
    assert [s["cycles"]["completed"] for s in scenarios] == [8, 12]
    assert [s["combination"] for s in scenarios] == ["load.cycles=8", "load.cycles=12"]
    assert "--set load.cycles=12" in scenarios[1]["findings"][0]["reproduce"]
    suite = ElementTree.parse(result.path.parent / "junit.xml").getroot().find("testsuite")
    names = [case.get("name") for case in suite.findall("testcase")]
    assert len(set(names)) == 2


def test_infra_and_inconclusive(eighth, validator):
    result = eighth.bare(client="leak", load={"threads": 1, "clients": 90000, "cycles": 1},
                         prefix=["prlimit", "--nofile=512:512"])
    assert result.code == 3, result
    validator.validate(result.report)
    assert result.report["verdict"] == "inconclusive"
    suite = ElementTree.parse(result.path.parent / "junit.xml").getroot().find("testsuite")
    assert suite.get("errors") == "1" and suite.get("failures") == "0"


def test_folder_of_scenarios(eighth, validator, tmp_path):
    folder = tmp_path / "suite"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.json").write_text(json.dumps({**BARE, "name": name}))
    result = eighth("run", folder, "--client", OUT / "run" / "leak.so")
    assert result.code == 0, result
    validator.validate(result.report)
    assert [s["name"] for s in result.report["scenarios"]] == ["one", "two"]
    assert result.path.parent.name.startswith("suite-")


def test_report_is_whole_at_every_moment(eighth):
    """A reader that looks all the time never sees half a report."""
    path = eighth.write(BARE)
    process = subprocess.Popen(
        eighth.command("run", path, "--client", OUT / "run" / "leak.so", "--trials", "40"),
        stdout=subprocess.DEVNULL, cwd=ROOT,
    )
    reads = 0
    partial = 0
    while process.poll() is None:
        for report in eighth.reports.glob("*/report.json"):
            partial += json.loads(report.read_text(encoding="utf-8"))["partial"]
            reads += 1
        time.sleep(0.001)
    assert process.returncode == 0
    assert reads > 10 and partial > 0
    (report,) = eighth.reports.glob("*/report.json")
    assert json.loads(report.read_text(encoding="utf-8"))["partial"] is False


def test_two_runs_in_one_second_do_not_mix(eighth):
    path = eighth.write(BARE)
    results = []

    def run():
        results.append(eighth("run", path, "--client", OUT / "run" / "leak.so", "--seed", "1"))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({r.path for r in results}) == 4
    assert all(r.report["scenarios"][0]["cycles"]["completed"] == 20 for r in results)


def test_show_of_broken_reports(eighth, tmp_path):
    """show takes any JSON object with scenarios and never falls over."""
    samples = [
        {"scenarios": []},
        {"scenarios": [1, None, "x", []]},
        {"scenarios": [{"name": 5, "findings": [3, {"doing": [1], "stacks": [{"frames": [7]}]}]}]},
        {"scenarios": [{"latency_us": {"tls": 5}, "findings": {}, "notes": [1], "cycles": []}]},
    ]
    for sample in samples:
        path = tmp_path / "report.json"
        path.write_text(json.dumps(sample))
        for form in ([], ["--brief"], ["--markdown"]):
            result = eighth("show", path, *form)
            assert result.code == 0, result
