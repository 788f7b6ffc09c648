/* inner.h: what the files of expand/ share. */
#ifndef SNNC_EXPAND_INNER_H
#define SNNC_EXPAND_INNER_H

#include "ast/ast_build.h"
#include "ast/ast_clone.h"
#include "expand/expand.h"

enum { MOST_MADE = 200000, MOST_CELLS = 1 << 24 };        /* declarations; entries of a table */

/* Rows with named columns, or an array. */
typedef struct {
	const AstDecl *d;
	bool ready, busy, failed;
	uint32_t rank;                                    /* rows: 2 (rows, columns) */
	uint64_t extent[6];
	int64_t first[6];                                 /* index of the first entry */
	const AstExpr **cell;                             /* row by row; NULL: `number`, or by expression */
	const double *number;
} Table;

/* What a name stands for inside a loop. */
typedef struct {
	Name name;
	Span span;
	Table *table; uint64_t row;                       /* a row of a table; or NULL: */
	const AstExpr *e;
} Bind;

/* layer L[k]: its elements so far, in the order of the text */
typedef struct { Name base; VEC(Name) made; } List;
typedef struct { Name base, flat; Span span; const char *shown, *turn; } Use;

typedef struct {
	AstClone clone;                                   /* first: its callbacks know the whole by it */
	ExpandEnv *env;
	Arena *arena;
	Diag *diag;
	AstBuild b;
	const AstProgram *in;
	AstDeclVec out;
	VEC(Table) tables;
	VEC(Bind) binds;
	VEC(List) lists;
	VEC(Use) uses;
	VEC(const AstDecl *) named;                       /* plain names that a loop declared */
	uint32_t loops;                                   /* that we are in */
	uint32_t made;                                    /* declarations and statements, so that their number has a bound */
	uint32_t evals;                                   /* nested: constants that are defined by themselves */
	const char *turn;
	bool failed;
} Expand;

void expand_error(Expand *x, DiagCode code, Span at, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

bool expand_is_name(const char *text);

/* ---- value.c: what is worked out here ---- */
typedef enum { VALUE_NUMBER, VALUE_TRUTH, VALUE_TEXT } ValueKind;
typedef struct { ValueKind kind; double number; bool truth; const char *text; } Value;
/* Of an expression where everything is put in. what: "an index"; messages. */
bool expand_value(Expand *x, const AstExpr *e, const char *what, Value *out);
bool expand_whole(Expand *x, const AstExpr *e, const char *what, int64_t *out);
const AstDecl *expand_constant(const Expand *x, Name name);       /* param or const of the program; NULL */

/* ---- table.c ---- */
Table *expand_find_table(Expand *x, Name name);                   /* made when it is first asked for; NULL: none */
bool expand_is_table(const Expand *x, Name name);
/* One entry, as it stands at `at`; NULL after a message. */
AstExpr *expand_cell(Expand *x, Table *t, const AstExpr *use, const AstArgVec *index);
AstExpr *expand_column(Expand *x, Table *t, uint64_t row, const AstExpr *member);

/* ---- put.c: expressions with everything put in ---- */
AstExpr *expand_put(AstClone *c, const AstExpr *e);               /* the callback of the clone */
AstExpr *expand_number(Expand *x, Span at, double v);
AstExpr *expand_here(Expand *x, const AstExpr *e, Span at);       /* a copy whose spans are all `at` */
/* "L_3" of L[3], and its list; false after a message. */
bool expand_flat(Expand *x, const AstExpr *e, Name *base, Name *flat, const char **shown);
List *expand_find_list(Expand *x, Name base);

/* ---- loop.c ---- */
typedef struct { Span at; const Table *table; const List *list; const AstExpr *items; int64_t lo, hi; } Turns;
bool expand_turns(Expand *x, const AstExpr *over, Turns *out);    /* what a loop goes over */
uint64_t expand_count(const Turns *t);
void expand_bind(Expand *x, Name name, Span at, const Turns *t, uint64_t k);
bool expand_may_bind(Expand *x, Name name, Span at);
bool expand_loop_stmt(AstClone *c, const AstStmt *s, AstStmtVec *out);

/* ---- sweep.c ---- */
bool expand_find_lanes(Expand *x, ExpandLanes *out);

#endif
