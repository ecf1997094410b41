/* SPDX-License-Identifier: MIT
 *
 * Drives a client library through the contract, one command after the other, and prints what
 * became of each: for tests of a client against real servers.
 *
 *     client_probe LIBRARY [key=value ...] command ...
 *
 * Keys: host port tls verify sni ca alpn min max session options timeout_ms. Commands act on
 * instance 0 unless `use:N` chose another: open, get:PATH, post:PATH:BYTES, ping, close, abort,
 * free, interrupt (open on a thread of its own, and close until that ended), export, import (what
 * export gave), storm:THREADS:REQUESTS:PATH, cycles:N:PATH, idle:N, stats. After cleanup it prints
 * what is left: descriptors, threads and TLS objects.
 */
#include "client/eighth_client.h"

#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define INSTANCES 8
#define BODY_BYTES ((size_t)64 << 20)

static const struct eighth_client *client;
static eighth_process *process;
static struct eighth_endpoint endpoint = {
    .size = sizeof(endpoint), .host = "127.0.0.1", .tls = 1, .verify = 1, .alpn = "h2"};
static const char *options = "{}";
static uint64_t timeout_ns = UINT64_C(10000000000);
static eighth_instance *instances[INSTANCES];
static int current;
static unsigned char exported[1 << 16];
static size_t exported_length;

/* ---- live TLS objects -------------------------------------------------------------------------
 */

static _Atomic long live_ssl;
static _Atomic long live_ctx;
static _Atomic long live_session;

static void object_new(void *parent, void *value, CRYPTO_EX_DATA *data, int index, long number,
                       void *count)
{
    (void)parent, (void)value, (void)data, (void)index, (void)number;
    atomic_fetch_add((_Atomic long *)count, 1);
}

static void object_free(void *parent, void *value, CRYPTO_EX_DATA *data, int index, long number,
                        void *count)
{
    (void)parent, (void)value, (void)data, (void)index, (void)number;
    atomic_fetch_sub((_Atomic long *)count, 1);
}

static void watch_objects(void)
{
    (void)SSL_get_ex_new_index(0, &live_ssl, object_new, NULL, object_free);
    (void)SSL_CTX_get_ex_new_index(0, &live_ctx, object_new, NULL, object_free);
    (void)SSL_SESSION_get_ex_new_index(0, &live_session, object_new, NULL, object_free);
}

static int count_entries(const char *path)
{
    DIR *folder = opendir(path);
    int count = 0;
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return count;
}

/* This thread, and ThreadSanitizer's, which it starts with the first other one. */
#if defined(__SANITIZE_THREAD__)
#define OWN_THREADS 2
#else
#define OWN_THREADS 1
#endif

/* Threads that the client left. The kernel tells a join before the thread is gone from /proc. */
static int count_threads(void)
{
    int count = count_entries("/proc/self/task") - OWN_THREADS;
    for (int i = 0; i < 1000 && count > 0; i++) {
        (void)usleep(1000);
        count = count_entries("/proc/self/task") - OWN_THREADS;
    }
    return count > 0 ? count : 0;
}

/* ---- operations ---------------------------------------------------------------------------------
 */

static const char *const phases[] = {"none", "resolve", "tcp",     "tls",
                                     "alpn", "h2",      "request", "close"};
static const char *const classes[] = {"ok",        "refused",  "reset",
                                      "timeout",   "protocol", "certificate",
                                      "cancelled", "internal", "unsupported"};

static int print_result(const char *what, int result, const struct eighth_error *error)
{
    if (result != 0) {
        printf("%s error %s/%s %s\n", what, phases[error->phase], classes[error->error_class],
               error->text);
    }
    return result;
}

static eighth_instance *make_instance(void)
{
    struct eighth_error error = {.size = sizeof(error)};
    eighth_instance *instance = NULL;
    if (print_result("create", client->create(process, &endpoint, &instance, &error), &error) !=
        0) {
        exit(1);
    }
    return instance;
}

static eighth_instance *instance_now(void)
{
    if (instances[current] == NULL) {
        instances[current] = make_instance();
    }
    return instances[current];
}

