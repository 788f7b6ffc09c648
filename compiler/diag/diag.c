/* diag: the sink. Holds what was said until diag_flush, in the arena. */
#include "diag/diag.h"

#include "base/panic.h"
#include "diag/message.h"

#include <stdlib.h>
#include <string.h>

enum {
	SHOWN_ERRORS = 20,
	/* A file that is wrong in every line must not cost memory and time without bound: what comes after
	 * this many is counted, not kept. */
	HELD_MESSAGES = 1000
};

typedef VEC(DiagMessage *) DiagMessageVec;

struct Diag {
	Arena *arena;
	SourceMap *sources;
	const char *turn;                                 /* diag_turn; or NULL */
	DiagMessage *open;                                /* between begin and end */
	DiagMessageVec held;
	uint32_t errors, warnings;                        /* since diag_open */
	uint32_t held_errors;                             /* since the last flush, kept or not */
};

typedef struct { Severity severity; const char *text, *slug, *meaning; } CodeInfo;

static const CodeInfo codes[DIAG_CODE_COUNT] = {
#define D(code, severity, slug, meaning) [code] = {severity, #code, #slug, meaning},
#include "diag/diag.def"
#undef D
};

const char *
diag_code_text(DiagCode c)
{
	ASSERT(c < DIAG_CODE_COUNT);
	return codes[c].text;
}

const char *
diag_code_meaning(DiagCode c)
{
	ASSERT(c < DIAG_CODE_COUNT);
	return codes[c].meaning;
}

const char *
diag_slug(DiagCode c)
{
	ASSERT(c < DIAG_CODE_COUNT);
	return codes[c].slug;
}

bool
diag_code_find(const char *text, DiagCode *out)
{
	for (int i = 0; i < DIAG_CODE_COUNT; i++) {
		const char *code = codes[i].text;
		bool first = *text == *code || *text == *code + 'a' - 'A';
		if (first && strcmp(text + 1, code + 1) == 0) {
			*out = (DiagCode)i;
			return true;
		}
	}
	return false;
}

const char *
diag_severity_text(Severity s)
{
	static const char *const texts[] = {[SEV_ERROR] = "error", [SEV_WARNING] = "warning", [SEV_NOTE] = "note"};
	return texts[s];
}

Severity
diag_severity(DiagCode c)
{
	ASSERT(c < DIAG_CODE_COUNT);
	return codes[c].severity;
}

Diag *
diag_open(Arena *a, SourceMap *sources)
{
	Diag *d = ARENA_NEW(a, Diag);
	d->arena = a;
	d->sources = sources;
	return d;
}

void
diag_vbegin(Diag *d, DiagCode code, Span at, const char *fmt, va_list ap)
{
	ASSERT(!d->open);
	d->open = ARENA_NEW(d->arena, DiagMessage);
	d->open->code = code;
	d->open->at = at;
	d->open->text = arena_vprintf(d->arena, fmt, ap);
}

void
diag_begin(Diag *d, DiagCode code, Span at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	diag_vbegin(d, code, at, fmt, ap);
	va_end(ap);
}

static void
add_label(Diag *d, DiagLabelVec *to, Span at, const char *fmt, va_list ap)
{
	DiagLabel label = {at, arena_vprintf(d->arena, fmt, ap)};
	VEC_PUSH(d->arena, to, label);
}

void
diag_label(Diag *d, Span at, const char *fmt, ...)
{
	ASSERT(d->open);
	va_list ap;
	va_start(ap, fmt);
	add_label(d, &d->open->labels, at, fmt, ap);
	va_end(ap);
}

void
diag_mark(Diag *d, const char *fmt, ...)
{
	ASSERT(d->open);
	va_list ap;
	va_start(ap, fmt);
	d->open->mark = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
}

static void
add_note(Diag *d, bool help, const char *fmt, va_list ap)
{
	ASSERT(d->open);
	DiagNote note = {help, arena_vprintf(d->arena, fmt, ap)};
	VEC_PUSH(d->arena, &d->open->notes, note);
}

void
diag_note(Diag *d, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add_note(d, false, fmt, ap);
	va_end(ap);
}

void
diag_help(Diag *d, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add_note(d, true, fmt, ap);
	va_end(ap);
}

void
diag_fix(Diag *d, Span at, const char *fmt, ...)
{
	ASSERT(d->open);
	va_list ap;
	va_start(ap, fmt);
	add_label(d, &d->open->fixes, at, fmt, ap);
	va_end(ap);
}

void
diag_suggest(Diag *d, const char *name, const char *near)
{
	SourcePlace at;
	Span span = d->open->at;
	size_t n = strlen(name);
	diag_help(d, "did you mean `%s`?", near);
	if (source_find(d->sources, span.lo, &at) && span.hi - span.lo == n && at.line_len >= at.col - 1 + n &&
	    memcmp(at.line_text + at.col - 1, name, n) == 0)
		diag_fix(d, span, "%s", near);
}

static bool
is_held(const Diag *d, const DiagMessage *m)
{
	for (uint32_t i = 0; i < d->held.n; i++) {
		const DiagMessage *h = d->held.at[i];
		if (h->code == m->code && h->at.lo == m->at.lo && h->at.hi == m->at.hi &&
		    strcmp(h->text, m->text) == 0)
			return true;
	}
	return false;
}

void
diag_turn(Diag *d, const char *turn)
{
	d->turn = turn;
}

void
diag_end(Diag *d)
{
	DiagMessage *m = d->open;
	ASSERT(m);
	if (d->turn)
		diag_note(d, "in the turn %s", d->turn);
	d->open = NULL;
	if (is_held(d, m))
		return;
	switch (diag_severity(m->code)) {
	case SEV_ERROR:
		d->errors++;
		d->held_errors++;
		break;
	case SEV_WARNING:
		d->warnings++;
		break;
	case SEV_NOTE:
		break;
	}
	m->order = d->held.n;
	if (d->held.n < HELD_MESSAGES)
		VEC_PUSH(d->arena, &d->held, m);
}

uint32_t
diag_errors(const Diag *d)
{
	return d->errors;
}

uint32_t
diag_warnings(const Diag *d)
{
	return d->warnings;
}

static int
compare_places(const void *a, const void *b)
{
	const DiagMessage *x = *(DiagMessage *const *)a, *y = *(DiagMessage *const *)b;
	if (x->at.lo != y->at.lo)
		return x->at.lo < y->at.lo ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void
sort_held(Diag *d)
{
	ASSERT(!d->open);
	if (d->held.n)
		qsort(d->held.at, d->held.n, sizeof *d->held.at, compare_places);
}

static void
forget_held(Diag *d)
{
	d->held = (DiagMessageVec){0};
	d->held_errors = 0;
}

void
diag_flush_json(Diag *d, StrBuf *out)
{
	sort_held(d);
	for (uint32_t i = 0; i < d->held.n; i++)
		diag_print_json(d->sources, d->held.at[i], out);
	forget_held(d);
}

void
diag_flush(Diag *d, StrBuf *out, bool colour)
{
	uint32_t shown = 0;
	sort_held(d);
	for (uint32_t i = 0; i < d->held.n; i++) {
		const DiagMessage *m = d->held.at[i];
		if (diag_severity(m->code) == SEV_ERROR && ++shown > SHOWN_ERRORS)
			continue;
		diag_print_text(d->sources, m, out, colour);
	}
	if (d->held_errors > SHOWN_ERRORS) {
		uint32_t more = d->held_errors - SHOWN_ERRORS;
		strbuf_printf(out, "snnc: %u more error%s, not shown\n", more, more == 1 ? "" : "s");
	}
	forget_held(d);
}
