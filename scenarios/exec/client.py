# SPDX-License-Identifier: MIT
"""One process for many cycles: client.py HOST PORT CA CYCLES connects so often and verifies each."""

import socket
import ssl
import sys

host, port, ca, cycles = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.set_alpn_protocols(["h2"])

for _ in range(int(cycles)):
    with socket.create_connection((host, int(port)), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname=host) as tls:
            # The preface, an empty SETTINGS frame, and GOAWAY: the shortest HTTP/2 that is polite.
            tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
            tls.recv(9)
            tls.sendall(b"\0\0\x08\7\0\0\0\0\0" + bytes(8))
