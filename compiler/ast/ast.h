/* ast.h: the program as written, plus the slots that sema fills.
 *
 * One file is a list of declarations in order, faithfully, sugar and all.
 * Builders are called by grammar actions, one per action; they decide nothing
 * that needs a declared name. Slots named `sema` are empty (zero) after parse
 * and filled by sema; elab reads both. Everything lives in the compilation's
 * arena; names are interned and compared by pointer.
 */
#ifndef SNNC_AST_AST_H
#define SNNC_AST_AST_H

#include "ast/unit.h"
#include "base/arena.h"
#include "base/intern.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "source/source.h"

#include <stdbool.h>
#include <stdint.h>

enum { AST_DEEPEST = 256 };                               /* levels of an expression, and of brackets and blocks */

typedef struct AstExpr AstExpr;
typedef struct AstStmt AstStmt;
typedef struct AstDecl AstDecl;
typedef struct AstSym AstSym;
typedef VEC(AstExpr *) AstExprVec;
typedef VEC(AstStmt *) AstStmtVec;

/* ---- expressions -------------------------------------------------------------------------- */

typedef enum {
	AEXPR_UNSET,
	AEXPR_NUMBER,      /* 20 ms */
	AEXPR_BOOL,        /* true false */
	AEXPR_STRING,      /* "file.npy" */
	AEXPR_NAME,        /* v */
	AEXPR_MEMBER,      /* a.b: base, name */
	AEXPR_CALL,        /* f(x, k = y): base, args (named or not) */
	AEXPR_INDEX,       /* a[x, y]: base, args; x may be an AEXPR_RANGE */
	AEXPR_LIST,        /* [a, b] */
	AEXPR_TUPLE,       /* (pre: a, post: b): args, all named; (a, b), a row of a table: none */
	AEXPR_RANGE,       /* a .. b, a ..< b: op[0], op[1], exclusive */
	AEXPR_UNARY,       /* -a, not a */
	AEXPR_BINARY,      /* arithmetic, comparison, and, or */
	AEXPR_IF,          /* op[0] if op[1] else op[2] */
	AEXPR_SUM,         /* sum name in op[0] of op[1]; op[0] is an AEXPR_RANGE */
	AEXPR_OVER,        /* name(op[0] over args): a reduction in a rule; args are NAMEs: pre, post, batch */
	AEXPR_LET,         /* in functions: op[1], where name stands for op[0] */
	AEXPR_OR_ELSE,     /* data sources only: a or b is AEXPR_BINARY OR; kept for dumps, never built */
	AEXPR_ERROR,       /* stands for text that did not parse */
	AEXPR_COUNT
} AstExprKind;

typedef enum { AOP_UNSET, AOP_NEG, AOP_NOT, AOP_ADD, AOP_SUB, AOP_MUL, AOP_DIV, AOP_EQ, AOP_NE, AOP_LT, AOP_LE, AOP_GT, AOP_GE,
	       AOP_AND, AOP_OR, AOP_COUNT } AstOp;
const char *ast_op_text(AstOp op);                        /* "+", "not" */

typedef struct { Name name; Span name_span; AstExpr *value; } AstArg;   /* name NULL: positional */
typedef VEC(AstArg) AstArgVec;

/* What an expression is; filled by sema. */
typedef enum { ATYPE_UNSET, ATYPE_ERROR, ATYPE_REAL, ATYPE_BOOL, ATYPE_STRING, ATYPE_LIST, ATYPE_TUPLE, ATYPE_DATA, ATYPE_LAYER,
	       ATYPE_CONNECTION, ATYPE_MODEL, ATYPE_OTHER } AstTypeKind;