static int run_open(eighth_instance *instance, int quiet)
{
    struct eighth_error error = {.size = sizeof(error)};
    struct eighth_connection connection = {.size = sizeof(connection)};
    int result = client->open(instance, timeout_ns, &connection, &error);
    if (result == 0 && !quiet) {
        printf("open ok tls=%#x resumed=%d alpn=%s\n", connection.tls_version, connection.resumed,
               connection.alpn);
    }
    return print_result("open", result, &error);
}

/* The bodies that are sent follow a pattern, so that an echo can be checked. */
static unsigned char *make_body(size_t length)
{
    unsigned char *body = malloc(length + 1);
    for (size_t i = 0; body != NULL && i < length; i++) {
        body[i] = (unsigned char)(i * 31 + (i >> 8));
    }
    return body;
}

static int run_request(eighth_instance *instance, const char *method, const char *path,
                       size_t length, int quiet)
{
    struct eighth_error error = {.size = sizeof(error)};
    char kind[64] = "";
    struct eighth_header_slot slot = {
        .name = "content-type", .value = kind, .capacity = sizeof(kind)};
    const struct eighth_header header = {"x-probe", "1"};
    size_t capacity = quiet ? 65536 : BODY_BYTES;
    unsigned char *sent = make_body(length);
    struct eighth_response response = {.size = sizeof(response),
                                       .body = malloc(capacity),
                                       .body_capacity = capacity,
                                       .headers = &slot,
                                       .header_count = 1};
    struct eighth_request request = {.size = sizeof(request),
                                     .method = method,
                                     .path = path,
                                     .headers = &header,
                                     .header_count = 1,
                                     .body = sent,
                                     .body_length = length};
    int result = client->request(instance, &request, &response, timeout_ns, &error);
    if (result == 0 && !quiet) {
        int same = response.body_length == length && memcmp(response.body, sent, length) == 0;
        unsigned long sum = 0;
        for (size_t i = 0; i < response.body_length && i < capacity; i++) {
            sum = sum * 31 + ((unsigned char *)response.body)[i];
        }
        printf("request ok status=%d length=%zu same=%d type=%s first=%d sum=%lu\n",
               response.status, response.body_length, same, kind, response.first_byte_ns > 0, sum);
    }
    result = print_result("request", result, &error);
    if (result == 0 && quiet && response.status != 200) {
        printf("request status=%d\n", response.status);
        result = -1;
    }
    free(response.body);
    free(sent);
    return result;
}

static int run_close(eighth_instance *instance, int mode, int quiet)
{
    struct eighth_error error = {.size = sizeof(error)};
    int result = client->close(instance, mode, timeout_ns, &error);
    if (result == 0 && !quiet) {
        printf("close ok\n");
    }
    return print_result("close", result, &error);
}

struct opener {
    eighth_instance *instance;
    _Atomic int ended;
};

static void *opener_run(void *argument)
{
    struct opener *opener = argument;
    (void)run_open(opener->instance, 0);
    atomic_store(&opener->ended, 1);
    return NULL;
}

/* Whether a close comes before open has begun cannot be seen from outside: so there are many. */
static void run_interrupt(void)
{
    struct opener opener = {.instance = instance_now()};
    pthread_t thread;
    if (pthread_create(&thread, NULL, opener_run, &opener) != 0) {
        exit(1);
    }
    while (!atomic_load(&opener.ended)) {
        (void)run_close(opener.instance, EIGHTH_CLOSE_ABRUPT, 1);
        (void)usleep(1000);
    }
    (void)pthread_join(thread, NULL);
}

/* ---- many at once
 * ---------------------------------------------------------------------------------- */

struct storm {
    pthread_t thread;
    eighth_instance *instance;
    const char *path;
    int requests;
    int failed;
};

static void *storm_run(void *argument)
{
    struct storm *storm = argument;
    for (int i = 0; i < storm->requests; i++) {
        storm->failed += run_request(storm->instance, "GET", storm->path, 0, 1) != 0;
    }
    return NULL;
}

