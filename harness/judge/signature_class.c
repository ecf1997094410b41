/* SPDX-License-Identifier: MIT
 *
 * The lists, and the rules by which a frame's place decides which list is asked.
 */
#include "harness/judge/signature_class.h"
#include "harness/judge/signature_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* No name of a call is longer. */
#define SIGNATURE_CALL 256U

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Threads and programs begin with these, where they are the C library's or a sanitizer's. */
static const char *const sentinels[] = {
    "start_thread",
    "clone",
    "clone3",
    "thread_start",
    "_start",
    "__libc_start_main",
    "__libc_start_main_impl",
    "__libc_start_call_main",
    "asan_thread_start",
    "__tsan_thread_start_func",
    "__asan::AsanThread::ThreadStart",
    "__nptl_deallocate_tsd",
    "__run_exit_handlers",
};

/* How the C library aborts, and what it does inside of an allocation: where it noticed. */
static const char *const machinery[] = {
    "abort",
    "raise",
    "gsignal",
    "tgkill",
    "kill",
    "pthread_kill",
    "pthread_kill_implementation",
    "pthread_kill_internal",
    "restore_rt",
    "message",
    "fortify_fail",
    "chk_fail",
    "stack_chk_fail",
    "stack_chk_fail_local",
    "assert",
    "assert_fail",
    "assert_fail_base",
    "assert_perror_fail",
    "malloc_printerr",
    "malloc_assert",
    "int_free",
    "int_free_merge_chunk",
    "int_free_create_chunk",
    "int_free_maybe_consolidate",
    "int_malloc",
    "int_realloc",
    "int_memalign",
    "sysmalloc",
    "systrim",
    "unlink_chunk",
    "malloc_consolidate",
    "munmap_chunk",
    "tcache_get",
    "tcache_put",
    "tcache_init",
    "tcache_thread_shutdown",
    "heap_trim",
    "arena_get2",
    "ptmalloc_init",
    "syscall_cancel",
    "syscall_cancel_arch",
    "internal_syscall_cancel",
    "futex_abstimed_wait_common",
    "futex_abstimed_wait_common64",
    "futex_abstimed_wait_cancelable64",
    "lll_lock_wait",
    "lll_lock_wait_private",
};

/* Compilers make, drop and replace calls to these. */
static const char *const builtins[] = {
    "memcpy",    "memmove",       "memset",         "memcmp",       "bcmp",           "memchr",
    "mempcpy",   "bzero",         "strlen",         "strnlen",      "strcmp",         "strncmp",
    "strcpy",    "strncpy",       "stpcpy",         "strcat",       "strchr",         "strrchr",
    "strdup",    "strndup",       "strstr",         "printf",       "fprintf",        "sprintf",
    "snprintf",  "puts",          "putchar",        "fputs",        "fputc",          "fwrite",
    "vsnprintf", "malloc",        "calloc",         "realloc",      "reallocarray",   "memalign",
    "vfprintf",  "aligned_alloc", "posix_memalign", "operator new", "operator new[]",
};

/* Calls of the C library that say what was done. Needed by name where a sanitizer is linked into
 * the client's own module, or where no module is told. */
static const char *const calls[] = {
    "free",
    "cfree",
    "operator delete",
    "operator delete[]",
    "read",
    "write",
    "readv",
    "writev",
    "pread",
    "pwrite",
    "recv",
    "recvfrom",
    "recvmsg",
    "send",
    "sendto",
    "sendmsg",
    "close",
    "open",
    "openat",
    "socket",
    "connect",
    "accept",
    "accept4",
    "bind",
    "listen",
    "shutdown",
    "poll",
    "ppoll",
    "select",
    "epoll_wait",
    "epoll_ctl",
    "epoll_create1",
    "eventfd",
    "pipe",
    "pipe2",
    "dup",
    "dup2",
    "fcntl",
    "ioctl",
    "fopen",
    "fclose",
    "fread",
    "fgets",
    "getaddrinfo",
    "freeaddrinfo",
    "usleep",
    "nanosleep",
    "sleep",
    "mmap",
    "munmap",
    "sigaction",
    "signal",
    "qsort",
    "bsearch",
    "getenv",
    "exit",
    "pthread_create",
    "pthread_join",
    "pthread_detach",
    "pthread_mutex_init",
    "pthread_mutex_destroy",
    "pthread_mutex_lock",
    "pthread_mutex_trylock",
    "pthread_mutex_timedlock",
    "pthread_mutex_unlock",
    "pthread_cond_wait",
    "pthread_cond_timedwait",
    "pthread_cond_signal",
    "pthread_cond_broadcast",
    "pthread_cond_destroy",
    "pthread_rwlock_rdlock",
    "pthread_rwlock_wrlock",
    "pthread_rwlock_unlock",
    "pthread_rwlock_destroy",
    "pthread_spin_lock",
    "pthread_spin_unlock",
    "pthread_once",
    "pthread_cancel",
    "pthread_key_create",
    "pthread_barrier_wait",
    "sem_wait",
    "sem_post",
    "sem_destroy",
};

