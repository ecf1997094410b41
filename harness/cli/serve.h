/* SPDX-License-Identifier: MIT
 *
 * The verb `serve`: the target alone, for humans; or as the child of a controller.
 */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

/** argv[0] is "serve". Returns the exit code: 0, 2 (usage), 3 (environment). */
int cli_serve(int argc, char **argv);

#endif
