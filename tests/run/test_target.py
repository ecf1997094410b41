# SPDX-License-Identifier: MIT
"""The target against real clients: curl, nghttp, h2load, openssl, and bare sockets."""

import json
import os
import random
import re
import resource
import signal
import socket
import ssl
import subprocess
import time

import pytest

from target_tools import (ACK, DATA, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS,
                          EIGHTH, SLOW, Frames, Target, frame, pattern)

BOTH = pytest.mark.parametrize("options", [(), ("--no-tls",)], ids=["tls", "clear"])


# ---- endpoints -------------------------------------------------------------------------------

@BOTH
def test_get_shows_the_request(options):
    with Target(*options) as target:
        code, out, _ = target.curl("/get?a=b", "-H", "Eighth-Nonce: n-17", "-D", "-")
        head, body = out.decode().split("\r\n\r\n")
        assert code == 0 and head.startswith("HTTP/2 200")
        assert "eighth-nonce: n-17" in head
        shown = json.loads(body)
        assert shown["method"] == "GET" and shown["path"] == "/get?a=b"
        assert shown["headers"]["eighth-nonce"] == "n-17"
        assert f"content-length: {len(body)}" in head
    assert target.summary["requests"] == target.summary["responses"] == 1


@BOTH
@pytest.mark.parametrize("size", [0, 1, 16374, 16375, 16376, 16384, 100000, 5000000])
def test_bytes_are_the_pattern(options, size):
    with Target(*options) as target:
        assert target.curl(f"/bytes/{size}") == (0, pattern(size), "")


@BOTH
@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 3000000])
def test_echo_gives_the_body_back(options, size, tmp_path):
    body = random.Random(size).randbytes(size)
    (tmp_path / "body").write_bytes(body)
    with Target(*options) as target:
        assert target.curl("/echo", "--data-binary", f"@{tmp_path}/body") == (0, body, "")


@pytest.mark.parametrize("path,status", [
    ("/status/200", 200), ("/status/204", 204), ("/status/304", 304), ("/status/404", 404),
    ("/status/599", 599), ("/status/42", 400), ("/bytes/x", 400), ("/nothing", 404)])
def test_statuses(path, status):
    with Target("--no-tls") as target:
        code, out, _ = target.curl(path, "-o", "/dev/null", "-w", "%{http_code}")
        assert (code, out) == (0, str(status).encode())


def test_head_has_no_body():
    with Target() as target:
        code, out, _ = target.curl("/bytes/1000", "-I")
        assert code == 0 and b"content-length: 1000" in out


def test_large_headers_are_refused():
    with Target() as target:
        code, out, _ = target.curl("/get", "-H", "x: " + "y" * 40000, "-o", "/dev/null", "-w",
                                   "%{http_code}")
        assert (code, out) == (0, b"431")
        assert target.curl("/get")[0] == 0


def test_delay_and_drip_take_their_time():
    with Target() as target:
        begun = time.monotonic()
        assert target.curl("/delay/300")[0] == 0
        assert time.monotonic() - begun >= 0.3
        begun = time.monotonic()
        assert target.curl("/drip/11/20") == (0, pattern(11), "")
        assert time.monotonic() - begun >= 0.2
        assert target.curl("/drip/100000/0") == (0, pattern(100000), "")


def test_drips_do_not_hold_others_up():
    """Streams of one connection and other connections go on beside a drip."""
    with Target("--no-tls", "--threads", "1") as target:
        client = Frames(target)
        client.hello()
        client.get(1, b"/drip/1000/10")
        client.get(3, b"/bytes/10")
        frames = client.until(DATA, 3)
        assert frames[-1][3] == pattern(10)
        assert target.curl("/get")[0] == 0
        client.close()
    assert target.summary["requests"] == 3 and target.summary["responses"] == 2


