/* page.h: the parts of a model's page, as both printers need them. */
#ifndef SNNC_INFO_PAGE_H
#define SNNC_INFO_PAGE_H

#include "info/doc.h"

typedef VEC(const AstDecl *) DeclVec;

typedef struct {
	const char *name;
	const char *value; /* of a parameter: its default; of a state: what is particular about it; "" */
	const char *unit;  /* "[mV]" where the value does not show it; "" */
	const char *text;  /* NULL: nothing is said about it */
} PageRow;

typedef VEC(PageRow) PageRows;

const char *page_kind(AstDeclKind k);         /* "neuron" */
const char *page_kinds(AstDeclKind k);        /* "Neurons" */
DeclVec page_models(const InfoEnv *env, AstDeclKind kind);
const SourceFile *page_file(const InfoEnv *env, const AstDecl *model);
const char *page_place(const InfoEnv *env, const AstDecl *model); /* "lib/neurons/sources.snn:7" */
PageRows page_params(const InfoEnv *env, const AstDecl *model, const Doc *d);
PageRows page_states(const InfoEnv *env, const AstDecl *model, const Doc *d); /* traces too */
PageRows page_signals(const InfoEnv *env, const AstDecl *model, const Doc *d);
PageRows page_draws(const InfoEnv *env, const AstDecl *model, const Doc *d);  /* the other items */
const char *page_equations(const InfoEnv *env, const AstDecl *model, const Doc *d);
const char *page_tests(const InfoEnv *env, const AstDecl *model); /* how many, and how they are run; NULL: none */
const char *page_use(const InfoEnv *env, const AstDecl *model);   /* a line that uses it */

/* info_text.c */
void info_text_model(StrBuf *out, const InfoEnv *env, const AstDecl *model);

#endif
