/* elab_inner.h: what the files of this folder share. */
#ifndef SNNC_ELAB_ELAB_INNER_H
#define SNNC_ELAB_ELAB_INNER_H

#include "elab/elab.h"

/* What a parameter stands for: an expression, or named parts (`nu.pre`). Neither: an error was told. */
typedef struct {
	Name name;
	NetExpr *e;
} BindPart;
typedef struct {
	NetExpr *e;
	NetExpr *first; /* the value before the run, if the protocol sets it */
	BindPart *part;
	uint32_t nparts;
	bool is_table; /* of a feature: net tables[table] */
	uint32_t table;
} Bind;

/* A list of constants on its way: NEXPR_ARRAY holds its index here until elab_settle_arrays. */
typedef struct {
	double *value;
	uint32_t n, rank;
	uint64_t extent[6];
} ElabList;

/* A value of a feature and the neurons that it joins. */
#define ELAB_MANY UINT64_MAX
typedef struct {
	uint64_t value, pre, post;
} ElabPair;

typedef struct {
	const AstDecl *decl;
	const AstModel *model;
	Bind *params;
	bool *assigned;        /* of params: set by the protocol */
	uint32_t *param_state; /* of params: the state that holds it, or NET_NONE */
	uint32_t *traces;      /* of the model's traces, then of the layer's own */
	uint32_t place[3];     /* by axis: the state that says where neurons are, or NET_NONE */
	double period[3];      /* by axis: the length after which it closes; 0: it does not */
} ElabLayer;

enum { ELAB_AXES = 3 };

/* A layer of axons behind `pre`: spikes come through `steps` steps later. */
typedef struct {
	uint32_t pre, layer;
	uint64_t steps;
} ElabAxons;

/* An a + (b - a) * random() that was written uniform(a, b). */
typedef struct {
	const NetExpr *e, *a, *b;
} ElabUniform;

/* Where the traces of a rule are: of the model's traces, the index in the layer that it names. */
typedef struct {
	uint32_t conn, feature;
	const AstModel *model;
	const uint32_t *index;
} ElabRuleTraces;

/* A param or const of the program: its value rounded, and as the decimal text says. */
typedef struct {
	const AstDecl *decl;
	const AstExpr *value; /* the declared one, or that of --set */
	Bind bind[2];
	enum { VALUE_NEW, VALUE_BUSY, VALUE_DONE } at[2];
} ElabValue;

typedef struct {
	ElabEnv *env;
	Arena *arena;
	Interner *names;
	Diag *diag;
	const AstProgram *ast;
	Net *net;
	double dt; /* as the decimal text says */
	VEC(ElabList) lists;
	VEC(ElabValue) values;
	VEC(ElabLayer) layers;      /* in order of net->layers */
	VEC(const AstDecl *) signals;    /* in order of net->signals */
	VEC(const AstStmt *) vars;  /* in order of net->vars: a `let`, or a loop over a range */
	VEC(const AstDecl *) conns; /* in order of net->conns */
	VEC(ElabRuleTraces) rule_traces;
	VEC(ElabUniform) uniforms;
	VEC(const AstDecl *) data; /* in order of net->data */
	VEC(ElabAxons) axons;
	uint32_t copied;           /* nodes, by elab_copy */
	uint64_t elapsed;          /* steps of the protocol until the expectation */
	uint32_t blocks;           /* of the protocol, around what is elaborated */
	VEC(NetProto *) saves, starts; /* for tests: to be saved here, and before the first run */
	bool failed;
} Elab;

typedef struct {
	const AstStmt *stmt;
	uint32_t index;
	NetExpr *value; /* a constant instead */
	const AstSym *each; /* the variable of a sum, or a name in a function, instead; stmt is NULL */
} ElabLocal;

typedef enum {
	IN_PROGRAM, /* params, settings, sizes: constants only */
	IN_PARAM,   /* defaults of models: other parameters too */
	IN_STATE,   /* initial values of states */
	IN_NEURON,
	IN_TRACE, /* tau and on spike */
	IN_FEATURE,
	IN_INIT, /* initial values of features: i, j and draws too */
	IN_RULE,
	IN_SIGNAL, /* what a signal is, and what its handlers do */
	IN_PROTOCOL, /* data columns too */
	IN_EXPECT /* what a test sees, and constants */
} ElabPlace;