def test_nghttp():
    with Target() as target:
        done = subprocess.run(["nghttp", "-nv", target.base + "/get", target.base + "/bytes/70000"],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode == 0
        assert done.stdout.count(":status: 200") == 2
    assert target.summary["responses"] == 2 and target.summary["broken"] == 0


@BOTH
@pytest.mark.parametrize("path", ["/get", "/bytes/40000"])
def test_h2load_counts_agree(options, path):
    requests = 2000 if SLOW else 10000
    with Target(*options) as target:
        done = subprocess.run(["h2load", "-n", str(requests), "-c", "50", "-m", "8", "-t", "2",
                               target.base + path], capture_output=True, text=True, timeout=60)
        assert f"{requests} succeeded, 0 failed, 0 errored" in done.stdout
    assert target.summary["connections"] == 50
    assert target.summary["full"] == (0 if options else 50)
    assert target.summary["failed"] == target.summary["broken"] == 0
    assert target.summary["requests"] == target.summary["responses"] == requests


def test_many_connections_one_after_another():
    rounds = 100 if SLOW else 500
    with Target() as target:
        done = subprocess.run(["h2load", "-n", str(rounds), "-c", str(rounds), "-t", "1",
                               "-r", "100", target.base + "/get"],
                              capture_output=True, text=True, timeout=60)
        assert f"{rounds} succeeded, 0 failed" in done.stdout
    assert target.summary["connections"] == target.summary["full"] == rounds
    assert target.summary["requests"] == rounds


# ---- TLS -------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind,code,words", [
    ("valid", 0, ""), ("long-chain", 0, ""), ("expired", 60, "expired"),
    ("wrong-host", 60, "subject name"), ("unknown-ca", 60, "issuer certificate")])
@pytest.mark.parametrize("key", ["ecdsa", "rsa"])
def test_certificates(kind, key, code, words):
    with Target("--certificate", kind, "--key", key) as target:
        got, _, err = target.curl("/get")
        assert got == code and words in err


def test_a_long_chain_is_sent_whole():
    with Target("--certificate", "long-chain") as target:
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{target.port}",
                               "-CAfile", target.ca, "-showcerts", "-verify_return_error"],
                              input="", capture_output=True, text=True, timeout=20)
        assert done.stdout.count("BEGIN CERTIFICATE") == 5
        assert "Verify return code: 0" in done.stdout


@pytest.mark.parametrize("name", ["localhost", "eighth.test"])
def test_names_of_the_certificate(name):
    with Target() as target:
        done = subprocess.run(
            ["curl", "-sS", "--cacert", target.ca, "--resolve", f"{name}:{target.port}:127.0.0.1",
             f"https://{name}:{target.port}/get"], capture_output=True, timeout=20)
        assert done.returncode == 0


@pytest.mark.parametrize("target_range,client,works", [
    (("1.2", "1.2"), "tls1_2", True), (("1.2", "1.2"), "tls1_3", False),
    (("1.3", "1.3"), "tls1_3", True), (("1.3", "1.3"), "tls1_2", False),
    (("1.2", "1.3"), "tls1_1", False)])
def test_version_bounds(target_range, client, works):
    with Target("--tls-min", target_range[0], "--tls-max", target_range[1]) as target:
        done = s_client(target, f"-{client}")
        assert ("New, TLSv" in done) == works
    assert target.summary["full"] == works and target.summary["failed"] == (not works)


def s_client(target, *options):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{target.port}", "-alpn",
                           "h2", "-CAfile", target.ca, *options], input=b"", capture_output=True,
                          timeout=20)
    return done.stdout.decode(errors="replace")


def held_s_client(target, session, *options):
    """Holds the connection until its tickets have come and the session is written."""
    process = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{target.port}",
                                "-alpn", "h2", "-CAfile", target.ca, *options],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    until = time.monotonic() + 10
    while not (os.path.exists(session) and os.path.getsize(session) > 0):
        assert time.monotonic() < until, "no session came"
        time.sleep(0.01)
    out, _ = process.communicate(b"", timeout=20)
    return out.decode(errors="replace")