struct AstExpr {
	AstExprKind kind;
	Span span;
	union {
		struct { double value; const Unit *unit; bool is_int; Span unit_span; } num;   /* value as written; unit NULL: bare. Coherent
		                                                            * value: value * unit->scale */
		bool truth;
		const char *string;
		Name name;                                /* NAME, MEMBER: the (last) name; SUM, LET: the variable; OVER: what gathers, "sum" */
	};
	Span name_span;                                   /* MEMBER: of the name after the dot */
	AstOp op_kind;                                    /* UNARY BINARY */
	bool exclusive;                                   /* RANGE: ..< */
	AstExpr *op[3];                                   /* MEMBER CALL INDEX: op[0] is the base */
	AstArgVec args;                                   /* CALL INDEX LIST TUPLE */
	uint16_t depth;                                   /* levels of this tree, from 1; at most AST_DEEPEST, so walks may recurse */
	struct {
		AstTypeKind type; AstSym *sym; Dim dim;
		struct AstOwnCall *own;                   /* CALL of a function of the program */
	} sema;                                           /* dim: of REAL (also of the elements of a LIST), solved */
};

/* A call of a function of the program: its body, and what its parameters are, for this call. */
typedef struct AstOwnCall {
	AstExpr *body;
	uint32_t n;
	struct { AstSym *sym; AstExpr *value; /* the argument, or the default, which may read the parameters before it */ } *param;
} AstOwnCall;

/* ---- statements --------------------------------------------------------------------------- */

typedef enum {
	ASTMT_UNSET,
	/* in models */
	ASTMT_ASSIGN,      /* target = e ; also += -= *= /= (op_kind; AOP_UNSET for =); target NAME or MEMBER. In the protocol: pixels.rate = e */
	ASTMT_LET,         /* let name = e */
	ASTMT_IF,          /* if e { } else { } */
	ASTMT_SPIKE,       /* spike; spike e: with a value */
	ASTMT_KEEP_ONE,    /* keep one spike at random [if e] */
	ASTMT_EQUATION,    /* target' = e; those that follow each other are one system */
	/* in the experiment */
	ASTMT_FOR,         /* for a, b in data[range] [shuffled] [as name] { }; for k in a ..< b [shuffled] [as name] { } */
	ASTMT_RUN,         /* run e [layer by layer] [{ controls }] */
	ASTMT_CONTROL,     /* in the body of a run: clamp target where e, inject e into target … */
	ASTMT_PULSE,       /* pulse target = e: a signal has this value for one step */
	ASTMT_RESET,       /* reset */
	ASTMT_FREEZE,      /* freeze */
	ASTMT_THAW,        /* thaw: learning on again */
	ASTMT_VOTE,        /* vote layer for label by r1, r2(n) [every e [keep e] [from "file"]] */
	ASTMT_REPORT,      /* report what of phase */
	ASTMT_SAVE,        /* save "file"; save input.weight to "file.npy" */
	ASTMT_LOAD,        /* load "file"; load input.weight from "file.npy" */
	ASTMT_PRESENT,     /* present e to layer, for the run that follows; no e: that is over */
	/* in tests, beside those of the experiment */
	ASTMT_EXPECT,      /* expect target [near e within within [%]] [at at] */
	ASTMT_EVENT,       /* target [= e] at at; input e during at, receive exc e at at (name: input, receive) */
	ASTMT_WITH,        /* with (args): parameters of the model */
	ASTMT_SET,         /* set name = e: a param of the program */
	ASTMT_REPEAT,      /* repeat e times every from */
	ASTMT_SWEEP,       /* sweep target in e by from; e is an AEXPR_RANGE */
	ASTMT_GOLDEN,      /* golden e [of target] */
	ASTMT_ERROR,
	ASTMT_COUNT
} AstStmtKind;

/* What a run does to the network in each of its steps. */
typedef enum {
	ACONTROL_CLAMP,    /* clamp layer where e: these neurons spike */
	ACONTROL_SILENCE,  /* silence layer where e: these do not */
	ACONTROL_INJECT,   /* inject e into layer.state: added before the neurons' step */
	ACONTROL_ZERO      /* zero connection.feature where e: held at zero */
} AstControl;

