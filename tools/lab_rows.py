# SPDX-License-Identifier: MIT
"""What each scenario of the lab has to show, and what it runs as when it is mended.

A scenario's `expect` lists all that its defect may bring about. Much of that other causes may
bring about as well: an error, a hang, a leak after a crash. DECISIVE is the defect's own evidence.
"""

# The notes' three options, for the defects that are about shared state.
CACHES = [{"cache": "instance"}, {"cache": "shared-locked"}, {"cache": "none"}]
# Where the cache is the point, mended means that it still caches.
SEVEN = [{"cache": "shared-locked", "capacity": 7}]

TWINS = {
    "buffer-reuse": CACHES,
    "buffer-reuse-freed": CACHES,
    "buffer-stats-global": [{"statistics": "process"}, {"statistics": "instance"}],
    "cache-unbounded": SEVEN,
    "eighth-connection": SEVEN,
    "session-leak": [{"cache": "shared-locked"}],
    "ssl-ctx-leak": [{"ssl_ctx": "instance"}, {"ssl_ctx": "shared"}],
    "string-pool-global": CACHES,
    "tls-cache-getter-lock": CACHES,
    "tls-cache-global": CACHES,
}

MEMORY = {"plain": {"crash", "heap-corruption"}, "asan": {"asan"}, "tsan": {"tsan"}}
# Bytes of somebody else's: most of them end in a frame that the server cannot have sent.
MIXED = {"plain": {"cross-talk", "wrong-response", "error"}, "tsan": {"tsan"}}
STRANGER = {"plain": {"fd-misuse"}}
LEAK, HANG, ERROR, CRASH = ({"plain": {kind}} for kind in ("leak", "hang", "error", "crash"))

# Kinds of the decisive finding. What a sanitizer does not change is as in plain.
DECISIVE = {
    "buffer-reuse": MIXED,
    "buffer-reuse-freed": MEMORY,
    "buffer-stats-global": {"plain": {"wrong-total"}, "tsan": {"tsan"}},
    "cache-unbounded": LEAK,
    "close-while-reading": MEMORY,
    "close-while-reading-delay": MEMORY,
    "close-while-reading-h2c": HANG,
    "close-while-reading-mutex": MEMORY,
    "connect-timeout-thread": LEAK,
    "double-close": MEMORY,
    "double-close-fd": STRANGER,
    "dropped-without-close": LEAK,
    "eighth-connection": {**MEMORY, "plain": {"crash"}},
    "error-queue-stale": ERROR,
    "fd-leak-on-handshake-failure": LEAK,
    "finalizer-order": MEMORY,
    "mutex-across-read": HANG,
    "session-leak": LEAK,
    "sigpipe": CRASH,
    "ssl-ctx-leak": LEAK,
    "ssl-reentered": MEMORY,
    "ssl-reentered-kept": ERROR,
    "ssl-reentered-write": ERROR,
    "string-pool-global": MEMORY,
    "tcp-closed-before-tls": STRANGER,
    "tls-cache-getter-lock": MEMORY,
    "tls-cache-global": MEMORY,
}

_DYING = r"SIG(SEGV|ABRT|BUS|TRAP|ILL|FPE)"
# What corrupts the heap dies where the heap is used next, in plain builds anywhere: in which function
# of the client, in whose operation.
_PLACED = (_DYING + r".* in .*(\(client frame \w+|\(\w+\.c:\d+\)).*,"
           r" in (open|request|close|free) of instance \d+")

