#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes sure that what a group of make targets needs is installed: need.sh build|test|ci
# Looks first, and only if something is missing installs it: with apt-get as root, else with sudo;
# where neither is possible it prints the one command to run and ends with 2.
set -u

group=${1:?usage: need.sh build|test|ci}

packages_build="gcc libc6-dev pkg-config libssl-dev libnghttp2-dev libc-ares-dev libcjson-dev
    libdw-dev libiberty-dev libhttp-parser-dev"
packages_test="$packages_build libcmocka-dev libasan8 liblsan0 libtsan2 libubsan1 python3 python3-pytest
    python3-pytest-xdist python3-jsonschema curl openssl nghttp2-client nghttp2-server nginx-light
    iproute2 procps libcurl4-openssl-dev libgnutls28-dev libmbedtls-dev
    apache2 haproxy h2o nodejs valgrind"
packages_ci="$packages_test clang clang-format clang-tidy llvm libclang-rt-14-dev universal-ctags"

missing=

# A program that must be on the path; /usr/sbin is not on everybody's.
program() {
    PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 || missing="$missing $1"
}

library() {
    pkg-config --exists "$1" 2>/dev/null || missing="$missing $1"
}

# For libraries without a pkg-config file.
header() {
    echo "#include <$1>" | gcc -E -xc - >/dev/null 2>&1 || missing="$missing $1"
}

module() {
    /usr/bin/python3 -c "import $1" 2>/dev/null || missing="$missing python3:$1"
}

# gcc links with it only if its package is there.
runtime() {
    [ -e "$(gcc -print-file-name="$1" 2>/dev/null)" ] || missing="$missing $1"
}

look_build() {
    program gcc
    program pkg-config
    [ -e /usr/include/stdio.h ] || missing="$missing stdio.h"
    for l in libssl libnghttp2 libcares libcjson libdw; do library "$l"; done
    header http_parser.h
    header libiberty/demangle.h
}

look_test() {
    look_build
    library cmocka
    for l in libcurl gnutls; do library "$l"; done
    header mbedtls/ssl.h
    for p in curl openssl nghttp h2load nghttpd nginx apache2 haproxy h2o node valgrind ip \
             unshare prlimit setarch; do program "$p"; done
    for r in libasan.so liblsan.so libtsan.so libubsan.so; do runtime "$r"; done
    if [ -x /usr/bin/python3 ]; then
        module pytest
        module xdist
        module jsonschema
    else
        missing="$missing /usr/bin/python3"
    fi
}

look_ci() {
    look_test
    for p in clang clang-format ctags; do program "$p"; done
}

case $group in
build) look_build; packages=$packages_build ;;
test) look_test; packages=$packages_test ;;
ci) look_ci; packages=$packages_ci ;;
*) echo "need.sh: unknown group '$group': build, test or ci" >&2; exit 2 ;;
esac

[ -z "$missing" ] && exit 0

# One line, for messages; and a list of words, for apt-get.
packages=$(printf '%s' "$packages" | tr -s ' \n' ' ')
by_hand() {
    cat >&2 <<TEXT
eighth: missing:$missing
$1 Install it with

    $2

and run make again. Tested on Debian 12 only; elsewhere the packages are called
  Fedora:   gcc pkgconf openssl-devel libnghttp2-devel c-ares-devel cjson-devel
            elfutils-devel http-parser-devel
            tests: libcmocka-devel libasan liblsan libtsan libubsan python3-pytest python3-pytest-xdist
                   python3-jsonschema curl openssl nghttp2 nginx iproute libcurl-devel
                   gnutls-devel mbedtls-devel nodejs valgrind
  Alpine:   build-base pkgconf openssl-dev nghttp2-dev c-ares-dev cjson-dev elfutils-dev
            http-parser-dev linux-headers
            tests: cmocka-dev py3-pytest py3-pytest-xdist py3-jsonschema curl openssl nghttp2 nginx
                   iproute2 curl-dev gnutls-dev mbedtls-dev nodejs valgrind
  Homebrew: gcc pkg-config openssl@3 libnghttp2 c-ares cjson http-parser (Linux only: eighth
            needs memfd and ptrace)
            tests: cmocka pytest curl nghttp2 nginx node
TEXT
    exit 2
}

command="apt-get update && apt-get install -y --no-install-recommends $packages"
if ! command -v apt-get >/dev/null 2>&1; then
    by_hand "There is no apt-get here." "your package manager; on Debian: $command"
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root=sudo
elif command -v sudo >/dev/null 2>&1 && [ -t 0 ]; then
    as_root=sudo
else
    by_hand "You are not root, and sudo cannot be used." "su -c '$command'"
fi

echo "eighth: missing:$missing; installing with ${as_root:+$as_root }apt-get" >&2

# The nginx package would start a server on port 80. Debian's way to forbid that during an
# installation is a policy-rc.d that says 101; an administrator's own is left alone.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ "$group" != build ] && [ ! -e $policy ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null && $as_root chmod 755 $policy
fi
forget_policy() {
    [ -n "$made_policy" ] && $as_root rm -f $policy
    made_policy=
}
trap forget_policy EXIT
trap 'exit 1' INT TERM

log=$(mktemp)
# shellcheck disable=SC2086 # $packages is a list of words
if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive \
       apt-get install -y --no-install-recommends $packages; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    by_hand "apt-get failed, see above." "${as_root:+sudo }sh -c '$command'"
fi
rm -f "$log"
