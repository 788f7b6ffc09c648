/* plan.h: the loop plan, the heart of the compiler.
 *
 * Everything that a program does is here: buffers with named axes, pure
 * functions, kernels (loop nests over neurons, rows of spiking pre neurons …)
 * and procs (the schedule of a step, and the protocol with its host calls).
 * All semantic and all performance decisions are in the plan, so that eval,
 * emit_c and emit_llvm are thin, alike, and give the same bits. A plan can be
 * printed, read back and verified; docs/plan-ir.md describes its text.
 *
 * Cross references are indices into the plan's arrays. Everything lives in the
 * plan's arena.
 */
#ifndef SNNC_PLAN_PLAN_H
#define SNNC_PLAN_PLAN_H

#include "base/arena.h"
#include "base/intern.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "source/source.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- types ------------------------------------------------------------------------------- */

typedef enum {
	PT_UNSET,
	PT_BOOL,                                          /* stored as a byte, 0 or 1 */
	PT_I8, PT_I16, PT_I32, PT_I64,
	PT_U8, PT_U16, PT_U32, PT_U64,
	PT_F16, PT_BF16,                                  /* storage only: a load gives f32, a store rounds to nearest even */
	PT_F32, PT_F64,
	PT_COUNT
} PlanType;

const char *plan_type_name(PlanType t);                   /* "f32" */
uint32_t plan_type_size(PlanType t);                      /* bytes */
bool plan_type_is_float(PlanType t);
bool plan_type_is_int(PlanType t);                        /* not bool */
bool plan_type_is_signed(PlanType t);
PlanType plan_type_value(PlanType t);                     /* type of a loaded value: f32 for f16 and bf16 */
bool plan_type_find(const char *name, size_t n, PlanType *out);
double plan_half_value(PlanType t, uint16_t bits);        /* f16, bf16: the value of stored bits, exactly */
uint16_t plan_half_bits(PlanType t, double v);            /* rounded to nearest even; every NaN gives the same quiet one */
double plan_round_float(PlanType t, double v);            /* to a value of t */
int64_t plan_wrap_int(PlanType t, int64_t v);             /* to a value of t, also bool; u64 by its bits */

/* A constant: floats (also f32, exactly) in .f, integers and bool in .i (u64 by its bits). */
typedef union { double f; int64_t i; } PlanValue;

/* ---- buffers ----------------------------------------------------------------------------- */

typedef enum { AXIS_UNSET, AXIS_LANE, AXIS_BATCH, AXIS_NEURON, AXIS_PRE, AXIS_POST, AXIS_SYNAPSE, AXIS_SLOT,
	       AXIS_CLASS, AXIS_ITEM, AXIS_COUNT } PlanAxisKind;
typedef struct { PlanAxisKind kind; uint64_t extent; } PlanAxis;

typedef enum {
	ROLE_UNSET,
	ROLE_STATE,                                       /* in checkpoints; what a run is */
	ROLE_DERIVED,                                     /* follows from state; rebuilt by the step that needs it */
	ROLE_SCRATCH,                                     /* no meaning between two procs */
	ROLE_CONST,                                       /* values in .data; never stored to */
	ROLE_WORK,                                        /* no meaning between two kernels, nor between parts of one; in no checkpoint */
	ROLE_COUNT
} PlanRole;

const char *plan_axis_name(PlanAxisKind k);               /* "neuron" */
const char *plan_role_name(PlanRole r);                   /* "state" */

enum { PLAN_MAX_TEAM = 64 /* threads */ };
enum { PLAN_MAX_AXES = 6, PLAN_MAX_OPS = 6, PLAN_ALIGN = 64, PLAN_HEADER = 64, PLAN_FRAME = 1024 };
/* How deep an expression and nested blocks may be: verify and read refuse more, so that no printer overflows. */
enum { PLAN_MAX_DEPTH = 400, PLAN_MAX_NEST = 64 };

typedef struct {
	Name name;                                        /* "exc.v": stable; the checkpoint and records use it */
	PlanType type;
	PlanRole role;
	uint32_t naxes;                                   /* 0: one element */
	PlanAxis axis[PLAN_MAX_AXES];                     /* row-major, last axis contiguous */
	uint64_t pitch;                                   /* elements from a row to the next, if more than the last axis has; else 0 */
	const PlanValue *data;                            /* ROLE_CONST: all elements */
	uint64_t offset;                                  /* in the arena, a multiple of PLAN_ALIGN; set by plan_layout */
	Span span;
} PlanBuf;

