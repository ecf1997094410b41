#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a cycle of eighth's own client costs, as ratios to things that anyone can run: `make bench`.

Each round measures all of them after one another on the same machine; the figures are medians of the
rounds' ratios, with the least and the largest. Single figures of a shared machine mean nothing. All is
CPU time of the client's process alone, kernel included; TLS 1.3 with OpenSSL's own choice of groups and
ciphers, ECDSA P-256 certificates that say the same, one connection after another on one thread
unless it says "at once".

  cycle       eighth's own client driven by eighth: connect, handshake, GET with a nonce, close; every call
              recorded, every response checked; the verdict on a certificate chain is cached
  verified    the same with all caches off: the chain is verified in each cycle
  resumed     the same with session tickets
  floor       OpenSSL handshake and close over memory BIOs, chain and host verified (handshake_floor):
              the client's side alone, and the whole loop
  socket      the same over a blocking socket with one canned GET: the least that a client can do
              (cycle_floor)
  h2load      one connection and one GET for each of its requests, all at once; verifies nothing; told
              to use the groups and ciphers that OpenSSL would choose. Debian's h2load is linked to
              jemalloc: where that is found, eighth's cycle is measured with it too
  s_time      openssl s_time -new, handshake only; verifies nothing, or the chain (-verify)
  wrk         wrk with "Connection: close"; HTTP/1.1, verifies nothing: only where nginx is the server.
              It clears its SSL and connects again with it: all but the first handshake are resumed
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CYCLES = 1000
AT_ONCE = 16  # against h2load, which does not wait for one connection before it opens the next
# What OpenSSL offers when nobody says: h2load has an order of its own, with a cheaper hash.
CIPHERS = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"
GROUPS = "X25519:P-256:X448:P-521:P-384"
S_TIME = 2

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4000; }}
http {{
    access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    ssl_session_cache off; ssl_session_tickets on; ssl_protocols TLSv1.2 TLSv1.3;
    server {{
        listen 127.0.0.1:{port} ssl http2 backlog=4096;
        ssl_certificate {folder}/leaf.pem; ssl_certificate_key {folder}/key.pem;
        location / {{ return 200 "hello"; }}
    }}
}}
"""


def cpu_of(command, **more):
    """Runs a command; returns its CPU seconds and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(list(map(str, command)), check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), done.stdout


def figures(command):
    """The "name value" lines that a program of this folder prints."""
    return {name: float(value)
            for name, value in re.findall(r"(\w+) ([\d.]+)", cpu_of(command)[1])}


def certificates(folder):
    """A CA and a leaf, ECDSA P-256, that say what the target's own say."""
    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *curve, "-keyout", folder / "ca.key", "-out", folder / "ca.pem",
            "-days", 2, "-subj", "/CN=bench CA")
    openssl("req", *curve, "-keyout", folder / "key.pem", "-out", folder / "leaf.csr", "-subj",
            "/CN=localhost")
    (folder / "leaf.ext").write_text(
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n"
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=serverAuth\n"
        "subjectAltName=DNS:localhost,DNS:eighth.test,IP:127.0.0.1,IP:::1\n")
    openssl("x509", "-req", "-in", folder / "leaf.csr", "-CA", folder / "ca.pem", "-CAkey",
            folder / "ca.key", "-CAcreateserial", "-days", 2, "-out", folder / "leaf.pem",
            "-extfile", folder / "leaf.ext")


# ---- servers -----------------------------------------------------------------------------------


