/* SPDX-License-Identifier: MIT
 *
 * A scenario as the rest of the harness sees it: parsed, validated, all defaults filled in, all
 * durations in nanoseconds and all sizes in bytes. The JSON form is described by
 * scenarios/scenario.schema.json; parse.h makes this from it.
 */
#ifndef SCENARIO_MODEL_H
#define SCENARIO_MODEL_H

#include "harness/scenario/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Ceilings: a scenario beyond them is refused, so that nothing here is unbounded. */
#define SCENARIO_MAX_FILE ((size_t)1 << 20) /* bytes of JSON */
#define SCENARIO_MAX_THREADS 512U
#define SCENARIO_MAX_CLIENTS 100000U
#define SCENARIO_MAX_STEPS 256U /* flattened, races and repeats included */
#define SCENARIO_MAX_RACE 16U
#define SCENARIO_MAX_NESTING 4U /* of repeats and races */
#define SCENARIO_MAX_BODY ((uint64_t)64 << 20)

/* ---- client ---- */

struct client_model {
    char *library; /**< "h2", "lab", an adapter's name, or a path to a .so; NULL with exec */
    char *options; /**< JSON text for init, "{}" if none */
    char **exec;   /**< argument vector ended by NULL; NULL without exec */
    /* With exec */
    char **env;       /**< "NAME=VALUE" each, ended by NULL: beside the few it gets anyway */
    bool inherit_env; /**< it gets all of eighth's own environment */
    char *cwd;        /**< absolute */
    /* With a library */
    bool ignore_promises;
    bool pools; /**< a connect may be answered from a connection that is there already */
    bool count_allocations; /**< through set_allocator */
    bool interposition;     /**< the worker may stand before the client's calls of libc */
    bool verify;            /**< endpoint.verify */
    uint16_t tls_min;       /**< 0: the client's default */
    uint16_t tls_max;
    int session; /**< enum eighth_session_policy: "none", "reuse", "import" */
    char *alpn;  /**< "h2" */
};

/* ---- target ---- */

enum target_kind { TARGET_EMBEDDED = 0, TARGET_ADDRESS };

enum certificate_key { KEY_ECDSA = 0, KEY_RSA };
enum certificate_kind {
    CERTIFICATE_VALID = 0,
    CERTIFICATE_EXPIRED,
    CERTIFICATE_WRONG_HOST,
    CERTIFICATE_UNKNOWN_CA,
    CERTIFICATE_LONG_CHAIN
};

struct embedded_model {
    bool tls;
    uint16_t tls_min; /**< 0x0303 by default */
    uint16_t tls_max; /**< 0x0304 by default */
    enum certificate_kind certificate;
    enum certificate_key key;
    uint32_t tickets;     /**< sent after a full handshake; 0: no resumption */
    bool renew_tickets;   /**< a new ticket at every resumption, TLS 1.2 too */
    char *alpn;           /**< what it selects from, in its order: "h2,http/1.1" */
    uint32_t threads;     /**< 0: one for each processor */
    uint16_t port;        /**< 0: any */
    uint32_t max_streams; /**< SETTINGS_MAX_CONCURRENT_STREAMS */
    struct fault_rule *faults;
    size_t fault_count;
};

struct target_model {
    enum target_kind kind;
    struct embedded_model embedded;
    /* TARGET_ADDRESS */
    char *host;
    uint16_t port;
    bool tls;
    char *ca_file; /**< NULL: the system's */
    char *sni;     /**< NULL: host */
    bool nonce;    /**< the server echoes the header eighth-nonce */
};

/* ---- load ---- */

enum load_start { START_TOGETHER = 0, START_STAGGERED, START_RATE };
enum load_affinity { AFFINITY_PINNED = 0, AFFINITY_MIGRATE };

/** k6's stages: over `duration` the number of active clients (or the rate) moves in a straight
 *  line from where it was to `target`. */
struct load_stage {
    uint64_t duration_ns;
    double target;
};

struct load_model {
    uint32_t threads;
    uint32_t clients;     /**< population: instances alive at once */
    uint64_t cycles;      /**< for each client; 0 with duration or stages */
    uint64_t duration_ns; /**< instead of cycles; 0: not given */
    enum load_start start;
    uint64_t stagger_ns; /**< START_STAGGERED: first cycles begin spread over this time */
    double rate;         /**< START_RATE: cycles per second, open model */
    enum load_affinity affinity;
    bool fresh_threads;    /**< each cycle on a new thread that is joined after it */
    uint32_t sample_every; /**< cycles of each client in one round; a drain and a sample follow */
    struct load_stage *stages;
    size_t stage_count;
};

