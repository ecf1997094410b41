# SPDX-License-Identifier: MIT
"""The clean client against real servers: nginx and nghttpd, over TLS and in clear text.

Each test runs client_probe, which drives the library through the contract and, at its end, prints
what is left of descriptors, threads and TLS objects: nothing may be.
"""

import hashlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLAVOR = os.environ.get("EIGHTH_FLAVOR", "plain")
OUT = ROOT / os.environ.get("EIGHTH_BUILD", "build") / FLAVOR
SANITIZE = {"plain": [], "asan": ["-fsanitize=address,undefined"], "tsan": ["-fsanitize=thread"]}
CLEAN = "left fds=0 threads=0 ssl=0 ssl_ctx=0 ssl_session=0"
BIG = 5_000_000
TLS12 = ["min=0x0303", "max=0x0303"]
TLS13 = ["min=0x0304", "max=0x0304"]
CACHES = ["instance", "shared-locked", "none"]


# ---- fixtures ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """The probe program: the built one, or one made here."""
    built = OUT / "client_probe"
    if built.exists():
        return built
    made = tmp_path_factory.mktemp("probe") / "client_probe"
    subprocess.run(
        ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-pthread", *SANITIZE[FLAVOR],
         f"-I{ROOT}", "-o", made, ROOT / "tests/run/client_probe.c", "-lssl", "-lcrypto", "-ldl"],
        check=True,
    )
    return made


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Pki:
    """A CA and server certificates, made with the openssl command."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = self.make_ca("ca")
        self.good = self.make("good", "ca", "DNS:localhost,IP:127.0.0.1")

    def make_ca(self, name):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.folder / f"{name}.key", "-out", self.folder / f"{name}.pem",
                "-days", 10, "-subj", f"/CN=test {name}")
        return self.folder / f"{name}.pem"

    def make(self, name, ca, names, days=5):
        """Returns the paths of certificate and key."""
        key, request, certificate = (self.folder / f"{name}{end}" for end in (".key", ".csr", ".pem"))
        extension = self.folder / f"{name}.ext"
        extension.write_text(f"subjectAltName={names}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                key, "-out", request, "-subj", "/CN=localhost")
        openssl("x509", "-req", "-in", request, "-CA", self.folder / f"{ca}.pem", "-CAkey",
                self.folder / f"{ca}.key", "-CAcreateserial", "-days", days, "-out", certificate,
                "-extfile", extension)
        return certificate, key


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """What the servers serve."""
    folder = tmp_path_factory.mktemp("site")
    folder.chmod(0o755)
    (folder / "index.html").write_text("hello\n")
    (folder / "big").write_bytes(b"".join(hashlib.sha256(bytes([i % 251, i // 251 % 251])).digest()
                                          for i in range(BIG // 32)))
    return folder


def free_port():
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        return probe_socket.getsockname()[1]


def wait_for(port, process):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended early"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise AssertionError("the server does not listen")


class Server:
    """A server process that listens on a port of 127.0.0.1 until stop."""

    def __init__(self, command, port, cwd=None):
        self.port = port
        env = {**os.environ, "PWD": str(cwd)} if cwd is not None else None
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, cwd=cwd, env=env)
        wait_for(port, self.process)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_nghttpd(site, certificate=None, *extra):
    if shutil.which("nghttpd") is None:
        pytest.fail("nghttpd is not installed")
    port = free_port()
    tls = ["--no-tls"] if certificate is None else []
    files = [] if certificate is None else [certificate[1], certificate[0]]
    return Server(["nghttpd", "-d", site, "-a", "127.0.0.1", *tls, *extra, port, *files], port)


NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4000; }}
http {{
    access_log off; client_max_body_size 64m; client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
    scgi_temp_path {folder}/s; keepalive_requests {requests}; http2_max_concurrent_streams 128;
    ssl_session_cache {cache}; ssl_session_tickets on; ssl_protocols TLSv1.2 TLSv1.3;
    server {{
        listen 127.0.0.1:{tls} ssl http2; listen 127.0.0.1:{clear} http2; root {site};
        ssl_certificate {certificate}; ssl_certificate_key {key};
        location = /upload {{ proxy_pass http://127.0.0.1:{sink}/; }}
        location = /status {{ return 204; }}
    }}
    server {{ listen 127.0.0.1:{sink}; location / {{ return 200 "got it"; }} }}
}}
"""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory, pki, site):
    """nginx with TLS on .port and clear text on .clear; GOAWAY after 1000 requests."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.fail("nginx is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    tls, clear, sink = free_port(), free_port(), free_port()
    (folder / "nginx.conf").write_text(NGINX.format(
        folder=folder, tls=tls, clear=clear, sink=sink, site=site, certificate=pki.good[0],
        key=pki.good[1], cache="shared:s:1m", requests=1000))
    server = Server([program, "-p", folder, "-c", folder / "nginx.conf", "-e",
                     folder / "error.log"], tls)
    server.clear = clear
    yield server
    server.stop()


@pytest.fixture(scope="module")
def nghttpd(pki, site):
    server = start_nghttpd(site, pki.good)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def nghttpd_clear(site):
    server = start_nghttpd(site)
    yield server
    server.stop()


@pytest.fixture
def run(probe, pki):
    """Runs the probe; returns the lines of its output without the last, which is checked."""

    def run_probe(port, *arguments, left=CLEAN):
        done = subprocess.run(
            [probe, OUT / "libeighth_h2.so", f"port={port}", f"ca={pki.ca}",
             *map(str, arguments)],
            capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        lines = done.stdout.splitlines()
        assert lines[-1] == left
        return lines[:-1]

    return run_probe


def is_request(line, length, status=200):
    return line.startswith(f"request ok status={status} length={length} ")


# ---- requests ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cache", CACHES)
def test_nginx_serves_everything(run, nginx, cache):
    lines = run(nginx.port, f'options={{"cache":"{cache}"}}', "open", "get:/", "get:/big",
                "post:/upload:4000000", "get:/status", "get:/absent", "ping", "close")
    assert lines[0] == "open ok tls=0x304 resumed=0 alpn=h2"
    assert is_request(lines[1], 6) and "type=text/html" in lines[1]
    assert is_request(lines[2], BIG)
    assert is_request(lines[3], len("got it"))
    assert is_request(lines[4], 0, 204)
    assert lines[5].startswith("request ok status=404")
    assert lines[6:] == ["ping ok", "close ok"]


def test_nginx_in_clear_text(run, nginx):
    lines = run(nginx.clear, "tls=0", "open", "get:/", "get:/big", "post:/upload:4000000", "close")
    assert lines[0] == "open ok tls=0 resumed=0 alpn="
    assert [is_request(line, n) for line, n in zip(lines[1:], (6, BIG, 6))] == [True] * 3


@pytest.mark.parametrize("secure", [True, False])
def test_nghttpd_serves_everything(run, request, secure):
    server = request.getfixturevalue("nghttpd" if secure else "nghttpd_clear")
    lines = run(server.port, f"tls={int(secure)}", "open", "get:/", "get:/big",
                "post:/:3000000", "ping", "close", "close", "open", "get:/", "abort")
    assert is_request(lines[1], 6) and is_request(lines[2], BIG) and is_request(lines[3], 6)
    assert lines[4:7] == ["ping ok", "close ok", "close ok"]
    assert is_request(lines[8], 6)


def test_nghttpd_echoes_a_large_body(run, pki, site):
    server = start_nghttpd(site, pki.good, "--echo-upload")
    try:
        lines = run(server.port, "open", "post:/:8000000", "close")
        assert is_request(lines[1], 8_000_000) and "same=1" in lines[1]
    finally:
        server.stop()


def test_bodies_are_the_same_in_every_setting(run, nginx):
    sums = set()
    for cache in CACHES:
        for window in (65535, 1 << 20):
            lines = run(nginx.port, f'options={{"cache":"{cache}","window":{window}}}', "open",
                        "get:/big")
            sums.add(re.search(r"sum=(\d+)", lines[1]).group(1))
    assert len(sums) == 1


def test_drips_and_padding(run, pki, site):
    """A server that pads its frames, and one that allows one stream at a time."""
    server = start_nghttpd(site, pki.good, "--padding=255", "--max-concurrent-streams=1")
    try:
        # Until its SETTINGS are here, such a server may refuse a second stream: one request first.
        lines = run(server.port, "open", "get:/", "storm:16:10:/", "get:/big", "close")
        assert lines[2] == "storm requests=160 failed=0"
        assert is_request(lines[3], BIG)
    finally:
        server.stop()


# ---- many at once --------------------------------------------------------------------------------


@pytest.mark.parametrize("cache", CACHES)
def test_hundred_streams_on_one_instance(run, nghttpd, cache):
    lines = run(nghttpd.port, f'options={{"cache":"{cache}"}}', "open", "storm:100:20:/", "close")
    assert lines[1:] == ["storm requests=2000 failed=0", "close ok"]


def test_large_bodies_on_many_threads(run, nginx):
    lines = run(nginx.port, "open", "storm:8:3:/big", "close")
    assert lines[1:] == ["storm requests=24 failed=0", "close ok"]


def test_goaway_after_many_requests(run, nginx):
    """nginx ends a connection after keepalive_requests: what it refuses is told as refused."""
    lines = run(nginx.port, "open", "storm:1:1100:/status", "close")
    refused = [line for line in lines if "error" in line]
    assert refused and all("/refused " in line for line in refused)


def test_cycles(run, nghttpd):
    lines = run(nghttpd.port, "session=1", 'options={"cache":"shared-locked"}', "cycles:200:/",
                "stats")
    assert lines[0].startswith("cycles count=200 failed=0 ")
    assert "stat handshakes.full 1" in lines
    assert "stat handshakes.resumed 199" in lines
    assert "stat ssl_ctx.made 1" in lines
    assert "stat buffers.in_use 0" in lines


@pytest.mark.skipif(FLAVOR != "plain", reason="sanitizers need memory of their own")
def test_idle_instances_are_small(run, nghttpd):
    lines = run(nghttpd.port, "session=1", "idle:1000")
    figures = dict(part.split("=") for part in lines[0].split()[1:])
    assert figures["failed"] == "0"
    assert float(figures["kib_each"]) <= 40
    assert float(figures["fds_each"]) == 1


# ---- sessions ------------------------------------------------------------------------------------


def resumed(lines):
    return [int(re.search(r"resumed=(\d)", line).group(1)) for line in lines if "resumed=" in line]


VISIT = ["open", "get:/", "close"]


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
@pytest.mark.parametrize("peer", ["nginx", "nghttpd"])
@pytest.mark.parametrize("cache, expected", [("instance", [0, 1, 1, 0]),
                                             ("shared-locked", [0, 1, 1, 1]), ("none", [0] * 4)])
def test_resumption(run, request, peer, version, cache, expected):
    server = request.getfixturevalue(peer)
    lines = run(server.port, *version, "session=1", f'options={{"cache":"{cache}"}}',
                *VISIT * 3, "use:1", *VISIT)
    assert resumed(lines) == expected


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
@pytest.mark.parametrize("peer", ["nginx", "nghttpd"])
def test_export_and_import(run, request, peer, version):
    server = request.getfixturevalue(peer)
    lines = run(server.port, *version, "session=2", *VISIT, "export", "use:1", "import", *VISIT,
                *VISIT)
    assert resumed(lines) == [0, 1, 0]


# ---- verification and bounds ---------------------------------------------------------------------


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
def test_certificates_that_are_not_accepted(run, pki, site, version):
    pki.make_ca("stranger")
    cases = [
        (pki.make("wrong", "ca", "DNS:other.example"), "IP address mismatch"),
        (pki.make("expired", "ca", "IP:127.0.0.1", days=-1), "expired"),
        (pki.make("unknown", "stranger", "IP:127.0.0.1"), "unable to get local issuer"),
    ]
    for certificate, text in cases:
        server = start_nghttpd(site, certificate)
        try:
            for cache in CACHES:
                options = f'options={{"cache":"{cache}"}}'
                lines = run(server.port, *version, options, "open", "open", "get:/")
                assert all(line.startswith("open error tls/certificate") for line in lines[:2])
                assert text in lines[0]
                assert lines[2].startswith("request error request/cancelled")
            assert run(server.port, *version, "verify=0", "open")[0].startswith("open ok")
        finally:
            server.stop()


def resolves(name):
    try:
        return bool(socket.getaddrinfo(name, None))
    except OSError:
        return False


def test_names_and_bounds(run, nghttpd):
    port = nghttpd.port
    if resolves("localhost"):  # a bare chroot has no /etc/hosts
        assert run(port, "host=localhost", "open")[0].startswith("open ok")
    assert run(port, "sni=localhost", "open")[0].startswith("open ok")
    assert run(port, "sni=elsewhere", "open")[0].startswith("open error tls/certificate")
    assert "tls=0x303 " in run(port, *TLS12, "open")[0]
    assert "tls=0x304 " in run(port, *TLS13, "open")[0]
    assert run(port, "alpn=spdy/99", "open")[0].startswith("open error alpn/protocol")


def test_ports_that_do_not_serve(run, nghttpd, nghttpd_clear):
    closed = free_port()
    assert run(closed, "open")[0].startswith("open error tcp/refused")
    # TLS to a clear-text port, and clear text to a TLS port.
    assert run(nghttpd_clear.port, "open", "close")[0].startswith("open error tls/")
    lines = run(nghttpd.port, "tls=0", "timeout_ms=2000", "open", "get:/")
    assert lines[0].startswith("open ok") and lines[1].startswith(
        ("request error request/", "request error h2/"))  # before or after the server hung up


def test_server_that_dies(run, probe, pki, site):
    """A server that is killed while a request waits, and while the connection idles."""
    server = start_nghttpd(site, pki.good)
    process = subprocess.Popen(
        [probe, OUT / "libeighth_h2.so", f"port={server.port}", f"ca={pki.ca}", "open",
         "storm:4:100000:/", "close"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("open ok")
    server.process.kill()
    server.process.wait()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    lines = output.splitlines()
    assert lines[-2] == "close ok" and lines[-1] == CLEAN
    assert re.search(r"^request error (request|h2)/reset ", output, re.MULTILINE)


def frame_types(stream):
    """Of an HTTP/2 client's bytes: the preface, then frames; a last one that is cut is left out."""
    at, types = 24, []
    while at + 9 <= len(stream):
        types.append(stream[at + 3])
        at += 9 + int.from_bytes(stream[at:at + 3], "big")
    return types