struct AstStmt {
	AstStmtKind kind;
	Span span;
	AstOp op_kind;                                    /* ASSIGN */
	AstExpr *target;                                  /* ASSIGN, PULSE; FOR: the data expression, or a RANGE; VOTE: the layer; SAVE, LOAD: variable or NULL; PRESENT: the layer */
	AstExpr *e;                                       /* value, condition, time; VOTE: every or NULL; SAVE, LOAD: path; PRESENT: or NULL */
	Name name;                                        /* LET; FOR: phase name or NULL; VOTE: label variable; REPORT: what */
	Span name_span;
	Name of;                                          /* REPORT: phase or NULL */
	Span of_span;
	VEC(struct { Name name; Span span; AstExpr *arg; }) names;   /* FOR: loop variables; VOTE: readouts, arg: ngram(arg) or NULL */
	AstExpr *keep, *from;                             /* VOTE: what is left of old rates, file of first ones; NULL */
	AstExpr *at;                                      /* EXPECT (or NULL), EVENT: a time, a list of times; EVENT: also a RANGE */
	AstExpr *within; bool percent;                    /* EXPECT: how far off it may be */
	bool each_step;                                   /* GOLDEN: a row for each step, not for each point of a sweep; set by testing/ */
	AstArgVec args;                                   /* WITH */
	AstControl control;                               /* CONTROL */
	bool shuffled;                                    /* FOR: in an order that is drawn anew each time */
	bool by_layer;                                    /* RUN: a spike reaches later layers in its own step */
	AstStmtVec body, other;                           /* IF FOR; RUN: controls */
	struct { AstSym *sym; } sema;                     /* LET: the local; FOR: the phase */
	AstSym *count_sym;                                /* sema, FOR over a range: its variable */
};

/* ---- declarations ------------------------------------------------------------------------- */

typedef enum {
	ADECL_UNSET,
	ADECL_PARAM,       /* param n = e; tunable n = e */
	ADECL_CONST,       /* const n = e */
	ADECL_SETTING,     /* dt = e, seed = e, batch = e */
	ADECL_DATA,        /* data d = idx(…) or drawn_digits() */
	ADECL_SIGNAL,      /* signal n = e, signal n of item, layer = e { states and handlers } */
	ADECL_LAYER,
	ADECL_CONNECT,
	ADECL_EXPERIMENT,
	ADECL_RECORD,      /* record a.b[part] | gather(a.b, args) [every e [samples|steps]] [during phase] [from e to e] [as form] */
	ADECL_PLOT,        /* plot a.b as form[28, 28] */
	ADECL_DRAWS,       /* draws a.site from "file" */
	ADECL_FUNCTION,    /* function f(x, y = e) = e; function f(x) { let … ; e } */
	/* gone after expand: */
	ADECL_TABLE,       /* table t(a, b) = e; table t[rows, k in 0 ..< n] = e */
	ADECL_LOOP,        /* for a in t, b in u { declarations } */
	ADECL_CHOICE,      /* if e { declarations } else { declarations } */
	ADECL_IMPORT,      /* import "file.snn"; gone after parse */
	ADECL_SWEEP,       /* sweep a in [1, 2], seed in 1 .. 8 (as a loop without a body) */
	ADECL_NEURON, ADECL_FEATURE, ADECL_RULE,
	ADECL_TEST,        /* test "name" { … } of the whole program */
	ADECL_ERROR,
	ADECL_COUNT
} AstDeclKind;

/* A trace, in a neuron, a layer block or a rule: trace x of pre { tau = e ; on spike set e } */
typedef struct {
	Name name;
	Span span, name_span;
	Name of;                                          /* "pre", "post"; NULL in neurons and layers */
	AstExpr *tau;
	AstStmtVec on_spike;                              /* `set e` is x = e; `add e` is x += e */
	AstSym *sym;                                      /* sema */
} AstTrace;

