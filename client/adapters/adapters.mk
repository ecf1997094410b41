# SPDX-License-Identifier: MIT
#
# The adapters: each libeighth_NAME.so is client/adapters/NAME_*.c with all of base/, built where
# the library that it adapts is installed.

adapters_known := curl gnutls mbedtls openssl

define newline


endef

has_package = $(shell $(PKG_CONFIG) --exists $(1) 2>/dev/null && echo yes)
# How a number sign is written inside a function differs between versions of make.
hash := \#
has_header = $(shell printf '$(hash)include <$(1)>\n' | $(CC) -E -xc - >/dev/null 2>&1 && echo yes)

# Whether each can be built, what it is linked with, and the Debian package it wants.
adapter_built_curl := $(call has_package,libcurl)
adapter_libs_curl := -lcurl -lssl -lcrypto
adapter_wants_curl := libcurl4-openssl-dev
adapter_built_gnutls := $(and $(call has_package,gnutls),$(call has_package,libnghttp2))
adapter_libs_gnutls := -lgnutls -lnghttp2
adapter_wants_gnutls := libgnutls28-dev and libnghttp2-dev
adapter_built_mbedtls := $(and $(call has_header,mbedtls/ssl.h),$(call has_header,http_parser.h))
adapter_libs_mbedtls := -lmbedtls -lmbedx509 -lmbedcrypto -lhttp_parser
adapter_wants_mbedtls := libmbedtls-dev and libhttp-parser-dev
adapter_built_openssl := yes
adapter_libs_openssl := -lssl -lcrypto
adapters := $(foreach a,$(adapters_known),$(if $(adapter_built_$(a)),$(a)))
adapters_left_out := $(filter-out $(adapters),$(adapters_known))
adapter_libraries := $(adapters:%=$(OUT)/libeighth_%.so)
adapter_base := $(filter-out %/http1.o,$(call objects_of,client/adapters/base/*.c))
adapter_more_mbedtls := $(OBJ)/client/adapters/base/http1.o

define adapter_rule
$(OUT)/libeighth_$(1).so: $(call objects_of,client/adapters/$(1)_*.c) $(adapter_base) $(adapter_more_$(1))
	$$(say) LINK $$@
	$$(Q)$$(CC) $$(LDFLAGS_ALL) -shared $$(if $$(filter plain,$$(FLAVOR)),-Wl$$(comma)-z$$(comma)defs) \
	    -Wl,-soname,libeighth_$(1).so -o $$@ $$^ $(adapter_libs_$(1)) -lcjson
endef
$(foreach a,$(adapters),$(eval $(call adapter_rule,$(a))))

# `make` says what it leaves out.
.PHONY: adapters-left-out
adapters-left-out:
	$(foreach a,$(adapters_left_out),$(say) WITHOUT 'libeighth_$(a).so (wants $(adapter_wants_$(a)))'$(newline)	)