/* ---- steps ---- */

enum step_kind {
    STEP_CONNECT = 0,
    STEP_REQUEST,
    STEP_PING,
    STEP_HOLD,
    STEP_CLOSE,
    STEP_REPEAT,
    STEP_RACE,
    STEP_RUN /**< of an external program */
};

/** What a step expects. Without an expected error, any failure is observed. */
struct expect_model {
    int status;           /**< 0: 200 to 299 */
    int64_t body_bytes;   /**< -1: not checked */
    char *body;           /**< exact text; NULL: not checked */
    bool error;           /**< an error is expected */
    int error_phase;      /**< enum eighth_phase; 0: any */
    int error_class;      /**< enum eighth_class; 0: any */
    int resumed;          /**< connect: 1 must be resumed, 0 must not, -1 not checked */
    int exit_status;      /**< run */
    uint32_t connections; /**< run: the least that the target must have seen; 0: not checked */
};

struct header_model {
    char *name;
    char *value;
};

enum close_model { CLOSE_GRACEFUL = 0, CLOSE_ABRUPT, CLOSE_NONE /* dropped: free without close */ };

struct step {
    enum step_kind kind;
    uint16_t index;      /**< its number in the flattened list: the step of flight records */
    uint64_t timeout_ns; /**< connect, request, ping, close, run */
    uint64_t jitter_ns;  /**< in a race: the operation begins after PRF_JITTER in [0, jitter) */
    struct expect_model expect;
    /* request; of a run the path alone */
    char *method;
    char *path;
    struct header_model *headers;
    size_t header_count;
    char *body;             /**< literal text, or NULL */
    uint64_t body_bytes;    /**< generated from PRF_BODY, if body is NULL */
    uint64_t capture_bytes; /**< how much of the response body is kept for checking */
    /* hold */
    uint64_t hold_ns;
    uint64_t hold_jitter_ns; /**< added, by PRF_JITTER */
    /* close */
    enum close_model close;
    /* repeat, race */
    uint32_t times;     /**< repeat */
    struct step *steps; /**< children; of a race: operations on the same instance, all at once */
    size_t step_count;
};

/* ---- judging ---- */

enum comparison { LESS = 0, LESS_EQUAL, EQUAL, NOT_EQUAL, GREATER_EQUAL, GREATER };

struct threshold {
    char *metric; /**< "tls.p99", "errors.rate": see threshold_metrics in metrics.h */
    char *text;   /**< as written: "< 200ms" */
    enum comparison comparison;
    double value; /**< durations in ns, sizes in bytes, ratios as fractions */
};

/** Findings that the scenario is meant to make. It passes when one of the kinds appears in a trial
 *  of that flavor, and nothing else does. */
struct expectation {
    char *flavor; /**< NULL: every flavor */
    char **kinds; /**< finding kinds, ended by NULL */
};

struct limits_model {
    uint64_t memory_bytes; /**< resident, of the worker; 0: none */
    uint64_t output_bytes; /**< kept of each of stdout and stderr */
};

struct scenario {
    char *name; /**< letters, digits, '-': it names folders */
    char *description;
    char *file;        /**< as given on the command line */
    char *combination; /**< of the matrix: "client.options.cache=none, ..."; "" without */
    struct client_model client;
    struct target_model target;
    struct load_model load;
    struct limits_model limits;
    struct step *steps;
    size_t step_count;
    uint32_t trials;
    uint64_t deadline_ns; /**< of one trial */
    struct threshold *thresholds;
    size_t threshold_count;
    struct expectation *expectations;
    size_t expectation_count;
    char *json; /**< this combination, canonical: parses to the same scenario */
};

/** Whether the target is this machine itself, by its address as written: the embedded target,
 *  127.0.0.0/8, ::1, or "localhost". Other names are not looked up: they are not. */
bool scenario_target_is_loopback(const struct scenario *scenario);

/** The fault that every connection to the target has by the target's own certificate; NULL: that is
 *  good, or not shown. */
const struct fault_kind *scenario_target_fault(const struct scenario *scenario);

/** Frees the scenario and all it holds; NULL is allowed. */
void scenario_free(struct scenario *scenario);

#endif