/* Where an expression stands: what its names mean. */
typedef struct {
	Elab *el;
	ElabPlace place;
	bool exact; /* in double, from the decimal text */
	const AstModel *model;
	Bind *params;
	uint32_t nparams; /* known so far */
	uint32_t layer;   /* neuron code, traces: index in net->layers */
	uint32_t conn;    /* features, rules */
	NetRule *rule;
	NetFeature *feature;       /* features: where its states are */
	NetSignal *signal;         /* IN_SIGNAL: where its states are */
	bool spiked;               /* IN_SIGNAL: in a handler of spikes, so that `spike` and `i` are of the neuron that did */
	bool indexed;              /* IN_PROTOCOL: a name whose `i` is known where it is used */
	bool over;                 /* IN_SIGNAL, IN_PROTOCOL: goes over neurons, so that `i` is one of them */
	NetType value_type;        /* of VALUE */
	const uint32_t *traces;    /* of the model's traces: index in the layer's */
	const AstTrace *own_trace; /* IN_TRACE */
	NetSide event;             /* IN_RULE: the side whose spike is handled; OWN: none */
	NetSide own_side;          /* IN_TRACE of a rule: the side where the layer stands */
	NetCode *code;
	VEC(ElabLocal) locals;
	const char *site_prefix; /* "exc" */
	Name site_hint;          /* "fires" */
	const AstStmt *loop;     /* IN_PROTOCOL: the innermost loop */
	NetExpr **drives;        /* IN_NEURON: by port, what the layer adds to its input; NULL: nothing */
	const NetExpr *free;     /* IN_NEURON: true unless refractory; NULL: it never is */
	const bool *held;        /* of states: they stand still while not free; NULL: none does */
	uint32_t of_layer;       /* values of a layer: i is a list, numbers may be drawn; NET_NONE: elsewhere */
	uint32_t noise;          /* site of the white noise of this equation; NET_NONE: not drawn yet */
	void *statements;        /* where a `let` may be put in front of what is worked on; NULL: nowhere */
	Name method;             /* of equations, in place of the model's; NULL: none */
	const Bind *needs;       /* IN_RULE: what its signals stand for */
	bool every;              /* IN_EXPECT: at times that are given, not where it stands */
	bool signals;            /* arguments of rules: signals and features of the connection may be read */
	const AstDecl *connect;  /* arguments of rules: the connection */
	const NetFeature *learned; /* IN_RULE */
} Scope;

/* ---- values (elab_value.c, elab_set.c) ------------------------------------------------------- */
Scope elab_scope(Elab *el, ElabPlace place);
void elab_values(Elab *el); /* collects params, consts and settings, applies --set */
const AstExpr *elab_set(Elab *el, Name name); /* the value that --set gives; NULL: none */
void elab_check_sets(Elab *el); /* names that nothing declares, units that do not fit */
void elab_settings(Elab *el);   /* dt, seed, batch */
const Bind *elab_value_of(Elab *el, const AstDecl *d, bool exact,
			  Span use); /* NULL: an error was told */
/* Constants of the program; false after a message. `what` starts a sentence: "the size of a layer". */
bool elab_real(Elab *el, const AstExpr *e, bool exact, const char *what, double *out);
bool elab_count(Elab *el, const AstExpr *e, const char *what, double least, uint64_t *out);
bool elab_refuse_tunable(Elab *el, const NetExpr *v, Span at, const char *what); /* true after a message: v must be known */
const char *elab_number_text(Elab *el, double v); /* "0.3", for messages */