def ticket_of(text):
    """The encrypted part of the newest ticket that s_client prints; the first line names the key."""
    lines = re.findall(r"^    00[1-9]0 - (.*?)   ", text.split("session ticket:")[-1], re.M)
    assert lines
    return lines


@pytest.mark.parametrize("version", ["tls1_2", "tls1_3"])
@pytest.mark.parametrize("renew", [(), ("--renew-tickets",)], ids=["keep", "renew"])
def test_resumption(version, renew, tmp_path):
    session = str(tmp_path / "session")
    with Target("--threads", "4", *renew) as target:
        held_s_client(target, session, f"-{version}", "-sess_out", session)
        resumed = [s_client(target, f"-{version}", "-sess_in", session) for _ in range(12)]
        assert all("Reused, " in one for one in resumed)
        if version == "tls1_2":
            tickets = {str(ticket_of(one)) for one in resumed}
            assert len(tickets) == (12 if renew else 1)
    assert target.summary["full"] == 1 and target.summary["resumed"] == 12
    assert target.summary["failed"] == 0


@pytest.mark.parametrize("version", ["tls1_2", "tls1_3"])
def test_without_tickets_nothing_is_resumed(version):
    with Target("--tickets", "0") as target:
        done = s_client(target, f"-{version}", "-reconnect")
        assert "Reused, " not in done
    assert target.summary["resumed"] == 0 and target.summary["full"] >= 1


@pytest.mark.parametrize("tickets", [1, 2, 5])
def test_number_of_tickets(tickets):
    """Counted by the bytes of a bare handshake: each ticket adds the same."""
    def handshake_bytes(count):
        with Target("--tickets", str(count), "--tls-min", "1.3") as target:
            context = ssl.create_default_context(cafile=target.ca)
            context.set_alpn_protocols(["h2"])
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
            received = 0
            with socket.create_connection(("127.0.0.1", target.port)) as peer:
                peer.settimeout(10)
                while True:
                    try:
                        client.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        peer.sendall(outgoing.read())
                        piece = peer.recv(65536)
                        received += len(piece)
                        incoming.write(piece)
                peer.sendall(outgoing.read())
                peer.shutdown(socket.SHUT_WR)
                while piece := peer.recv(65536):
                    received += len(piece)
            return received

    one, many = handshake_bytes(1), handshake_bytes(1 + tickets)
    size = handshake_bytes(2) - one
    assert size > 200
    assert abs((many - one) - tickets * size) <= 8 * (tickets + 1)


@pytest.mark.parametrize("offer,selected", [(["h2"], "h2"), (["http/1.1", "h2"], "h2"),
                                            (None, None), (["http/1.1"], "http/1.1"), (["spdy/3"], "alert")])
def test_alpn(offer, selected):
    with Target() as target:
        context = ssl.create_default_context(cafile=target.ca)
        if offer:
            context.set_alpn_protocols(offer)
        with socket.create_connection(("127.0.0.1", target.port)) as peer:
            if selected == "alert":
                with pytest.raises(ssl.SSLError, match="NO_APPLICATION_PROTOCOL|no application"):
                    context.wrap_socket(peer, server_hostname="localhost")
            else:
                with context.wrap_socket(peer, server_hostname="localhost") as secure:
                    assert secure.selected_alpn_protocol() == selected


# ---- faults ----------------------------------------------------------------------------------

# What curl makes of each: its exit codes, and a word of its message.
CURL = {
    "never-answer": ({28}, "timed out"),
    "stall-handshake": ({28}, "timed out"),
    "reset-handshake": ({35}, "reset by peer"),
    "fatal-alert": ({35}, "alert handshake failure"),
    "certificate-expired": ({60}, "expired"),
    "certificate-wrong-host": ({60}, "subject name"),
    "certificate-unknown-ca": ({60}, "issuer certificate"),
    "no-alpn": ({52, 56}, ""),
    "reset-after-handshake": ({16, 35, 52, 55, 56}, ""),
    "goaway": ({16, 56, 92}, ""),
    "rst-stream": ({92}, "INTERNAL_ERROR"),
    "rst-stream:code=8": ({92}, "CANCEL"),
    "truncated-body": ({92, 18}, ""),
    "delayed-body:delay=30s": ({28}, "timed out"),
    "dripped-body:delay=1s": ({28}, "timed out"),
}

