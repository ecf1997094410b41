# SPDX-License-Identifier: MIT
"""The adapters in client/adapters: each runs the scenarios that make clients fail, or shows its defect."""

import json

import pytest

from conftest import FLAVOR, OUT

# What the adapters are stressed with, made smaller: the whole ones are for people.
SCENARIOS = {
    "hundred-clients": ["load.cycles=2", 'thresholds={"errors.count":"== 0"}'],
    "churn": ["load.clients=50", "load.cycles=3", "load.sample_every=1"],
    "handshake-failures": ["load.cycles=10", "load.sample_every=5"],
}

HTTP_1 = ["client.alpn=http/1.1"]
HANDSHAKES_ONLY = ['steps=[{"connect":{"timeout":"2s"}},{"close":{"timeout":"2s"}}]']

# Name of a way to use an adapter: the adapter, its options, further changes to a scenario.
WAYS = {
    "curl-easy": ("curl", {}, []),
    "curl-multi": ("curl", {"interface": "multi"}, []),
    "curl-http1": ("curl", {}, HTTP_1),
    "gnutls": ("gnutls", {}, []),
    "mbedtls": ("mbedtls", {}, HTTP_1),
    "openssl": ("openssl", {}, HANDSHAKES_ONLY),
}


def need(adapter):
    if not (OUT / f"libeighth_{adapter}.so").exists():
        pytest.skip(f"libeighth_{adapter}.so is not built: its library is not installed")


def stress(eighth, root, name, way, *arguments, timeout=120):
    adapter, options, changes = WAYS[way]
    need(adapter)
    words = []
    if adapter == "mbedtls" and name != "handshake-failures":
        changes = [*changes, "load.clients=25"]  # its elliptic curves are slow
    for change in [*SCENARIOS[name], *changes, f"client.options={json.dumps(options)}"]:
        words += ["--set", change]
    return eighth("run", root / "scenarios" / f"{name}.json", "--client", adapter, *words,
                  *arguments, timeout=timeout)


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("way", WAYS)
def test_adapter_is_clean(eighth, root, way, name):
    result = stress(eighth, root, name, way)
    assert result.code == 0, result
    found = result.scenario
    assert found["client"]["name"] == WAYS[way][0]
    clean = name != "handshake-failures"
    assert clean == (found["cycles"]["failed"] == 0), result
    assert found["connections_at_target"] > 0, result
    if clean:
        assert found["connections_at_target"] == found["cycles"]["started"], result
        assert found["handshakes"]["client"] == found["handshakes"]["target"], result


@pytest.mark.parametrize("way", [way for way in WAYS if WAYS[way][0] in ("gnutls", "mbedtls")])
def test_what_is_not_counted_is_told(eighth, root, way):
    result = stress(eighth, root, "hundred-clients", way, "--set", "load.cycles=1")
    assert any("TLS objects were not counted" in note for note in result.scenario["notes"]), result
    result = stress(eighth, root, "hundred-clients", "openssl", "--set", "load.cycles=1")
    assert not any("counted" in note for note in result.scenario["notes"]), result


@pytest.mark.parametrize("way, more", [
    ("curl-http1", {"http": "1.1"}), ("gnutls", {}), ("mbedtls", {})])
def test_adapter_in_clear_text(eighth, root, way, more):
    result = stress(eighth, root, "hundred-clients", way, "--set", "target.embedded.tls=false",
                    "--set", f"client.options={json.dumps(more)}")
    assert result.code == 0 and result.scenario["cycles"]["failed"] == 0, result


def test_libcurl_cannot_reuse_clear_text_http2(eighth, root):
    """A defect of libcurl, fixed in 8.0.0 (curl issue 10634): see docs/adapters.md."""
    result = stress(eighth, root, "hundred-clients", "curl-easy", "--set",
                    "target.embedded.tls=false")
    version = result.scenario["client"]["version"]
    if not version.startswith("7.88."):
        pytest.skip(f"libcurl {version} is another one")
    assert result.code == 1, result
    titles = [f["title"] for f in result.findings if f["kind"] == "error"]
    assert titles == ["request failed: protocol in phase request: Error in the HTTP2 framing layer"]


@pytest.mark.parametrize("way, changes, words", [
    ("mbedtls", ["client.alpn=h2"], "this client speaks http/1.1 only"),
    ("mbedtls", ["client.tls.min=1.3"], "TLS 1.2 only"),
    ("gnutls", ["client.alpn=http/1.1"], "this client speaks h2 only"),
])
def test_what_an_adapter_cannot_do_is_told(eighth, root, way, changes, words):
    more = [word for change in changes for word in ("--set", change)]
    result = stress(eighth, root, "hundred-clients", way, "--set", "load.cycles=1", *more)
    assert result.code == 1, result
    assert any(words in f["title"] for f in result.findings), result


def test_list_shows_the_adapters(eighth):
    result = eighth("list", "clients", "--flavor", FLAVOR)
    names = [line.split()[0] for line in result.out.splitlines()]
    assert {"h2", "lab", "openssl"} <= set(names), result
    assert ("curl" in names) == (OUT / "libeighth_curl.so").exists()


@pytest.mark.parametrize("options, words", [
    ({"sahre": []}, 'unknown option "sahre": there are interface, http, share, locks'),
    ({"interface": "both"}, 'option "interface" must be one of: easy, multi'),
    ({"share": ["cookies"]}, 'option "share" must be a list of: ssl-session, dns, connect'),
    ({"locks": "no"}, 'option "locks" must be true or false'),
])
def test_wrong_options_are_told(eighth, root, options, words):
    need("curl")
    result = eighth("run", root / "scenarios/hundred-clients.json", "--client", "curl",
                    "--set", f"client.options={json.dumps(options)}")
    assert result.code == 2, result
    assert words in result.err, result


# ---- sharing between threads (CURLSH) ----

@pytest.mark.skipif(FLAVOR != "plain", reason="libcurl itself is not instrumented")
def test_sessions_shared_without_locks_are_found_out(eighth, root):
    need("curl")
    result = eighth("run", root / "scenarios/adapters/curl-share-unlocked.json", "--trials", "5",
                    "--until-finding", timeout=60)
    assert result.code == 0, result
    assert {f["kind"] for f in result.findings} <= {"crash", "heap-corruption"}, result
    assert any("curl" in frame for f in result.findings
               for frame in f["signature"]["frames"]), result


def test_sessions_shared_with_locks_are_clean(eighth, root):
    need("curl")
    result = eighth("run", root / "scenarios/adapters/curl-share-locked.json", "--trials", "2",
                    timeout=120)
    assert result.code == 0, result
    assert result.scenario["trials"]["clean"] == 2
