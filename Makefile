# eighth: build, run, test, install. `make help` lists the targets.
#
#   FLAVOR=plain|asan|tsan   how everything is built; flavors never share an object
#   V=1                      show the commands
#   BUILD=DIR                where to build (default: build)

FLAVOR ?= plain
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CC = gcc
PKG_CONFIG ?= pkg-config
PYTHON ?= /usr/bin/python3
# Compilations at once, where nobody says -j: in run and test.
JOBS ?= $(shell nproc)

VERSION := $(shell cat VERSION)
OUT := $(BUILD)/$(FLAVOR)
OBJ := $(OUT)/obj
comma := ,

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n'
endif

# ---- flavors ---------------------------------------------------------------------------------

flags_plain := -O2 -g
flags_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
flags_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
ifeq ($(flags_$(FLAVOR)),)
$(error FLAVOR=$(FLAVOR) is none of plain, asan, tsan)
endif

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wold-style-definition -Wpointer-arith -Wcast-align -Wvla -Wformat=2 -Wundef \
            -Wno-sign-conversion
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif

needed_libraries := libssl libcrypto libnghttp2 libcares libcjson libdw
CPPFLAGS += -D_GNU_SOURCE -I. -DEIGHTH_VERSION='"$(VERSION)"' \
            $(shell $(PKG_CONFIG) --cflags $(needed_libraries) 2>/dev/null)
CFLAGS_ALL := -std=gnu11 $(flags_$(FLAVOR)) $(WARNINGS) -pthread -fPIC -fvisibility=hidden \
              -fstack-protector-strong $(CFLAGS)
LDFLAGS_ALL := $(flags_$(FLAVOR)) -pthread -Wl,--as-needed -Wl,--build-id $(LDFLAGS)
CLIENT_LIBS := -lnghttp2 -lcares -lssl -lcrypto -lcjson
HARNESS_LIBS := -lnghttp2 -lhttp_parser -lssl -lcrypto -lcjson -ldw -lelf -liberty -ldl -lm

# ---- parts -----------------------------------------------------------------------------------

# What each part knows, itself first: the order in which the linker must see the archives.
knows_base := base
knows_scenario := scenario base
knows_target := target scenario base
knows_worker := worker scenario base
knows_watch := watch scenario base
knows_judge := judge watch scenario base
knows_report := report judge watch scenario base
knows_programs := programs watch scenario base
knows_cli := cli report judge programs watch target scenario base
parts := base scenario target worker watch programs judge report cli
archives_of = $(foreach p,$(knows_$(1)),$(OUT)/lib$(p).a)

objects_of = $(patsubst %.c,$(OBJ)/%.o,$(sort $(wildcard $(1))))
h2_objects := $(call objects_of,client/h2/*.c)

# The lab is the clean client but for two names, which its own code takes: see client/lab/client.c.
lab_clean := $(patsubst %,$(OBJ)/client/lab/clean/%.o,client seams)
lab_objects := $(filter-out $(lab_clean:$(OBJ)/client/lab/clean/%=$(OBJ)/client/h2/%),$(h2_objects)) \
               $(lab_clean) $(call objects_of,client/lab/*.c)

binaries := $(OUT)/eighth $(OUT)/eighth-worker $(OUT)/libeighth_h2.so $(OUT)/libeighth_lab.so

## all: binaries and libraries (the default)
.PHONY: all
all: $(binaries)

include client/adapters/adapters.mk
all: $(adapter_libraries) $(if $(adapters_left_out),adapters-left-out)

define archive_rule
$(OUT)/lib$(1).a: $(call objects_of,harness/$(1)/*.c)
	$$(say) AR $$@
	@mkdir -p $$(@D)
	$$(Q)rm -f $$@ && ar rcs $$@ $$(filter %.o,$$^)
endef
$(foreach p,$(parts),$(eval $(call archive_rule,$(p))))

# main() lives in an object that archives would not pull in by themselves.
$(OUT)/eighth: $(OBJ)/harness/cli/main.o $(call archives_of,cli)
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(HARNESS_LIBS)

# The worker exports the symbols that watch the client's own calls (connect, ...): symbols of the
# main program come first in the dynamic linker's search.
# Nor is there a reference to the suppressions: the TSan runtime looks them up by name.
$(OUT)/eighth-worker: $(OBJ)/harness/worker/main.o $(OBJ)/harness/worker/tsan_suppressions.o \
    $(call archives_of,worker)
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS_ALL) -rdynamic -o $@ $^ $(HARNESS_LIBS)

$(OUT)/libeighth_h2.so: $(h2_objects)
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS_ALL) -shared $(if $(filter plain,$(FLAVOR)),-Wl$(comma)-z$(comma)defs) -Wl,-soname,libeighth_h2.so -o $@ $^ \
	    $(CLIENT_LIBS)

$(OBJ)/client/lab/clean/%.o: $(OBJ)/client/h2/%.o
	$(say) OBJCOPY $@
	@mkdir -p $(@D)
	$(Q)objcopy --redefine-sym eighth_client=lab_clean_client \
	    --redefine-sym h2_seams_for=lab_clean_seams_for $< $@

$(OUT)/libeighth_lab.so: $(lab_objects) client/lab/exports.map
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS_ALL) -shared $(if $(filter plain,$(FLAVOR)),-Wl$(comma)-z$(comma)defs) \
	    -Wl,--version-script=client/lab/exports.map -Wl,-soname,libeighth_lab.so \
	    -o $@ $(filter %.o,$^) $(CLIENT_LIBS)

$(OBJ)/%.o: %.c
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Objects of tests are kept too: a change of the harness links them again, no more.
.SECONDARY:

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)

# ---- unit tests: tests/unit/PART/NAME.c is one cmocka program -----------------------------------

unit_sources := $(sort $(wildcard tests/unit/*/*.c))
unit_programs := $(unit_sources:tests/unit/%.c=$(OUT)/unit/%)

