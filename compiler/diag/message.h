/* message.h: one diagnostic as it is held, between diag.c (collects), diag_text.c and diag_json.c (print). */
#ifndef SNNC_DIAG_MESSAGE_H
#define SNNC_DIAG_MESSAGE_H

#include "base/vec.h"
#include "diag/diag.h"

typedef struct { Span at; const char *text; } DiagLabel;      /* or a fix: what is put in that place */
typedef VEC(DiagLabel) DiagLabelVec;
typedef struct { bool help; const char *text; } DiagNote;

typedef struct {
	DiagCode code;
	Span at;
	const char *text;
	const char *mark;                                 /* behind the carets; NULL for none */
	DiagLabelVec labels;
	VEC(DiagNote) notes;
	DiagLabelVec fixes;
	uint32_t order;                                   /* of arrival: decides at equal places */
} DiagMessage;

Severity diag_severity(DiagCode c);
const char *diag_severity_text(Severity s);               /* "error" */
const char *diag_slug(DiagCode c);                        /* "unknown_name" */
uint32_t diag_char_column(const SourcePlace *at);         /* from 1; where place.col counts bytes */
void diag_print_json(const SourceMap *sources, const DiagMessage *msg, StrBuf *out);
void diag_print_text(const SourceMap *sources, const DiagMessage *msg, StrBuf *out, bool colour);

#endif
