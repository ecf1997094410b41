/* SPDX-License-Identifier: MIT
 *
 * The floor under a cycle over a real socket: connect, a verified TLS 1.3 handshake, one HTTP/2 GET
 * of bytes written beforehand, close. One thread, blocking calls, nothing recorded or checked but
 * the end of the response. What it needs above handshake_floor is the kernel's share.
 *
 * usage: cycle_floor full|resumed PORT CA COUNT       the target must be on 127.0.0.1
 * Prints "cpu_us", "user_us", "system_us" per cycle, and the system calls of one.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_SESSION *newest;

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(newest);
    newest = session;
    return 1;
}

static void give_up(const char *what)
{
    (void)fprintf(stderr, "cycle_floor: %s: %s\n", what,
                  ERR_reason_error_string(ERR_peek_last_error()));
    exit(3);
}

static int dial(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        give_up("cannot connect");
    }
    return fd;
}

/* Preface, SETTINGS and a HEADERS frame for GET https://localhost/get. */
static const unsigned char hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                     "\0\0\0\4\0\0\0\0\0"
                                     "\0\0\23\1\5\0\0\0\1"
                                     "\x82\x87\4\4/get\1\11localhost";

/* Reads frames until the one that ends stream 1. */
static void await_response(SSL *ssl)
{
    unsigned char bytes[16384];
    size_t have = 0;
    for (;;) {
        int got = SSL_read(ssl, bytes + have, (int)(sizeof bytes - have));
        if (got <= 0) {
            give_up("no response");
        }
        have += (size_t)got;
        size_t at = 0;
        while (have - at >= 9) {
            const unsigned char *frame = bytes + at;
            size_t length = (size_t)frame[0] << 16 | (size_t)frame[1] << 8 | frame[2];
            if (have - at < 9 + length) {
                break;
            }
            if (frame[8] == 1 && frame[3] <= 1 && (frame[4] & 1) != 0) {
                return;
            }
            at += 9 + length;
        }
        memmove(bytes, bytes + at, have - at);
        have -= at;
    }
}

static void cycle(SSL_CTX *context, uint16_t port, bool resume)
{
    int fd = dial(port);
    SSL *ssl = SSL_new(context);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        give_up("no memory");
    }
    (void)SSL_set_tlsext_host_name(ssl, "localhost");
    (void)SSL_set1_host(ssl, "localhost");
    if (resume) {
        (void)SSL_set_session(ssl, newest);
    }
    ERR_clear_error();
    if (SSL_connect(ssl) != 1 || SSL_session_reused(ssl) != (resume ? 1 : 0)) {
        give_up("the handshake failed, or is not as asked");
    }
    (void)SSL_write(ssl, hello, sizeof hello - 1);
    await_response(ssl);
    (void)SSL_shutdown(ssl);
    SSL_free(ssl);
    (void)close(fd);
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    static const unsigned char alpn[] = "\2h2";
    if (argc != 5 || (strcmp(argv[1], "full") != 0 && strcmp(argv[1], "resumed") != 0)) {
        (void)fprintf(stderr, "usage: cycle_floor full|resumed PORT CA COUNT\n");
        return 2;
    }
    bool resume = strcmp(argv[1], "resumed") == 0;
    uint16_t port = (uint16_t)strtoul(argv[2], NULL, 10);
    long count = strtol(argv[4], NULL, 10);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || count < 1 || SSL_CTX_load_verify_file(context, argv[3]) != 1 ||
        SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
        SSL_CTX_set_alpn_protos(context, alpn, sizeof alpn - 1) != 0) {
        give_up("cannot set up");
    }
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_session_cache_mode(context,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
    cycle(context, port, false);
    struct rusage before;
    struct rusage after;
    (void)getrusage(RUSAGE_SELF, &before);
    for (long i = 0; i < count; i++) {
        cycle(context, port, resume);
    }
    (void)getrusage(RUSAGE_SELF, &after);
    double user = (seconds(after.ru_utime) - seconds(before.ru_utime)) / (double)count * 1e6;
    double system = (seconds(after.ru_stime) - seconds(before.ru_stime)) / (double)count * 1e6;
    (void)printf("cpu_us %.1f\nuser_us %.1f\nsystem_us %.1f\n", user + system, user, system);
    SSL_SESSION_free(newest);
    SSL_CTX_free(context);
    return 0;
}