/* Public names of libraries begin with these. */
static const char *const libraries[] = {
    "SSL_",     "TLS_",         "BIO_",        "EVP_",         "ERR_",        "X509_",
    "ASN1_",    "CRYPTO_",      "OPENSSL_",    "BN_",          "EC_",         "RSA_",
    "PEM_",     "PKCS7_",       "PKCS12_",     "OSSL_",        "CONF_",       "RAND_",
    "nghttp2_", "curl_easy_",   "curl_multi_", "curl_global_", "curl_share_", "gnutls_",
    "wolfSSL_", "mbedtls_ssl_", "inflate",     "deflate",
};

/* Names that only a sanitizer's runtime may have. */
static const char *const runtimes[] = {
    "__interceptor_", "___interceptor_", "__asan_",      "__lsan_",       "__tsan_",
    "__msan_",        "__ubsan_",        "__sanitizer_", "__asan::",      "__lsan::",
    "__tsan::",       "__msan::",        "__ubsan::",    "__sanitizer::", "__interception::",
};

static bool is_in(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool begins_in(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(name, list[i], strlen(list[i])) == 0) {
            return true;
        }
    }
    return false;
}

const char *signature_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* ---- where a frame is ----------------------------------------------------------------------- */

enum place { PLACE_UNKNOWN, PLACE_CLIENT, PLACE_LIBC, PLACE_RUNTIME, PLACE_LIBRARY, PLACE_WORKER };

/* "libssl.so.3" is named "libssl", "libc-2.31.so" "libc". */
static bool is_library_named(const char *file, const char *name)
{
    size_t length = strlen(name);
    return strncmp(file, name, length) == 0 && (file[length] == '.' || file[length] == '-');
}

static bool is_one_of(const char *file, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_library_named(file, names[i])) {
            return true;
        }
    }
    return false;
}

static enum place place_of_module(const char *module, const char *const *modules, size_t count)
{
    static const char *const libc[] = {"libc", "libpthread", "ld-linux-x86-64", "ld-linux",
                                       "ld",   "librt",      "libdl",           "linux-vdso"};
    static const char *const runtime[] = {"libasan", "libtsan", "libubsan", "liblsan",
                                          "libclang_rt"};
    static const char *const known[] = {"libssl",       "libcrypto",  "libnghttp2", "libcurl",
                                        "libstdc++",    "libgcc_s",   "libz",       "libm",
                                        "libgnutls",    "libwolfssl", "libcjson",   "libzstd",
                                        "libbrotlidec", "libev",      "libuv"};
    const char *file = signature_file_name(module);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(signature_file_name(modules[i]), file) == 0) {
            return PLACE_CLIENT;
        }
    }
    if (is_one_of(file, libc, LENGTH(libc)) || strcmp(file, "[vdso]") == 0) {
        return PLACE_LIBC;
    }
    if (is_one_of(file, runtime, LENGTH(runtime))) {
        return PLACE_RUNTIME;
    }
    if (strcmp(file, "eighth-worker") == 0) {
        return PLACE_WORKER;
    }
    bool of_system = strncmp(module, "/lib/", 5) == 0 || strncmp(module, "/usr/lib", 8) == 0 ||
                     strncmp(module, "/lib64/", 7) == 0;
    if (count != 0 || of_system || is_one_of(file, known, LENGTH(known))) {
        return PLACE_LIBRARY;
    }
    return PLACE_CLIENT;
}

bool signature_is_libc(const char *module)
{
    return place_of_module(module, NULL, 0) == PLACE_LIBC;
}

/* The C library is built with paths relative to its own tree. */
static bool is_libc_source(const char *file)
{
    static const char *const folders[] = {
        "nptl/",    "csu/",          "malloc/", "stdlib/", "string/", "signal/", "assert/",
        "debug/",   "io/",           "libio/",  "misc/",   "posix/",  "socket/", "elf/",
        "sysdeps/", "stdio-common/", "time/",   "dlfcn/",  "setjmp/",
    };
    bool above = strncmp(file, "../sysdeps/", 11) == 0 || strncmp(file, "../csu/", 7) == 0;
    if (above || strstr(file, "/../sysdeps/") != NULL || strstr(file, "/../csu/") != NULL) {
        return true;
    }
    file += strncmp(file, "./", 2) == 0 ? 2 : 0;
    /* "nptl/pthread_create.c" of llvm-symbolizer also comes as "nptl/./nptl/pthread_create.c". */
    return begins_in(folders, LENGTH(folders), file);
}

