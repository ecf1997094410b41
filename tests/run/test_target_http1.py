# SPDX-License-Identifier: MIT
"""The target's HTTP/1.1 against curl and bare sockets."""

import json
import random
import socket
import ssl

import pytest

from target_tools import Target, pattern

BOTH = pytest.mark.parametrize("options", [(), ("--no-tls",)], ids=["tls", "clear"])


def curl(target, path, *options, timeout=10):
    return target.curl(path, "--http1.1", *options, timeout=timeout)


class Peer:
    """A bare HTTP/1.1 client in clear text."""

    def __init__(self, target):
        self.socket = socket.create_connection(("127.0.0.1", target.port))
        self.socket.settimeout(10)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, text):
        self.socket.sendall(text.encode("latin-1"))

    def more(self):
        piece = self.socket.recv(65536)
        self.buffer += piece
        return piece != b""

    def response(self, head=False):
        """The next one: status line, fields, body."""
        while b"\r\n\r\n" not in self.buffer:
            assert self.more(), self.buffer
        top, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = top.decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines)
        length = 0 if head else int(fields.get("content-length", "0"))
        while len(self.buffer) < length:
            assert self.more(), "cut off"
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return first, fields, body

    def ends(self):
        while self.more():
            pass
        return self.buffer == b""


@BOTH
def test_get_shows_the_request(options):
    with Target(*options) as target:
        code, out, _ = curl(target, "/get?a=b", "-H", "Eighth-Nonce: n-17", "-H", "X:  y ", "-D", "-")
        head, body = out.decode().split("\r\n\r\n")
        assert code == 0 and head.startswith("HTTP/1.1 200 OK")
        assert "eighth-nonce: n-17" in head and f"content-length: {len(body)}" in head
        shown = json.loads(body)
        assert shown["method"] == "GET" and shown["path"] == "/get?a=b"
        assert shown["headers"]["eighth-nonce"] == "n-17" and shown["headers"]["x"] == "y"
    assert target.summary["requests"] == target.summary["responses"] == 1
    assert target.summary["full"] == (0 if options else 1)


@BOTH
@pytest.mark.parametrize("size", [0, 1, 16384, 5000000])
def test_bytes_are_the_pattern(options, size):
    with Target(*options) as target:
        assert curl(target, f"/bytes/{size}") == (0, pattern(size), "")


@BOTH
@pytest.mark.parametrize("more", [(), ("-H", "Transfer-Encoding: chunked")], ids=["length", "chunked"])
@pytest.mark.parametrize("size", [0, 1, 3000000])
def test_echo_gives_the_body_back(options, more, size, tmp_path):
    """curl waits for `100 Continue` before large bodies: a target that sends none takes a second."""
    body = random.Random(size).randbytes(size)
    (tmp_path / "body").write_bytes(body)
    with Target(*options) as target:
        words = ["--expect100-timeout", "30", "--data-binary", f"@{tmp_path}/body", *more]
        assert curl(target, "/echo", *words) == (0, body, "")


@pytest.mark.parametrize("path,status", [
    ("/status/204", 204), ("/status/304", 304), ("/status/404", 404), ("/status/599", 599),
    ("/bytes/x", 400), ("/nothing", 404)])
def test_statuses(path, status):
    with Target("--no-tls") as target:
        code, out, _ = curl(target, path, "-o", "/dev/null", "-w", "%{http_code}")
        assert (code, out) == (0, str(status).encode())


def test_connections_are_kept():
    with Target() as target:
        code, out, _ = curl(target, "/bytes/3", "-w", "%{num_connects} ", target.base + "/bytes/5")
        assert (code, out) == (0, pattern(5) + b"1 " + pattern(3) + b"0 ")
    assert target.summary["connections"] == 1 and target.summary["responses"] == 2


def test_head_has_no_body():
    with Target() as target:
        code, out, _ = curl(target, "/bytes/1000", "-I")
        assert code == 0 and b"content-length: 1000" in out


