/* SPDX-License-Identifier: MIT
 *
 * Who runs next, and when it is enough: pairs of trials with equal seeds, in balanced order, on one
 * target for both sides.
 */
#include "harness/cli/contest.h"

#include "harness/base/clock.h"
#include "harness/base/prf.h"
#include "harness/cli/instructions.h"
#include "harness/cli/scene.h"
#include "harness/judge/stat_sequential.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WARM_UP 1U
#define FIRST_LOOK 10U /* pairs */
#define LAST_LOOK 20U
/* Pairs whose system calls are counted: enough to prove one metric among those of many scenarios.
 */
#define COUNTED 16U
#define IN_CALLGRIND 12U      /* the same, of trials that are fifty times slower */
#define LOOK_CONFIDENCE 0.975 /* of each of two looks: 95 % over both */
#define TRIALS 100U
#define TRIALS_ALONE 25U
#define REPLAYS_UNSEEN 30U /* of a finding that does not come back */
#define REPLAYS_SEEN 100U
/* At these it is asked whether they reproduce it: to ask at each would be to ask until it is so. */
#define REPLAYS_FIRST 10U
/* As hyperfine does after Mytkowicz et al. (ASPLOS 2009): the size of the environment moves the
 * stack, and with it the speed. */
#define MOST_PADDING 4096U
/* Sequential test: three times as often is worse. */
#define SPRT_RATIO 3.0
#define SPRT_ALPHA 0.05
#define SPRT_BETA 0.10

struct bout {
    struct contest *contest;
    size_t number;
    struct scene scenes[SIDES];
    bool ready[SIDES]; /* scenes that are to be released */
    struct slot slot;
    uint64_t deadline; /* ns; 0: none */
    uint32_t next;     /* index of the next pair */
    uint32_t fresh;    /* trials of the baseline beyond those that were planned */
    uint32_t planned;
    char padding[MOST_PADDING + 32];
    const char **environment;
};

static void heard(struct slot *slot)
{
    runner_show_progress(slot->scene->runner, slot->scene, slot, 1);
}

static bool is_over(const struct bout *bout)
{
    const struct contest *contest = bout->contest;
    for (size_t s = 0; s < SIDES; s++) {
        if (contest->sides[s].runs &&
            (bout->scenes[s].stopped || bout->scenes[s].result->interrupted)) {
            return true;
        }
    }
    /* A first pair always runs. */
    return contest->signals.stop != 0 ||
           (bout->deadline != 0 && bout->next > 0 && clock_now() >= bout->deadline);
}

/* The worker's environment with a padding of random length as its last variable. */
static void pad(struct bout *bout, const struct scene *scene, uint32_t index, size_t side)
{
    uint64_t seed = scene->runner->options->seed;
    const char *const *own =
        (const char *const *)(scene->environment != NULL ? scene->environment : environ);
    size_t count = 0;
    while (own[count] != NULL) {
        count++;
    }
    const char **more = realloc(bout->environment, (count + 2) * sizeof *more);
    if (more == NULL) {
        bout->slot.environment = NULL; /* an optional nicety */
        return;
    }
    uint64_t length = prf_below(prf(seed, PRF_PADDING, index, side, bout->number), MOST_PADDING);
    int head = snprintf(bout->padding, sizeof bout->padding, "EIGHTH_PADDING=");
    memset(bout->padding + head, 'x', length);
    bout->padding[(size_t)head + length] = '\0';
    memcpy(more, own, count * sizeof *more);
    more[count] = bout->padding;
    more[count + 1] = NULL;
    bout->environment = more;
    bout->slot.environment = more;
}

static void run_one(struct bout *bout, struct scene *scene, size_t side, uint32_t index)
{
    bout->slot.scene = scene;
    pad(bout, scene, index, side);
    slot_run(&bout->slot, index);
    scene_take(scene, &bout->slot);
}

/* Which side begins: of two pairs in a row each once, in an order that the seed draws. */
static size_t first_side(const struct bout *bout, uint32_t pair)
{
    uint64_t seed = bout->contest->sides[SIDE_CANDIDATE].options.run.seed;
    /* The warm-up is a block of its own: those that are timed are balanced. */
    uint64_t block = prf(seed, PRF_TURN, bout->number, (pair + WARM_UP) / 2, 0);
    return (block + pair) & 1;
}