typedef struct {
	Name name;
	Span span, name_span;
	AstExpr *init;                                    /* NULL: 0 */
	AstArgVec shape;                                  /* features: an array of so many numbers; none: one */
	bool shared_over_batch, kept_on_reset;
	Name of;                                          /* rules: asserted place, or NULL */
	bool implied;                                     /* sema: declared by its equation alone */
	AstSym *sym;                                      /* sema */
} AstState;

typedef struct { Name name; Span span; AstExpr *value; /* default or NULL */ bool is_bool, is_time, of_post; /* value : bool, value : time, value of post */
	         AstArgVec shape;                         /* features: a table, w[units, window] */
	         AstSym *sym; } AstParam;

/* test "name" { … }: what a network of one's own, or of this model alone, is put through, and what is expected of it. */
typedef struct { const char *name; Span span, name_span; AstStmtVec body; } AstTest;
typedef VEC(AstTest) AstTestVec;

typedef enum { AHANDLER_STEP, AHANDLER_ON_PRE, AHANDLER_ON_POST, AHANDLER_EACH_STEP, AHANDLER_ON_SIGNAL,
	       AHANDLER_COMPUTE /* a feature's body */,
	       AHANDLER_EQUATIONS, /* among the parts of a neuron, rule or signal; with their `let`s */
	       AHANDLER_RECEIVE /* what arrives at a port */, AHANDLER_ON_SPIKE /* of a neuron */,
	       AHANDLER_ON_EVENT /* of a signal: on reward { }, on out.spikes { } */ } AstHandlerKind;
typedef struct {
	AstHandlerKind kind;
	Span span;
	AstStmtVec body;
	Name signal; Span signal_span; AstSym *sym;       /* ON_SIGNAL */
	AstExpr *what;                                    /* ON_EVENT: a signal, or spikes of a layer */
	Name port; Span port_span;                        /* RECEIVE; NULL: what names no port */
	AstSym *input_sym;                                /* RECEIVE: sema, its `input` */
} AstHandler;

/* spike when cond { body } refractory e hold v, w */
typedef struct {
	AstExpr *cond;                                    /* NULL: there is none */
	Span span;
	AstStmtVec body;
	AstExpr *refractory;                              /* NULL: none */
	VEC(struct AstHeld { Name name; Span span; AstSym *sym; }) hold;
} AstFire;

/* input e into port, of a layer: added to what arrives in each step */
typedef struct { AstExpr *value; Span span; Name port; Span port_span; } AstInput;

/* neuron, feature, rule */
typedef struct {
	VEC(AstParam) params;
	VEC(AstState) states;
	VEC(AstTrace) traces;
	VEC(AstHandler) handlers;                         /* in order of the text */
	AstFire fire;                                     /* neuron */
	AstTestVec tests;
	Name method; Span method_span;                    /* method = rk4; NULL: the best that there is */
	Name learns; Span learns_span; AstSym *learns_sym; /* rule */
	bool learns_bool;                                 /* learns m : bool */
	VEC(struct AstNeed { Name name; Span span; AstSym *sym; }) needs; /* rule: signals */
	AstSym *input_sym;                                /* sema: `input` of neurons, `signal` of features */
} AstModel;

