# Fuzzing, with clang's libFuzzer and AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   FUZZ_TIME=60   seconds for each target
#
# What a target finds new is kept in $(BUILD)/fuzz/TARGET.corpus; an input that breaks something is
# written to $(BUILD)/fuzz/TARGET-*.

FUZZ_CC ?= clang
FUZZ_TIME ?= 60
fuzz_out := $(BUILD)/fuzz
fuzz_flags := -std=gnu11 -g -O1 -fno-omit-frame-pointer -pthread \
              -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
fuzz_scenario_sources := tests/fuzz/scenario_parse.c $(sort $(wildcard harness/scenario/*.c harness/base/*.c))

$(fuzz_out)/scenario_parse: $(fuzz_scenario_sources) $(wildcard harness/scenario/*.h harness/base/*.h client/*.h)
	$(say) FUZZ-CC $@
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(CPPFLAGS) $(fuzz_flags) -o $@ $(fuzz_scenario_sources) -lcjson -lm

# A seed with overrides: scenario, zero byte, override, zero byte, override.
$(fuzz_out)/scenario_parse.seeds/overrides: scenarios/resumption.json
	@mkdir -p $(@D)
	$(Q){ cat $<; printf '\0load.cycles=3\0client.options.cache=none\0steps[0].repeat.times=2\0thresholds.tls.p99=< 1s'; } >$@

## fuzz-scenario: fuzz the parser of scenarios for FUZZ_TIME seconds (needs clang)
.PHONY: fuzz-scenario
fuzz-scenario: $(fuzz_out)/scenario_parse $(fuzz_out)/scenario_parse.seeds/overrides
	@mkdir -p $(fuzz_out)/scenario_parse.corpus
	$(Q)$< $(fuzz_quiet) -max_total_time=$(FUZZ_TIME) -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 \
	    -dict=tests/fuzz/scenario_parse.dict -artifact_prefix=$(fuzz_out)/scenario_parse- \
	    $(fuzz_out)/scenario_parse.corpus $(fuzz_out)/scenario_parse.seeds scenarios tests/run/scenarios/wrong
