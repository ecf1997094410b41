/* SPDX-License-Identifier: MIT
 *
 * The table of a scenario's `client`: the code under test and how it connects.
 */
#include "client/eighth_client.h"
#include "harness/scenario/keys_program.h"
#include "harness/scenario/resolve.h"
#include "harness/scenario/shape.h"

#include <stdlib.h>
#include <string.h>

static const struct choice tls_versions[] = {{"1.2", 0x0303}, {"1.3", 0x0304}, {NULL, 0}};

static const struct choice sessions[] = {
    {"none", EIGHTH_SESSION_NONE},
    {"reuse", EIGHTH_SESSION_REUSE},
    {"import", EIGHTH_SESSION_IMPORT},
    {NULL, 0},
};

/* ---- tls ---- */

static int check_tls(struct reading *reading, const struct place *place, const cJSON *object,
                     void *model)
{
    const struct client_model *client = model;
    (void)object;
    if (client->tls_min != 0 && client->tls_max != 0 && client->tls_min > client->tls_max) {
        return reading_fail(reading, place, "`min` is above `max`");
    }
    return 0;
}

static const struct key tls_keys[] = {
    {.name = "min",
     .type = VALUE_CHOICE,
     KEY_FIELD(struct client_model, tls_min),
     .choices = tls_versions,
     .help = "lowest TLS version the client may use; without it the client's own default"},
    {.name = "max",
     .type = VALUE_CHOICE,
     KEY_FIELD(struct client_model, tls_max),
     .choices = tls_versions,
     .help = "highest TLS version the client may use; without it the client's own default"},
};

static const struct shape shape_client_tls = {
    .name = "client-tls",
    .help = "TLS versions that the client may use",
    .keys = tls_keys,
    .count = sizeof tls_keys / sizeof *tls_keys,
    .check = check_tls,
};

/* ---- options ---- */

static int read_options(struct reading *reading, const struct place *place, cJSON *value,
                        void *model)
{
    struct client_model *client = model;
    char text[READING_QUOTE];
    if (!cJSON_IsObject(value) && !cJSON_IsRaw(value)) {
        return reading_fail(reading, place, "expected an object, got %s",
                            reading_describe(text, value));
    }
    char *printed = cJSON_PrintUnformatted(value);
    if (printed == NULL) {
        return reading_no_memory(reading);
    }
    int status = shape_copy(reading, &client->options, printed);
    cJSON_free(printed);
    return status;
}

static cJSON *options_schema(void)
{
    return shape_literal("{\"type\":\"object\"}");
}

/* ---- library ---- */

/* Writes the resolved path into model and tree, so that the canonical JSON means the same file
 * wherever it is read again. */
static int read_library(struct reading *reading, const struct place *place, cJSON *value,
                        void *model)
{
    struct client_model *client = model;
    char text[READING_QUOTE];
    if (!cJSON_IsString(value) || *value->valuestring == '\0' ||
        !resolve_is_path(value->valuestring)) {
        return reading_fail(reading, place,
                            "expected the name of a client or a path to a .so, got %s",
                            reading_describe(text, value));
    }
    const char *name = value->valuestring;
    if (strchr(name, '/') == NULL && !form_client.fits(name)) {
        return reading_fail(reading, place,
                            "%s is no name of a client (letters, digits, `-`, `_`); a file is "
                            "written with a folder: \"./client.so\"",
                            reading_quote(text, name));
    }
    return resolve_into(reading, value, &client->library);
}

static cJSON *library_schema(void)
{
    static const struct form either = {NULL, "(.*/.*|[A-Za-z0-9][A-Za-z0-9_+-]{0,255})", NULL};
    return shape_text_schema(&either);
}

static int check_client(struct reading *reading, const struct place *place, const cJSON *object,
                        void *model)
{
    struct client_model *client = model;
    (void)reading;
    (void)place;
    (void)object;
    /* No protocol list at all is NULL in the client contract. */
    if (client->alpn != NULL && *client->alpn == '\0') {
        free(client->alpn);
        client->alpn = NULL;
    }
    return 0;
}