uint64_t plan_buf_count(const PlanBuf *b);                /* elements; UINT64_MAX if that is more than 2^48 */
uint64_t plan_buf_pitch(const PlanBuf *b);                /* elements from a row to the next: the last axis, and what is left free behind it */
uint64_t plan_buf_bytes(const PlanBuf *b);                /* in the arena, with what is left free */
bool plan_buf_in_frame(const PlanBuf *b);                 /* work of at most PLAN_FRAME bytes: each part of a kernel has its own, in its frame */
uint64_t plan_buf_place(const PlanBuf *b, uint64_t i);    /* where element i, in the order of the axes, lies: in elements */

/* ---- expressions -------------------------------------------------------------------------- */

typedef enum {
	PEXPR_UNSET,
#define X(kind, n, mnemonic, notation) PEXPR_##kind,
#include "plan/plan_expr.def"
#undef X
	PEXPR_COUNT
} PlanExprKind;

typedef struct PlanExpr PlanExpr;
struct PlanExpr {
	PlanExprKind kind;
	PlanType type;
	uint32_t id;                                      /* LOCAL: index in the code's locals; LOAD, MASK: index of the buffer */
	uint32_t nops;
	PlanValue value;                                  /* CONST */
	PlanExpr *op[PLAN_MAX_OPS];
	Span span;
};

/* ---- statements --------------------------------------------------------------------------- */

typedef enum {
	PSTMT_UNSET,
#define X(kind, mnemonic) PSTMT_##kind,
#include "plan/plan_stmt.def"
#undef X
	PSTMT_COUNT
} PlanStmtKind;

/* Who of a team runs a kernel. With one thread each is the whole range, in the order of the text. */
typedef enum {
	SHARE_NONE,                                       /* outside of teams */
	SHARE_PARTS,                                      /* everyone a part of the range; cuts are multiples of `step` */
	SHARE_EVENTS,                                     /* likewise, cut where as many events of the list `list` lie on either side */
	SHARE_ONE,                                        /* thread number `step`, modulo how many there are */
} PlanShare;

typedef struct PlanStmt PlanStmt;
typedef struct { PlanStmt **at; uint32_t n; } PlanBlock;

/* An argument of a host call: a value (i64), or the address of an element of a buffer. */
typedef struct { bool address; PlanExpr *e; } PlanArg;    /* address: e is a LOAD, which is not done */

struct PlanStmt {
	PlanStmtKind kind;
	Span span;
	uint32_t id;                                      /* LET VAR SET FOR: local; STORE: buffer; CALL: func; RUN: kernel;
	                                                   * DO: proc; HOST: index in snnrt_abi.def */
	PlanExpr *e;                                      /* LET VAR SET STORE: value; WHILE IF: condition; FOR: lower bound */
	PlanExpr *hi;                                     /* FOR: upper bound, excluded */
	int64_t step;                                     /* FOR: > 0; RUN: see PlanShare */
	PlanShare share;                                  /* RUN */
	uint32_t list, count;                             /* RUN, SHARE_EVENTS: buffers [1, n] of ascending indices, and [1], how many there are */
	bool simd;                                        /* FOR: turns are independent of each other, in any order */
	uint32_t nops;                                    /* STORE: indices; CALL: arguments; RETURN: values */
	PlanExpr **op;
	uint32_t nlocals;                                 /* CALL: results; HOST: 1 if the result is kept in locals[0] (i64) */
	uint32_t *locals;
	uint32_t nargs;                                   /* HOST */
	PlanArg *args;
	PlanBlock body, other;                            /* FOR WHILE TEAM: body; IF: then, else */
	const char *text;                                 /* NOTE */
};

/* ---- functions, kernels, procs ------------------------------------------------------------- */

typedef enum { CODE_UNSET, CODE_FUNC, CODE_KERNEL, CODE_PROC } PlanCodeKind;
typedef struct { Name name; PlanType type; } PlanLocal;   /* names are unique within a code after plan_build; no dots */