@contextlib.contextmanager
def target(out, folder):
    """eighth's own target; yields its port. Its CA is in target-ca.pem."""
    with subprocess.Popen([out / "eighth", "serve", "--threads", "1", "--ca",
                           folder / "target-ca.pem", "--time", "30m"],
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            found = None
            while found is None:
                line = process.stdout.readline()
                if not line:
                    sys.exit("bench: the target did not start")
                found = re.search(r"127\.0\.0\.1:(\d+)", line)
            yield int(found.group(1))
        finally:
            process.terminate()


@contextlib.contextmanager
def nginx(folder):
    """nginx on a free port, which is yielded; None where it is not installed."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        yield None
        return
    folder.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    with subprocess.Popen([program, "-p", folder, "-c", folder / "nginx.conf", "-e",
                           folder / "error.log"], stderr=subprocess.DEVNULL) as process:
        try:
            while True:
                if process.poll() is not None:
                    sys.exit("bench: nginx did not start: " + (folder / "error.log").read_text())
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
            yield port
        finally:
            process.terminate()


# ---- what is measured --------------------------------------------------------------------------


def jemalloc():
    """The allocator that h2load is linked to; None where it is linked to none, or is not there."""
    program = shutil.which("h2load")
    linked = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = re.search(r"libjemalloc\S* => (\S+)", linked)
    return found and found.group(1)


def run(out, folder, scenario, preload=None):
    """Returns the report, and the CPU seconds of controller, target and workers together."""
    path = folder / "bench.json"
    path.write_text(json.dumps(scenario))
    more = {"env": os.environ | {"LD_PRELOAD": preload}} if preload else {}
    cpu, text = cpu_of([out / "eighth", "run", "-q", path, "--reports", folder / "reports"], **more)
    return json.loads(pathlib.Path(text.strip().split("\n")[-1]).read_text()), cpu


def cycle(out, folder, session="none", cache="shared-locked", server=None, clients=1, preload=None):
    """eighth's CPU per cycle in us."""
    cycles = CYCLES // clients
    scenario = {
        "name": "bench",
        "client": {"library": "h2", "session": session, "options": {"cache": cache}},
        "target": server or {"embedded": {"tls": True, "threads": 1}},
        "load": {"threads": clients, "clients": clients, "cycles": cycles, "sample_every": cycles,
                 "start": "staggered"},
        "steps": [{"connect": {}}, {"request": {"path": "/get"}}, {"close": {}}],
    }
    report = run(out, folder, scenario, preload)[0]
    if report["verdict"] != "pass":
        sys.exit(f"bench: a run did not pass: {report['scenarios'][0]['findings']}")
    return report["scenarios"][0]["client_cpu_us_per_cycle"]


def floor(out, folder, kind):
    return figures([out / "bench" / "handshake_floor", kind, folder / "leaf.pem",
                    folder / "key.pem", folder / "ca.pem", "localhost", CYCLES])


def socket_floor(out, folder, port, kind):
    return figures([out / "bench" / "cycle_floor", kind, port, folder / "target-ca.pem", CYCLES])


def h2load(port):
    return cpu_of(["h2load", "-n", CYCLES, "-c", CYCLES, "-t1",
                   f"--tls13-ciphers={CIPHERS}", f"--groups={GROUPS}",
                   f"https://127.0.0.1:{port}/get"])[0] / CYCLES * 1e6


def s_time(port, *more):
    cpu, text = cpu_of(["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new", "-time",
                        S_TIME, *more])
    return cpu / float(re.search(r"^(\d+) connections in .* real seconds", text, re.M).group(1)) * 1e6


def wrk(port):
    cpu, text = cpu_of(["wrk", "-t1", "-c1", f"-d{S_TIME}s", "-H", "Connection: close",
                        f"https://127.0.0.1:{port}/get"])
    return cpu / float(re.search(r"(\d+) requests in", text).group(1)) * 1e6


def trial_ms(out, folder):
    """What one more trial takes whose work is one clear-text cycle, its start and its end that is:
    milliseconds of wall-clock and of CPU."""
    scenario = {
        "name": "trials", "client": {"library": "h2"}, "target": {"embedded": {"tls": False}},
        "load": {"threads": 1, "clients": 1, "cycles": 1},
        "steps": [{"connect": {}}, {"request": {"path": "/get"}}, {"close": {}}],
    }
    seconds = {}
    for trials in (1, 21):
        begun = time.monotonic()
        cpu = run(out, folder, scenario | {"trials": trials})[1]
        seconds[trials] = (time.monotonic() - begun, cpu)
    return [(more - one) / 20 * 1e3 for one, more in zip(seconds[1], seconds[21])]


def idle_kib(out, folder, port, count=2000):
    """Resident memory that each of many idle instances adds to the client's process."""
    text = cpu_of([out / "client_probe", out / "libeighth_h2.so", f"port={port}",
                   f"ca={folder / 'target-ca.pem'}", "session=1", f"idle:{count}"])[1]
    return float(re.search(r"kib_each=([\d.]+)", text).group(1))


def measure(out, folder, port, nginx_port):
    ca = folder / "target-ca.pem"
    allocator = jemalloc()
    row = {
        "floor": floor(out, folder, "full"), "floor resumed": floor(out, folder, "resumed"),
        "socket": socket_floor(out, folder, port, "full"),
        "socket resumed": socket_floor(out, folder, port, "resumed"),
        "cycle": cycle(out, folder), "verified": cycle(out, folder, cache="none"),
        "resumed": cycle(out, folder, session="reuse"),
        "cycle at once": cycle(out, folder, clients=AT_ONCE), "h2load": h2load(port), "s_time": s_time(port),
        "s_time verified": s_time(port, "-CAfile", ca, "-verify", 5),
        "trial": trial_ms(out, folder), "idle": idle_kib(out, folder, port),
    }
    if allocator:
        row["cycle at once jemalloc"] = cycle(out, folder, clients=AT_ONCE, preload=allocator)
    if nginx_port is not None:
        server = {"address": f"127.0.0.1:{nginx_port}", "tls": True, "nonce": False,
                  "ca": str(folder / "ca.pem"), "sni": "localhost"}
        row |= {"cycle nginx": cycle(out, folder, server=server),
                "cycle at once nginx": cycle(out, folder, server=server, clients=AT_ONCE),
                "h2load nginx": h2load(nginx_port), "s_time nginx": s_time(nginx_port)}
        if allocator:
            row["cycle at once nginx jemalloc"] = cycle(out, folder, server=server, clients=AT_ONCE,
                                                        preload=allocator)
        if shutil.which("wrk") is not None:
            row["wrk nginx"] = wrk(nginx_port)
            row["resumed nginx"] = cycle(out, folder, session="reuse", server=server)
    return row


# ---- the table ---------------------------------------------------------------------------------


def say(name, values, budget="", digits=3):
    print(f"{name:58} {statistics.median(values):8.{digits}f}  "
          f"[{min(values):.{digits}f}, {max(values):.{digits}f}]  {budget}".rstrip())


def say_ratios(rounds):
    def ratio(name, of, to, budget=""):
        if all(of in r and to in r for r in rounds):
            say(name, [r[of] / r[to] for r in rounds], budget)

    def floor_ratio(name, of, to, figure, budget=""):
        say(name, [r[of] / r[to][figure] for r in rounds], budget)

    print("  the client's side of a bare handshake over memory:")
    floor_ratio("  verified cycle / client's side", "verified", "floor", "cpu_us", "budget <= 1.25")
    floor_ratio("  cycle / client's side", "cycle", "floor", "cpu_us")
    floor_ratio("  resumed cycle / client's side", "resumed", "floor resumed", "cpu_us",
                "budget <= 1.25")
    print("  the whole loop, the server's side included:")
    floor_ratio("  verified cycle / loop", "verified", "floor", "loop_us")
    floor_ratio("  resumed cycle / loop", "resumed", "floor resumed", "loop_us")
    print("  what of it no client over a socket can avoid:")
    for kind, base in (("socket", "floor"), ("socket resumed", "floor resumed")):
        for figure, words in (("cpu_us", "all"), ("system_us", "kernel")):
            say(f"  {kind}: {words} / client's side of a bare handshake",
                [r[kind][figure] / r[base]["cpu_us"] for r in rounds])
    say("verified cycle / socket", [r["verified"] / r["socket"]["cpu_us"] for r in rounds])
    say("resumed cycle / socket resumed",
        [r["resumed"] / r["socket resumed"]["cpu_us"] for r in rounds])
    print("  others, on eighth's target:")
    ratio(f"  cycle, {AT_ONCE} at once / h2load connection and GET", "cycle at once", "h2load",
          "budget <= 1")
    ratio("    with the allocator of h2load", "cycle at once jemalloc", "h2load", "budget <= 1")
    ratio("  cycle / s_time handshake", "cycle", "s_time", "budget <= 1")
    ratio("  verified cycle / s_time -verify handshake", "verified", "s_time verified")
    print("  others, on nginx:")
    ratio(f"  cycle, {AT_ONCE} at once / h2load connection and GET", "cycle at once nginx",
          "h2load nginx", "budget <= 1")
    ratio("    with the allocator of h2load", "cycle at once nginx jemalloc", "h2load nginx", "budget <= 1")
    ratio("  cycle / s_time handshake", "cycle nginx", "s_time nginx", "budget <= 1")
    ratio("  resumed cycle / wrk resumed connection and GET (HTTP/1.1)", "resumed nginx", "wrk nginx",
          "budget <= 1")
    if "cycle nginx" not in rounds[0]:
        print("    left out: nginx is not installed")
    elif "wrk nginx" not in rounds[0]:
        print("    wrk left out: it is not installed (apt-get install wrk)")


def main():
    arguments = argparse.ArgumentParser(description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--build", default="build/plain")
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    out = (ROOT / given.build).resolve()
    rounds = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        certificates(folder)
        with target(out, folder) as port, nginx(folder) as nginx_port:
            for _ in range(given.rounds):
                rounds.append(measure(out, folder, port, nginx_port))
    print(f"{'client CPU, ratios':58}   median  [least, largest] of {len(rounds)} rounds")
    say_ratios(rounds)
    print("single figures:")
    say("  client's side of a bare handshake, full [us]", [r["floor"]["cpu_us"] for r in rounds], digits=0)
    say("  client's side of a bare handshake, resumed [us]", [r["floor resumed"]["cpu_us"] for r in rounds], digits=0)
    say("  resident memory of an idle TLS and HTTP/2 instance [KiB]", [r["idle"] for r in rounds],
        "budget <= 40", 1)
    say("  start and end of a trial [ms]", [r["trial"][0] for r in rounds], "budget <= 20", 1)
    say("  start and end of a trial, CPU of all processes [ms]", [r["trial"][1] for r in rounds],
        digits=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
