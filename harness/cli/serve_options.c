/* SPDX-License-Identifier: MIT
 *
 * What each option of `serve` means and which values it takes.
 */
#include "harness/cli/serve_options.h"

#include "harness/base/clock.h"
#include "harness/base/ledger.h"
#include "harness/scenario/suggest.h"
#include "harness/scenario/units.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *serve_options_help(void)
{
    return "usage: eighth serve [options]\n"
           "\n"
           "Run the target alone: a TLS server for HTTP/2 and HTTP/1.1 on 127.0.0.1 that can do\n"
           "wrong on purpose. It prints where it listens, and at its end what it saw.\n"
           "\n"
           "  --port P             listen at this port (default 0: any)\n"
           "  --no-tls             clear text: HTTP/2 with prior knowledge, or HTTP/1.1\n"
           "  --tls-min 1.2|1.3    lowest TLS version (default 1.2)\n"
           "  --tls-max 1.2|1.3    highest TLS version (default 1.3)\n"
           "  --certificate KIND   valid (default), expired, wrong-host, unknown-ca, long-chain\n"
           "  --key ecdsa|rsa      kind of the certificates' keys (default ecdsa)\n"
           "  --alpn LIST          protocols that it selects from (default h2,http/1.1)\n"
           "  --tickets N          session tickets after a full handshake; 0: no resumption\n"
           "                       (default 2; TLS 1.2 sends one at most)\n"
           "  --renew-tickets      a new ticket at every resumption, in TLS 1.2 too\n"
           "  --max-streams N      concurrent streams that a client may open (default 100)\n"
           "  --threads N          default: one for each processor\n"
           "  --ca FILE            write the certificate authority to FILE, and leave it there\n"
           "  --fault RULE         do wrong; may be given several times, the first rule that\n"
           "                       hits a connection wins:\n"
           "                       NAME[:every=N|at=N|probability=P][,after=N][,delay=D][,code=N]\n"
           "                       e.g. goaway:every=8,after=2  or  delayed-body:delay=1s\n"
           "                       `eighth list faults` shows the names\n"
           "  --seed N             for --fault with a probability (default 1)\n"
           "  --time D             end after this time, e.g. 30s (default: at Ctrl-C)\n"
           "  -h, --help           this text\n"
           "\n"
           "Exit code: 0; 2 for wrong options; 3 if it cannot run (a port in use, no memory).\n";
}

/* ---- values ---- */

static int read_number(const char *option, const char *text, uint64_t most, uint64_t *number,
                       struct failure *failure)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || *number > most) {
        return failure_set(failure, FAILURE_USAGE,
                           "%s: expected a whole number from 0 to %llu, got \"%s\"", option,
                           (unsigned long long)most, text);
    }
    return 0;
}

struct choice {
    const char *name;
    int value;
};

static int read_choice(const char *option, const char *text, const struct choice *choices,
                       int *value, struct failure *failure)
{
    struct suggestion suggestion;
    suggest_begin(&suggestion, text);
    for (const struct choice *choice = choices; choice->name != NULL; choice++) {
        if (strcmp(choice->name, text) == 0) {
            *value = choice->value;
            return 0;
        }
        suggest_offer(&suggestion, choice->name);
    }
    if (suggestion.best != NULL) {
        return failure_set(failure, FAILURE_USAGE, "%s: there is no \"%s\"; did you mean \"%s\"?",
                           option, text, suggestion.best);
    }
    return failure_set(failure, FAILURE_USAGE, "%s: there is no \"%s\"; see --help", option, text);
}

static int read_version(const char *option, const char *text, uint16_t *version,
                        struct failure *failure)
{
    static const struct choice versions[] = {{"1.2", 0x0303}, {"1.3", 0x0304}, {NULL, 0}};
    int value = 0;
    if (read_choice(option, text, versions, &value, failure) != 0) {
        return -1;
    }
    *version = (uint16_t)value;
    return 0;
}

/* ---- fault rules ---- */

