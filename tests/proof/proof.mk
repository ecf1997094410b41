# Proofs that take too long for the tests: each prints its figures and exits 0 only if they hold.

$(OUT)/proof/silent_worker: $(OBJ)/tests/proof/silent_lane.o $(OBJ)/harness/worker/main.o \
    $(OBJ)/harness/worker/tsan_suppressions.o $(call archives_of,worker)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -rdynamic -o $@ $^ $(HARNESS_LIBS)

$(OUT)/proof/%: $(OBJ)/tests/proof/%.o
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $<

## proof-recorder: what recorder and tracer cost together, in pairs (PAIRS=20)
.PHONY: proof-recorder
proof-recorder: all $(OUT)/proof/silent_worker $(OUT)/proof/filtered
	@$(PYTHON) tests/proof/recorder.py --build $(OUT) --pairs $(or $(PAIRS),20)

## proof-crashes: thousands of crashes in a row, none misclassified, nothing grows (TRIALS=10000)
.PHONY: proof-crashes
proof-crashes: test-programs
	@$(PYTHON) tests/proof/crashes.py --build $(OUT) --trials $(or $(TRIALS),10000)

## proof-clean: the clean client has no finding in any flavor, which must all be built (TRIALS=200)
.PHONY: proof-clean
proof-clean: all
	@$(PYTHON) tests/proof/clean.py --build $(OUT) --trials $(or $(TRIALS),200) --jobs $(or $(JOBS),1)
