/* doc.h: the comment above a model, in its parts. */
#ifndef SNNC_INFO_DOC_H
#define SNNC_INFO_DOC_H

#include "info/info.h"

typedef struct {
	Name name;
	const char *text;
} DocItem;

typedef struct {
	const char *summary;     /* the first sentence; NULL: there is no comment */
	const char *rest;        /* further prose, paragraphs parted by an empty line; "" */
	const char *equations;   /* lines, without the indent; NULL: none */
	VEC(DocItem) items;      /* of parameters, states, traces, draws */
	const char *reference;   /* NULL: none */
	const char *bindsnet;    /* NULL: none */
} Doc;

Doc doc_read(const InfoEnv *env, const AstDecl *model);
const char *doc_item(const Doc *d, Name name); /* NULL: nothing is said about it */
/* The comment that opens the file of a model: its first sentence, and the rest in *rest. "" if there is none. */
const char *doc_of_file(const InfoEnv *env, const SourceFile *f, const char **rest);
/* The text of a declaration; of what stands between its braces, without the common indent. */
const char *doc_source(const InfoEnv *env, const AstDecl *model);
const char *doc_body(const InfoEnv *env, const AstDecl *model);
const char *doc_span(const InfoEnv *env, Span at);

#endif