IN_CLEAR_TEXT = {"never-answer", "reset-after-handshake", "goaway", "rst-stream",
                 "rst-stream:code=8", "truncated-body", "delayed-body:delay=30s",
                 "dripped-body:delay=1s"}


def with_choice(fault, choice):
    return fault + ("," if ":" in fault else ":") + choice


@pytest.mark.parametrize("options,fault",
                         [((), fault) for fault in CURL] +
                         [(("--no-tls",), fault) for fault in sorted(IN_CLEAR_TEXT)])
def test_fault_and_its_twin(options, fault):
    """The second of three connections carries the fault; its neighbours are served."""
    codes, words = CURL[fault]
    with Target("--fault", with_choice(fault, "at=2"), *options) as target:
        assert target.curl("/get")[0] == 0
        code, _, err = target.curl("/get", timeout=1)
        assert code in codes and words in err
        assert target.curl("/get")[0] == 0
    assert target.summary["faults"] == 1
    assert target.summary["broken"] == 0
    if not options:
        assert sum(target.summary[key] for key in ("full", "resumed", "failed")) == \
            target.summary["connections"]


def test_refuse():
    with Target("--fault", "refuse") as target:
        port = int(re.search(r"connect to port (\d+)", read_fault_line(target)).group(1))
        done = subprocess.run(["curl", "-sS", f"https://127.0.0.1:{port}/get"],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode == 7
        assert target.curl("/get")[0] == 0


def read_fault_line(target):
    return target.process.stdout.readline()


def test_faults_by_probability_follow_the_seed():
    def failures(seed):
        with Target("--no-tls", "--fault", "rst-stream:probability=0.5", "--seed", seed) as target:
            return [target.curl("/get")[0] != 0 for _ in range(16)]

    first = failures("1")
    assert first == failures("1") != failures("2")
    assert 0 < sum(first) < 16


def test_no_close_notify_ends_without_it():
    with Target("--fault", "no-close-notify:at=1") as target:
        def end_of_connection():
            context = ssl.create_default_context(cafile=target.ca)
            context.set_alpn_protocols(["h2"])
            context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
            with socket.create_connection(("127.0.0.1", target.port)) as peer:
                peer.settimeout(10)
                with context.wrap_socket(peer, server_hostname="localhost",
                                         suppress_ragged_eofs=False) as secure:
                    secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0) +
                                   frame(HEADERS, 5, 1, b"\x82\x87\x44\x04/get\x41\x01a"))
                    received = b""
                    while b'"method"' not in received:
                        received += secure.recv(65536)
                    secure.sendall(frame(GOAWAY, 0, 0, bytes(8)))
                    while secure.recv(65536):
                        pass

        with pytest.raises(ssl.SSLError, match="EOF"):
            end_of_connection()
        end_of_connection()
    assert target.summary["responses"] == 2 and target.summary["broken"] == 0


def end_of(client):
    """Nothing but the end is left, and it is orderly."""
    assert client.next() is None and client.ended == "eof"


def goaway_of(frames):
    found = [one for one in frames if one[0] == GOAWAY]
    assert len(found) == 1
    return int.from_bytes(found[0][3][:4], "big"), int.from_bytes(found[0][3][4:8], "big")


@pytest.mark.parametrize("after", [0, 1, 3])
def test_goaway_serves_no_later_request(after):
    with Target("--no-tls", "--fault", f"goaway:after={after},code=11") as target:
        client = Frames(target)
        client.hello()
        for i in range(5):
            client.get(1 + 2 * i, b"/bytes/15000")
        frames = []
        while (one := client.next()) is not None:
            frames.append(one)
        assert goaway_of(frames) == (2 * after - 1 if after else 0, 11)
        answered = {stream for kind, _, stream, _ in frames if kind == HEADERS}
        assert answered == {1 + 2 * i for i in range(after)}
        for stream in answered:
            body = b"".join(one[3] for one in frames if one[0] == DATA and one[2] == stream)
            assert body == pattern(15000)
        assert client.ended == "eof"
        client.close()
    assert target.summary["responses"] == after and target.summary["broken"] == 0