/* weight = e { range [a, b] ; norm e per post each run ; learn R(args) reduce mean over batch ; decay e } */
typedef struct {
	Name name;                                        /* its own; most often that of its model */
	Span span, name_span;
	Name model; Span model_span;                      /* weight, bias, … */
	AstExpr *value;                                   /* NULL: shared */
	Name shared; Span shared_span;                    /* the earlier feature whose value it reads */
	AstArgVec args;                                   /* factor = 0.5: further parameters of the model */
	AstExpr *lo, *hi; Span range_span;                /* range; NULL: none */
	AstExpr *norm; Span norm_span;
	Name norm_per; Span norm_per_span;                /* post, kernel, connection */
	bool norm_each_step, norm_signed;                 /* `of signed sum`; default: of absolute values */
	AstExpr *decay; Span decay_span;                  /* per step: w *= 1 - decay */
	bool keep_sign; Span keep_sign_span;
	Name keep_sign_per; Span keep_sign_per_span;      /* pre; NULL: of each value */
	Name keep_sign_side; Span keep_sign_side_span;    /* positive, negative; NULL: as the values begin */
	AstExpr *keep_sign_where;                         /* which values are on that side; NULL: none is given */
	Name stored; Span stored_span;                    /* f16, bf16; NULL: as all numbers */
	AstExpr *learn;                                   /* a CALL or NAME: a rule, with its arguments */
	Name reduce; Span reduce_span;                    /* sum, mean, max; NULL: default mean */
	AstExpr *average; Span average_span;              /* steps that changes are averaged over; NULL: none */
	bool average_each;                                /* applied in each step, not in every n-th */
	AstDecl *sema_model, *sema_rule;                  /* sema */
} AstFeature;

typedef VEC(AstDecl *) AstDeclVec;

struct AstDecl {
	AstDeclKind kind;
	Span span, name_span;
	Name name;                                        /* CONNECT: `as` name or NULL */
	AstExpr *called;                                  /* LAYER CONNECT SIGNAL: a name that expand works out (L[k], p.name), or NULL */
	const char *turn;                                 /* made by a loop: its turn, "s = L4E, k = 2"; else NULL */
	bool library;
	bool imported;                                    /* from a file that the program imports */
	union {
		struct {                                          /* PARAM CONST SETTING DATA SIGNAL */
			AstExpr *value;
			VEC(struct AstPlace { Name name; Span span; }) of; /* SIGNAL: `item`, a layer; empty: inferred */
			AstModel *block;                  /* SIGNAL: its states and handlers; NULL: none */
			bool tunable;                     /* PARAM: known when the program is run, not when it is compiled */
		} value;
		struct {
			AstExpr *model;                   /* NAME, with sema.sym */
			AstArgVec shape;                  /* dims */
			AstArgVec args;
			VEC(AstTrace) traces;
			VEC(AstInput) inputs;
			Name method; Span method_span;    /* in place of the model's; NULL: none */
			Name form; Span form_span;        /* `at grid(…)`; NULL: `at (x = …)`, or no places */
			AstArgVec places; Span places_span; /* where its neurons are; hi 0: not told */
		} layer;
		struct {
			AstExpr *from, *to;               /* NAME or MEMBER (port) */
			AstExpr *pattern;                 /* by …; NULL: all to all */
			VEC(AstFeature) features;
		} connect;
		struct { VEC(struct AstFunctionParam { Name name; Span span; AstExpr *value; /* default or NULL */ }) params; AstExpr *body; } function;
		struct { AstStmtVec body; } experiment;
		struct {
			AstExpr *what;                    /* MEMBER */
			AstExpr *every; bool samples;     /* NULL: every step */
			Name during; Span during_span;
			AstExpr *from, *to;               /* NULL: the whole run */
			Name form; Span form_span;        /* as bits */
			Name gather; Span gather_span;    /* mean(…): NULL: as it is */
			AstArgVec part;                   /* of what is in [ ] */
			AstArgVec args;                   /* of gather, all named */
		} record;
		struct { AstExpr *what; Name form; Span form_span; AstArgVec dims; } plot;
		struct { AstExpr *site; AstExpr *path; } draws;
		AstModel model;                           /* NEURON FEATURE RULE */
		AstTest test;
		struct {
			VEC(struct AstColumn { Name name; Span span; }) columns; /* of rows; none: an array */
			AstArgVec dims;                   /* of an array: a table, or a count; named: a variable of `value`, and its range */
			AstExpr *value;
		} table;
		struct { AstArgVec turns; /* name in value */ AstDeclVec body; } loop;
		struct { AstExpr *cond; AstDeclVec body, other; } choice;
		struct { AstExpr *path; } import;
	};
	AstSym *sym;                                      /* sema */
};

