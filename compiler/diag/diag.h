/* diag.h: what we tell the user.
 *
 *   diag_begin(d, E_UNKNOWN_NAME, span, "no layer is called `%s`", name);
 *   diag_label(d, other_span, "declared here");            a second place, in the excerpt
 *   diag_help(d, "did you mean `%s`?", near);
 *   diag_end(d);
 *
 * The messages are held, ordered by place, and printed once by diag_flush; the
 * same message at the same place is kept once. At most 20 errors are shown. A
 * message without a span (span {0,0}) is "plain": it names the file or option in
 * its own words. Codes stand in diag.def and are never reused.
 */
#ifndef SNNC_DIAG_DIAG_H
#define SNNC_DIAG_DIAG_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "source/source.h"

#include <stdarg.h>

typedef enum {
#define D(code, severity, slug, meaning) code,
#include "diag/diag.def"
#undef D
	DIAG_CODE_COUNT
} DiagCode;

typedef enum { SEV_ERROR, SEV_WARNING, SEV_NOTE } Severity;

typedef struct Diag Diag;

Diag *diag_open(Arena *a, SourceMap *sources);
void diag_vbegin(Diag *d, DiagCode code, Span at, const char *fmt, va_list ap);
void diag_begin(Diag *d, DiagCode code, Span at, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void diag_label(Diag *d, Span at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void diag_mark(Diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));   /* text behind the main carets */
void diag_note(Diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void diag_help(Diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What to write in place of `at`, for tools that mend a text; people read it in a help. */
void diag_fix(Diag *d, Span at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A help: did you mean `near`? And a fix, where the message stands at `name` itself. */
void diag_suggest(Diag *d, const char *name, const char *near);
void diag_end(Diag *d);
/* In which turn of a loop of declarations we are ("s = L4E"), for the messages from here on; NULL: in none. */
void diag_turn(Diag *d, const char *turn);
uint32_t diag_errors(const Diag *d);                      /* since diag_open: a flush does not lower it */
uint32_t diag_warnings(const Diag *d);
void diag_flush(Diag *d, StrBuf *out, bool colour);       /* prints what is held, in order of place, and forgets it */
void diag_flush_json(Diag *d, StrBuf *out);               /* the same as one JSON object for each, a line each; all of them */
const char *diag_code_text(DiagCode c);                   /* "E0201" */
const char *diag_code_meaning(DiagCode c);                /* "a name that nothing declares" */
bool diag_code_find(const char *text, DiagCode *out);     /* of "E0201", "e0201" */

/* The nearest of n names by edit distance, at most a third of the length of `name` (at least 1) away; NULL if none.
 * First in order wins ties. Capitals count as small letters, so `lif` finds `LIF`; `name` itself is never given. */
const char *suggest(const char *name, const char *const *names, uint32_t n);
/* What is written here for a word that other languages and simulators have; NULL if it is none of theirs. */
const char *elsewhere_help(const char *word);

#endif