typedef struct {
	PlanCodeKind kind;
	Name name;                                        /* "exc.update"; unique among all codes of the plan */
	Span span;
	PlanLocal *locals;
	uint32_t nlocals, locals_cap;
	uint32_t nparams;                                 /* FUNC: locals 0 .. nparams are parameters; KERNEL: 2, `lo` and `hi` (i64) */
	uint32_t nresults;                                /* FUNC */
	PlanType *results;
	uint64_t range;                                   /* KERNEL: called with 0 <= lo <= hi <= range; parts may run at the same time */
	PlanBlock body;
} PlanCode;

/* ---- host objects and the whole ------------------------------------------------------------ */

typedef enum {
	POBJ_UNSET,
#define X(kind, mnemonic, texts, bufs, nums) POBJ_##kind,
#include "plan/plan_object.def"
#undef X
	POBJ_COUNT
} PlanObjectKind;

typedef struct {
	PlanObjectKind kind;
	Name name;
	uint32_t ntexts, nbufs, nnums;
	const char **texts;
	uint32_t *bufs;
	int64_t *nums;
	Span span;
} PlanObject;

/* Host calls, from runtime/include/snnrt_abi.def: name and arguments ('l': i64, 'p': address). */
typedef struct { const char *name, *args; } PlanHostFn;
extern const PlanHostFn plan_host_fns[];
extern const uint32_t plan_host_fn_count;
uint32_t plan_host_find(const char *name);                /* index; PANIC if there is none */
bool plan_object_takes_pitch(PlanObjectKind k);           /* whether its buffers may have one: the host goes by rows */

/* What a pass did with a code, or why it did not: for people; no part of the plan's text. `form`, if set, is that of the kernels that
 * the pass made beside it, "NAME.part": "lazy". */
typedef struct { const char *pass; bool done; Name code; const char *text, *form; } PlanRemark;

typedef struct {
	Arena *arena;
	Interner *names;
	Name name;                                        /* of the program: "mnist" */
	PlanType real;                                    /* f32 or f64 */
	double dt;                                        /* ms */
	uint64_t seed;                                    /* default seed */
	VEC(PlanBuf) bufs;
	VEC(PlanCode *) codes;                            /* order: funcs before users; kernels; procs before users */
	VEC(PlanObject) objects;
	VEC(PlanRemark) remarks;
	const char *hash;                                 /* of the plan before `team` and the passes behind it; NULL: as it is */
	uint64_t arena_bytes;                             /* set by plan_layout: PLAN_HEADER + buffers */
	Span at;                                          /* the statement of the program that is being built; stamped on what is emitted */
} Plan;

/* Fixed points that the host knows by name: buffers `seed` u64[], `step` u64[] (steps done so far), `learning`
 * bool[]; proc `program` (the whole: init, then the protocol), proc `step` (one step). */

/* ---- build (plan_build.c) ------------------------------------------------------------------- */

Plan *plan_new(Arena *a, Interner *names, const char *name, PlanType real);
uint32_t plan_add_buf(Plan *p, const char *name, PlanType t, PlanRole role, uint32_t naxes, const PlanAxis *axes);
uint32_t plan_find_buf(const Plan *p, const char *name);  /* UINT32_MAX: none */
uint32_t plan_find_code(const Plan *p, const char *name); /* UINT32_MAX: none */
uint32_t plan_add_object(Plan *p, PlanObjectKind k, const char *name);
uint32_t plan_add_code(Plan *p, PlanCodeKind k, const char *name);   /* KERNEL gets its params lo, hi */
uint32_t plan_add_local(Plan *p, PlanCode *c, const char *name, PlanType t);  /* made unique: v, v2, v3 … */
void plan_note_stores(bool *stored, PlanBlock b);         /* stored[buf]: the block stores to it */
void plan_layout(Plan *p);                                /* offsets and arena_bytes, in order of buffers */

PlanExpr *plan_float(Plan *p, PlanType t, double v);      /* rounded to t */
PlanExpr *plan_int(Plan *p, PlanType t, int64_t v);       /* wrapped to t; also bool */
PlanExpr *plan_local(Plan *p, const PlanCode *c, uint32_t local);
PlanExpr *plan_load(Plan *p, uint32_t buf, uint32_t n, PlanExpr *const *index);
/* The next n elements of a buffer of bool, as bits; n may be more than 64, of which the first are taken. */
PlanExpr *plan_mask(Plan *p, uint32_t buf, uint32_t axes, PlanExpr *const *index, PlanExpr *n);
PlanExpr *plan_unary(Plan *p, PlanExprKind k, PlanExpr *a);
PlanExpr *plan_binary(Plan *p, PlanExprKind k, PlanExpr *a, PlanExpr *b);     /* same types; comparisons give bool */
PlanExpr *plan_ternary(Plan *p, PlanExprKind k, PlanExpr *a, PlanExpr *b, PlanExpr *c);
PlanExpr *plan_cast(Plan *p, PlanType t, PlanExpr *a);    /* a itself if it has that type */
PlanExpr *plan_bits(Plan *p, PlanType t, PlanExpr *a);
/* Builders do not fold: that is opt's work. */

