/* check.h: what the files of sema share.
 *
 * Order of the work: all top-level names (scope.c), constants, models one by
 * one with open dimensions (check_model.c), layers and connections as instances
 * of them (check_network.c), the experiment (check_protocol.c), and last the
 * solved dimensions into the tree (sema.c).
 */
#ifndef SNNC_SEMA_CHECK_H
#define SNNC_SEMA_CHECK_H

#include "sema/infer.h"
#include "sema/sema.h"

/* A value while it is checked. Lists have the dimension of their elements. */
typedef struct {
	uint32_t n;
	const AstArgVec *names; /* of the text that gave the parts their names */
	DimTerm *dims;
} Tuple;

typedef struct {
	AstTypeKind type;
	DimTerm dim;
	const Tuple *tuple;
} Val;

/* What arrives at a named port of a neuron. */
typedef struct {
	Name name;
	Span span;
	DimTerm dim;
} Port;

/* pre.v, post.v in a rule or feature: what there is, and in which unit, is known where it is attached. */
typedef struct {
	Name name;
	bool post;
	Span span; /* first use */
	DimTerm dim;
} SideUse;

/* What a model shows to its instances: generic in the model, copied for each of them. */
typedef struct {
	uint32_t n_params, n_states, n_traces, n_needs;
	Val *params, *states, *traces, *needs;
	uint32_t n_ports;
	Port *ports;                   /* neuron: the named ones */
	DimTerm input;                 /* neuron: what arrives at no named port */
	bool reads_input;              /* neuron: it is read */
	DimTerm signal_in, signal_out; /* feature */
	DimTerm learned;               /* rule */
	uint32_t n_sides;              /* rule, feature */
	SideUse *sides;
} Face;

typedef struct Sym Sym;
struct Sym {
	AstSym sym; /* first, so that an AstSym of ours is a Sym */
	Val val;
	uint32_t order;   /* top level: place in the program */
	bool mixed;       /* PARAM: its uses have different dimensions */
	bool busy;        /* OWN_FUNCTION: its body is being checked */
	bool of_sum;      /* LOCAL: the variable of a sum */
	bool broken;      /* its declaration was reported: its members keep silent */
	uint32_t columns; /* DATA; 0: unknown */
	Face *face;       /* models and layers */
	Sym *model;       /* LAYER */
};
typedef VEC(Sym *) SymVec;

/* Where an expression stands decides which words it may use. */
typedef enum {
	IN_CONST, /* param, const, sizes: constants that stand before it */
	IN_ARG,   /* arguments, limits, times of the protocol: constants and dt */
	IN_INIT,  /* initial value of a state */
	IN_NEURONS, /* argument of a layer: constants, and what differs between neurons: i, draws, files */
	IN_DRIVE, /* what drives a layer in each step: also i and draws */
	IN_VALUE, /* value of a connection's feature: also i, j, draws, files */
	IN_STEP,
	IN_FEATURE,
	IN_RULE,
	IN_TRACE,
	IN_SIGNAL,  /* what a signal is, and what its handlers do: also layers and other signals */
	IN_PROTOCOL, /* also loop variables */
	IN_EXPECT /* what a test sees of the network, and constants */
} Where;

/* clang-format off */
#define SEMA_WORDS(X) \
	X(xi) X(dt) X(seed) X(receive) X(batch) X(learning) X(inf) X(input) X(signal) X(i) X(j) \
	X(pre) X(post) X(spike) X(spikes) X(synapse) X(item) X(connection) X(network) X(keep) \
	X(sum) X(mean) X(max) X(min) X(low) X(high) X(idx) X(drawn_digits) X(file) X(fields) X(accuracy) \
	X(all_activity) X(proportion) X(ngram) X(npy) X(npz) X(csv) X(events) X(votes) X(labels) X(label_rates) \
	X(label_proportions) X(rate) X(start) X(d) X(x) X(y) X(z) X(grid) X(spacing) X(periodic) X(where) X(distance) X(within) X(room)
/* clang-format on */
typedef struct {
#define X(word) Name word;
	SEMA_WORDS(X)
#undef X
} Words;

typedef struct {
	AstExpr *e;
	DimTerm dim;
} Late; /* to be filled when all is solved */
typedef struct {
	Name name;
	const AstDecl *in;
} Unknown;
typedef struct {
	Span a, b;
} Clash;

