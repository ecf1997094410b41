/* SPDX-License-Identifier: MIT
 *
 * Tables from sigaction(2).
 */
#include "harness/judge/signal_words.h"

#include <inttypes.h>
#include <signal.h>
#include <stddef.h>

static const struct {
    int number; /* 0: any */
    int code;
    const char *name;
    const char *cause; /* before the address */
} codes[] = {
    {SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR", "nothing is mapped at"},
    {SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR", "this access is not allowed at"},
    {SIGBUS, BUS_ADRALN, "BUS_ADRALN", "badly aligned access at"},
    {SIGBUS, BUS_ADRERR, "BUS_ADRERR", "no memory behind the mapping at"},
    {SIGBUS, BUS_OBJERR, "BUS_OBJERR", "the machine reports an error at"},
    {SIGILL, ILL_ILLOPC, "ILL_ILLOPC", "an illegal instruction stands at"},
    {SIGILL, ILL_ILLOPN, "ILL_ILLOPN", "an illegal instruction stands at"},
    {SIGFPE, FPE_INTDIV, "FPE_INTDIV", "division of an integer by zero at"},
    {SIGFPE, FPE_INTOVF, "FPE_INTOVF", "overflow of an integer at"},
    {SIGFPE, FPE_FLTDIV, "FPE_FLTDIV", "floating-point division by zero at"},
    {SIGTRAP, TRAP_BRKPT, "TRAP_BRKPT", "a breakpoint stands at"},
    {0, SI_USER, "SI_USER", NULL},
    {0, SI_KERNEL, "SI_KERNEL", NULL},
    {0, SI_QUEUE, "SI_QUEUE", NULL},
    {0, SI_TKILL, "SI_TKILL", NULL},
    {0, SI_TIMER, "SI_TIMER", NULL},
};

#define CODES (sizeof codes / sizeof codes[0])

static size_t find(int number, int code)
{
    size_t i = 0;
    while (i < CODES &&
           ((codes[i].number != 0 && codes[i].number != number) || codes[i].code != code)) {
        i++;
    }
    return i;
}

const char *signal_words_code(int number, int code)
{
    size_t i = find(number, code);
    return i < CODES ? codes[i].name : "";
}

void signal_words_cause(const struct stack_signal *signal, int32_t pid, struct buffer *text)
{
    size_t i = find(signal->number, signal->code);
    if (i < CODES && codes[i].cause != NULL && signal->has_address) {
        buffer_printf(text, "%s 0x%" PRIx64 "%s", codes[i].cause, signal->address,
                      signal->number == SIGSEGV && signal->address < 4096 ? ", near NULL" : "");
    } else if (signal->number == SIGSEGV && signal->code == SI_KERNEL) {
        buffer_puts(text, "an address that no pointer can have");
    } else if (signal->code <= 0 && signal->sender != 0) {
        buffer_printf(text, "sent by %s",
                      signal->sender == pid ? "the process itself" : "another process");
    }
}