/* Rust's own libraries come compiled, with paths relative to their tree. */
static bool is_rust_library(const char *file)
{
    static const char *const folders[] = {"library/std/src/", "library/core/src/",
                                          "library/alloc/src/", "library/panic_unwind/src/",
                                          "library/panic_abort/src/"};
    return begins_in(folders, LENGTH(folders), file);
}

/* Code of a language's own library that is compiled into, or interpreted with, the client's. */
static bool is_header_source(const char *file)
{
    return is_rust_library(file) || strncmp(file, "/usr/include/", 13) == 0 ||
           strstr(file, "/include/c++/") != NULL || strstr(file, "/lib/gcc/") != NULL ||
           strstr(file, "/rustlib/src/") != NULL || strncmp(file, "/rustc/", 7) == 0 ||
           strstr(file, "/lib/python3") != NULL || strncmp(file, "node:", 5) == 0 ||
           strstr(file, "/go/src/runtime/") != NULL || strstr(file, "/share/crystal/src/") != NULL;
}

static enum place place_of_source(const char *file)
{
    if (strstr(file, "libsanitizer/") != NULL || strstr(file, "compiler-rt/") != NULL ||
        strstr(file, "/sanitizer_common/") != NULL ||
        strncmp(signature_file_name(file), "vg_replace_", 11) == 0) {
        return PLACE_RUNTIME;
    }
    if (strncmp(file, "harness/worker/", 15) == 0 || strstr(file, "/harness/worker/") != NULL) {
        return PLACE_WORKER;
    }
    return is_libc_source(file) ? PLACE_LIBC : PLACE_CLIENT;
}

static enum place place_of(const struct stack_frame *frame, const char *const *modules,
                           size_t count)
{
    if (frame->module != NULL) {
        return place_of_module(frame->module, modules, count);
    }
    return frame->file != NULL ? place_of_source(frame->file) : PLACE_UNKNOWN;
}

/* ---- the lists at their places -------------------------------------------------------------- */

static enum signature_class call_class(char *name, size_t size, const char *function,
                                       enum signature_class otherwise)
{
    char call[SIGNATURE_CALL];
    signature_name_libc(function, call, sizeof(call));
    bool builtin = is_in(builtins, LENGTH(builtins), call);
    if (!builtin && !is_in(calls, LENGTH(calls), call)) {
        return otherwise;
    }
    (void)snprintf(name, size, "%s", strcmp(call, "cfree") == 0 ? "free" : call);
    return builtin ? SIGNATURE_BUILTIN : SIGNATURE_LIBRARY;
}

/* certain: the module says that it is the C library. A source path alone may be the client's, whose
 * folders may be called "io" or "socket" too: then only what the lists know is the library's. */
static enum signature_class libc_class(const char *function, bool certain, char *name, size_t size)
{
    char call[SIGNATURE_CALL];
    signature_name_libc(function, call, sizeof(call));
    if (is_in(sentinels, LENGTH(sentinels), name)) {
        return SIGNATURE_SENTINEL;
    }
    if (is_in(machinery, LENGTH(machinery), call)) {
        return SIGNATURE_IRRELEVANT;
    }
    if (certain) {
        (void)snprintf(name, size, "%s", call);
    }
    return call_class(name, size, function, certain ? SIGNATURE_LIBRARY : SIGNATURE_CLIENT);
}

/* Eighth's own: what stands above the client ends the search; what stands below it, in the place
 * of a call that is watched, is skipped. */
static enum signature_class worker_class(const char *name)
{
    static const char *const drivers[] = {"operation_", "pool_", "worker_",
                                          "instance_",  "race_", "driver_"};
    return begins_in(drivers, LENGTH(drivers), name) ? SIGNATURE_SENTINEL : SIGNATURE_IRRELEVANT;
}

/* For a name of which nothing else is known: only reserved ones, and those no client takes. */
static bool is_abort(const char *function)
{
    static const char *const plain[] = {"abort", "raise", "gsignal", "malloc_printerr"};
    char call[SIGNATURE_CALL];
    signature_name_libc(function, call, sizeof(call));
    bool reserved = function[0] == '_' && is_in(machinery, LENGTH(machinery), call);
    return reserved || is_in(plain, LENGTH(plain), function);
}