def say_goodbye_first(listener, context, ended):
    """Answers the first request with close_notify, then wants the client's: FIN without it is an
    error. No SETTINGS before: what the client sends on its own would be no answer to anything."""
    connection, _ = listener.accept()
    connection.settimeout(30)
    with context.wrap_socket(connection, server_side=True) as peer:
        stream = b""
        while 1 not in frame_types(stream):  # HEADERS
            stream += peer.recv(65536)
        try:
            peer.unwrap().close()
            ended.append("close_notify")
        except OSError as error:
            ended.append(repr(error))


@pytest.mark.parametrize("mode, expected", [("close", "close_notify"), ("abort", "UNEXPECTED_EOF")])
@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
def test_server_that_says_goodbye_first(run, pki, version, mode, expected):
    """A graceful close answers it; an abrupt one does not, which shows that this server can tell."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pki.good)
    context.set_alpn_protocols(["h2"])
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    ended = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=say_goodbye_first, args=(listener, context, ended))
        server.start()
        lines = run(listener.getsockname()[1], *version, "open", "get:/", mode)
        server.join(60)
    assert lines[1].startswith(("request error request/reset", "request error h2/reset"))
    assert len(ended) == 1 and expected in ended[0], ended


# ---- name servers --------------------------------------------------------------------------------

# In namespaces of its own: a name server on port 53 which tells its address to nobody else, and a
# listener for who gets as far. argv: what the server answers, the probe's command.
NAMES = """
import socket, subprocess, sys, threading

