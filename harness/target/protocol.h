/* SPDX-License-Identifier: MIT
 *
 * What a connection and its streams ask of the protocol that they speak: HTTP/2 (session.c) or
 * HTTP/1.1 (http1.c). Called on the connection's thread.
 */
#ifndef TARGET_PROTOCOL_H
#define TARGET_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;
struct stream;

struct protocol {
    /** Begins on the connection. -1 without memory. */
    int (*open)(struct connection *connection);

    /** Frees what it has on the connection, and all streams; nothing if it never began. */
    void (*close)(struct connection *connection);

    /** Takes what the client sent. 0, or -1: the client broke the protocol beyond repair. */
    int (*receive)(struct connection *connection, const uint8_t *bytes, size_t length);

    /** Writes what is due, until nothing is or the socket is full. 0, or -1: nothing can be written
     *  any more. */
    int (*flush)(struct connection *connection);

    /** Whether nothing will be read or written any more. */
    bool (*over)(struct connection *connection);

    /** Tells the client that later requests than the stream `last` are not served. */
    void (*go_away)(struct connection *connection, int32_t last, uint32_t code);

    /** Ends one stream without a whole response; code is an HTTP/2 error code. */
    void (*reset_stream)(struct connection *connection, int32_t id, uint32_t code);

    /** Queues the header section of the stream's plan, and its body. 0, or -1 without memory. */
    int (*submit)(struct stream *stream);

    /** The stream's body may go on. */
    void (*resume)(struct stream *stream);
};

#endif