/* ---- folding (elab_fold.c) ------------------------------------------------------------------- */
double elab_round(const Scope *s, double v);
NetExpr *elab_const(Scope *s, NetType t, double v, Span at);
NetExpr *elab_list(Scope *s, NetType t, double *value, uint32_t n, Span at);
uint32_t elab_list_of(Elab *el, double *value, uint32_t rank, const uint64_t *extent); /* index in lists */
double elab_compute(const Scope *s, NetOp op, double a, double b); /* b: of binary operators */
NetExpr *elab_unary(Scope *s, NetOp op, NetExpr *a, Span at);
NetExpr *elab_binary(Scope *s, NetOp op, NetExpr *a, NetExpr *b, Span at);
NetExpr *elab_select(Scope *s, NetExpr *then, NetExpr *cond, NetExpr *other, Span at);
NetExpr *elab_copy(Elab *el, const NetExpr *e, Span at);
bool elab_is_const(const NetExpr *e, double v);
bool elab_is_fixed(const NetExpr *e); /* a constant or a list of constants */
void elab_settle_arrays(Elab *el);    /* lists that are still used become net->arrays */

/* ---- names (elab_name.c), expressions (elab_expr.c), calls (elab_call.c): NULL after a message -- */
NetExpr *elab_not_constant(Scope *s, const AstExpr *e);               /* says so */
NetExpr *elab_leaf(Scope *s, NetExprKind kind, NetType t, uint32_t index, const AstExpr *at);
NetExpr *elab_name(Scope *s, const AstExpr *e);
NetExpr *elab_as(Scope *s, NetExpr *a, NetType t, const AstExpr *at); /* a as a value of type t; NULL after a message */
NetExpr *elab_expr(Scope *s, const AstExpr *e);
bool elab_bind(Scope *s, const AstExpr *e, Bind *out);
NetExpr *elab_call(Scope *s, const AstExpr *e);
uint32_t elab_site(Scope *s, const char *hint, Span at);

/* ---- lists in their place (elab_fit.c) -------------------------------------------------------- */
bool elab_fits(Scope *s, NetExpr *e);          /* a list in its place: length, side */
NetExpr *elab_placed(Scope *s, NetExpr *e);    /* all lists in it; NULL after a message */
NetExpr *elab_spread(Scope *s, NetExpr *e);    /* one number for each value of the feature; NULL: not known */
uint64_t elab_values_here(const Scope *s);     /* how many values the feature has */
ElabPair elab_value_pair(const Scope *s, uint64_t k);
bool elab_number_at(const Scope *s, const NetExpr *e, ElabPair at, double *out);
const char *elab_shape_text(Elab *el, uint32_t n, const uint64_t *at); /* "[3, 4]" */
const char *elab_pair_text(const Scope *s, ElabPair at); /* "from neuron 3 to 0" */

/* ---- statements (elab_stmt.c) ---------------------------------------------------------------- */
/* A name for e, in a statement before this one; e itself where that is not possible or not worth it. */
NetExpr *elab_named(Scope *s, const char *name, NetExpr *e);
/* A block of its own: what changes a held state does so only while the neuron is free. */
bool elab_block(Scope *s, const AstStmtVec *body, NetCode *code, NetBlock *out);
bool elab_code(Scope *s, const AstStmtVec *body, NetCode *out); /* appends */
bool elab_equations(Scope *s, const AstStmtVec *body, NetCode *out); /* those among the parts of a model: one system */

/* ---- instances (elab_layer.c, elab_trace.c, elab_connect.c, elab_rule.c) --------------------- */
void elab_layers(Elab *el);
/* ---- what neurons do (elab_neuron.c) ---- */
void elab_ports(Elab *el, const AstModel *m, NetLayer *l);      /* m NULL: only the unnamed one */
uint32_t elab_port(Elab *el, uint32_t layer, Name port);
void elab_neuron(Scope *s, const ElabLayer *e);

/* ---- where neurons or items wait for each other (elab_split.c) ---- */

void elab_split(Scope *s, NetCode *code);
Bind *elab_params(Scope *inner, const AstArgVec *args, Span use);
uint32_t
elab_trace(Scope *s,
	   const AstTrace *t); /* index in the traces of s->layer; NET_NONE after a message */