def test_goaway_serves_pings_until_the_last_response():
    with Target("--no-tls", "--fault", "goaway:after=1") as target:
        client = Frames(target)
        client.hello()
        client.get(1, end=False)
        assert goaway_of(client.until(GOAWAY)) == (1, 0)
        client.socket.sendall(frame(PING, 0, 0, b"12345678"))
        client.get(3)
        assert client.until(PING)[-1] == (PING, ACK, 0, b"12345678")
        client.socket.sendall(frame(DATA, END_STREAM, 1))
        frames = client.until(DATA, 1)
        assert frames[-1][1] == END_STREAM and not [one for one in frames if one[2] == 3]
        client.socket.sendall(frame(PING, 0, 0, b"too late"))
        end_of(client)
        client.close()
    assert target.summary["responses"] == 1 and target.summary["broken"] == 0


def test_goaway_on_an_idle_connection():
    """Streams that were there before it are served to the end."""
    with Target("--no-tls", "--fault", "goaway:after=2") as target:
        client = Frames(target)
        client.hello()
        client.get(1, b"/delay/200")
        client.get(3)
        frames = client.until(DATA, 1)
        assert goaway_of(frames) == (3, 0)
        assert frames[-1][3] == b"late\n"
        end_of(client)
        client.close()


def test_rst_stream_leaves_the_connection_alone():
    with Target("--no-tls", "--fault", "rst-stream:after=1,code=7") as target:
        client = Frames(target)
        client.hello()
        client.get(1)
        client.until(DATA, 1)
        for stream in (3, 5):
            client.get(stream)
            assert client.until(RST_STREAM, stream)[-1][3] == bytes([0, 0, 0, 7])
        client.socket.sendall(frame(PING, 0, 0, b"12345678"))
        assert client.until(PING)[-1] == (PING, ACK, 0, b"12345678")
        client.close()


def test_delayed_body_comes_after_its_headers():
    with Target("--no-tls", "--fault", "delayed-body:delay=400ms") as target:
        client = Frames(target)
        client.hello()
        begun = time.monotonic()
        client.get(1, b"/bytes/10")
        client.until(HEADERS, 1)
        assert time.monotonic() - begun < 0.3
        assert client.until(DATA, 1)[-1] == (DATA, END_STREAM, 1, pattern(10))
        assert time.monotonic() - begun >= 0.4
        client.close()


def test_dripped_body_comes_byte_by_byte():
    with Target("--no-tls", "--fault", "dripped-body:delay=10ms") as target:
        client = Frames(target)
        client.hello()
        begun = time.monotonic()
        client.get(1, b"/bytes/12")
        pieces = []
        while not pieces or not pieces[-1][1] & END_STREAM:
            pieces.append(client.until(DATA, 1)[-1])
        assert [one[3] for one in pieces] == [bytes([byte]) for byte in pattern(12)]
        assert time.monotonic() - begun >= 0.11
        client.close()


@pytest.mark.parametrize("path,received", [(b"/bytes/1000", 500), (b"/bytes/1", 1),
                                           (b"/status/200", 0)])
def test_truncated_body_ends_too_early(path, received):
    with Target("--no-tls", "--fault", "truncated-body") as target:
        client = Frames(target)
        client.hello()
        client.get(1, path)
        frames = client.until(HEADERS, 1)
        if not frames[-1][1] & END_STREAM:
            while not frames[-1][1] & END_STREAM:
                frames += client.until(DATA, 1)
        assert b"".join(one[3] for one in frames if one[0] == DATA) == pattern(received)
        client.get(3, b"/status/204")
        assert client.until(RST_STREAM, 3)[-1][0] == RST_STREAM
        client.close()
    assert target.summary["requests"] == 2 and target.summary["responses"] == 0


