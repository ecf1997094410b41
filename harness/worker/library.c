/* SPDX-License-Identifier: MIT
 *
 * Loads a client and decides whether it can be one.
 */
#include "harness/worker/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef const struct eighth_client *(*client_fn)(void);

static int missing(struct failure *failure, const char *path, const char *operation)
{
    return failure_set(failure, FAILURE_USAGE,
                       "client library %s: its table has no `%s`; every client must have it", path,
                       operation);
}

static int check_table(const struct eighth_client *table, const char *path, struct failure *failure)
{
    if (table == NULL) {
        return failure_set(failure, FAILURE_USAGE, "client library %s: %s() returned NULL", path,
                           EIGHTH_CLIENT_SYMBOL);
    }
    if (table->abi != EIGHTH_CLIENT_ABI) {
        return failure_set(failure, FAILURE_USAGE,
                           "client library %s: built for version %u of the client contract, this "
                           "worker speaks version %d; rebuild it with this eighth_client.h",
                           path, table->abi, EIGHTH_CLIENT_ABI);
    }
    /* The optional operations begin with ping. */
    if (table->size < offsetof(struct eighth_client, ping)) {
        return failure_set(failure, FAILURE_USAGE,
                           "client library %s: its table has %u bytes, at least %zu are needed; "
                           "`size` must be sizeof(struct eighth_client)",
                           path, table->size, offsetof(struct eighth_client, ping));
    }
    return 0;
}

static int no_init(const char *options, eighth_process **process, struct eighth_error *error)
{
    (void)options, (void)error;
    *process = NULL;
    return 0;
}

static void no_cleanup(eighth_process *process)
{
    (void)process;
}

static int no_request(eighth_instance *instance, const struct eighth_request *request,
                      struct eighth_response *response, uint64_t timeout_ns,
                      struct eighth_error *error)
{
    (void)instance, (void)request, (void)response, (void)timeout_ns;
    error->phase = EIGHTH_PHASE_REQUEST;
    error->error_class = EIGHTH_UNSUPPORTED;
    (void)snprintf(error->text, sizeof error->text, "this client makes no requests");
    return -1;
}

/* What a table may leave out, so that no caller has to ask. */
static void fill_absent(struct eighth_client *table)
{
    table->init = table->init != NULL ? table->init : no_init;
    table->cleanup = table->cleanup != NULL ? table->cleanup : no_cleanup;
    table->request = table->request != NULL ? table->request : no_request;
}

static int check_operations(const struct eighth_client *table, const char *path,
                            struct failure *failure)
{
    if (table->create == NULL) {
        return missing(failure, path, "create");
    }
    if (table->open == NULL) {
        return missing(failure, path, "open");
    }
    if (table->close == NULL) {
        return missing(failure, path, "close");
    }
    return table->free == NULL ? missing(failure, path, "free") : 0;
}

/* Opened first, because dlopen(3) tells its reasons only as text. */
static int check_file(const char *path, struct failure *failure)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)close(fd);
        return 0;
    }
    int short_of = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
    return failure_errno(failure, short_of ? FAILURE_ENVIRONMENT : FAILURE_USAGE, errno,
                         "client library %s", path);
}

/* dlopen(3) tells its reasons only as text, which begins with the path or with that of another
 * library. */
static int refuse(struct failure *failure, const char *path, const char *reason)
{
    const char *what = "";
    if (strstr(reason, "undefined symbol") != NULL) {
        what = "; link it with the library that has the symbol: `ldd -r` on it lists all that are "
               "missing";
    } else if (strstr(reason, "cannot open shared object file") != NULL) {
        what = "; install that library, or say where it lies: LD_LIBRARY_PATH, or -Wl,-rpath when "
               "you link";
    } else if (strstr(reason, "invalid ELF header") != NULL ||
               strstr(reason, "file too short") != NULL) {
        what = "; it is no shared library: build it with -shared -fPIC";
    }
    return failure_set(failure, FAILURE_USAGE, "client library %s cannot be loaded: %s%s", path,
                       reason, what);
}

int library_load(struct library *library, const char *path, struct failure *failure)
{
    memset(library, 0, sizeof *library);
    if (check_file(path, failure) != 0) {
        return -1;
    }
    /* A name without a slash would be searched for elsewhere. */
    char local[1024];
    (void)snprintf(local, sizeof local, "%s%s", strchr(path, '/') == NULL ? "./" : "", path);
    library->handle = dlopen(local, RTLD_NOW | RTLD_LOCAL);
    if (library->handle == NULL) {
        return refuse(failure, path, dlerror());
    }
    void *symbol = dlsym(library->handle, EIGHTH_CLIENT_SYMBOL);
    if (symbol == NULL) {
        return failure_set(
            failure, FAILURE_USAGE,
            "client library %s: it does not export `%s`; define it as eighth_client.h "
            "declares it (in C++ inside extern \"C\"), with default visibility",
            path, EIGHTH_CLIENT_SYMBOL);
    }
    client_fn get;
    memcpy(&get, &symbol, sizeof get);
    const struct eighth_client *table = get();
    if (check_table(table, path, failure) != 0) {
        return -1;
    }
    size_t known = table->size < sizeof library->table ? table->size : sizeof library->table;
    memcpy(&library->table, table, known);
    library->requests = library->table.request != NULL;
    fill_absent(&library->table);
    Dl_info where;
    const char *found = dladdr(symbol, &where) != 0 ? where.dli_fname : path;
    (void)snprintf(library->path, sizeof library->path, "%s", found);
    return check_operations(&library->table, path, failure);
}
