# Fuzzing of what reads reports back. FUZZ_TIME=60 make fuzz-report
#
FUZZ_TIME ?= 60
FUZZ_CC ?= clang
fuzz_report_sources := tests/fuzz/report_read.c $(sort $(wildcard harness/report/form_*.c)) \
    $(sort $(wildcard harness/report/compare_*.c harness/judge/compare*.c harness/judge/stat_*.c)) \
    harness/report/environment.c harness/report/xml.c harness/report/json.c harness/judge/words.c harness/scenario/verbatim.c \
    harness/scenario/dotted.c harness/scenario/locate.c harness/scenario/syntax.c \
    harness/cli/command.c harness/base/buffer.c harness/base/failure.c

$(BUILD)/fuzz/report_read: $(fuzz_report_sources)
	$(say) FUZZ $@
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(CPPFLAGS) -std=gnu11 -g -O1 -fno-omit-frame-pointer \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -o $@ $^ -lcjson -lnghttp2 -lssl -lcrypto -lm

## fuzz-report: fuzz what reads reports back for FUZZ_TIME seconds (needs clang)
.PHONY: fuzz-report
fuzz-report: $(BUILD)/fuzz/report_read
	@mkdir -p $(BUILD)/fuzz/seeds/report $(BUILD)/fuzz/found/report
	$(Q)cp tests/fuzz/report_read.json $(BUILD)/fuzz/seeds/report/
	$(Q)nice -n 19 $(BUILD)/fuzz/report_read $(fuzz_quiet) -max_total_time=$(FUZZ_TIME) -timeout=10 -max_len=16384 \
	    -artifact_prefix=$(BUILD)/fuzz/report_read- -print_final_stats=1 \
	    $(BUILD)/fuzz/found/report $(BUILD)/fuzz/seeds/report
