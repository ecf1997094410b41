# SPDX-License-Identifier: MIT
"""`eighth run` against servers that are not ours: nginx, nghttpd, Apache, HAProxy and h2o from Debian."""

import json
import os
import re
import shlex
import shutil

import pytest

from test_adapters import WAYS, need
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


def start(name, sections, pki, tmp_path, log=None):  # noqa: F811
    """The server, in a folder of its own, with the page's own configuration; log takes the place of "access_log off"."""
    command, config = sections[name]
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
    for file, content in (("cert.pem", certificate), ("key.pem", key), ("both.pem", certificate + key)):
        (folder / file).write_bytes(content)
    port = free_port()
    if config is not None:
        text = config[1].replace("8443", str(port))
        assert log is None or "access_log off;" in text
        (folder / config[0]).write_text(text.replace("access_log off;", log or "access_log off;"))
    return Server([program, *(word.replace("8443", str(port)) for word in words[1:])], port, cwd=folder)


@pytest.fixture
def external(request, sections, pki, tmp_path):  # noqa: F811
    server = start(request.param, sections, pki, tmp_path)
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


# ---- the adapters against nginx ----


@pytest.fixture
def logging_nginx(sections, pki, tmp_path):  # noqa: F811
    """nginx that writes down each request: method, protocol, nonce, version of TLS."""
    log = "log_format seen '$request_method $server_protocol $http_eighth_nonce $ssl_protocol'; access_log seen.log seen;"
    server = start("nginx", sections, pki, tmp_path, log)
    server.log = tmp_path / "server" / "seen.log"
    yield server
    server.stop()


def against(eighth, root, way, server, ca, *changes):
    """hundred-external as test_adapters has hundred-clients: smaller."""
    adapter, options, more = WAYS[way]
    need(adapter)
    words = []
    for change in [f"target.address=127.0.0.1:{server.port}", f"target.ca={ca}", "target.nonce=true", "load.cycles=2",
                   "load.clients=25" if adapter == "mbedtls" else "load.clients=100",
                   f"client.options={json.dumps(options)}", *more, *changes]:
        words += ["--set", change]
    return eighth("run", root / "scenarios/external/hundred-clients.json", "--client", adapter, *words, timeout=120)


@pytest.mark.parametrize("way", WAYS)
def test_an_adapter_against_nginx(eighth, root, logging_nginx, pki, way):  # noqa: F811
    result = against(eighth, root, way, logging_nginx, pki.ca)
    assert result.code == 0 and result.findings == [], result
    found = result.scenario
    cycles = 2 * (25 if way == "mbedtls" else 100)
    assert found["client"]["name"] == WAYS[way][0]
    assert found["cycles"] == {"started": cycles, "completed": cycles, "failed": 0}
    off = [note for note in found["notes"] if "off" in note or "not verified" in note]
    assert off == ["checks that were off: what the server saw (it has no ledger)"], result
    # As nginx saw it: each request once, each with a nonce of its own, in the protocol of this way.
    logging_nginx.stop()
    requests = [line.split() for line in logging_nginx.log.read_text(encoding="utf-8").splitlines()]
    gets = [words for words in requests if words[0] == "GET"]
    assert len(gets) == (0 if way == "openssl" else 2 * cycles), result
    assert len({nonce for _, _, nonce, _ in gets}) == len(gets) and all(nonce != "-" for _, _, nonce, _ in gets)
    assert {words[1] for words in requests} <= {"HTTP/1.1" if way in ("curl-http1", "mbedtls") else "HTTP/2.0"}


@pytest.mark.parametrize("way", WAYS)
def test_an_adapter_verifies_nginx_with_the_given_ca(eighth, root, logging_nginx, pki, way):  # noqa: F811
    other = pki.make_ca("another")
    result = against(eighth, root, way, logging_nginx, other, "load.clients=4", "load.cycles=1")
    assert result.code == 1 and result.scenario["cycles"]["completed"] == 0, result
    assert {f["title"].split(":")[1] for f in result.findings if f["kind"] == "error"} == {
        " certificate in phase tls"}, result
    logging_nginx.stop()
    assert logging_nginx.log.read_text(encoding="utf-8") == ""


def test_of_our_own_target_nothing_is_off(eighth):
    result = eighth("run", eighth.write({"name": "own"}))
    assert result.code == 0 and not any("were off" in note for note in result.scenario["notes"])
    result = eighth("run", eighth.write({"name": "own", "client": {"verify": False}}))
    assert any("certificates were not verified" in note for note in result.scenario["notes"]), result
