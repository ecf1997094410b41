/* SPDX-License-Identifier: MIT
 *
 * The table of faults is whole, and rules hit the connections that they say.
 */
#include "harness/scenario/fault.h"

#include "client/eighth_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_record_is_whole(void **state)
{
    (void)state;
    for (unsigned id = FAULT_NONE + 1; id < FAULT_COUNT; id++) {
        const struct fault_kind *kind = fault_kind_of(id);
        assert_non_null(kind);
        assert_int_equal(kind->id, id);
        assert_ptr_equal(fault_kind_named(kind->name), kind);
        assert_true(strlen(kind->help) > 10);
        assert_null(strpbrk(kind->help, "\n"));
        assert_int_not_equal(kind->outcomes[0].phase, 0);
        assert_true((kind->parameters & FAULT_TAKES_DELAY) != 0 || kind->default_delay_ns == 0);
        assert_true((kind->parameters & FAULT_TAKES_CODE) != 0 || kind->default_code == 0);
        for (size_t i = 0; i < FAULT_OUTCOMES; i++) {
            assert_true(kind->outcomes[i].phase <= EIGHTH_PHASE_CLOSE);
            assert_true(kind->outcomes[i].error_class <= EIGHTH_UNSUPPORTED);
            assert_int_equal(kind->outcomes[i].phase == 0, kind->outcomes[i].error_class == 0);
        }
    }
    assert_null(fault_kind_of(FAULT_NONE));
    assert_null(fault_kind_of(FAULT_COUNT));
    assert_null(fault_kind_named("no-such-fault"));
    assert_null(fault_kind_named(""));
}

/* No fault may explain a broken client. */
static void none_explains_a_broken_client(void **state)
{
    (void)state;
    for (unsigned id = FAULT_NONE + 1; id < FAULT_COUNT; id++) {
        const struct fault_kind *kind = fault_kind_of(id);
        for (int phase = 0; phase <= EIGHTH_PHASE_CLOSE; phase++) {
            assert_false(fault_explains(kind, phase, EIGHTH_INTERNAL));
            assert_false(fault_explains(kind, phase, EIGHTH_CANCELLED));
            assert_false(fault_explains(kind, phase, EIGHTH_UNSUPPORTED));
            assert_false(fault_explains(kind, phase, EIGHTH_OK));
        }
    }
}

static void explains_what_the_table_says(void **state)
{
    (void)state;
    const struct fault_kind *refuse = fault_kind_of(FAULT_REFUSE);
    assert_true(fault_explains(refuse, EIGHTH_PHASE_TCP, EIGHTH_REFUSED));
    assert_false(fault_explains(refuse, EIGHTH_PHASE_TCP, EIGHTH_RESET));
    assert_false(fault_explains(refuse, EIGHTH_PHASE_TLS, EIGHTH_REFUSED));
    const struct fault_kind *expired = fault_kind_of(FAULT_CERTIFICATE_EXPIRED);
    assert_true(fault_explains(expired, EIGHTH_PHASE_TLS, EIGHTH_CERTIFICATE));
    assert_false(fault_explains(expired, EIGHTH_PHASE_TLS, EIGHTH_PROTOCOL));
    const struct fault_kind *go_away = fault_kind_of(FAULT_GOAWAY);
    assert_true(fault_explains(go_away, EIGHTH_PHASE_REQUEST, EIGHTH_REFUSED));
    assert_true(fault_explains(go_away, EIGHTH_PHASE_CLOSE, EIGHTH_RESET));
}

static struct fault_rule rule_of(enum fault_id id)
{
    struct fault_rule rule = {.id = id, .probability = -1};
    return rule;
}

static void every_hits_multiples(void **state)
{
    (void)state;
    struct fault_rule rule = rule_of(FAULT_GOAWAY);
    rule.every = 8;
    for (uint64_t ordinal = 1; ordinal < 100; ordinal++) {
        const struct fault_rule *hit = fault_choose(&rule, 1, 7, ordinal, false);
        assert_int_equal(hit != NULL, ordinal % 8 == 0);
    }
}

