/* inner.h: what the files of this folder share. */
#ifndef SNNC_TESTING_INNER_H
#define SNNC_TESTING_INNER_H

#include "ast/ast_build.h"
#include "testing/testing.h"

/* A name in what is expected, and what it stands for: an expression over the network. */
typedef struct { Name name; AstExpr *is; } Alias;

typedef struct {
	TestEnv *env;
	AstBuild b;
	AstProgram *p;
	AstDecl *decl;                                    /* the model; of the program: the test itself */
	const AstTest *test;
	Span in;                                          /* spans of what is made lie in it */
	AstStmtVec events;                                /* pre at …, input …, signal events */
	AstStmtVec lines;                                 /* of the experiment */
	AstArgVec with;
	const AstStmt *repeat, *sweep;
	AstStmt *golden;
	AstExpr *swept;                                   /* what stands for the swept name; NULL: the name itself is a const */
	VEC(Alias) aliases;                               /* in expectations */
	VEC(Name) sums;                                   /* variables of the sums around */
	VEC(AstParam) params;                             /* of the model, as constants of the program */
	bool runs, failed;
} Test;

void test_error(Test *t, Span at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));   /* begins E1001 */

/* ---- trees (tree.c) ---- */
Name test_name(Test *t, const char *text);
AstExpr *test_ref(Test *t, Span at, const char *name);
AstExpr *test_member(Test *t, Span at, const char *base, const char *name);
AstExpr *test_number(Test *t, Span at, double v);
AstExpr *test_time(Test *t, Span at, double ms);
AstExpr *test_copy(Test *t, const AstExpr *e);
AstExpr *test_call(Test *t, Span at, const char *f, AstExpr *x, AstExpr *y);
AstExpr *test_op(Test *t, AstOp op, AstExpr *x, AstExpr *y);
AstStmt *test_let(Test *t, Span at, const char *name, AstExpr *e);
AstStmt *test_assign(Test *t, Span at, const char *name, AstOp op, AstExpr *e);
void test_add(Test *t, AstDecl *d);
/* A number that follows from literals, consts and parameters; false: it does not. */
bool test_fold(Test *t, const AstExpr *e, double *out);

/* ---- names (names.c) ---- */
void test_alias(Test *t, Name name, AstExpr *is);
void test_declare_states(Test *t);
void test_param_consts(Test *t);                          /* the model's parameters become constants `Model.tau` */
AstExpr *test_plain(Test *t, AstExpr *e);                 /* names of parameters by those */
AstExpr *test_seen(Test *t, AstExpr *e);                  /* likewise, and names of what is seen; messages on unknown ones */

/* ---- sources (source.c): neurons that spike when they are told ---- */
/* A layer of n neurons of a model of its own. events: whose target is `name` (side of a rule) or that one event. */
void test_source(Test *t, const char *layer, uint32_t n, const AstStmtVec *events, const AstStmtVec *states);

/* ---- protocol.c ---- */
void test_sort_lines(Test *t);                            /* of the test: events, set-up, protocol */
void test_experiment(Test *t, const AstStmtVec *signals, bool by_layer); /* makes it of t->lines; runs are cut at signal events */

/* ---- sweep.c ---- */
bool test_sweep(Test *t, uint32_t point, TestSweep *out);

/* ---- models ---- */
bool test_rule(Test *t, TestSweep *sweep);
bool test_neuron(Test *t, TestSweep *sweep);
bool test_feature(Test *t, TestSweep *sweep);

#endif