void elab_connections(Elab *el);
void elab_rule(Elab *el, uint32_t conn, NetFeature *f, const AstFeature *a);
/* ---- delays of axons (elab_axon.c): the layer that the synapses of a connection see as their source ---- */
uint32_t elab_axons(Elab *el, uint32_t pre, const AstDecl *connect);
bool elab_delays_spike(const AstStmt *s);
/* ---- where neurons are (elab_position.c); NULL after a message ---- */
void elab_positions(Elab *el, uint32_t layer);
NetExpr *elab_position(Scope *s, const AstExpr *e, NetSide side); /* pre.x */
NetExpr *elab_distance(Scope *s, Span at); /* d */
bool elab_is_initial(Scope *s, NetExpr *e); /* constants, and numbers that are drawn once; false after a message */
/* Pairs that a condition or a probability makes (elab_where.c); nsynapses given or 0. False after a message. */
bool elab_pairs(Elab *el, uint32_t conn, const AstExpr *by, const AstExpr *condition, const AstExpr *probability, const AstExpr *within);
/* ---- patterns of connections (elab_pattern.c, elab_sparse.c): false after a message ---- */
bool elab_pattern(Elab *el, const AstExpr *by, uint32_t conn);
bool elab_pattern_value(Elab *el, const NetConn *c, const NetFeature *f);
bool elab_synapses(Elab *el, Span at, const NetLayer *pre, const NetLayer *post, NetPattern *p); /* of its path and form */
bool elab_given(Elab *el, const NetConn *c, NetFeature *f); /* a file that says the value of each listed pair; false after a message */
/* ---- first values and ranges of features (elab_begin.c) ---- */
void elab_begin(Scope *outer, NetFeature *f, const AstFeature *a);
void elab_range(Scope *s, NetFeature *f, const AstFeature *a);
void elab_check_values(Scope *s, NetFeature *f, const AstFeature *a);
/* CONST or ARRAY; NULL after a message, which says `what` it is and that there may be one for `each` so */
NetExpr *elab_each_value(Scope *outer, const AstExpr *e, const char *what, const char *each);
void elab_shared_state(Elab *el, const AstState *a, const char *of, const char *way_out);
void elab_first_state(Elab *el, const AstState *a, const char *of, const char *begins_with);
void elab_note_drawn(Elab *el, uint32_t conn);
/* ---- norms and signs (elab_norm.c, elab_sign.c) ---- */
void elab_sign(Scope *s, NetFeature *f, const AstFeature *a);
void elab_norm(Scope *s, NetFeature *f, const AstFeature *a);
void elab_norm_sums(Scope *s, NetFeature *f, const AstFeature *a, const double *v); /* v: first values; NULL: unknown */
double elab_extreme(Elab *el, const NetExpr *bound, bool most); /* the least or the most of a bound */
const ElabUniform *elab_find_uniform(Elab *el, const NetExpr *e);
uint32_t elab_find_layer(Elab *el, const AstDecl *d);
void elab_signals(Elab *el); /* elab_factor.c */
/* Over what an expression of a signal or of the protocol varies. */
typedef struct {
	bool item;
	uint32_t layer;       /* NET_NONE: not over neurons */
	const NetExpr *where; /* what says so */
	bool index;           /* reads `i` */
	uint64_t values;      /* of a sample; 1: one */
} ElabExtent;
bool elab_extent(Elab *el, const NetExpr *e, const NetData *data, ElabExtent *out); /* adds to *out; false after a message */
NetExpr *elab_event(Scope *s, const NetExpr *signal, Span at); /* bool: was any signal in it set or fed? */
NetExpr *elab_seen(Scope *s, const AstExpr *e);           /* out.v */
NetExpr *elab_over_neurons(Scope *s, NetOver over, NetExpr *x, const AstExpr *e);
NetExpr *elab_pick(Scope *s, const AstExpr *e);           /* out.v[k] */
bool elab_sides(Scope *s, NetExpr *e, Span at);           /* signals per neuron, in a rule: on which side; false after a message */
uint32_t elab_find_var(Elab *el, const AstStmt *s);       /* NET_NONE: no name of the protocol's */
uint32_t elab_find_signal(Elab *el, const AstDecl *d);
void elab_feature_places(Elab *el, uint32_t conn, const AstDecl *d); /* and those of its features */
void elab_places(Elab *el, const AstModel *m, NetRule *r); /* over what the states of a rule vary */
uint32_t elab_find_conn(Elab *el, const AstDecl *d);