static void at_hits_once(void **state)
{
    (void)state;
    struct fault_rule rule = rule_of(FAULT_GOAWAY);
    rule.at = 8;
    for (uint64_t ordinal = 1; ordinal < 100; ordinal++) {
        assert_int_equal(fault_choose(&rule, 1, 7, ordinal, false) != NULL, ordinal == 8);
    }
}

static unsigned count_hits(const struct fault_rule *rules, size_t count, uint64_t seed, bool refuse,
                           enum fault_id id)
{
    unsigned hits = 0;
    for (uint64_t ordinal = 1; ordinal <= 100000; ordinal++) {
        const struct fault_rule *hit = fault_choose(rules, count, seed, ordinal, refuse);
        hits += hit != NULL && hit->id == id;
    }
    return hits;
}

static void probability_is_a_rate(void **state)
{
    (void)state;
    static const double rates[] = {0, 0.001, 0.1, 0.5, 1};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct fault_rule rule = rule_of(FAULT_RST_STREAM);
        rule.probability = rates[i];
        double hits = count_hits(&rule, 1, 42, false, FAULT_RST_STREAM);
        /* 6 standard deviations of a fair draw of 100,000. */
        double spread = 6 * 316.3 * (rates[i] * (1 - rates[i]) * 2);
        assert_true(hits >= 100000 * rates[i] - spread && hits <= 100000 * rates[i] + spread);
    }
}

static void choices_depend_on_the_seed_alone(void **state)
{
    (void)state;
    struct fault_rule rule = rule_of(FAULT_RST_STREAM);
    rule.probability = 0.5;
    unsigned differences = 0;
    for (uint64_t ordinal = 1; ordinal <= 1000; ordinal++) {
        const struct fault_rule *hit = fault_choose(&rule, 1, 1, ordinal, false);
        assert_ptr_equal(hit, fault_choose(&rule, 1, 1, ordinal, false));
        differences += hit != fault_choose(&rule, 1, 2, ordinal, false);
    }
    assert_in_range(differences, 400, 600);
}

static void rules_with_probabilities_are_independent(void **state)
{
    (void)state;
    struct fault_rule rules[] = {rule_of(FAULT_GOAWAY), rule_of(FAULT_RST_STREAM)};
    rules[0].probability = 0.5;
    rules[1].probability = 0.5;
    assert_in_range(count_hits(rules, 2, 3, false, FAULT_GOAWAY), 49000, 51000);
    /* Half of what the first rule leaves. */
    assert_in_range(count_hits(rules, 2, 3, false, FAULT_RST_STREAM), 24200, 25800);
}

static void the_first_rule_wins(void **state)
{
    (void)state;
    struct fault_rule rules[] = {rule_of(FAULT_GOAWAY), rule_of(FAULT_RST_STREAM)};
    rules[0].every = 2;
    rules[1].every = 1;
    assert_ptr_equal(fault_choose(rules, 2, 1, 2, false), &rules[0]);
    assert_ptr_equal(fault_choose(rules, 2, 1, 3, false), &rules[1]);
    assert_null(fault_choose(NULL, 0, 1, 3, false));
}

static void refuse_is_chosen_apart(void **state)
{
    (void)state;
    struct fault_rule rules[] = {rule_of(FAULT_REFUSE), rule_of(FAULT_GOAWAY)};
    rules[0].every = 1;
    rules[1].every = 3;
    assert_ptr_equal(fault_choose(rules, 2, 1, 3, true), &rules[0]);
    assert_ptr_equal(fault_choose(rules, 2, 1, 3, false), &rules[1]);
    assert_null(fault_choose(rules, 2, 1, 4, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_is_whole),
        cmocka_unit_test(none_explains_a_broken_client),
        cmocka_unit_test(explains_what_the_table_says),
        cmocka_unit_test(every_hits_multiples),
        cmocka_unit_test(at_hits_once),
        cmocka_unit_test(probability_is_a_rate),
        cmocka_unit_test(choices_depend_on_the_seed_alone),
        cmocka_unit_test(rules_with_probabilities_are_independent),
        cmocka_unit_test(the_first_rule_wins),
        cmocka_unit_test(refuse_is_chosen_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
