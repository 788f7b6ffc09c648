/* message.h: one diagnostic as it is held, between diag.c (collects) and diag_text.c (prints). */
#ifndef SNNC_DIAG_MESSAGE_H
#define SNNC_DIAG_MESSAGE_H

#include "base/vec.h"
#include "diag/diag.h"

typedef struct { Span at; const char *text; } DiagLabel;
typedef struct { bool help; const char *text; } DiagNote;

typedef struct {
	DiagCode code;
	Span at;
	const char *text;
	const char *mark;                                 /* behind the carets; NULL for none */
	VEC(DiagLabel) labels;
	VEC(DiagNote) notes;
	uint32_t order;                                   /* of arrival: decides at equal places */
} DiagMessage;

Severity diag_severity(DiagCode c);
void diag_print_text(const SourceMap *sources, const DiagMessage *msg, StrBuf *out, bool colour);

#endif