/* One trial on each side with the same seed. scenes: where they count. */
static void run_pair(struct bout *bout, struct scene *scenes[SIDES], uint32_t index, uint32_t turn)
{
    size_t first = first_side(bout, turn);
    for (size_t i = 0; i < SIDES; i++) {
        size_t side = (first + i) % SIDES;
        if (bout->contest->sides[side].runs && bout->contest->signals.stop == 0) {
            run_one(bout, scenes[side], side, index);
        }
    }
}

static void run_pairs(struct bout *bout, uint32_t until)
{
    struct scene *scenes[SIDES] = {&bout->scenes[SIDE_BASELINE], &bout->scenes[SIDE_CANDIDATE]};
    while (bout->next < until && !is_over(bout)) {
        run_pair(bout, scenes, bout->next, bout->next);
        bout->next++;
    }
}

/* ---- when it is enough ---- */

static struct compare_gate gate_of(const struct bout *bout)
{
    return compare_gate_of_any(&bout->contest->rounds[bout->number].settings);
}

/* Trials that count for the row "any". */
static uint64_t failed(const struct bout *bout, size_t side)
{
    const struct scenario_result *result = bout->scenes[side].result;
    struct compare_gate gate = gate_of(bout);
    return gate.leaks ? (gate.crashes ? result->trials_with_findings : result->trials_with_leaks)
                      : result->trials_with_findings - result->trials_with_leaks_only;
}

static bool may_count(const struct finding *finding, const struct compare_gate *gate)
{
    return finding->kind != FINDING_INFRA && finding->kind != FINDING_THRESHOLD &&
           (finding_kind_is_leak(finding->kind) ? gate->leaks : gate->crashes);
}

/* The e-value that stands when all rows are adjusted together, one in each of the scenarios, and
 * is one of two tests. */
static double enough_of(const struct bout *bout)
{
    size_t rows = 1 + bout->scenes[SIDE_BASELINE].result->findings.count +
                  bout->scenes[SIDE_CANDIDATE].result->findings.count;
    return 2 * (double)(rows * bout->contest->count) / COMPARE_ALPHA;
}

/* Whether some finding of the candidate is proved by who shows it. */
static bool is_proved(const struct bout *bout)
{
    const struct finding_list *a = &bout->scenes[SIDE_BASELINE].result->findings;
    const struct finding_list *b = &bout->scenes[SIDE_CANDIDATE].result->findings;
    struct compare_gate gate = gate_of(bout);
    double enough = enough_of(bout);
    if (stat_e_value(failed(bout, SIDE_BASELINE), failed(bout, SIDE_CANDIDATE)) >= enough) {
        return true;
    }
    for (size_t i = 0; i < b->count; i++) {
        const struct finding *other = finding_list_find(a, b->items[i]->signature.key);
        if (may_count(b->items[i], &gate) &&
            stat_e_value(other != NULL ? other->trials : 0, b->items[i]->trials) >= enough) {
            return true;
        }
    }
    return false;
}

static void run_until_proved(struct bout *bout)
{
    while (bout->next < bout->planned && !is_over(bout) && !is_proved(bout)) {
        run_pairs(bout, bout->next + 1);
    }
}

static void run_sequential(struct bout *bout)
{
    struct round *round = &bout->contest->rounds[bout->number];
    struct stat_sprt plan = stat_sprt_plan(SPRT_RATIO, SPRT_ALPHA, SPRT_BETA);
    struct compare_sequential *test = &round->sequential;
    test->used = true;
    test->ratio = SPRT_RATIO;
    for (;;) {
        test->a_failed = failed(bout, SIDE_BASELINE);
        test->b_failed = failed(bout, SIDE_CANDIDATE);
        test->outcome = stat_sprt_judge(&plan, test->a_failed, test->b_failed);
        if (test->outcome == STAT_SPRT_CONTINUE && bout->next >= bout->planned) {
            buffer_printf(&round->notes,
                          "the sequential test had not decided after %u trials on each side, the "
                          "most that it runs\n",
                          bout->next);
        }
        if (test->outcome != STAT_SPRT_CONTINUE || is_over(bout) || bout->next >= bout->planned) {
            return;
        }
        run_pairs(bout, bout->next + 1);
    }
}