def test_pipelined_requests_are_answered_in_order():
    with Target("--no-tls") as target, Peer(target) as peer:
        peer.send("GET /delay/100 HTTP/1.1\r\nHost: a\r\n\r\n"
                  "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                  "HEAD /bytes/7 HTTP/1.1\r\nHost: a\r\n\r\n"
                  "GET /bytes/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert peer.response()[2] == b"late\n"
        assert peer.response()[2] == b"abc"
        _, fields, _ = peer.response(head=True)
        assert fields["content-length"] == "7" and "connection" not in fields
        _, fields, body = peer.response()
        assert fields["connection"] == "close" and body == pattern(2)
        assert peer.ends()
    assert target.summary["requests"] == target.summary["responses"] == 4
    assert target.summary["broken"] == 0


def test_a_request_in_single_bytes():
    with Target("--no-tls") as target, Peer(target) as peer:
        peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for c in "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nEighth-Nonce: n\r\n\r\nxy":
            peer.send(c)
        first, fields, body = peer.response()
        assert (first, fields["eighth-nonce"], body) == ("HTTP/1.1 200 OK", "n", b"xy")


def test_http_1_0_is_closed_unless_it_asks():
    with Target("--no-tls") as target, Peer(target) as peer:
        peer.send("GET /status/200 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert peer.response()[1]["connection"] == "keep-alive"
        peer.send("GET /status/200 HTTP/1.0\r\n\r\n")
        assert peer.response()[1]["connection"] == "close"
        assert peer.ends()


@pytest.mark.parametrize("text", [
    "\x16\x03\x01\x02\x00\x01\x00", "GET /get HTTP/1.1\r\nA: b\x01\r\n\r\n", "GET\r\n\r\n",
    "GET /get HTTP/9.9\r\n\r\n", "POST /echo HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
def test_what_is_no_http_is_refused(text):
    with Target("--no-tls") as target, Peer(target) as peer:
        peer.send(text)
        first, fields, _ = peer.response()
        assert first == "HTTP/1.1 400 Bad Request" and fields["connection"] == "close"
        assert peer.ends()
    assert target.summary["broken"] == 1


def test_large_headers_are_refused():
    with Target("--no-tls") as target:
        code, out, _ = curl(target, "/get", "-H", "x: " + "y" * 40000, "-o", "/dev/null", "-w",
                            "%{http_code}")
        assert (code, out) == (0, b"431")
        assert curl(target, "/get")[0] == 0


def test_an_upgrade_is_not_taken_up():
    with Target("--no-tls") as target:
        code, out, _ = target.curl("/status/200", "--http2", "-o", "/dev/null", "-w",
                                   "%{http_version} %{http_code}")
        assert (code, out) == (0, b"1.1 200")


# What curl makes of each fault: its exit codes.
CURL = {
    "never-answer": {28}, "reset-after-handshake": {35, 52, 55, 56}, "goaway": {52, 56},
    "rst-stream": {52, 56}, "truncated-body": {18}, "delayed-body:delay=30s": {28},
    "dripped-body:delay=1s": {28},
}
TLS_ONLY = {"no-alpn": {52, 56}, "stall-handshake": {28}, "certificate-expired": {60}}


@pytest.mark.parametrize("options,fault",
                         [((), fault) for fault in {**CURL, **TLS_ONLY}] +
                         [(("--no-tls",), fault) for fault in CURL])
def test_fault_and_its_twin(options, fault):
    """The second of three connections carries the fault; its neighbours are served."""
    rule = fault + ("," if ":" in fault else ":") + "at=2"
    with Target("--fault", rule, *options) as target:
        assert curl(target, "/get")[0] == 0
        assert curl(target, "/get", timeout=1)[0] in {**CURL, **TLS_ONLY}[fault]
        assert curl(target, "/get")[0] == 0
    assert target.summary["faults"] == 1 and target.summary["broken"] == 0


def test_goaway_closes_behind_the_last_response():
    with Target("--no-tls", "--fault", "goaway:after=2") as target, Peer(target) as peer:
        for connection in (None, "close"):
            peer.send("GET /bytes/9 HTTP/1.1\r\nHost: a\r\n\r\n")
            _, fields, body = peer.response()
            assert fields.get("connection") == connection and body == pattern(9)
        assert peer.ends()


@pytest.mark.parametrize("fault", [True, False])
def test_no_close_notify_ends_without_it(fault):
    options = ("--fault", "no-close-notify:at=1") if fault else ()
    with Target(*options) as target:
        context = ssl.create_default_context(cafile=target.ca)
        context.set_alpn_protocols(["http/1.1"])
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        with socket.create_connection(("127.0.0.1", target.port)) as peer:
            peer.settimeout(10)
            with context.wrap_socket(peer, server_hostname="localhost",
                                     suppress_ragged_eofs=False) as secure:
                secure.sendall(b"GET /status/200 HTTP/1.1\r\nConnection: close\r\n\r\n")

                def read_to_the_end():
                    while secure.recv(65536):
                        pass

                if fault:
                    with pytest.raises(ssl.SSLError, match="EOF"):
                        read_to_the_end()
                else:
                    read_to_the_end()
