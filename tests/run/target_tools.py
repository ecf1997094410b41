# SPDX-License-Identifier: MIT
"""Runs `eighth serve` for a test, and speaks bare HTTP/2 frames to it."""

import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLAVOR = os.environ.get("EIGHTH_FLAVOR", "plain")
EIGHTH = str(ROOT / os.environ.get("EIGHTH_BUILD", "build") / FLAVOR / "eighth")
SLOW = FLAVOR != "plain"


class Target:
    """One `eighth serve`; a context manager. After the end `summary` holds what it counted."""

    def __init__(self, *options):
        self.options = options
        self.summary = {}

    def __enter__(self):
        self.process = subprocess.Popen(
            [EIGHTH, "serve", "--time", "120s", *self.options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.head = ""
        for line in self.process.stdout:
            self.head += line
            if line.startswith("try: "):
                break
        found = re.search(r"(https?)://127\.0\.0\.1:(\d+) ", self.head)
        assert found, self.head + self.process.stderr.read()
        self.scheme, self.port = found.group(1), int(found.group(2))
        ca = re.search(r"CA file: (.*)", self.head)
        self.ca = ca.group(1) if ca else None
        self.base = f"{self.scheme}://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Ends it, checks that it ended well, and reads its summary."""
        if self.process.returncode is not None:
            return self.summary
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, err
        assert err == ""
        self.tail = out
        for key, pattern in {
                "connections": r"connections: (\d+)", "full": r"(\d+) full",
                "resumed": r"(\d+) resumed", "failed": r"(\d+) failed",
                "requests": r"requests: (\d+)", "responses": r"responses: (\d+)",
                "broken": r"broke a protocol: (\d+)", "faults": r"fault .*: (\d+) times",
                "accept_errors": r"descriptors or memory: (\d+)"}.items():
            found = re.search(pattern, out)
            self.summary[key] = int(found.group(1)) if found else 0
        return self.summary

    def curl(self, path, *options, timeout=10):
        """curl's exit code, standard output and error text."""
        command = ["curl", "-sS", "-m", str(timeout)]
        command += ["--http2", "--cacert", self.ca] if self.ca else ["--http2-prior-knowledge"]
        done = subprocess.run([*command, *options, self.base + path], capture_output=True)
        return done.returncode, done.stdout, done.stderr.decode()


def pattern(length, offset=0):
    return bytes((i * 31 + 7) & 255 for i in range(offset, offset + length))


DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + \
        struct.pack(">I", stream) + payload


def literal(name, value):
    """A header field without indexing (RFC 7541, 6.2.2), without Huffman."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


class Frames:
    """A client in clear text that sends what it is told and collects the frames that come."""

    def __init__(self, target):
        self.socket = socket.create_connection(("127.0.0.1", target.port))
        self.socket.settimeout(10)
        self.buffer = b""
        self.ended = None

    def hello(self):
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))

    def get(self, stream, path=b"/get", end=True):
        fields = b"\x82\x86" + literal(b":path", path) + literal(b":authority", b"a")
        self.socket.sendall(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream,
                                  fields))

    def next(self):
        """(kind, flags, stream, payload), or None at the end, whose cause is in `ended`."""
        while True:
            if len(self.buffer) >= 9:
                length = int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) >= 9 + length:
                    head, payload = self.buffer[:9], self.buffer[9:9 + length]
                    self.buffer = self.buffer[9 + length:]
                    return head[3], head[4], int.from_bytes(head[5:9], "big"), payload
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                piece, self.ended = b"", "reset"
            if not piece:
                self.ended = self.ended or "eof"
                return None
            self.buffer += piece

    def until(self, kind, stream=None):
        """The frames up to the first of that kind (and stream), which is the last; all of them if
        it does not come."""
        frames = []
        while (one := self.next()) is not None:
            frames.append(one)
            if one[0] == kind and (stream is None or one[2] == stream):
                break
        return frames

    def close(self):
        self.socket.close()


def wait_until(condition, seconds=10):
    """Waits for something that another process does; fails if it never happens."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)