define unit_rule
$(OUT)/unit/$(1)/%: $(OBJ)/tests/unit/$(1)/%.o $(2)
	$$(say) LINK $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS_ALL) -rdynamic -o $$@ $$^ -lcmocka $$(CLIENT_LIBS) $$(HARNESS_LIBS)
endef
$(foreach p,$(parts),$(eval $(call unit_rule,$(p),$(call archives_of,$(p)))))
# The client alone needs the worker's suppressions too: they are about OpenSSL.
$(eval $(call unit_rule,h2,$(h2_objects) $(OBJ)/harness/worker/tsan_suppressions.o))
$(eval $(call unit_rule,lab,$(lab_objects)))

# Client libraries that misbehave, for the run tests.
run_clients := $(patsubst tests/run/clients/%.c,$(OUT)/run/%.so,$(sort $(wildcard tests/run/clients/*.c)))

# It holds the example of the manual, which is written for the installed header.
$(OBJ)/tests/run/clients/keep_alive.o: CPPFLAGS += -Iclient

$(OUT)/run/%.so: $(OBJ)/tests/run/clients/%.o
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -shared -o $@ $< -lssl -lcrypto

# Programs that the run tests start.
run_programs := $(patsubst tests/run/programs/%.c,$(OUT)/run/%,$(sort $(wildcard tests/run/programs/*.c)))

$(OUT)/run/%: $(OBJ)/tests/run/programs/%.o
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $<

# Drives a client library without the harness, for tests of the client alone.
$(OUT)/client_probe: $(OBJ)/tests/run/client_probe.o
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< -lssl -lcrypto -ldl

.PHONY: test-programs
test-programs: all $(unit_programs) $(run_clients) $(run_programs) $(OUT)/client_probe

# ---- what people type ------------------------------------------------------------------------

first_run := $(addprefix scenarios/,eighth-connection.json eighth-connection-h2c.json hundred-clients.json)

## run: install what is missing, build, and run the main scenarios on the embedded target
.PHONY: run
run:
	@tools/need.sh build
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(OUT)/eighth run $(first_run)

## test: install what is missing, build, and run all tests
.PHONY: test
test:
	@tools/need.sh test
	@$(MAKE) --no-print-directory -j$(JOBS) test-programs
	@$(MAKE) --no-print-directory check

## check: all tests, without installing anything (CHECK_ONLY=NAME for some of them)
.PHONY: check check-unit check-run
check: test-programs
	@EIGHTH_BUILD=$(BUILD) EIGHTH_FLAVOR=$(FLAVOR) tools/check.sh all
check-unit: test-programs
	@EIGHTH_BUILD=$(BUILD) EIGHTH_FLAVOR=$(FLAVOR) tools/check.sh unit
check-run: test-programs
	@EIGHTH_BUILD=$(BUILD) EIGHTH_FLAVOR=$(FLAVOR) tools/check.sh run

## check-measures: whether comparisons see slower, faster and equal builds; wants a quiet machine
.PHONY: check-measures
check-measures: test-programs
	@EIGHTH_BUILD=$(BUILD) EIGHTH_FLAVOR=$(FLAVOR) tools/check.sh measures

bench_programs := $(patsubst tests/bench/%.c,$(OUT)/bench/%,$(sort $(wildcard tests/bench/*.c)))

$(OUT)/bench/%: $(OBJ)/tests/bench/%.o
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< -lssl -lcrypto

## bench: what a cycle costs, as ratios to bare OpenSSL, h2load, s_time and wrk
.PHONY: bench
bench: all $(bench_programs) $(OUT)/client_probe
	@$(PYTHON) tests/bench/bench.py --build $(OUT)

# The flavors that those of the defects run in; poison is plain.
.PHONY: lab-flavors
lab-flavors:
	@set -e; for flavor in plain asan tsan; do $(MAKE) --no-print-directory FLAVOR=$$flavor all; done

## reproduce: every defect of the lab in every flavor, with its fixed twins
.PHONY: reproduce reproduce-smoke
reproduce: lab-flavors
	@$(PYTHON) tools/reproduce.py --build $(BUILD) --json $(BUILD)/reproduce.json $(ARGS)

## reproduce-smoke: a few of them, one finding each
reproduce-smoke: lab-flavors
	@$(PYTHON) tools/reproduce.py --build $(BUILD) --json $(BUILD)/reproduce-smoke.json --smoke $(ARGS)

## compare-aa: compare a build with itself COUNT=100 times and count false alarms
COUNT ?= 100
.PHONY: compare-aa
compare-aa: all test-programs
	@$(PYTHON) tests/bench/compare_aa.py --build $(OUT) --count $(COUNT) $(ARGS)

## style: format, banned functions, length of files and functions, direction of includes, code in docs
.PHONY: style
style:
	@$(PYTHON) tools/readme.py --check
	@$(PYTHON) tools/style.py

## tags: an index for editors
.PHONY: tags
tags:
	$(say) TAGS tags
	$(Q)ctags -R client harness tests

# ---- installation ----------------------------------------------------------------------------

bindir := $(DESTDIR)$(PREFIX)/bin
libdir := $(DESTDIR)$(PREFIX)/lib
includedir := $(DESTDIR)$(PREFIX)/include
sharedir := $(DESTDIR)$(PREFIX)/share/eighth
flavors_built = $(foreach f,plain asan tsan,$(if $(and $(wildcard $(BUILD)/$(f)/eighth-worker),$(wildcard $(BUILD)/$(f)/libeighth_h2.so)),$(f)))

define pkgconfig_text
prefix=$(PREFIX)
includedir=$${prefix}/include
clientdir=$${prefix}/lib/eighth/plain
scenariodir=$${prefix}/share/eighth/scenarios

Name: eighth
Description: The contract between eighth and the client that it stresses
Version: $(VERSION)
Cflags: -I$${includedir}
endef
export pkgconfig_text

## install: binaries, libraries, header, pkg-config file, scenarios, schemas (PREFIX=, DESTDIR=)
.PHONY: install
install: all
	$(say) INSTALL $(DESTDIR)$(PREFIX)
	$(Q)install -d $(bindir) $(libdir)/pkgconfig $(includedir) $(sharedir)/scenarios $(sharedir)/schemas
	$(Q)install $(BUILD)/plain/eighth $(bindir)/eighth
	$(Q)set -e; for f in $(flavors_built); do \
	    install -d $(libdir)/eighth/$$f; \
	    install $(BUILD)/$$f/eighth-worker $(libdir)/eighth/$$f/; \
	    install -m 644 $(BUILD)/$$f/libeighth_*.so $(libdir)/eighth/$$f/; \
	done
	$(Q)install -m 644 client/eighth_client.h $(includedir)/
	$(Q)printf '%s\n' "$$pkgconfig_text" >$(libdir)/pkgconfig/eighth.pc
	$(Q)install -m 644 $(filter-out %.schema.json,$(wildcard scenarios/*.json)) $(sharedir)/scenarios/
	$(Q)set -e; for f in $(wildcard scenarios/*/*); do \
	    install -D -m "$$(stat -c %a "$$f")" "$$f" "$(sharedir)/$$f"; \
	done
	$(Q)install -m 644 scenarios/scenario.schema.json reports/*.schema.json $(sharedir)/schemas/

## uninstall: remove what install put there
.PHONY: uninstall
uninstall:
	$(say) REMOVE $(DESTDIR)$(PREFIX)
	$(Q)rm -f $(bindir)/eighth $(includedir)/eighth_client.h $(libdir)/pkgconfig/eighth.pc
	$(Q)rm -rf $(libdir)/eighth $(sharedir)

-include $(sort $(wildcard tests/fuzz/*.mk tests/corpus/*.mk tests/proof/*.mk))

## help: this list
.PHONY: help
help:
	@sed -n 's/^## /  make /p' $(MAKEFILE_LIST)

## clean: remove the build folder
.PHONY: clean
clean:
	$(say) CLEAN $(BUILD)
	$(Q)rm -rf $(BUILD)
