/* SPDX-License-Identifier: MIT
 *
 * Shapes: tables that describe the objects of a scenario key by key. Reading into the model,
 * validation, suggestions, defaults, the JSON Schema and the tables of the documentation are all
 * made from them.
 */
#ifndef SCENARIO_SHAPE_H
#define SCENARIO_SHAPE_H

#include "harness/scenario/forms.h"
#include "harness/scenario/reading.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum value_type {
    VALUE_FLAG = 0, /**< true, false */
    VALUE_WHOLE,    /**< a whole number from minimum to maximum */
    VALUE_FRACTION, /**< a double from minimum to maximum */
    VALUE_TEXT,     /**< a string of a form */
    VALUE_CHOICE,   /**< one of choices */
    VALUE_DURATION, /**< "250ms" to ns */
    VALUE_SIZE,     /**< "64KiB" to bytes */
    VALUE_RATE,     /**< "200/s" to a double per second */
    VALUE_OBJECT,   /**< an object of a shape */
    VALUE_CUSTOM    /**< by functions of its own */
};

struct choice {
    const char *name; /**< NULL ends the list */
    int value;
};

struct shape;

struct key {
    const char *name;
    enum value_type type;
    size_t offset; /**< of the field in the shape's model */
    size_t width;  /**< bytes of the field */
    bool required;
    double minimum; /**< WHOLE, FRACTION, DURATION (ns), SIZE (bytes), RATE */
    double maximum;
    const struct choice *choices;
    const struct shape *shape;
    const struct form *form; /**< TEXT */
    const char *expected;    /**< CUSTOM: what the author should write, for the docs */
    /** CUSTOM: reads value into the model. */
    int (*read)(struct reading *reading, const struct place *place, cJSON *value, void *model);
    cJSON *(*schema)(void); /**< CUSTOM */
    const char *fallback;   /**< the default as JSON text; NULL: none */
    /** The default where it depends on what was read before: JSON text, or NULL for fallback.
     *  NULL: it does not. */
    const char *(*choose)(const void *model);
    const char *needs;  /**< another key that must be there, else this one must not */
    const char *unless; /**< the fallback does not apply when this key is there */
    const char *help;   /**< one line */
};

/** Fills offset and width of a key. */
#define KEY_FIELD(type, field) \
    .offset = offsetof(type, field), .width = sizeof(((type *)NULL)->field)

#define SHAPE_ALTERNATIVES 5

struct shape {
    const char *name; /**< "load": names it in the schema and the docs */
    const char *help; /**< one line */
    const struct key *keys;
    size_t count;
    /** Keys that exclude each other, ended by NULL. */
    const char *alternatives[SHAPE_ALTERNATIVES];
    bool one_required; /**< one of the alternatives must be there */
    /** Sets what is not zero in an empty model. May be NULL. */
    void (*init)(void *model);
    /** Looks at what no single key can say, after all were read. May be NULL. */
    int (*check)(struct reading *reading, const struct place *place, const cJSON *object,
                 void *model);
    /** Adds to the shape's schema what the table cannot say. 0, or -1 without memory. */
    int (*refine)(cJSON *schema);
};

/** Reads an object into a zeroed model. Keys that are absent and have a default are added to the
 *  object. 0, or -1 with reading->failure. */
int shape_read(struct reading *reading, const struct place *place, cJSON *object,
               const struct shape *shape, void *model);

/** The key with that name, or NULL. */
const struct key *shape_key(const struct shape *shape, const char *name);

/** Adds the shape, and all that it refers to, to a schema's $defs. 0, or -1 without memory. */
int shape_define(cJSON *definitions, const struct shape *shape);

/** {"$ref": "#/$defs/NAME"}; NULL without memory. */
cJSON *shape_reference(const char *name);

/** Adds a value to an object and takes it in every case. 0, or -1 without memory, also if value is
 *  NULL. */
int shape_put(cJSON *object, const char *key, cJSON *value);

/** Parses JSON text that eighth itself wrote; NULL without memory. */
cJSON *shape_literal(const char *json);

/** {"type": "string", "pattern": ...}; NULL without memory. */
cJSON *shape_text_schema(const struct form *form);

/** Copies a text into *field, freeing what was there. */
int shape_copy(struct reading *reading, char **field, const char *text);

/** "1ms", "4GiB": a limit of a DURATION or SIZE as an author would write it. */
const char *shape_limit(char text[32], enum value_type type, double value);

/* ---- the tables ---- */

extern const struct shape shape_scenario; /**< the root */
extern const struct shape shape_client;
extern const struct shape shape_target;
extern const struct shape shape_load;
extern const struct shape shape_limits;
extern const struct shape shape_expect;
extern const struct shape shape_rate;
extern const struct shape shape_stage;
extern const struct shape shape_fault;
extern const struct shape shape_connect_expect; /**< of steps: what they must come to */
extern const struct shape shape_ping_expect;
extern const struct shape shape_request_expect;
extern const struct shape shape_run_expect;

/** One kind of step: {"name": {...}}. */
struct step_entry {
    const char *name;
    enum step_kind kind;
    const struct shape *shape;
    const struct shape *racing; /**< as an operation of a race; NULL: not allowed there */
};

extern const struct step_entry step_entries[];
extern const size_t step_entry_count;

/** CUSTOM readers of step lists (model: struct scenario or struct step), and their schemas. */
int steps_read(struct reading *reading, const struct place *place, cJSON *value, bool racing,
               struct step **steps, size_t *count);
cJSON *steps_schema(void);
int steps_define(cJSON *definitions);
int steps_define_body(cJSON *definitions);

/** Whether the steps make sense one after the other. */
int steps_check(struct reading *reading, const struct place *place);

/** Readers of what judges: thresholds and expected findings. */
int thresholds_read(struct reading *reading, const struct place *place, cJSON *value, void *model);
cJSON *thresholds_schema(void);

/** The kinds of findings, ended by NULL, and the flavors. */
extern const char *const scenario_finding_kinds[];
extern const char *const scenario_flavors[];

#endif
