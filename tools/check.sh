#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs the tests and says how many passed: check.sh unit|run|measures|all
# Environment: EIGHTH_BUILD (default build), EIGHTH_FLAVOR (default plain), CHECK_ONLY (a substring
# of unit programs or a pytest -k expression), CHECK_JOBS (how many at once; default: two for each
# processor, as many of them wait). The last line is "N passed, N failed, N skipped";
# the exit code is 0 only if something ran and nothing failed.
set -u

what=${1:-all}
build=${EIGHTH_BUILD:-build}
flavor=${EIGHTH_FLAVOR:-plain}
only=${CHECK_ONLY:-}
jobs=${CHECK_JOBS:-$((2 * $(nproc)))}
export EIGHTH_BUILD="$build" EIGHTH_FLAVOR="$flavor"
# A finding of a sanitizer must fail the program that it is found in. (Not ASan's use-after-return: with
# it gcc 12 places over-aligned locals wrongly, which UBSan then reports.)
export ASAN_OPTIONS="${ASAN_OPTIONS:-strict_string_checks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=0:exitcode=66}"
export LSAN_OPTIONS="${LSAN_OPTIONS:-}"

passed=0
failed=0
skipped=0

# The number that stands before "test(s)" in cmocka's line with the given tag; 0 without the line.
count_of() {
    sed -n "s/^\[  *$1 *\] \([0-9][0-9]*\) test(s).*/\1/p" "$2" | head -n 1 | grep . || echo 0
}

run_unit() {
    logs=$build/$flavor/unit-logs
    mkdir -p "$logs"
    # Backwards: the last parts have the longest tests, and those must not begin last.
    programs=$(find "$build/$flavor/unit" -type f -perm -u+x | sort -r)
    [ -n "$only" ] && programs=$(printf '%s\n' "$programs" | grep -F -e "$only")
    # shellcheck disable=SC2016 # the inner shell expands
    printf '%s\n' "$programs" | logs=$logs root=$build/$flavor/unit xargs -r -P "$jobs" -n 1 sh -c '
        log=$logs/$(echo "${1#"$root/"}" | tr / -).log
        begun=$(date +%s)
        timeout -k 5 "${CHECK_TIMEOUT:-900}" "$1" >"$log" 2>&1 </dev/null
        echo $? $(($(date +%s) - begun)) >"$log.status"' sh
    for program in $programs; do
        name=${program#"$build/$flavor/unit/"}
        log=$logs/$(echo "$name" | tr / -).log
        read -r status seconds <"$log.status"
        rm -f "$log.status"
        p=$(count_of PASSED "$log")
        f=$(count_of FAILED "$log")
        s=$(count_of SKIPPED "$log")
        # It died, or a sanitizer spoke after the last test: that is one failure more.
        if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
        if [ $((p + f + s)) -eq 0 ]; then f=1; fi
        passed=$((passed + p)); failed=$((failed + f)); skipped=$((skipped + s))
        if [ "$f" -ne 0 ]; then
            printf 'FAIL unit/%s (status %s): %s\n' "$name" "$status" "$log"
            grep -v '^\[ RUN\|^\[       OK' "$log" | tail -n 40
        else
            printf 'ok   unit/%s: %s passed in %s s\n' "$name" "$p" "$seconds"
        fi
    done
}

# pytest with the given words; adds up its last line.
run_pytest() {
    log=$build/$flavor/run.log
    /usr/bin/python3 -m pytest -q -p no:cacheprovider --durations=8 -rsfE ${only:+-k "$only"} "$@" tests/run \
        2>&1 </dev/null | tee "$log"
    last=$(grep -E '(passed|failed|error|skipped|deselected|no tests ran).* in [0-9]' "$log" | tail -n 1)
    number() { echo "$last" | sed -n "s/.*[^0-9]*\b\([0-9][0-9]*\) $1.*/\1/p" | grep . || echo 0; }
    p=$(number passed); f=$(number failed); e=$(number error); s=$(number skipped)
    if [ -z "$last" ]; then f=1; fi
    passed=$((passed + p)); failed=$((failed + f + e)); skipped=$((skipped + s))
}

run_run() {
    run_pytest -n "$jobs" -m "not alone"
}

# What measures time measures alone, and is a benchmark: a busy machine may fail it.
run_measures() {
    run_pytest -m "alone or in_time"
}

case $what in
unit) run_unit ;;
run) run_run ;;
measures) run_measures ;;
all) run_unit; run_run ;;
*) echo "check.sh: unknown part '$what': unit, run, measures or all" >&2; exit 2 ;;
esac

printf '\n%s tests:\n%d passed, %d failed, %d skipped\n' "$flavor" "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