typedef struct {
	Arena *arena;
	Interner *names;
	Diag *diag;
	AstProgram *program;
	Infer infer;
	Words words;
	SymVec top; /* library first */
	Sym *dt, *learning, *noise, *inf, *index_i, *index_j, *own_spike, *distance;
	SymVec functions; /* in the order of the table in function.c */
	bool torn;        /* something did not parse, so names may be missing */
	bool too_high;    /* a dimension beyond Dim was reported */
	VEC(Late) late;
	VEC(Unknown) unknown; /* reported once in each model */
	VEC(Clash) clashes;   /* pairs of stated places that were reported */
	SymVec phases;

	/* What is being checked now. */
	Where where;
	AstDecl *decl;  /* the model; NULL outside of models */
	uint32_t order; /* constants from here on are not known yet */
	SymVec members; /* names of the model, or of a layer's traces */
	SymVec locals;  /* let, loop variables */
	Sym *input;     /* `input` of a neuron, `signal` of a feature */
	VEC(SideUse) sides;
	const Sym *ends[2]; /* of the connection: layers, or NULL */
	Name own_trace; /* IN_TRACE */
	bool per_neuron; /* traces of a layer: a list is one value for each of its neurons */
	SymVec parts; /* `let`s among the equations of the model, known in them only */
	bool in_equation, in_function;
	uint32_t copied; /* nodes of bodies of functions */
	uint32_t inside; /* how many `if`s are around */
	AstDecl *attached; /* arguments of a rule: the connection where it is attached */
	DimTerm *fellows;  /* dimensions of the values of its features */
	enum { ARG_OF_NONE, ARG_OF_NEURON, ARG_OF_SYNAPSE } arg_of; /* IN_ARG: `i`, or `i` and `j` may be read */
} Sema;

/* ---- scope.c: symbols and names ---- */
typedef VEC(const char *) WordVec;
Sym *sema_new_sym(Sema *s, AstSymKind kind, Name name, Span at);
void sema_collect(Sema *s);               /* top-level names */
Sym *sema_find_value(Sema *s, Name name); /* what a plain name means here; NULL */
/* kinds: bits 1 << ASYM_…; the user's before the library's. */
Sym *sema_find_top(Sema *s, Name name, uint32_t kinds);
/* As sema_find_top, but reports a name that is unknown or of another kind; `what`: "layer". */
Sym *sema_need_top(Sema *s, Name name, Span at, uint32_t kinds, const char *what);
bool sema_declare(Sema *s, SymVec *scope, Sym *sym); /* false: it was declared before, reported */
/* done: "declared", "given" */
void sema_report_twice(Sema *s, Name name, Span again, Span first, const char *done);
void sema_report_unknown_value(Sema *s, const AstExpr *e);
void sema_add_word(Sema *s, WordVec *words, const char *word);
/* The way out of a wrong name: the nearest one, or all there are; `all` leads in: "it has". */
void sema_help_names(Sema *s, const char *name, const WordVec *known, const char *all,
		     const char *if_none);
const char *sema_kind_noun(AstSymKind k); /* "a layer" */
#define KIND(k) (1u << ASYM_##k)
#define MODEL_KINDS (KIND(NEURON) | KIND(FEATURE) | KIND(RULE))

/* ---- mismatch.c: types and dimensions that do not fit ---- */
typedef struct {
	Span at;
	DimTerm dim;
} Side;
/* In text, @ stands for what is there ("a time"), & for what should be, $ for name. */
typedef struct {
	const char *text, *help;
	const char *name;
} Say;
/* Unifies; false if they clash, which was reported. */
bool sema_fit(Sema *s, Say say, Side have, Side want);
bool sema_power_fits(Sema *s, Span at, DimTerm dim); /* false and reported: too large a power */
bool sema_need_real(Sema *s, const AstExpr *e, Val v); /* false and, unless poisoned, reported */
bool sema_need_condition(Sema *s, const AstExpr *e, Val v);
bool sema_need_string(Sema *s, const AstExpr *e, Val v);
const char *sema_type_noun(AstTypeKind t); /* "a truth value" */
Val sema_poison(void);
Val sema_real(DimTerm dim);
Val sema_bool(void);