/* ---- performance ---- */

static int look(struct bout *bout, uint32_t pairs, struct failure *failure)
{
    struct contest *contest = bout->contest;
    enum compare_verdict verdict;
    contest->rounds[bout->number].settings.pairs = pairs;
    return contest_look(contest, bout->number, failure) != 0
               ? -1
               : compare_judge(&contest->compared[bout->number], 1, &verdict, failure);
}

/* Ten pairs, and ten more if those do not decide. */
static int measure(struct bout *bout, uint32_t *pairs, struct failure *failure)
{
    struct contest *contest = bout->contest;
    uint32_t least = WARM_UP + FIRST_LOOK < bout->planned ? WARM_UP + FIRST_LOOK : bout->planned;
    uint32_t most = WARM_UP + LAST_LOOK < bout->planned ? WARM_UP + LAST_LOOK : bout->planned;
    *pairs = FIRST_LOOK;
    run_pairs(bout, least);
    if (look(bout, FIRST_LOOK, failure) != 0) {
        return -1;
    }
    if (!contest->rounds[bout->number].settings.same_build && !is_over(bout) &&
        compare_wants_more(&contest->compared[bout->number])) {
        run_pairs(bout, most);
        *pairs = LAST_LOOK;
    }
    return 0;
}

/* Trials that are stopped at each system call: for findings they count as any other. */
static void count_calls(struct bout *bout)
{
    if (!bout->contest->rounds[bout->number].settings.same_build) {
        uint32_t most = bout->next + COUNTED < bout->planned ? bout->next + COUNTED : bout->planned;
        bout->slot.count_calls = true;
        run_pairs(bout, most);
        bout->slot.count_calls = false;
    }
}

/* Where the processor did not: each of the first trials once more, in callgrind. */
static void count_instructions(struct bout *bout)
{
    const char *valgrind = bout->contest->sides[SIDE_CANDIDATE].options.valgrind;
    struct round *round = &bout->contest->rounds[bout->number];
    if (valgrind[0] == '\0' || round->settings.same_build ||
        result_has_instructions(bout->scenes[SIDE_CANDIDATE].result)) {
        return;
    }
    const char *unfit = instructions_unfit(bout->scenes[SIDE_CANDIDATE].scenario);
    if (unfit != NULL) {
        buffer_printf(&round->notes, "callgrind counts no instructions here: %s\n", unfit);
        return;
    }
    uint32_t wanted = bout->next < IN_CALLGRIND ? bout->next : IN_CALLGRIND;
    uint32_t counted = 0;
    for (uint32_t i = 0; i < wanted && !is_over(bout); i++) {
        bool both = true;
        for (size_t s = 0; s < SIDES; s++) {
            struct scene *scene = &bout->scenes[s];
            double value = instructions_count(&bout->slot, scene, valgrind, i);
            result_set_instructions(scene->result, i, value);
            both = both && !isnan(value);
        }
        counted += both;
    }
    if (counted < wanted) {
        buffer_printf(
            &round->notes,
            "callgrind counted %u of %u pairs: in the others a trial was not clean in it, "
            "or the time was over\n",
            counted, wanted);
    }
}

/* ---- replays ---- */

static bool shows(const struct scenario_result *result, const char *key)
{
    static const char poor[] = "poor/";
    size_t length = sizeof poor - 1;
    for (size_t i = 0; i < result->findings.count; i++) {
        const struct finding *finding = result->findings.items[i];
        if (strncmp(key, poor, length) == 0
                ? finding_is_poor(finding) &&
                      strcmp(finding_kind_name(finding->kind), key + length) == 0
                : strcmp(finding->signature.key, key) == 0) {
            return true;
        }
    }
    return false;
}

/* Trials outside of the sides' own counts. */
struct aside {
    struct scenario_result results[SIDES];
    struct scene copies[SIDES];
    struct scene *scenes[SIDES];
};