static int set_parameter(struct fault_rule *rule, const struct fault_kind *kind, const char *key,
                         const char *value, struct failure *failure)
{
    uint64_t number = 0;
    if (strcmp(key, "every") == 0 || strcmp(key, "at") == 0) {
        if (read_number(key, value, UINT64_MAX, &number, failure) != 0) {
            return -1;
        }
        if (number == 0) {
            return failure_set(failure, FAILURE_USAGE, "%s: connections count from 1", key);
        }
        *(key[0] == 'e' ? &rule->every : &rule->at) = number;
        return 0;
    }
    if (strcmp(key, "probability") == 0) {
        return units_ratio(value, &rule->probability) == 0 && rule->probability <= 1
                   ? 0
                   : failure_set(failure, FAILURE_USAGE,
                                 "probability: expected 0 to 1 or a percentage, got \"%s\"", value);
    }
    if (strcmp(key, "delay") == 0 && (kind->parameters & FAULT_TAKES_DELAY) != 0) {
        return units_duration(value, &rule->delay_ns) == 0
                   ? 0
                   : failure_set(failure, FAILURE_USAGE,
                                 "delay: expected a duration such as 250ms, got \"%s\"", value);
    }
    if ((strcmp(key, "after") == 0 && (kind->parameters & FAULT_TAKES_AFTER) != 0) ||
        (strcmp(key, "code") == 0 && (kind->parameters & FAULT_TAKES_CODE) != 0)) {
        if (read_number(key, value, UINT32_MAX, &number, failure) != 0) {
            return -1;
        }
        *(key[0] == 'a' ? &rule->after : &rule->code) = (uint32_t)number;
        return 0;
    }
    return failure_set(failure, FAILURE_USAGE, "the fault %s has no parameter \"%s\"", kind->name,
                       key);
}

static const struct fault_kind *find_fault(const char *name, struct failure *failure)
{
    const struct fault_kind *kind = fault_kind_named(name);
    if (kind != NULL) {
        return kind;
    }
    struct suggestion suggestion;
    suggest_begin(&suggestion, name);
    for (unsigned id = FAULT_NONE + 1; id < FAULT_COUNT; id++) {
        suggest_offer(&suggestion, fault_kind_of(id)->name);
    }
    (void)failure_set(failure, FAILURE_USAGE, "there is no fault \"%s\"%s%s%s", name,
                      suggestion.best != NULL ? "; did you mean \"" : "",
                      suggestion.best != NULL ? suggestion.best : "; see `eighth list faults`",
                      suggestion.best != NULL ? "\"?" : "");
    return NULL;
}

static int set_parameters(struct fault_rule *rule, const struct fault_kind *kind, char *list,
                          struct failure *failure)
{
    while (list != NULL && *list != '\0') {
        char *parameter = strsep(&list, ",");
        char *value = strchr(parameter, '=');
        if (value == NULL) {
            return failure_set(failure, FAILURE_USAGE,
                               "the fault %s: expected NAME=VALUE, got \"%s\"", kind->name,
                               parameter);
        }
        *value++ = '\0';
        if (set_parameter(rule, kind, parameter, value, failure) != 0) {
            return -1;
        }
    }
    int choices = (rule->every != 0) + (rule->at != 0) + (rule->probability >= 0);
    if (choices > 1) {
        return failure_set(failure, FAILURE_USAGE,
                           "the fault %s: only one of every, at and probability", kind->name);
    }
    rule->every = choices == 0 ? 1 : rule->every;
    return 0;
}

int serve_options_read_fault(struct fault_rule *rule, const char *text, struct failure *failure)
{
    char copy[256];
    size_t length = strlen(text);
    if (length >= sizeof copy) {
        return failure_set(failure, FAILURE_USAGE, "the rule of a fault is too long");
    }
    memcpy(copy, text, length + 1);
    char *parameters = copy;
    const char *name = strsep(&parameters, ":,");
    const struct fault_kind *kind = find_fault(name, failure);
    if (kind == NULL) {
        return -1;
    }
    memset(rule, 0, sizeof *rule);
    rule->id = kind->id;
    rule->probability = -1;
    rule->delay_ns = kind->default_delay_ns;
    rule->code = kind->default_code;
    return set_parameters(rule, kind, parameters, failure);
}

/* ---- options ---- */