# ---- whatever a client does ------------------------------------------------------------------

def mutated(source, rng):
    data = bytearray(source)
    for _ in range(rng.randrange(1, 8)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[:rng.randrange(1, len(data) + 1)])


@pytest.mark.parametrize("seed", range(3))
@BOTH
def test_garbage_never_ends_it(options, seed):
    rng = random.Random(seed)
    conversation = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0) + \
        frame(HEADERS, 5, 1, b"\x82\x86\x44\x04/get\x41\x01a") + \
        frame(HEADERS, 4, 3, b"\x83\x86\x44\x05/echo\x41\x01a") + \
        frame(DATA, 1, 3, b"x" * 100) + frame(PING, 0, 0, b"12345678") + \
        frame(RST_STREAM, 0, 1, bytes(4)) + frame(GOAWAY, 0, 0, bytes(8))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    hello = outgoing.read()
    connections = 100 if SLOW else 300
    with Target(*options) as target:
        for i in range(connections):
            source = rng.choice([conversation, hello, rng.randbytes(500)])
            with socket.create_connection(("127.0.0.1", target.port)) as peer:
                if rng.random() < 0.5:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                    b"\1\0\0\0\0\0\0\0")
                try:
                    peer.sendall(mutated(source, rng))
                    if rng.random() < 0.3:
                        peer.settimeout(0.01)
                        peer.recv(65536)
                except (ConnectionError, TimeoutError):
                    pass
        assert target.curl("/get")[0] == 0
    assert target.summary["connections"] == connections + 1
    if not options:
        assert target.summary["failed"] == connections and target.summary["full"] == 1


def test_resets_anywhere_in_a_tls_conversation():
    """The client is cut off after each number of bytes that it sends."""
    with Target() as target:
        context = ssl.create_default_context(cafile=target.ca)
        context.set_alpn_protocols(["h2"])
        request = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0) + \
            frame(HEADERS, 5, 1, b"\x82\x87\x44\x04/get\x41\x01a")

        def converse(budget):
            """Sends at most so many bytes; returns True if that was enough."""
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
            with socket.create_connection(("127.0.0.1", target.port)) as peer:
                peer.settimeout(10)
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                steps = [client.do_handshake, lambda: client.write(request),
                         lambda: client.read(65536)]
                while steps:
                    try:
                        steps[0]()
                        steps.pop(0)
                    except ssl.SSLWantReadError:
                        data = outgoing.read()
                        peer.sendall(data[:budget])
                        budget -= len(data)
                        if budget <= 0:
                            return False
                        incoming.write(peer.recv(65536))
                return True

        cuts = 0
        while not converse(1 + 13 * cuts):
            cuts += 1
        assert cuts > 30
    assert target.summary["connections"] == cuts + 1
    assert target.summary["full"] + target.summary["failed"] == cuts + 1


def test_a_client_that_does_not_read_holds_nobody_up():
    with Target("--no-tls", "--threads", "1") as target:
        client = Frames(target)
        client.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                              frame(SETTINGS, 0, 0, b"\0\4\x7f\xff\xff\xff") +
                              frame(8, 0, 0, b"\x7f\0\0\0"))
        client.get(1, b"/bytes/1000000000")
        time.sleep(0.2)
        begun = time.monotonic()
        assert target.curl("/bytes/1000000") == (0, pattern(1000000), "")
        assert time.monotonic() - begun < 5
        client.close()
    assert target.summary["responses"] == 1


