/* SPDX-License-Identifier: MIT
 *
 * Whether a response is the one that was asked for: status, body, nonce. Pure functions.
 */
#ifndef WORKER_CHECKS_H
#define WORKER_CHECKS_H

#include "client/eighth_client.h"
#include "harness/scenario/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The header that ties a response to its request, and room for its value. */
#define NONCE_HEADER "eighth-nonce"
#define NONCE_LENGTH 16

/** Writes the nonce as 16 hex digits. text has NONCE_LENGTH + 1 bytes. */
void checks_nonce_text(uint64_t nonce, char *text);

/** What is checked beyond the step's own expectations. */
enum body_source {
    BODY_ANY = 0,
    BODY_PATTERN, /**< GET /bytes/N of the embedded target: N bytes of the pattern */
    BODY_ECHO     /**< /echo of the embedded target: what was sent */
};

struct body_check {
    enum body_source source;
    uint64_t length; /**< BODY_PATTERN: N */
    size_t capacity; /**< bytes of the response body to keep */
};

/** Most bytes that are kept only for the checks that no step asks for; of a longer body the
 *  beginning and the length are checked. */
#define CHECKS_KEPT ((size_t)1 << 20)

/** Works out what a request step checks. */
void checks_plan(struct body_check *check, const struct step *step, bool embedded);

/** Whether the status is as expected; if not, text says what was expected. */
bool checks_status(const struct step *step, int status, char *text, size_t size);

/** Whether the body is as expected; if not, text says where not. sent is the request's body. */
bool checks_body(const struct body_check *check, const struct step *step,
                 const struct eighth_response *response, const void *sent, size_t sent_length,
                 char *text, size_t size);

#endif