enum option_id {
    OPTION_PORT = 256,
    OPTION_NO_TLS,
    OPTION_TLS_MIN,
    OPTION_TLS_MAX,
    OPTION_CERTIFICATE,
    OPTION_KEY,
    OPTION_ALPN,
    OPTION_TICKETS,
    OPTION_RENEW_TICKETS,
    OPTION_MAX_STREAMS,
    OPTION_THREADS,
    OPTION_CA,
    OPTION_FAULT,
    OPTION_SEED,
    OPTION_TIME,
    OPTION_PLAN_FD,
    OPTION_LEDGER_FD,
    OPTION_CONTROL_FD
};

static const struct option known[] = {
    {"port", required_argument, NULL, OPTION_PORT},
    {"no-tls", no_argument, NULL, OPTION_NO_TLS},
    {"tls-min", required_argument, NULL, OPTION_TLS_MIN},
    {"tls-max", required_argument, NULL, OPTION_TLS_MAX},
    {"certificate", required_argument, NULL, OPTION_CERTIFICATE},
    {"key", required_argument, NULL, OPTION_KEY},
    {"alpn", required_argument, NULL, OPTION_ALPN},
    {"tickets", required_argument, NULL, OPTION_TICKETS},
    {"renew-tickets", no_argument, NULL, OPTION_RENEW_TICKETS},
    {"max-streams", required_argument, NULL, OPTION_MAX_STREAMS},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"ca", required_argument, NULL, OPTION_CA},
    {"fault", required_argument, NULL, OPTION_FAULT},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"time", required_argument, NULL, OPTION_TIME},
    {"plan-fd", required_argument, NULL, OPTION_PLAN_FD},
    {"ledger-fd", required_argument, NULL, OPTION_LEDGER_FD},
    {"control-fd", required_argument, NULL, OPTION_CONTROL_FD},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* The largest number that an option takes; 0: it takes none. */
static uint64_t most_of(int id)
{
    switch (id) {
    case OPTION_PORT:
        return UINT16_MAX;
    case OPTION_TICKETS:
        return 1000;
    case OPTION_MAX_STREAMS:
        return INT32_MAX;
    case OPTION_THREADS:
        return LEDGER_THREADS;
    case OPTION_SEED:
        return UINT64_MAX;
    case OPTION_PLAN_FD:
    case OPTION_LEDGER_FD:
    case OPTION_CONTROL_FD:
        return INT32_MAX;
    default:
        return 0;
    }
}

static void set_number(struct serve_options *options, int id, uint64_t number)
{
    switch (id) {
    case OPTION_PORT:
        options->model.port = (uint16_t)number;
        break;
    case OPTION_TICKETS:
        options->model.tickets = (uint32_t)number;
        break;
    case OPTION_MAX_STREAMS:
        options->model.max_streams = (uint32_t)number;
        break;
    case OPTION_THREADS:
        options->model.threads = (uint32_t)number;
        break;
    case OPTION_SEED:
        options->seed = number;
        break;
    case OPTION_PLAN_FD:
        options->plan_fd = (int)number;
        break;
    case OPTION_LEDGER_FD:
        options->ledger_fd = (int)number;
        break;
    default:
        options->control_fd = (int)number;
        break;
    }
}

static int set_certificate(struct serve_options *options, const char *text, struct failure *failure)
{
    static const struct choice kinds[] = {
        {"valid", CERTIFICATE_VALID},           {"expired", CERTIFICATE_EXPIRED},
        {"wrong-host", CERTIFICATE_WRONG_HOST}, {"unknown-ca", CERTIFICATE_UNKNOWN_CA},
        {"long-chain", CERTIFICATE_LONG_CHAIN}, {NULL, 0}};
    int kind = 0;
    int result = read_choice("--certificate", text, kinds, &kind, failure);
    options->model.certificate = (enum certificate_kind)kind;
    return result;
}

static int set_key(struct serve_options *options, const char *text, struct failure *failure)
{
    static const struct choice keys[] = {{"ecdsa", KEY_ECDSA}, {"rsa", KEY_RSA}, {NULL, 0}};
    int key = 0;
    int result = read_choice("--key", text, keys, &key, failure);
    options->model.key = (enum certificate_key)key;
    return result;
}