/* ---- function.c: built-in functions ---- */
void sema_make_functions(Sema *s);
Val sema_check_call(Sema *s, AstExpr *e);
bool sema_is_draw(uint32_t function); /* index of its symbol */

/* ---- check_expr.c ---- */
bool sema_is_pre_spike(const Sema *s, const AstExpr *e);
Val sema_check_expr(Sema *s, AstExpr *e);
bool sema_check_real(Sema *s, AstExpr *e, DimTerm *dim);
void sema_check_condition(Sema *s, AstExpr *e);
void sema_check_dim(Sema *s, AstExpr *e, DimTerm want, Say say); /* a number of a known dimension */
void sema_set_type(Sema *s, AstExpr *e, Val v);
Val sema_copy_val(Sema *s, Val v); /* with new variables: see infer_copy_begin */

/* ---- check_stmt.c, check_model.c, check_place.c ---- */
void sema_check_let(Sema *s, AstStmt *let);
void sema_check_new_local(Sema *s, Name name, Span at); /* reports a name that is taken */
void sema_check_block(Sema *s, const AstStmtVec *block);
void sema_check_model(Sema *s, AstDecl *d);
void sema_check_trace(Sema *s, AstTrace *t, Sym *sym);
void sema_check_places(Sema *s, AstDecl *rule);

/* ---- own_function.c: functions of the program ---- */
void sema_check_function(Sema *s, AstDecl *d);
Val sema_check_own_call(Sema *s, AstExpr *e, Sym *function);
bool sema_is_function(const Sema *s, Name name); /* of the language */

/* ---- check_equation.c ---- */
void sema_imply_states(Sema *s, AstModel *m); /* those that only an equation names */
uint32_t sema_check_system(Sema *s, const AstStmtVec *block, uint32_t first); /* the place behind it */
void sema_check_equations(Sema *s, const AstStmtVec *block);
bool sema_has_equations(const AstModel *m);
void sema_check_method(Sema *s, Name method, Span at, bool has_equations);

/* ---- check_port.c: ports, `spike when`, and what drives a layer ---- */
void sema_declare_ports(Sema *s, AstModel *m);
void sema_check_fire(Sema *s, AstDecl *d);
bool sema_reads_input(const AstModel *m);
/* What arrives where `e` says, `layer` or `layer.port`; NULL after a message. */
const DimTerm *sema_check_target(Sema *s, AstExpr *e, Sym **layer);
void sema_check_inputs(Sema *s, AstDecl *d);

/* ---- check_network.c ---- */
void sema_check_layer(Sema *s, AstDecl *d);
void sema_check_connect(Sema *s, AstDecl *d);
void sema_check_pattern(Sema *s, AstExpr *e);             /* check_pattern.c */
void sema_check_positions(Sema *s, AstDecl *layer);       /* check_position.c */
bool sema_place_of(Sema *s, const AstDecl *layer, Name name, uint32_t *axis, DimTerm *dim); /* e.x */
Val sema_check_position(Sema *s, AstExpr *e);             /* pre.x */
Val sema_check_distance(Sema *s, AstExpr *e);             /* d */

/* ---- check_signal.c ---- */
void sema_check_signal(Sema *s, AstDecl *d);
Sym *sema_check_signal_name(Sema *s, AstExpr *e, const char *what); /* NULL after a message */

/* ---- check_protocol.c ---- */
void sema_check_setting(Sema *s, AstDecl *d);
void sema_check_data(Sema *s, AstDecl *d);
void sema_check_experiment(Sema *s, AstDecl *d);

/* ---- check_expect.c: what a test expects of a network ---- */
void sema_check_expect(Sema *s, AstStmt *a);
bool sema_is_seen(Sema *s, const AstExpr *e);             /* exc.v, in.weight[0, 1], rate(exc), start(in.weight) */
Val sema_check_seen(Sema *s, AstExpr *e);

/* ---- check_observe.c: what is seen of a network ---- */
/* layer.state, connection.feature; NULL after a message. */
Sym *sema_check_variable(Sema *s, AstExpr *e, const char *what);
void sema_check_record(Sema *s, AstDecl *d);
void sema_check_plot(Sema *s, AstDecl *d);
void sema_check_draws(Sema *s, AstDecl *d);
Sym *sema_find_phase(Sema *s, Name name, Span at);

#endif