static void run_storm(int threads, int requests, const char *path)
{
    struct storm *storms = calloc((size_t)threads, sizeof(*storms));
    int failed = 0;
    for (int i = 0; i < threads; i++) {
        storms[i] = (struct storm){.instance = instance_now(), .path = path, .requests = requests};
        (void)pthread_create(&storms[i].thread, NULL, storm_run, &storms[i]);
    }
    for (int i = 0; i < threads; i++) {
        (void)pthread_join(storms[i].thread, NULL);
        failed += storms[i].failed;
    }
    printf("storm requests=%d failed=%d\n", threads * requests, failed);
    free(storms);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void run_cycles(int count, const char *path)
{
    int failed = 0;
    double before = cpu_seconds();
    for (int i = 0; i < count; i++) {
        eighth_instance *instance = make_instance();
        int bad = run_open(instance, 1) != 0 || run_request(instance, "GET", path, 0, 1) != 0;
        failed += run_close(instance, EIGHTH_CLOSE_GRACEFUL, 1) != 0 || bad;
        client->free(instance);
    }
    printf("cycles count=%d failed=%d cpu_us=%.1f\n", count, failed,
           (cpu_seconds() - before) * 1e6 / count);
}

static long resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1) {
        pages = 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return pages * sysconf(_SC_PAGESIZE);
}

static void run_idle(int count)
{
    eighth_instance **idle = calloc((size_t)count, sizeof(*idle));
    int failed = 0;
    eighth_instance *first = make_instance();
    failed += run_open(first, 1) != 0 || run_request(first, "GET", "/", 0, 1) != 0;
    long before = resident_bytes();
    size_t heap = mallinfo2().uordblks;
    int fds = count_entries("/proc/self/fd");
    for (int i = 0; i < count; i++) {
        idle[i] = make_instance();
        failed += run_open(idle[i], 1) != 0 || run_request(idle[i], "GET", "/", 0, 1) != 0;
    }
    printf("idle count=%d failed=%d kib_each=%.1f heap_each=%zu fds_each=%.2f\n", count, failed,
           (double)(resident_bytes() - before) / 1024 / count,
           (mallinfo2().uordblks - heap) / (size_t)count,
           (double)(count_entries("/proc/self/fd") - fds) / count);
    for (int i = 0; i < count; i++) {
        failed += run_close(idle[i], EIGHTH_CLOSE_GRACEFUL, 1);
        client->free(idle[i]);
    }
    client->free(first); /* dropped without close */
    free(idle);
}

/* ---- commands
 * ----------------------------------------------------------------------------------------- */

static void print_figure(void *context, const char *name, double value)
{
    (void)context;
    printf("stat %s %.0f\n", name, value);
}

static void run_sessions(const char *command)
{
    struct eighth_error error = {.size = sizeof(error)};
    if (strcmp(command, "export") == 0) {
        if (print_result("export",
                         client->export_session(instance_now(), exported, sizeof(exported),
                                                &exported_length, &error),
                         &error) == 0) {
            printf("export ok length=%zu\n", exported_length);
        }
    } else if (print_result(
                   "import",
                   client->import_session(instance_now(), exported, exported_length, &error),
                   &error) == 0) {
        printf("import ok\n");
    }
}

static void run_ping(void)
{
    struct eighth_error error = {.size = sizeof(error)};
    if (print_result("ping", client->ping(instance_now(), timeout_ns, &error), &error) == 0) {
        printf("ping ok\n");
    }
}

static void run_free(void)
{
    client->free(instances[current]);
    instances[current] = NULL;
}