static int add_fault(struct serve_options *options, const char *text, struct failure *failure)
{
    if (options->model.fault_count == SERVE_FAULTS) {
        return failure_set(failure, FAILURE_USAGE, "--fault: at most %d of them", SERVE_FAULTS);
    }
    return serve_options_read_fault(&options->faults[options->model.fault_count++], text, failure);
}

static int set_option(struct serve_options *options, int id, struct failure *failure)
{
    switch (id) {
    case 'h':
        options->help = true;
        return 0;
    case OPTION_NO_TLS:
        options->model.tls = false;
        return 0;
    case OPTION_RENEW_TICKETS:
        options->model.renew_tickets = true;
        return 0;
    case OPTION_TLS_MIN:
        return read_version("--tls-min", optarg, &options->model.tls_min, failure);
    case OPTION_TLS_MAX:
        return read_version("--tls-max", optarg, &options->model.tls_max, failure);
    case OPTION_CERTIFICATE:
        return set_certificate(options, optarg, failure);
    case OPTION_KEY:
        return set_key(options, optarg, failure);
    case OPTION_ALPN:
        options->model.alpn = optarg;
        return 0;
    case OPTION_CA:
        options->ca_file = optarg;
        return 0;
    case OPTION_FAULT:
        return add_fault(options, optarg, failure);
    default:
        return units_duration(optarg, &options->time_ns) == 0
                   ? 0
                   : failure_set(failure, FAILURE_USAGE,
                                 "--time: expected a duration such as 30s, got \"%s\"", optarg);
    }
}

static void set_defaults(struct serve_options *options)
{
    static char both[] = "h2,http/1.1";
    memset(options, 0, sizeof *options);
    options->model.tls = true;
    options->model.tls_min = 0x0303;
    options->model.tls_max = 0x0304;
    options->model.tickets = 2;
    options->model.max_streams = 100;
    options->model.alpn = both;
    options->model.faults = options->faults;
    options->seed = 1;
    options->plan_fd = -1;
    options->ledger_fd = -1;
    options->control_fd = -1;
}

static int check(const struct serve_options *options, struct failure *failure)
{
    int inherited =
        (options->plan_fd >= 0) + (options->ledger_fd >= 0) + (options->control_fd >= 0);
    if (inherited != 0 && inherited != 3) {
        return failure_set(failure, FAILURE_USAGE,
                           "--plan-fd, --ledger-fd and --control-fd go together");
    }
    if (options->model.tls_min > options->model.tls_max) {
        return failure_set(failure, FAILURE_USAGE, "--tls-min is above --tls-max");
    }
    for (size_t i = 0; i < options->model.fault_count; i++) {
        const struct fault_kind *kind = fault_kind_of(options->faults[i].id);
        if (kind->tls_only && !options->model.tls) {
            return failure_set(failure, FAILURE_USAGE, "the fault %s needs TLS", kind->name);
        }
    }
    return 0;
}

int serve_options_read(struct serve_options *options, int argc, char **argv,
                       struct failure *failure)
{
    set_defaults(options);
    optind = 0;
    opterr = 0;
    int id;
    while ((id = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
        uint64_t number = 0;
        uint64_t most = most_of(id);
        const char *word = argv[optind - 1];
        if (id == '?' || id == ':') {
            return failure_set(failure, FAILURE_USAGE, "%s \"%s\"; see `eighth serve --help`",
                               id == ':' ? "a value is missing after" : "there is no option", word);
        }
        if (most == 0) {
            if (set_option(options, id, failure) != 0) {
                return -1;
            }
            continue;
        }
        char name[32];
        (void)snprintf(name, sizeof name, "--%s", known[id - OPTION_PORT].name);
        if (read_number(name, optarg, most, &number, failure) != 0) {
            return -1;
        }
        set_number(options, id, number);
    }
    if (optind < argc) {
        return failure_set(failure, FAILURE_USAGE, "\"%s\" is too much; see `eighth serve --help`",
                           argv[optind]);
    }
    return options->help ? 0 : check(options, failure);
}