static const struct key client_keys[] = {
    {.name = "library",
     .type = VALUE_CUSTOM,
     .read = read_library,
     .schema = library_schema,
     .unless = "exec",
     .fallback = "\"h2\"",
     .expected = "name or path",
     .help = "name of a client (`eighth list clients`), or the path of a shared library, relative "
             "to the scenario's folder"},
    {.name = "exec",
     .type = VALUE_CUSTOM,
     .read = program_read_exec,
     .schema = program_exec_schema,
     .expected = "list of texts",
     .help = "an external program and its arguments, without a shell; a name is looked up in PATH, "
             "a path is relative to the scenario's folder; may hold placeholders"},
    {.name = "env",
     .type = VALUE_CUSTOM,
     .read = program_read_env,
     .schema = program_env_schema,
     .fallback = "{}",
     .needs = "exec",
     .expected = "object of names and values",
     .help = "variables of the program's environment; may hold placeholders"},
    {.name = "inherit_env",
     .type = VALUE_FLAG,
     KEY_FIELD(struct client_model, inherit_env),
     .fallback = "false",
     .needs = "exec",
     .help = "the program gets all of eighth's own environment; else only PATH, HOME, USER, "
             "LOGNAME, LANG, LC_ALL, TZ, TMPDIR, LD_LIBRARY_PATH and GLIBC_TUNABLES of it"},
    {.name = "cwd",
     .type = VALUE_CUSTOM,
     .read = program_read_cwd,
     .schema = program_cwd_schema,
     .fallback = "\".\"",
     .needs = "exec",
     .expected = "path",
     .help = "the program's working folder, relative to the scenario's folder"},
    {.name = "options",
     .type = VALUE_CUSTOM,
     .read = read_options,
     .schema = options_schema,
     .fallback = "{}",
     .expected = "object",
     .help =
         "given to the library as it is written; what may stand in it is the library's business"},
    {.name = "ignore_promises",
     .type = VALUE_FLAG,
     KEY_FIELD(struct client_model, ignore_promises),
     .fallback = "false",
     .help = "do also what the client does not promise to bear"},
    {.name = "pools",
     .type = VALUE_FLAG,
     KEY_FIELD(struct client_model, pools),
     .fallback = "false",
     .help = "the client keeps connections: a connect may be answered by one that it has already, "
             "or only the first request may connect"},
    {.name = "count_allocations",
     .type = VALUE_FLAG,
     KEY_FIELD(struct client_model, count_allocations),
     .fallback = "false",
     .help = "a library that has `set_allocator` gets one that counts: what it has allocated and "
             "not released after its cleanup is a leak, in every flavor"},
    {.name = "interposition",
     .type = VALUE_FLAG,
     KEY_FIELD(struct client_model, interposition),
     .fallback = "true",
     .help = "the library's calls that open, use and close descriptors go through eighth, which "
             "finds misuses of them, knows who opened what stays open, and which connection "
             "carried a fault; an external program's never do"},
    {.name = "verify",
     .type = VALUE_FLAG,
     KEY_FIELD(struct client_model, verify),
     .fallback = "true",
     .help = "the client verifies certificate chain and host name"},
    {.name = "tls",
     .type = VALUE_OBJECT,
     .shape = &shape_client_tls,
     .fallback = "{}",
     .help = "TLS versions that the client may use"},
    {.name = "session",
     .type = VALUE_CHOICE,
     KEY_FIELD(struct client_model, session),
     .choices = sessions,
     .fallback = "\"reuse\"",
     .help = "TLS resumption: `none` offers no session, `reuse` leaves it to the client's caches, "
             "`import` gives each client the session that its own last connection exported"},
    {.name = "alpn",
     .type = VALUE_TEXT,
     KEY_FIELD(struct client_model, alpn),
     .form = &form_protocols_or_none,
     .fallback = "\"h2\"",
     .help = "protocols offered in the handshake, in order of preference; \"\" offers none"},
};

const struct shape shape_client = {
    .name = "client",
    .help = "the code under test, and how it connects",
    .keys = client_keys,
    .count = sizeof client_keys / sizeof *client_keys,
    .alternatives = {"library", "exec"},
    .check = check_client,
};
