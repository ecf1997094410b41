#!/bin/sh
# SPDX-License-Identifier: MIT
# client.sh URL CA: fetches it twice, and compares. Whatever it starts ends before it does.
set -eu
first=$(curl --silent --show-error --fail --max-time 20 --cacert "$2" "$1")
second=$(curl --silent --show-error --fail --max-time 20 --cacert "$2" "$1")
[ "$first" = "$second" ]