static enum signature_class named_class(const struct stack_frame *frame, enum place place,
                                        char *name, size_t size)
{
    const char *function = frame->function;
    if (place != PLACE_LIBC && begins_in(runtimes, LENGTH(runtimes), function)) {
        place = PLACE_RUNTIME;
    }
    switch (place) {
    case PLACE_LIBC:
        return libc_class(
            function, frame->module != NULL || strstr(frame->file, "sysdeps/") != NULL, name, size);
    case PLACE_RUNTIME:
        if (is_in(sentinels, LENGTH(sentinels), name)) {
            return SIGNATURE_SENTINEL;
        }
        return call_class(name, size, function, SIGNATURE_IRRELEVANT);
    case PLACE_WORKER:
        return worker_class(name);
    case PLACE_LIBRARY:
        return SIGNATURE_LIBRARY;
    default:
        break;
    }
    bool has_source = frame->file != NULL;
    if (!has_source && is_in(sentinels, LENGTH(sentinels), name)) {
        return SIGNATURE_SENTINEL;
    }
    if (!has_source && place == PLACE_UNKNOWN && is_abort(function)) {
        return SIGNATURE_IRRELEVANT;
    }
    if (strncmp(name, "std::", 5) == 0 || strncmp(name, "__gnu_cxx::", 11) == 0 ||
        (has_source && is_header_source(frame->file))) {
        return SIGNATURE_IRRELEVANT;
    }
    if (begins_in(libraries, LENGTH(libraries), name)) {
        return SIGNATURE_LIBRARY;
    }
    /* A static interceptor has a name and no source. */
    return has_source ? SIGNATURE_CLIENT : call_class(name, size, function, SIGNATURE_CLIENT);
}

enum signature_class signature_classify(const struct stack_frame *frame, const char *const *modules,
                                        size_t count, char *name, size_t size)
{
    enum place place = place_of(frame, modules, count);
    name[0] = '\0';
    if (frame->function == NULL || frame->function[0] == '\0') {
        /* No code is there: a call to nowhere, or a walk by frame pointers that went astray. */
        bool no_code = frame->pc < 4096 || frame->pc >> 47 != 0;
        bool nowhere = frame->module == NULL && frame->file == NULL && no_code;
        bool foreign = place != PLACE_CLIENT && place != PLACE_UNKNOWN;
        return foreign || nowhere ? SIGNATURE_IRRELEVANT : SIGNATURE_UNNAMED;
    }
    signature_name(frame->function, name, size);
    if (strcmp(name, "main") == 0 && place != PLACE_LIBRARY) {
        if (place == PLACE_CLIENT && frame->module != NULL && count != 0) {
            return SIGNATURE_CLIENT;
        }
        return place == PLACE_WORKER ? SIGNATURE_SENTINEL : SIGNATURE_MAIN;
    }
    return named_class(frame, place, name, size);
}

bool signature_is_allocator(const char *function)
{
    static const char *const names[] = {
        "malloc",         "calloc",       "realloc",         "reallocarray",   "memalign",
        "aligned_alloc",  "strdup",       "strndup",         "free",           "cfree",
        "posix_memalign", "operator new", "operator delete", "operator new[]", "operator delete[]",
    };
    char call[SIGNATURE_CALL];
    signature_name_libc(function, call, sizeof(call));
    return is_in(names, LENGTH(names), call);
}

bool signature_is_cxx(const char *file)
{
    static const char *const endings[] = {"cc",  "cpp", "cxx", "c++", "C",   "hh",
                                          "hpp", "hxx", "h++", "ipp", "tpp", "inl"};
    const char *dot = strrchr(file, '.');
    return dot != NULL && is_in(endings, LENGTH(endings), dot + 1);
}

bool signature_wraps(const char *name, const char *inner)
{
    static const char *const marks[] = {"x",     "z",        "my_",  "my",   "safe_", "checked_",
                                        "wrap_", "wrapped_", "do_",  "mem_", "util_", "debug_",
                                        "xx",    "sys_",     "try_", "g_",   "s_"};
    size_t length = strlen(name);
    size_t inner_length = strlen(inner);
    if (inner_length == 0 || length <= inner_length ||
        strcmp(name + length - inner_length, inner) != 0) {
        return false;
    }
    for (size_t i = 0; i < LENGTH(marks); i++) {
        if (strlen(marks[i]) == length - inner_length &&
            strncmp(name, marks[i], length - inner_length) == 0) {
            return true;
        }
    }
    return false;
}