static void run_command(const char *command)
{
    char path[512] = "/";
    int a = 0;
    int b = 0;
    if (strcmp(command, "open") == 0) {
        (void)run_open(instance_now(), 0);
    } else if (sscanf(command, "get:%511s", path) == 1) {
        (void)run_request(instance_now(), "GET", path, 0, 0);
    } else if (sscanf(command, "post:%511[^:]:%d", path, &a) == 2) {
        (void)run_request(instance_now(), "POST", path, (size_t)a, 0);
    } else if (strcmp(command, "ping") == 0) {
        run_ping();
    } else if (strcmp(command, "close") == 0) {
        (void)run_close(instance_now(), EIGHTH_CLOSE_GRACEFUL, 0);
    } else if (strcmp(command, "abort") == 0) {
        (void)run_close(instance_now(), EIGHTH_CLOSE_ABRUPT, 0);
    } else if (strcmp(command, "interrupt") == 0) {
        run_interrupt();
    } else if (strcmp(command, "free") == 0) {
        run_free();
    } else if (strcmp(command, "export") == 0 || strcmp(command, "import") == 0) {
        run_sessions(command);
    } else if (sscanf(command, "use:%d", &a) == 1) {
        current = a % INSTANCES;
    } else if (sscanf(command, "storm:%d:%d:%511s", &a, &b, path) == 3) {
        run_storm(a, b, path);
    } else if (sscanf(command, "cycles:%d:%511s", &a, path) == 2) {
        run_cycles(a, path);
    } else if (sscanf(command, "idle:%d", &a) == 1) {
        run_idle(a);
    } else if (strcmp(command, "stats") == 0) {
        client->stats(process, print_figure, NULL);
    } else {
        printf("unknown command %s\n", command);
        exit(2);
    }
}

/* key=value; 0 if it is none. */
static int take_setting(char *argument)
{
    char *value = strchr(argument, '=');
    if (value == NULL || strchr(argument, ':') != NULL) {
        if (strncmp(argument, "options=", 8) != 0 && strncmp(argument, "host=", 5) != 0) {
            return 0;
        }
    }
    *value++ = '\0';
    long number = strtol(value, NULL, 0);
    if (strcmp(argument, "host") == 0) {
        endpoint.host = value;
    } else if (strcmp(argument, "port") == 0) {
        endpoint.port = (uint16_t)number;
    } else if (strcmp(argument, "tls") == 0) {
        endpoint.tls = (uint8_t)number;
    } else if (strcmp(argument, "verify") == 0) {
        endpoint.verify = (uint8_t)number;
    } else if (strcmp(argument, "sni") == 0) {
        endpoint.sni = value;
    } else if (strcmp(argument, "ca") == 0) {
        endpoint.ca_file = value;
    } else if (strcmp(argument, "alpn") == 0) {
        endpoint.alpn = value[0] != '\0' ? value : NULL;
    } else if (strcmp(argument, "min") == 0) {
        endpoint.tls_min = (uint16_t)number;
    } else if (strcmp(argument, "max") == 0) {
        endpoint.tls_max = (uint16_t)number;
    } else if (strcmp(argument, "session") == 0) {
        endpoint.session = (int32_t)number;
    } else if (strcmp(argument, "timeout_ms") == 0) {
        timeout_ns = (uint64_t)number * 1000000;
    } else if (strcmp(argument, "options") == 0) {
        options = value;
    } else {
        printf("unknown key %s\n", argument);
        exit(2);
    }
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: client_probe LIBRARY [key=value ...] command ...\n");
        return 2;
    }
    void *library = dlopen(argv[1], RTLD_NOW);
    const struct eighth_client *(*entry)(void) = NULL;
    if (library != NULL) {
        *(void **)&entry = dlsym(library, EIGHTH_CLIENT_SYMBOL);
    }
    if (entry == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    client = entry();
    watch_objects();
    int at = 2;
    while (at < argc && take_setting(argv[at])) {
        at++;
    }
    int fds = count_entries("/proc/self/fd");
    struct eighth_error error = {.size = sizeof(error)};
    if (print_result("init", client->init(options, &process, &error), &error) != 0) {
        return 1;
    }
    for (; at < argc; at++) {
        run_command(argv[at]);
        (void)fflush(stdout);
    }
    for (current = 0; current < INSTANCES; current++) {
        run_free();
    }
    client->cleanup(process);
    printf("left fds=%d threads=%d ssl=%ld ssl_ctx=%ld ssl_session=%ld\n",
           count_entries("/proc/self/fd") - fds, count_threads(), atomic_load(&live_ssl),
           atomic_load(&live_ctx), atomic_load(&live_session));
    return 0;
}
