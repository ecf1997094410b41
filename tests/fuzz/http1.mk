# Fuzzing of the target's HTTP/1.1 requests. FUZZ_TIME=60 make fuzz-http1

FUZZ_TIME ?= 60
FUZZ_CC ?= clang
fuzz_http1_sources := tests/fuzz/http1_request.c harness/target/http1_parser.c \
    harness/target/header_lines.c harness/base/buffer.c

$(BUILD)/fuzz/http1_request: $(fuzz_http1_sources)
	$(say) FUZZ $@
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -D_GNU_SOURCE -I. -std=gnu11 -g -O1 -fno-omit-frame-pointer \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -o $@ $^ -lhttp_parser

.PHONY: fuzz-http1
fuzz-http1: $(BUILD)/fuzz/http1_request
	@mkdir -p $(BUILD)/fuzz/seeds/http1 $(BUILD)/fuzz/found/http1
	$(Q)printf '\003GET /get?a HTTP/1.1\r\nHost: a\r\nEighth-Nonce: 1\r\n\r\n' >$(BUILD)/fuzz/seeds/http1/get
	$(Q)printf '\005PUT /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n2\r\nab\r\n0\r\nT: x\r\n\r\nHEAD / HTTP/1.0\r\nConnection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n\r\n' >$(BUILD)/fuzz/seeds/http1/two
	$(Q)nice -n 19 $(BUILD)/fuzz/http1_request $(fuzz_quiet) -max_total_time=$(FUZZ_TIME) -timeout=10 -max_len=65536 \
	    -artifact_prefix=$(BUILD)/fuzz/ -print_final_stats=1 \
	    $(BUILD)/fuzz/found/http1 $(BUILD)/fuzz/seeds/http1
