/* emit_c_inner.h: what the files of emit_c share: the context, and one entry per file. */
#ifndef SNNC_EMIT_C_EMIT_C_INNER_H
#define SNNC_EMIT_C_EMIT_C_INNER_H

#include "emit_c/c_name.h"
#include "emit_c/emit_c.h"

/* Small functions that the emitted file has only if it calls them. */
typedef enum {
	HELPER_F32_OF_BITS = 1 << 0,
	HELPER_BITS_OF_F32 = 1 << 1,
	HELPER_F64_OF_BITS = 1 << 2,
	HELPER_BITS_OF_F64 = 1 << 3,
	HELPER_F32_OF_F16 = 1 << 4,
	HELPER_F16_OF_F32 = 1 << 5,
	HELPER_F32_OF_BF16 = 1 << 6,
	HELPER_BF16_OF_F32 = 1 << 7,
	HELPER_NEGATED_F32 = 1 << 8,
	HELPER_NEGATED_F64 = 1 << 9,
	HELPER_MASK = 1 << 10,
	HELPER_CTZ = 1 << 11,
} CHelper;

/* What scan_code finds out about a code before anything is printed. */
typedef struct {
	bool used;                        /* called from a root, or a root itself */
	bool root;                        /* of a plan without `program`: external linkage */
	bool arena;                       /* gets the pointer to the struct */
	bool arena_read;                  /* and reads it */
	bool status;                      /* keeps the result of calls in `status` */
	bool *needed;                     /* per local: some live statement reads it */
	bool *mutable;                    /* per local: a VAR */
	bool *fused;                      /* per local: may be what an fma gave; NULL without fma */
	const char **locals;              /* C names */
	const char **ends; /* per local of a FOR: name of its bound, NULL if it needs none */
	const char **outs;                /* FUNC with several results: their parameters */
	const char *status_name;
} CCode;

/* A load that got a name before the statement that needs it. */
typedef struct { const PlanExpr *load; const char *name; } CHoisted;

/* A team and the function of its threads. */
typedef struct { const PlanStmt *team; const char *name; } CTeam;

typedef struct {
	Arena *arena;
	StrBuf *out;
	const Plan *plan;
	const EmitCOptions *opt;
	const char *title;                /* program name, as a C name */
	const char *tag;                  /* struct tag */
	const char *self;                 /* the pointer to the struct in all codes: n */
	const char **bufs, **codes, **objects; /* C names */
	CCode *infos;
	CNames file;                      /* names of file scope */
	bool whole;                       /* has a proc `program`: tables and main */
	uint32_t program;                 /* its index */
	/* What the head must provide. */
	uint32_t helpers;
	bool saturating[PT_COUNT][2];     /* integer type from f32, f64 */
	bool saturates, simd, math, fma, limits, complements;
	/* While a code is printed. */
	const PlanCode *code;
	CCode *info;
	int depth;
	CNames names;                     /* of its locals */
	int simd_depth;
	VEC(CHoisted) hoisted;            /* for the statement being printed */
	VEC(CTeam) teams;                 /* of the codes so far */
	const char *line_file;            /* source line that was shown last */
	uint32_t line;
} CEmit;

/* emit_c_scan.c */
void c_scan(CEmit *c); /* fills infos and what the head must provide */
/* of c->code: has an effect that somebody sees */
bool c_stmt_live(const CEmit *c, const PlanStmt *s);
uint32_t c_block_live(const CEmit *c, const PlanBlock *b); /* how many live statements */
bool c_one_turn(const CEmit *c, const PlanStmt *loop);    /* its body is printed without a loop */
/* printed as a constant; value may be NULL */
bool c_local_const(const CEmit *c, uint32_t local, int64_t *value);

/* emit_c_negate.c */
void c_scan_negations(CEmit *c);                          /* after c_scan */
/* what to negate by its sign bit, or NULL */
const PlanExpr *c_risky_negation(const CEmit *c, const PlanExpr *e);

/* emit_c_table.c */
void c_string(StrBuf *b, const char *s);                 /* quoted */
void c_array(Arena *a, StrBuf *out, const char *name, const PlanBuf *b, const PlanValue *data);

/* emit_c_const.c */
const char *c_type(PlanType t);                          /* of a value: "float" */
const char *c_elem(PlanType t);  /* of a buffer's element: flags are bytes, halves are bits */
uint32_t c_width(PlanType t);                            /* bits */
bool c_is_small(PlanType t);                             /* an integer below C's int */
bool c_is_unsigned(PlanType t);
void c_const(StrBuf *b, PlanType t, PlanValue v);        /* as an initialiser or operand */
/* wide: one of 64 bits says so */
void c_const_as(StrBuf *b, PlanType t, PlanValue v, bool wide);
bool c_is_negative(const PlanExpr *e);                   /* a constant below 0, also -0.0 */
bool c_can_negate(const PlanExpr *e);                    /* and its negation has the type too */
PlanExpr c_negated(const PlanExpr *e);
int64_t c_wrapped(PlanType t, uint64_t v);               /* the low bits of v as a number of t */
bool c_fold(const PlanExpr *e, int64_t *v);              /* the value, if it is made of constants */

/* emit_c_head.c */
const char *c_declarator(const CEmit *c, uint32_t buf);  /* _Alignas(64) float w[4][3] */

/* emit_c_expr.c */
/* where nothing stands around it: right of `=` */
void c_expr(CEmit *c, StrBuf *b, const PlanExpr *e);
/* where anything may stand around it */
void c_operand(CEmit *c, StrBuf *b, const PlanExpr *e);
/* assigned to something of its own type: casts that the assignment does are left out */
void c_value(CEmit *c, StrBuf *b, const PlanExpr *e);
/* n->w[i][j] */
void c_element(CEmit *c, StrBuf *b, uint32_t buf, uint32_t n, PlanExpr *const *index);
void c_address(CEmit *c, StrBuf *b, const PlanExpr *load);
bool c_expr_same(const PlanExpr *a, const PlanExpr *b);
/* `target = e`, or `target += rest` where e is `old + rest`; old is how the plan reads the
 * target. */
void c_assign(CEmit *c, StrBuf *b, const char *target, const PlanExpr *old, const PlanExpr *e);

/* emit_c_stmt.c */
void c_block(CEmit *c, const PlanBlock *b);
/* Writes `text` at the present depth, broken where lines would get too long. */
void c_line(CEmit *c, const char *text);
void c_comment(CEmit *c, const char *text);

/* emit_c_team.c: what each thread does, as functions before the proc; the call in it */
void c_team_helpers(CEmit *c);
void c_shares(CEmit *c);
void c_team(CEmit *c, const PlanStmt *s);

/* emit_c_local.c */
void c_name_locals(CEmit *c);

/* emit_c_code.c */
void c_codes(CEmit *c);

/* emit_c_head.c */
void c_head(CEmit *c);
void c_struct(CEmit *c);

/* emit_c_table.c */
void c_tables(CEmit *c);

/* c_wrap.c */
void c_wrap(StrBuf *out, int depth, const char *text);
void c_wrap_comment(StrBuf *out, int depth, const char *text);

#endif