static struct aside *aside_begin(struct bout *bout)
{
    struct aside *aside = calloc(1, sizeof *aside);
    for (size_t s = 0; aside != NULL && s < SIDES; s++) {
        result_init(&aside->results[s], bout->scenes[s].scenario, bout->scenes[s].flavor->name);
        aside->copies[s] = bout->scenes[s];
        aside->copies[s].result = &aside->results[s];
        aside->copies[s].evidence_kept = UINT32_MAX;
        aside->scenes[s] = &aside->copies[s];
    }
    return aside;
}

static bool was_judged(const struct aside *aside, size_t side)
{
    return aside->results[side].trials_run > aside->results[side].trials_infra;
}

static void aside_end(struct bout *bout, struct aside *aside)
{
    for (size_t s = 0; s < SIDES; s++) {
        bout->scenes[s].stopped = bout->scenes[s].stopped || aside->copies[s].stopped;
        result_release(&aside->results[s]);
    }
    free(aside);
}

/* Both sides once more with the seed of that trial. */
static bool replay_once(struct bout *bout, uint32_t index, uint32_t turn, const char *key,
                        struct compare_replay *replay)
{
    struct aside *aside = aside_begin(bout);
    if (aside == NULL) {
        return false;
    }
    run_pair(bout, aside->scenes, index, turn);
    bool both = was_judged(aside, SIDE_BASELINE) && was_judged(aside, SIDE_CANDIDATE);
    if (both) {
        replay->a_run++;
        replay->b_run++;
        replay->a_hits += shows(&aside->results[SIDE_BASELINE], key);
        replay->b_hits += shows(&aside->results[SIDE_CANDIDATE], key);
    }
    aside_end(bout, aside);
    return both;
}

/* The baseline alone, with a seed that no trial had yet. */
static bool run_fresh(struct bout *bout, const char *key, struct compare_replay *replay)
{
    struct aside *aside = aside_begin(bout);
    if (aside == NULL) {
        return false;
    }
    run_one(bout, aside->scenes[SIDE_BASELINE], SIDE_BASELINE, bout->planned + bout->fresh++);
    bool judged = was_judged(aside, SIDE_BASELINE);
    if (judged) {
        replay->a_fresh++;
        replay->a_fresh_hits += shows(&aside->results[SIDE_BASELINE], key);
    }
    aside_end(bout, aside);
    return judged;
}

static void replay(struct bout *bout, const struct compare_finding *row)
{
    struct compare_scenario *compared = &bout->contest->compared[bout->number];
    const struct compare_hit *hit = compare_side_hit(compared->b, row->key);
    struct compare_finding probe = *row;
    struct compare_replay *sum = &probe.replay;
    uint32_t most = REPLAYS_UNSEEN;
    memset(sum, 0, sizeof *sum);
    for (uint32_t i = 0; hit != NULL && i < most && !is_over(bout) && sum->a_hits == 0; i++) {
        if (!replay_once(bout, hit->first_trial, i, row->key, sum)) {
            break;
        }
        most = sum->b_hits > 0 ? REPLAYS_SEEN : most;
        bool asked = i + 1 == REPLAYS_FIRST || i + 1 == REPLAYS_UNSEEN || i + 1 == REPLAYS_SEEN;
        if (asked && compare_replay_reproduces(sum)) {
            break;
        }
    }
    while (compare_replay_reproduces(sum) && compare_replay_needs(&probe) > 0 && !is_over(bout) &&
           run_fresh(bout, row->key, sum)) {
    }
    compare_add_replay(compared, row->key, sum);
}

/* Each finding that is new and not proved, one after the other. */
static int replay_new(struct bout *bout, struct failure *failure)
{
    struct compare_scenario *compared = &bout->contest->compared[bout->number];
    enum compare_verdict verdict;
    for (size_t i = 0; i < compared->finding_count && !is_over(bout); i++) {
        const struct compare_finding *row = compare_wants_replay(compared, i);
        if (row != NULL) {
            replay(bout, row);
        }
    }
    return compare_judge(compared, 1, &verdict, failure);
}

/* ---- a whole bout ---- */