/* What a name stands for; made by sema. */
typedef enum {
	ASYM_UNSET,
	ASYM_PARAM,        /* top-level param or const: decl */
	ASYM_DATA, ASYM_LAYER, ASYM_CONNECTION, ASYM_NEURON, ASYM_FEATURE, ASYM_RULE,   /* decl */
	ASYM_PHASE,        /* stmt */
	ASYM_COLUMN,       /* loop variable over data: stmt, index */
	ASYM_MODEL_PARAM,  /* index in model.params */
	ASYM_STATE,        /* index in model.states */
	ASYM_TRACE,        /* index in model.traces */
	ASYM_LOCAL,        /* stmt (LET) */
	ASYM_INPUT,        /* `input` in a neuron; `signal` in a feature */
	ASYM_LEARNED,      /* `w` in a rule */
	ASYM_SIGNAL,       /* index in model.needs */
	ASYM_TOP_SIGNAL,   /* top-level signal: decl */
	ASYM_FELLOW,       /* in the arguments of a rule: a feature of the same connection: decl (CONNECT), index */
	ASYM_BOUND,        /* w.low (index 0), w.high (index 1): the range of what a rule learns */
	ASYM_TURN,         /* variable of a loop over a range: stmt */
	ASYM_SIDE_STATE,   /* pre.v (index 0), post.v (index 1): a state of the neuron, by name where the rule is attached */
	ASYM_SIGNAL_STATE_OF, /* member of a signal: decl (SIGNAL), index of its state */
	ASYM_RULE_STATE_OF, /* member of a feature: decl (CONNECT), index of the feature, state: index in its rule's states, behind them in its traces */
	ASYM_SPIKE,        /* pre.spike (index 0), post.spike (index 1), spike of the own neuron (index 2) */
	ASYM_INDEX,        /* i (index 0), j (index 1) */
	ASYM_DISTANCE,     /* d, of the two neurons that a value joins */
	ASYM_DT, ASYM_LEARNING,
	ASYM_NOISE,        /* xi, in equations */
	ASYM_INF,
	ASYM_OWN_FUNCTION, /* of the program: decl */
	ASYM_FUNCTION,     /* exp, uniform …: name */
	ASYM_FEATURE_OF,   /* member of a connection: decl (CONNECT), index of the feature */
	ASYM_KEPT_OF,      /* state of a feature: decl (CONNECT), index of the feature, state of its model */
	ASYM_RATE_OF,      /* connection.rate, the running rates of a pattern: decl (CONNECT) */
	ASYM_STATE_OF, ASYM_TRACE_OF, ASYM_PARAM_OF, /* member of a layer: decl (LAYER), index in the model's list; TRACE_OF: index ≥ traces of
	                    * the model counts on in the layer's own; STATE_OF: in the axes of its places */
	ASYM_SPIKES_OF,    /* layer.spikes */
	ASYM_VOTES_OF,     /* what votes leave: layer.votes (index 0), labels, label_rates, label_proportions */
	ASYM_PART          /* part of a tuple-valued parameter: base resolves to the parameter, name is the part */
} AstSymKind;

struct AstSym {
	AstSymKind kind;
	Name name;
	uint32_t index, state;
	AstDecl *decl;
	AstStmt *stmt;
	Span span;                                        /* where it is declared */
	AstTypeKind type;
	Dim dim;                                          /* solved dimension */
};

typedef struct {
	AstDeclVec decls;                                 /* library first, then the user's files, in order */
} AstProgram;

/* ---- build (ast_build.c), print (ast_print.c), verify (ast_verify.c) ------------------------ */
/* Builders: one per kind, ast_number(p, span, …); their list is ast/ast_build.h */

void ast_print(StrBuf *out, const AstProgram *p, bool with_library);  /* s-expressions, with sema's slots if filled */
void ast_print_expr(StrBuf *out, const AstExpr *e);
const char *ast_verify(const AstProgram *p, bool after_sema, Arena *a); /* NULL: sound */

#endif