def answer(query, addresses):
    end = query.index(0, 12) + 5  # of the question
    kind = query[end - 3]
    records = [b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4" + socket.inet_aton(a)
               for a in addresses if kind == 1]  # A; of AAAA there is none
    return (query[:2] + b"\\x81\\x80\\0\\1" + len(records).to_bytes(2, "big") + b"\\0\\0\\0\\0"
            + query[12:end] + b"".join(records))

def serve(server, addresses):
    while True:
        query, sender = server.recvfrom(512)
        if addresses:
            server.sendto(answer(query, addresses), sender)

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
listener = socket.create_server(("127.0.0.1", 443))
threading.Thread(target=serve, args=(server, sys.argv[1].split()), daemon=True).start()
sys.exit(subprocess.run(sys.argv[2:]).returncode)
"""
APART = ["unshare", "--mount", "--net", "sh", "-c",
         'ip link set lo up && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"', "sh"]


@pytest.fixture
def run_with_names(probe, tmp_path):
    """Runs the probe where a name server answers each name with the given addresses, or nothing."""
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 127.0.0.1\n")
    if subprocess.run([*APART, conf, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("namespaces of one's own are not allowed here")

    def run_probe(addresses, *arguments):
        done = subprocess.run(
            [*APART, conf, "/usr/bin/python3", "-c", NAMES, addresses, probe,
             OUT / "libeighth_h2.so", "host=some.example", "port=443", "tls=0", *arguments],
            capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        *lines, left = done.stdout.splitlines()
        assert left == CLEAN
        return lines

    return run_probe


def test_name_server_that_is_silent(run_with_names):
    """The deadline holds for names, too; the resolver itself would try for more than ten seconds."""
    begun = time.monotonic()
    lines = run_with_names("", "timeout_ms=500", "open", "open")
    assert time.monotonic() - begun < 8
    assert [line.split()[2] for line in lines] == ["resolve/timeout"] * 2


def test_close_interrupts_a_look_up(run_with_names):
    begun = time.monotonic()
    lines = run_with_names("", "timeout_ms=90000", "interrupt", "interrupt")
    assert time.monotonic() - begun < 8
    assert [line.split()[2] for line in lines] == ["resolve/cancelled"] * 2


def test_name_with_two_addresses(run_with_names):
    """Nobody listens at the first one."""
    lines = run_with_names("127.0.0.2 127.0.0.1", "open", "close", "open", "abort")
    assert lines == ["open ok tls=0 resumed=0 alpn=", "close ok"] * 2


def test_name_whose_only_address_refuses(run_with_names):
    lines = run_with_names("127.0.0.2", "open")
    assert lines[0].startswith("open error tcp/refused")