static int prepare(struct bout *bout, struct failure *failure)
{
    struct contest *contest = bout->contest;
    const struct compare_options *options = &contest->sides[SIDE_CANDIDATE].options;
    bool alone = contest->mode != COMPARE_LIVE;
    bout->planned = options->trials > 0   ? (uint32_t)options->trials
                    : options->sequential ? RESULT_FIGURES
                    : alone               ? TRIALS_ALONE
                                          : TRIALS;
    for (size_t s = 0; s < SIDES; s++) {
        struct contestant *side = &contest->sides[s];
        if (!side->runs) {
            continue;
        }
        const struct flavor *flavor = side->options.run.flavor;
        const struct scenario *scenario = side->scenarios.items[bout->number];
        struct scenario_result *result = runner_new_result(&side->runner, scenario, flavor);
        if (result == NULL) {
            *failure = side->runner.trouble;
            return -1;
        }
        bout->ready[s] = true;
        if (scene_prepare(&bout->scenes[s], &side->runner, scenario, flavor, result, failure) !=
            0) {
            return -1;
        }
        bout->scenes[s].rules.trials = bout->planned;
        result->trials_planned = bout->planned;
    }
    if (contest->deadline != 0) {
        uint64_t now = clock_now();
        uint64_t left = contest->deadline > now ? contest->deadline - now : 1;
        bout->deadline = now + left / (contest->count - bout->number);
    }
    return 0;
}

static int run(struct bout *bout, struct failure *failure)
{
    struct contest *contest = bout->contest;
    uint32_t pairs = 0;
    if (contest->mode != COMPARE_LIVE) {
        run_pairs(bout, bout->planned);
        return contest_look(contest, bout->number, failure);
    }
    struct round *round = &contest->rounds[bout->number];
    round->settings.paired = true;
    round->settings.confidence = LOOK_CONFIDENCE;
    round->settings.warm_up = WARM_UP;
    if (measure(bout, &pairs, failure) != 0) {
        return -1;
    }
    count_calls(bout);
    count_instructions(bout);
    if (contest->sides[SIDE_CANDIDATE].options.sequential) {
        run_sequential(bout);
    } else {
        run_until_proved(bout);
    }
    return look(bout, pairs, failure) != 0 ? -1 : replay_new(bout, failure);
}

static enum stop_rule why_over(const struct bout *bout)
{
    for (size_t s = 0; s < SIDES; s++) {
        if (bout->ready[s] && bout->scenes[s].stopped) {
            return STOP_TROUBLE;
        }
    }
    return bout->contest->signals.stop != 0 ? STOP_INTERRUPTED
           : bout->next < bout->planned && bout->deadline != 0 && clock_now() >= bout->deadline
               ? STOP_TIME
               : STOP_TRIALS;
}

static void end(struct bout *bout)
{
    struct contest *contest = bout->contest;
    enum stop_rule rule = why_over(bout);
    progress_clear(&contest->progress);
    for (size_t s = 0; s < SIDES; s++) {
        if (bout->ready[s]) {
            bout->scenes[s].rules.time_ns = 0;
            runner_end_scene(&bout->scenes[s], rule);
        }
    }
    if (rule == STOP_TIME) {
        buffer_printf(&contest->rounds[bout->number].notes,
                      "the time was over (--max-time) after %u of %u trials on each side\n",
                      bout->next, bout->planned);
    }
    slot_release(&bout->slot);
    free(bout->environment);
}

int contest_bout(struct contest *contest, size_t i)
{
    struct bout *bout = calloc(1, sizeof *bout);
    if (bout == NULL) {
        return failure_set(&contest->trouble, FAILURE_ENVIRONMENT, "no memory");
    }
    bout->contest = contest;
    bout->number = i;
    progress_begin(&contest->progress);
    slot_init(&bout->slot, &bout->scenes[SIDE_CANDIDATE], &contest->signals);
    bout->slot.heard = heard;
    bout->slot.count_instructions = true;
    int result = prepare(bout, &contest->trouble);
    if (result == 0) {
        result = run(bout, &contest->trouble);
    }
    end(bout);
    for (size_t s = 0; s < SIDES && result == 0; s++) {
        const struct failure *trouble = &contest->sides[s].runner.trouble;
        if (contest->sides[s].runs && trouble->kind == FAILURE_USAGE) {
            contest->trouble = *trouble;
            result = -1;
        }
    }
    free(bout);
    return result;
}
