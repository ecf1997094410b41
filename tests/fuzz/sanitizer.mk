# Fuzzing of what reads the words of a dying client. FUZZ_TIME=60 make fuzz-sanitizer

FUZZ_TIME ?= 60
FUZZ_CC ?= clang
fuzz_sanitizer_sources := tests/fuzz/sanitizer_log.c harness/watch/stack.c harness/watch/abort_text.c harness/base/buffer.c \
    $(filter-out %/sanitizer_logs.c,$(wildcard harness/watch/sanitizer_*.c harness/watch/foreign_*.c harness/judge/signature_*.c))

$(BUILD)/fuzz/sanitizer_log: $(fuzz_sanitizer_sources)
	$(say) FUZZ $@
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -D_GNU_SOURCE -I. -std=gnu11 -g -O1 -fno-omit-frame-pointer \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -o $@ $^

# The reports of the corpus are the seeds; what the fuzzer finds stays in the build folder.
.PHONY: fuzz-sanitizer
fuzz-sanitizer: $(BUILD)/fuzz/sanitizer_log
	@mkdir -p $(BUILD)/fuzz/seeds/sanitizer $(BUILD)/fuzz/found/sanitizer
	$(Q)find tests/corpus/reports tests/corpus/foreign -name '*.txt' | while read -r file; do \
	    cp "$$file" "$(BUILD)/fuzz/seeds/sanitizer/$$(echo "$$file" | tr / _)"; done
	$(Q)nice -n 19 $(BUILD)/fuzz/sanitizer_log $(fuzz_quiet) -max_total_time=$(FUZZ_TIME) -timeout=10 -max_len=65536 \
	    -artifact_prefix=$(BUILD)/fuzz/ -print_final_stats=1 \
	    $(BUILD)/fuzz/found/sanitizer $(BUILD)/fuzz/seeds/sanitizer