@pytest.mark.skipif(SLOW, reason="sanitizers make each connection large")
def test_ten_thousand_idle_connections():
    count = 10000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 200:
        pytest.skip(f"RLIMIT_NOFILE is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Target("--no-tls") as target:
        before = resident(target.process.pid)
        clients = []
        for _ in range(count):
            client = Frames(target)
            client.hello()
            clients.append(client)
        for client in clients:
            assert client.next()[0] == SETTINGS
        each = (resident(target.process.pid) - before) / count
        assert each < 16384
        for client in clients:
            client.get(1, b"/status/204")
        for client in clients:
            assert client.until(HEADERS, 1)[-1][1] & END_STREAM
            client.close()
    assert target.summary["connections"] == target.summary["responses"] == count
    assert target.summary["accept_errors"] == target.summary["broken"] == 0


def resident(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_too_few_descriptors_are_told():
    """Beyond its limit the target pauses, counts that, and goes on when descriptors are free."""
    with Target("--no-tls", "--threads", "1") as target:
        resource.prlimit(target.process.pid, resource.RLIMIT_NOFILE, (40, 40))
        clients = [Frames(target) for _ in range(60)]
        for client in clients:
            client.hello()
        cpu = cpu_seconds(target.process.pid)
        time.sleep(0.5)
        assert cpu_seconds(target.process.pid) - cpu < 0.25
        for client in clients:
            client.close()
        assert target.curl("/get")[0] == 0
    assert target.summary["accept_errors"] > 0
    assert target.summary["connections"] == 61


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- the command line ------------------------------------------------------------------------

def serve(*options):
    return subprocess.run([EIGHTH, "serve", *options], capture_output=True, text=True, timeout=20)


def test_a_port_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = serve("--port", str(port))
    assert done.returncode == 3
    assert done.stdout == ""
    assert f"port {port} of 127.0.0.1 is in use" in done.stderr


@pytest.mark.parametrize("options,words", [
    (["--prot", "1"], "there is no option \"--prot\""),
    (["--port"], "a value is missing after \"--port\""),
    (["--port", "70000"], "--port: expected a whole number from 0 to 65535"),
    (["--port", "-1"], "from 0 to 65535"),
    (["--threads", "many"], "expected a whole number"),
    (["--certificate", "expird"], "did you mean \"expired\"?"),
    (["--key", "dsa"], "there is no \"dsa\""),
    (["--tls-min", "1.1"], "1.1"),
    (["--tls-min", "1.3", "--tls-max", "1.2"], "above"),
    (["--fault", "gaoway"], "did you mean \"goaway\"?"),
    (["--fault", "goaway:delay=1s"], "has no parameter \"delay\""),
    (["--fault", "goaway:every"], "expected NAME=VALUE"),
    (["--fault", "goaway:every=0"], "count from 1"),
    (["--fault", "goaway:every=1,at=2"], "only one of"),
    (["--fault", "goaway:probability=2"], "0 to 1"),
    (["--fault", "delayed-body:delay=fast"], "such as 250ms"),
    (["--fault", "fatal-alert", "--no-tls"], "needs TLS"),
    (["--time", "soon"], "such as 30s"),
    (["--alpn", "h2,,x"], "ALPN"),
    (["--plan-fd", "3"], "go together"),
    (["extra"], "is too much")])
def test_wrong_options(options, words):
    done = serve(*options)
    assert done.returncode == 2
    assert done.stdout == "" and words in done.stderr


def test_an_unwritable_ca_file():
    done = serve("--ca", "/nonexistent/ca.pem")
    assert done.returncode == 3 and "/nonexistent/ca.pem" in done.stderr


def test_help():
    done = serve("--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: eighth serve")
    assert done.stderr == ""


def test_it_ends_by_time():
    begun = time.monotonic()
    done = serve("--time", "300ms")
    assert done.returncode == 0 and time.monotonic() - begun >= 0.3
    assert "connections: 0" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_and_its_ca_file_goes(number):
    with Target() as target:
        assert os.path.exists(target.ca)
        assert target.curl("/get")[0] == 0
        target.process.send_signal(number)
        target.process.wait(timeout=10)
        assert target.process.returncode == 0
        assert "connections: 1" in target.process.stdout.read()
        assert not os.path.exists(os.path.dirname(target.ca))