/* A block being built. */
typedef struct { Plan *plan; PlanCode *code; VEC(PlanStmt *) v; } PlanEmit;
PlanEmit plan_emit(Plan *p, PlanCode *c);
PlanBlock plan_freeze(PlanEmit *b);
PlanExpr *plan_emit_let(PlanEmit *b, const char *name, PlanExpr *e);          /* gives the local */
uint32_t plan_emit_var(PlanEmit *b, const char *name, PlanExpr *e);           /* gives its index */
void plan_emit_set(PlanEmit *b, uint32_t local, PlanExpr *e);
void plan_emit_store(PlanEmit *b, uint32_t buf, uint32_t n, PlanExpr *const *index, PlanExpr *e);
/* For and if take the inner block: fill an own PlanEmit of the same code, then pass it. */
uint32_t plan_new_loop_local(PlanEmit *b, const char *name);                  /* i64 local for a FOR */
PlanStmt *plan_emit_for(PlanEmit *b, uint32_t local, PlanExpr *lo, PlanExpr *hi, bool simd, PlanEmit *body);
void plan_emit_while(PlanEmit *b, PlanExpr *cond, PlanEmit *body);
void plan_emit_if(PlanEmit *b, PlanExpr *cond, PlanEmit *then, PlanEmit *otherwise);   /* otherwise may be NULL */
void plan_emit_call(PlanEmit *b, uint32_t func, uint32_t nargs, PlanExpr *const *args,
                    const char *const *names, PlanExpr **results);            /* results[i]: the declared locals */
void plan_emit_return(PlanEmit *b, uint32_t n, PlanExpr *const *values);
void plan_emit_run(PlanEmit *b, uint32_t kernel);
void plan_emit_do(PlanEmit *b, uint32_t proc);
PlanExpr *plan_emit_host(PlanEmit *b, const char *fn, const char *keep, uint32_t n, const PlanArg *args); /* keep NULL: result dropped, gives NULL */
void plan_emit_note(PlanEmit *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Once for the same pass, code and text. */
void plan_remark_form(Plan *p, const char *pass, const PlanCode *c, const char *form);   /* of the pass's last remark about c */
void plan_remark(Plan *p, const char *pass, bool done, const PlanCode *c, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* ---- print, read, verify ---------------------------------------------------------------------- */

void plan_print(StrBuf *out, const Plan *p);
void plan_print_code(StrBuf *out, const Plan *p, const PlanCode *c);
void plan_print_expr(StrBuf *out, const Plan *p, const PlanCode *c, const PlanExpr *e);
const char *plan_hash(const Plan *p);             /* 16 hex digits: equal for plans that print alike (without teams and pitches), with equal constants */
const char *plan_text_hash(const Plan *p);        /* the same of the plan as it stands, with its teams and what came behind them */
/* Reads the text of plan_print. NULL and *why ("line 12: …") if it is not a plan. */
Plan *plan_read(Arena *a, Interner *names, const char *text, const char **why);
/* Reads funcs (only) and adds those to `p` that it does not have yet; used for the embedded *.plan library. */
bool plan_read_funcs(Plan *p, const char *text, const char **why);
/* Adds one func of another plan, and before it those that it calls, unless p has a func of that name. Gives its
 * index; UINT32_MAX if `from` has no such func. Both plans share an interner; expressions are shared. */
uint32_t plan_link_func(Plan *p, const Plan *from, const char *name);
/* NULL if the plan is sound; else what is wrong and where. Finds our own mistakes: types, operand counts, indices
 * out of range where constant, locals used before they are declared or outside their block, stores to const buffers,
 * statements where their kind of code has none, calls of later procs (no recursion), host arguments, objects. */
const char *plan_verify(const Plan *p, Arena *a);

#endif