# What the decisive finding's one line must say: the place, the object, and the other thread where
# there is one.
PLAIN = {
    "buffer-reuse": r"the server broke HTTP/2|got a wrong body|somebody else's|nonce",
    "buffer-reuse-freed": _PLACED,
    "buffer-stats-global": r"the client (counted \d+ requests, the driver 16000 responses"
                           r"|says buffers.in_use is -?\d+ when no instance is left)",
    "cache-unbounded": r"the heap grows by \d+.* bytes per cycle",
    "close-while-reading": r"in SSL_\w+ \(client frame reading_read\)"
                           r", in request of instance \d+ \(connection \d+\)"
                           r" while thread \d+ was in close of the same instance",
    "close-while-reading-delay": r"\(client frame reading_read\)",
    "close-while-reading-h2c": r"in request of instance \d.*in poll \(client frame waiting_read\)"
                               r"; thread \d+ is in close of the same instance",
    "close-while-reading-mutex": r"in SSL_\w+ \(client frame reading_read\)"
                                 r", in request of instance \d+ \(connection \d+\)"
                                 r" while thread \d+ was in close of the same instance",
    "connect-timeout-thread": r"4 threads left",
    "double-close": r"(double free detected|SIGSEGV).* in SSL_free"
                    r" \(client frame careless_release\), in (free|close) of instance",
    "double-close-fd": r"descriptor \d+ of instance \d+ closed by instance \d+( of an earlier cycle)?"
                       r" in careless_finish,"
                       r" which had closed that number before",
    "dropped-without-close": r"20 SSL objects left",
    "eighth-connection": r"\(client frame table_put\), in request of instance 0 \(connection 8\)",
    "error-queue-stale": r"TLS failed: certificate verify failed",
    "fd-leak-on-handshake-failure": r"12 sockets left .*, opened in connect_one",
    "finalizer-order": _DYING + r".*\(client frame \w+\), in (a thread of the client's own, begun in"
                       r" finalizer_main|(open|request) of instance \d+)",
    "mutex-across-read": r"in request of instance \d.*in poll \(client frame wait_readable\)"
                         r"; thread \d+ is in close of the same instance",
    "session-leak": r"15\d SSL_SESSION objects left",
    "sigpipe": r"SIGPIPE in \w+ \(client frame socket_write\), in close of instance 0",
    "ssl-ctx-leak": r"160 SSL_CTX objects left",
    "ssl-reentered": _DYING + r".*\(client frame \w+\), in (request|close) of instance \d+.* thread"
                     r" \d+ (was in|had ended) (request|close) of the same instance",
    "ssl-reentered-kept": r"close failed: protocol in phase close: TLS failed: internal error",
    "ssl-reentered-write": r"the connection failed \(SSL_ERROR_SYSCALL\)",
    "string-pool-global": _PLACED,
    "tcp-closed-before-tls": r"send on descriptor \d+, which was instance \d+'s by then, in \w+"
                             r" during close; closed before in hasty_goodbye",
    "tls-cache-getter-lock": _PLACED,
    "tls-cache-global": _PLACED,
}
ASAN = {
    "buffer-reuse-freed": r"heap-use-after-free: (read|write) in .*freed in free \(client frame .*,"
                          r" called by ring_lease\) by another thread",
    "close-while-reading": r"heap-use-after-free: \w+ in (socket_read|SSL_).*, freed in .*"
                           r" by another thread.*, in request",
    "close-while-reading-delay": r"heap-use-after-free: \w+ in (socket_read|SSL_).*, freed in .*"
                                 r" by another thread.*, in request",
    "close-while-reading-mutex": r"heap-use-after-free: \w+ in (socket_read|SSL_).*, freed in .*"
                                 r" by another thread.*, in request",
    "double-close": r"(SEGV|double-free).* in .*\(client frame careless_release\).*, in (free|close)",
    "eighth-connection": r"heap-use-after-free: read in table_put, freed in .*; freed during request",
    "finalizer-order": r"heap-use-after-free: read in h2_protocol_release, freed in .*"
                       r" by another thread",
    "ssl-reentered": r"heap-use-after-free: write in memcpy \(client frame socket_read\),"
                     r" freed in .* by another thread.*, in close",
    "string-pool-global": r"(heap-use-after-free: \w+ in|double-free in|write at|read at) .*"
                          r"(pool_|string_)",
    "sigpipe": r"SIGPIPE.* in close of instance 0",
}
TSAN = {
    "buffer-reuse": r"data race on heap block of size 16384: .* / ",
    "buffer-reuse-freed": r"data race.*: write in free \(client frame h2_release, called by ring_lease\)"
                          r" .* / (read|write) in ",
    "buffer-stats-global": r"data race on heap block .* in plain_add .* / .* in plain_add ",
    "close-while-reading": r"write in free .* during close .* / .* during request",
    "eighth-connection": r"heap-use-after-free.*: read in table_put .* / write in free",
    "finalizer-order": r"heap-use-after-free.*: read in h2_protocol_release / write in free",
    "sigpipe": r"SIGPIPE.* in close of instance 0",
    "ssl-reentered": r"write in memcpy \(client frame socket_read\) .* / write in free",
    "string-pool-global": r"in pool_\w+ during request .* / .* in \w+ .*during request",
    "tls-cache-getter-lock": r"data race on heap block .* / .* in (age_|make_room|extract|malloc)",
    "tls-cache-global": r"data race on heap block .* / .* in (age_|make_room|extract|malloc)",
}
_HEADLINES = {"plain": PLAIN, "poison": PLAIN, "asan": ASAN, "tsan": TSAN}


# How a title names who else had to do with it: the other thread, or the other instance.
OTHER_SIDE = (r"of the same instance", r"by another thread", r" / ", r"closed by instance",
              r"which was instance")


def twins(name):
    """What is set, beside `fixed`, in each way in which the scenario's defect is mended."""
    return TWINS.get(name, [{}])


def kinds(name, flavor):
    """The kinds of findings that show the defect itself in that flavor."""
    table = DECISIVE[name]
    return table.get(flavor, table["plain"])


def names_both(name):
    """Whether in some flavor the title must name both sides."""
    texts = [headline(name, flavor) for flavor in _HEADLINES]
    return any(side in text for text in texts for side in OTHER_SIDE)


def headline(name, flavor):
    """A regular expression for the title of the decisive finding."""
    own = _HEADLINES[flavor].get(name)
    if own is not None:
        return own
    # Where a sanitizer changes nothing, neither does the title.
    return "" if kinds(name, flavor) != kinds(name, "plain") else PLAIN[name]