/* ---- data and files (elab_data.c), what is seen (elab_record.c), protocol (elab_protocol.c) -- */
void elab_data(Elab *el);
void elab_draws(Elab *el);
void elab_records(Elab *el);
bool elab_var(Elab *el, const AstExpr *e, NetVar *out);
const char *elab_path(
	Elab *el,
	const AstExpr *e); /* text of a string that stays inside the folder; NULL after a message */
const char *elab_read_path(Elab *el, const AstExpr *e); /* likewise, of a file to read, as it lies below the program's folder */
const char *elab_file(Elab *el, const AstExpr *e);      /* of file("x.npy") or "x.npy" */
bool elab_is_file(const AstExpr *e);
bool elab_column_is_events(const Elab *el, const AstStmt *loop, uint32_t column); /* of a loop over data */
bool elab_is_events(const AstExpr *e); /* a list of spikes */
/* The numbers of a .npy file: a list, or one constant; NULL after a message. */
NetExpr *elab_file_values(Scope *s, const AstExpr *e);
bool elab_file_shape(Elab *el, const AstExpr *e, const char *path, uint32_t *rank, uint64_t extent[6]);
enum { ELAB_LOOKED_AT = 1 << 22 };                      /* larger files are looked at when they are read */
double *elab_file_numbers(Elab *el, const AstExpr *e, const char *path, uint64_t n); /* the first n, all finite; NULL: told, or unreadable now */
bool elab_file_is_finite(Elab *el, const AstExpr *e, const char *path, uint32_t rank, const uint64_t *extent); /* false after a message */
bool elab_shapes_agree(uint32_t nfile, const uint64_t *file, uint32_t nvalues, const uint64_t *values);
uint32_t elab_find_phase(Elab *el, Name name, Span at); /* NET_NONE after a message */
void elab_find_assigned(Elab *el);                      /* parameters that the protocol sets */
bool elab_votes(Elab *el, const AstDecl *layer);          /* somewhere in the experiment */
uint32_t elab_readouts(Elab *el, const AstDecl *layer);   /* the most of any of its votes; 0: it never votes */
void elab_protocol(Elab *el);

void elab_body(Elab *el, const AstStmtVec *from, const AstStmt *loop, NetProtocol *out);
uint32_t elab_new_phase(Elab *el, const AstStmt *loop);
/* ---- what the experiment works out for itself (elab_experiment.c): false after a message ---- */
Scope elab_in_experiment(Elab *el, const AstStmt *loop); /* the innermost loop over data, or NULL */
const NetData *elab_loop_data(Elab *el, const AstStmt *loop);
bool elab_set_signal(Elab *el, const AstStmt *s, const AstStmt *loop, NetProto *p);
bool elab_is_single(Elab *el, const NetExpr *e, const AstStmt *loop, const char *what, const char *help);
bool elab_if(Elab *el, const AstStmt *s, const AstStmt *loop, NetProto *p);
bool elab_count_to(Elab *el, const AstStmt *s, const AstStmt *loop, NetProto *p);
void elab_order(Elab *el, const AstStmt *loop, NetProto *p);
NetProto *elab_let(Elab *el, const AstStmt *s, const AstStmt *loop, bool *ok); /* NULL: stands for its expression, or failed */

bool elab_expect(Elab *el, const AstStmt *s); /* elab_expect.c: expect, golden, times of events */
bool elab_is_observed(const AstExpr *e);
NetExpr *elab_observed(Scope *s, const AstExpr *e);
bool elab_controls(Elab *el, const AstStmt *run, NetProto *p); /* elab_control.c */

/* ---- messages (elab.c) ----------------------------------------------------------------------- */
void elab_not_yet(Elab *el, Span at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* As diag_begin, and the program has failed. */
void elab_error(Elab *el, DiagCode code, Span at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
Name elab_unique(Elab *el, const char *name, bool (*taken)(const void *env, Name name),
		 const void *env);

#endif
