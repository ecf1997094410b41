# Fuzzing of what reads the program log. FUZZ_TIME=60 make fuzz-program

FUZZ_TIME ?= 60
FUZZ_CC ?= clang
fuzz_program_sources := tests/fuzz/program_end.c harness/watch/program_log.c harness/watch/stack.c \
    harness/base/buffer.c harness/base/failure.c harness/base/shared_memory.c

$(BUILD)/fuzz/program_end: $(fuzz_program_sources)
	$(say) FUZZ $@
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -D_GNU_SOURCE -I. -std=gnu11 -g -O1 -fno-omit-frame-pointer \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -o $@ $^

# Mutations keep what the fixed part needs only if they are long enough to begin with: zeroes are a
# record without texts and stacks.
.PHONY: fuzz-program
fuzz-program: $(BUILD)/fuzz/program_end
	@mkdir -p $(BUILD)/fuzz/seeds/program $(BUILD)/fuzz/found/program
	$(Q)head -c 20000 /dev/zero >$(BUILD)/fuzz/seeds/program/zeroes
	$(Q)nice -n 19 $(BUILD)/fuzz/program_end $(fuzz_quiet) -max_total_time=$(FUZZ_TIME) -timeout=10 -max_len=65536 \
	    -artifact_prefix=$(BUILD)/fuzz/ -print_final_stats=1 \
	    $(BUILD)/fuzz/found/program $(BUILD)/fuzz/seeds/program
