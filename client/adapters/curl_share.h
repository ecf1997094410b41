/* SPDX-License-Identifier: MIT
 *
 * What all handles of the process share (CURLSH), with or without the lock callbacks that libcurl
 * demands for that.
 */
#ifndef ADAPTERS_CURL_SHARE_H
#define ADAPTERS_CURL_SHARE_H

#include <curl/curl.h>
#include <stdbool.h>

/** The words of the option "share", ended by NULL. */
extern const char *const curl_share_words[];

/** Makes a share of what the bits of the words say. locks false is what libcurl's documentation
 *  forbids to programs with threads. NULL: libcurl cannot. */
CURLSH *curl_share_make(unsigned bits, bool locks);

#endif
