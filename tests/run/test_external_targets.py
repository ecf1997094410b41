# SPDX-License-Identifier: MIT
"""`eighth run` against servers that are not ours: nginx, nghttpd, Apache, HAProxy and h2o from Debian."""

import os
import re
import shlex
import shutil

import pytest

# pylint: disable=unused-import
from test_client_peers import (Server, free_port, nghttpd, nghttpd_clear, nginx, pki, site,  # noqa: F401
                               start_nghttpd)

# pylint: disable=redefined-outer-name


def scenario(port, ca, nonce, cycles=5):
    target = {"address": f"127.0.0.1:{port}", "tls": ca is not None, "nonce": nonce}
    if ca is not None:
        target |= {"ca": str(ca), "sni": "localhost"}
    return {
        "name": "external",
        "client": {"library": "h2"},
        "target": target,
        "load": {"threads": 8, "clients": 40, "cycles": cycles, "start": "together"},
        "steps": [{"connect": {"timeout": "10s"}},
                  {"request": {"path": "/index.html", "timeout": "10s",
                               "expect": {"status": 200, "body": "hello\n"}}},
                  {"close": {"timeout": "10s"}}],
        "deadline": "60s",
    }


@pytest.mark.parametrize("server, tls", [
    ("nghttpd", True), ("nghttpd_clear", False), ("nginx", True), ("nginx", False)])
def test_passes_against(eighth, pki, request, server, tls):  # noqa: F811
    running = request.getfixturevalue(server)
    port = running.clear if server == "nginx" and not tls else running.port
    path = eighth.write(scenario(port, pki.ca if tls else None, False))
    result = eighth("run", path, timeout=90)
    assert result.code == 0, result
    found = result.scenario
    assert found["cycles"] == {"started": 200, "completed": 200, "failed": 0}
    assert found["connections_at_target"] is None
    assert found["handshakes"]["client"]["full"] == (200 if tls else 0)


def test_a_server_that_does_not_echo_the_nonce_is_found(eighth, pki, nghttpd):  # noqa: F811
    result = eighth("run", eighth.write(scenario(nghttpd.port, pki.ca, True, cycles=1)), timeout=90)
    assert result.code == 1, result
    assert [f["kind"] for f in result.findings] == ["wrong-response"], result


def test_a_server_that_is_not_there_is_found(eighth, pki, site):  # noqa: F811
    server = start_nghttpd(site, pki.good)
    server.stop()
    result = eighth("run", eighth.write(scenario(server.port, pki.ca, False, cycles=1)), timeout=90)
    assert result.code == 1, result
    assert {f["kind"] for f in result.findings} == {"error"}, result


# ---- as docs/external-targets.md has it ----

ECHOES = {"nginx": True, "nghttpd": False, "apache": True, "haproxy": True, "h2o": True}


@pytest.fixture(scope="module")
def sections(root):
    """For each server: its command, and its configuration with its file name, if it has one."""
    found = {}
    text = (root / "docs/external-targets.md").read_text(encoding="utf-8")
    for part in text.split("\n## ")[1:]:
        config = re.search(r"```\w+\n# (\S+)\n(.*?)```", part, flags=re.S)
        found[part.split("\n")[0].lower()] = (re.search(r"^    (.*)$", part, flags=re.M).group(1),
                                             config and config.groups())
    return found


@pytest.fixture
def external(request, sections, pki, tmp_path):  # noqa: F811
    """The server, running in a folder of its own with the page's own configuration."""
    command, config = sections[request.param]
    words = shlex.split(command)
    program = shutil.which(words[0], path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        pytest.skip(f"{words[0]} is not installed")
    folder = tmp_path / "server"
    folder.mkdir()
    tmp_path.chmod(0o755)
    folder.chmod(0o755)
    (folder / "site").mkdir()
    (folder / "site/index.html").write_text("hello")
    certificate, key = (path.read_bytes() for path in pki.good)
    for name, content in (("cert.pem", certificate), ("key.pem", key), ("both.pem", certificate + key)):
        (folder / name).write_bytes(content)
    port = free_port()
    if config is not None:
        (folder / config[0]).write_text(config[1].replace("8443", str(port)))
    server = Server([program, *(word.replace("8443", str(port)) for word in words[1:])], port, cwd=folder)
    yield server
    server.stop()


@pytest.mark.parametrize("external", ECHOES, indirect=True)
def test_the_page_s_configuration(eighth, root, external, pki, request):  # noqa: F811
    name = request.node.callspec.params["external"]
    words = ["--set", f"target.address=127.0.0.1:{external.port}", "--set", f"target.ca={pki.ca}",
             "--set", "load.clients=40", "--set", "load.cycles=3"]
    if ECHOES[name]:
        words += ["--set", "target.nonce=true"]
    result = eighth("run", root / "scenarios/external/hundred-clients.json", *words, timeout=90)
    assert result.code == 0, result
    assert result.scenario["cycles"] == {"started": 120, "completed": 120, "failed": 0}
    off = [note for note in result.scenario["notes"] if note.startswith("checks that were off")]
    assert len(off) == 1 and ("cross-talk" in off[0]) != ECHOES[name], result


@pytest.mark.parametrize("external", ["nghttpd"], indirect=True)
def test_another_ca_is_not_accepted(eighth, root, external, pki):  # noqa: F811
    result = eighth("run", root / "scenarios/external/hundred-clients.json", "--set",
                    f"target.address=127.0.0.1:{external.port}", "--set",
                    f"target.ca={pki.make_ca('other')}", "--set", "load.clients=4", timeout=90)
    assert result.code == 1, result
    assert any("certificate in phase tls" in f["title"] for f in result.findings), result


def test_of_our_own_target_nothing_is_off(eighth):
    result = eighth("run", eighth.write({"name": "own"}))
    assert result.code == 0 and not any("were off" in note for note in result.scenario["notes"])
    result = eighth("run", eighth.write({"name": "own", "client": {"verify": False}}))
    assert any("certificates were not verified" in note for note in result.scenario["notes"]), result
