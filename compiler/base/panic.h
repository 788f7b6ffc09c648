/* panic.h: stops for what cannot go on.
 *
 * ASSERT and UNREACHABLE are for our own mistakes: they print the running
 * stage, file and line, say that it is a bug in snnc, and abort. fatal() is for
 * the world's failures (no memory): it prints one line and exits with 3.
 * ASSERT stays on in release builds; its condition has no effects.
 */
#ifndef SNNC_BASE_PANIC_H
#define SNNC_BASE_PANIC_H

#define ASSERT(cond) ((cond) ? (void)0 : panic_at(__FILE__, __LINE__, "assertion failed: " #cond))
#define UNREACHABLE() panic_at(__FILE__, __LINE__, "unreachable")
#define PANIC(...) panic_at(__FILE__, __LINE__, __VA_ARGS__)

_Noreturn void panic_at(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Names the stage that runs now ("lower", "opt fold"), shown by panic_at. Keeps the pointer. */
void panic_set_stage(const char *name);

#endif
