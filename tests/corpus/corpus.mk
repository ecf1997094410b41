# The corpus of labelled reports: how well signatures tell bugs apart.

corpus_archives := $(foreach p,judge watch base,$(OUT)/lib$(p).a)

$(OUT)/signatures: $(OBJ)/tests/corpus/signatures.o $(corpus_archives)
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lm

## signatures: how well they tell bugs apart, over the corpus: precision and recall
.PHONY: signatures
signatures: $(OUT)/signatures
	$(Q)$(OUT)/signatures tests/corpus/reports

# Crashes the programs again, with the compilers that are here.
## corpus: crash the corpus's programs again and write their reports anew (minutes)
.PHONY: corpus
corpus:
	$(Q)$(PYTHON) tests/corpus/make_corpus.py --build $(BUILD)/corpus --jobs 2
