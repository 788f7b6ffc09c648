/* net.h: the network: instances, sizes and numbers; no syntax, no models left.
 *
 * Every layer holds its own specialised code: parameters are constants (or one
 * value per neuron), expressions of parameters and dt alone are folded. Names
 * stay as labels for dumps, buffers and messages. Values are in the coherent
 * units. Cross references are indices. elab writes it, lower reads it.
 */
#ifndef SNNC_NET_NET_H
#define SNNC_NET_NET_H

#include "base/arena.h"
#include "base/intern.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "source/source.h"

#include <stdbool.h>
#include <stdint.h>

#define NET_NONE UINT32_MAX

typedef enum { NT_UNSET, NT_REAL, NT_BOOL } NetType;

/* ---- expressions and statements of models -------------------------------------------------- */

typedef enum {
	NEXPR_UNSET,
	NEXPR_CONST,       /* value; already rounded to the program's real type */
	NEXPR_ARRAY,       /* one constant per neuron of the layer, in connections of that on `side`, or per value of the
	                    * feature (VALUE): net->arrays[index] */
	NEXPR_STATE,       /* layer.states[index] (neuron code); rule.states[index] (rules; side PRE, POST: of that neuron) */
	NEXPR_SIGNAL,      /* net->signals[index]: in rules, signals and the protocol; of a layer: that of the neuron on `side` */
	NEXPR_EVENT,       /* bool: was net->signals[index] set, or fed something other than 0, for this step? Places as SIGNAL */
	NEXPR_SEEN,        /* signals, protocol: `var` of a layer, at its neuron `own`; spikes as 1 or their value, else 0 */
	NEXPR_NEURONS,     /* signals, protocol: over the neurons of layer var.of: index is a NetOver; op[0] */
	NEXPR_PICK,        /* signals, protocol: op[0] at neuron op[1] of layer var.of, counted around */
	NEXPR_VAR,         /* protocol: net->vars[index] */
	NEXPR_LOCAL,       /* locals[index] of the code */
	NEXPR_INPUT,       /* neuron: the input of this step, or what the spikes of `index` steps ago bring now; feature: the
	                    * signal that comes in */
	NEXPR_TRACE,       /* neuron: own trace index; rule: trace index of the layer on `side` */
	NEXPR_VALUE,       /* feature: its value; rule: the learned value */
	NEXPR_SPIKE,       /* rule: what the neuron on `side` sent in this step: 1 or its value, else 0 (real); neuron: in the
	                    * step before, or (index) of index steps ago, before any clamp; own trace: its value */
	NEXPR_INDEX,       /* index of the neuron on `side`, as a real; in neuron code the own one */
	NEXPR_LEARNING,    /* bool */
	NEXPR_DRAW,        /* a random number: draw, site; op[0] its parameter */
	NEXPR_COLUMN,      /* protocol: this element of column `index` of the innermost loop's sample, as a real */
	NEXPR_OVER,        /* protocol: over all elements of the sample: index is a NetOver; op[0], QUANTILE: op[1] a CONST */
	NEXPR_UNARY,       /* op kind, op[0] */
	NEXPR_BINARY,
	NEXPR_IF,          /* op[0] if op[1] else op[2] */
	NEXPR_ELEMENT,     /* feature: a number of the array state `index`; op: its places, counted around */
	NEXPR_TABLE,       /* feature: a number of feature.tables[index]; op: its places, counted around */
	NEXPR_EACH,        /* variable `index` of a sum around it, as a real */
	NEXPR_SUM,         /* sum of op[0] while variable `index` runs over op[1] ..< op[2], constants */
	NEXPR_FELLOW,      /* rule: the value of feature `index` of the connection; side POST: it is one per target */
	NEXPR_REDUCE,      /* rule: op[0] over all pre or post neurons (of a pair: its partners) or items: bits `over`; index is a
	                    * NetOver without QUANTILE */
	NEXPR_OBSERVED,    /* in what a test expects: net->seen[index]; lists there are net->lists */
	NEXPR_TOTAL,       /* feature: the sum of the signals that come in, over synapses and items */
	NEXPR_COUNT
} NetExprKind;

typedef enum { NOP_UNSET, NOP_NEG, NOP_NOT, NOP_ABS, NOP_SQRT, NOP_FLOOR, NOP_CEIL, NOP_EXP, NOP_LOG, NOP_EXPREL /* (e^x - 1) / x */, NOP_EXPM1,
	       NOP_LOG1P, NOP_SIN, NOP_COS, NOP_TANH,
	       NOP_ADD, NOP_SUB, NOP_MUL, NOP_DIV, NOP_MIN, NOP_MAX, NOP_POW, NOP_EQ, NOP_NE, NOP_LT, NOP_LE, NOP_GT, NOP_GE, NOP_AND, NOP_OR,
	       NOP_COUNT } NetOp;
const char *net_op_name(NetOp op);

typedef enum { NOVER_MIN, NOVER_MAX, NOVER_SUM, NOVER_MEAN, NOVER_QUANTILE /* between ranks: linear */,
	       NOVER_ARGMAX, NOVER_ARGMIN /* the first of equal ones */, NOVER_COUNT } NetOver;
const char *net_over_name(NetOver over);
enum { NOVER_PRE = 1, NOVER_POST = 2, NOVER_BATCH = 4 };     /* the first two as in NetVaries */

typedef enum { NDRAW_UNSET, NDRAW_UNIFORM /* [0, 1) */, NDRAW_BERNOULLI /* op[0]: p; bool */, NDRAW_POISSON /* op[0]: mean; real */,
	       NDRAW_NORMAL /* mean 0, deviation 1 */, NDRAW_NOISE /* in the rates of a SYSTEM: white noise, 1/sqrt(ms) */ } NetDraw;
typedef enum { NSIDE_OWN, NSIDE_PRE, NSIDE_POST, NSIDE_VALUE /* of arrays: the value itself */ } NetSide;

/* Something that the network holds. */
typedef enum { NVAR_UNSET, NVAR_SPIKES, NVAR_STATE, NVAR_TRACE, NVAR_VALUE, NVAR_KEPT, NVAR_RULE_STATE, NVAR_RATE,
	       NVAR_VOTES, NVAR_LABELS, NVAR_RATES, NVAR_PROPORTIONS, /* what votes of the layer leave */
	       NVAR_COUNT /* how often each neuron spiked in the last run */, NVAR_SIGNAL, NVAR_SIGNAL_STATE } NetVarKind;
/* of: layer, connection (VALUE, KEPT, RULE_STATE, RATE), or signal; index: state, trace, feature; state: of the feature (KEPT) or of its
 * rule (RULE_STATE) */
typedef struct { NetVarKind kind; uint32_t of, index, state; } NetVar;

typedef struct NetExpr NetExpr;
struct NetExpr {
	NetExprKind kind;
	NetType type;
	Span span;
	double value;                                     /* CONST; bool: 0 or 1 */
	uint32_t index;
	NetSide side;
	NetOp op_kind;
	NetDraw draw;
	uint32_t site;                                    /* DRAW: net->sites */
	uint32_t over;                                    /* REDUCE: NOVER_PRE … */
	NetVar var;                                       /* SEEN NEURONS PICK */
	uint32_t port;                                    /* INPUT of neurons: of the layer's ports */
	NetExpr *op[3];
};

typedef enum { NSTMT_UNSET, NSTMT_ASSIGN, NSTMT_LET, NSTMT_IF, NSTMT_SPIKE, NSTMT_KEEP_ONE,
	       NSTMT_SYSTEM, NSTMT_COUNT } NetStmtKind;
/* How a system of equations is integrated over a step; UNSET: the best that its equations allow. */
typedef enum { NMETHOD_UNSET, NMETHOD_EXACT, NMETHOD_EXPONENTIAL_EULER, NMETHOD_EULER, NMETHOD_HEUN, NMETHOD_RK2, NMETHOD_RK4,
	       NMETHOD_COUNT } NetMethod;
const char *net_method_name(NetMethod m);                 /* "exponential_euler" */
typedef enum { NSET, NADD, NSUB, NMUL, NDIV } NetAssignOp;
typedef struct NetStmt NetStmt;
typedef struct { NetStmt **at; uint32_t n; } NetBlock;
struct NetStmt {
	NetStmtKind kind;
	Span span;
	NetAssignOp op;                                   /* ASSIGN */
	NetExpr *target;                                  /* ASSIGN: STATE, TRACE (own on_spike), VALUE (rule), INPUT (feature's signal), ELEMENT */
	uint32_t index;                                   /* LET: local */
	NetExpr *e;                                       /* value; condition; SPIKE: emitted value or NULL (a bit); KEEP_ONE: condition or NULL */
	uint32_t site;                                    /* KEEP_ONE: its draw */
	NetBlock body, other;                             /* IF; SYSTEM: body has one ASSIGN (=) for each equation, of its rate to its state */
	NetMethod method;                                 /* SYSTEM; until solve puts statements in its place */
	bool held;                                        /* of an equation: it stands still where e of its system (a condition) is false */
};
typedef struct { Name name; NetType type; } NetLocal;
/* How solve integrates some states, and why so: for people. `equations` are what the program said, a SYSTEM. */
typedef struct { const char *states, *why; NetMethod method; Span span; const NetStmt *equations; } NetSolved;
typedef struct { NetBlock body; VEC(NetLocal) locals; VEC(NetSolved) solved; } NetCode;

/* Over what the state of a rule varies: bits, so that what is computed from several is their union. */
typedef enum { NPLACE_CONNECTION = 0, NPLACE_PRE = 1, NPLACE_POST = 2, NPLACE_SYNAPSE = 3 } NetVaries;

/* ---- layers --------------------------------------------------------------------------------- */

typedef struct {
	Name name; Span span; NetType type;
	NetExpr *init;                                    /* constants and arrays only */
	bool shared_over_batch, kept_on_reset;            /* kept_on_reset: also parameters that the protocol sets */
	bool of_network;                                  /* of a rule: one for all connections where the rule is attached */
	uint32_t counts;                                  /* whole numbers up to this one, of steps, which its layer's step alone sets; 0: any */
	uint32_t rank; uint64_t extent[2];                /* of an array; rank 0: one number */
	NetVaries place;                                   /* of a rule's state: per item of the batch, and over what else */
} NetState;

/* x := x * decay; where spiked: on_spike. Equal traces of a layer are one NetTrace with several names. */
typedef struct {
	Name name; Span span;
	NetExpr *decay;                                   /* CONST or ARRAY: exp(-dt/tau) */
	NetCode on_spike;                                 /* assigns NEXPR_TRACE (own) */
} NetTrace;

/* Numbers that follow from states which no step changes (parameters that are drawn, or that the experiment sets): elements of
 * e^(A dt), worked out when the run begins and whenever the experiment sets one of those. */
typedef struct {
	Span span;
	uint32_t n;                                       /* A is n x n, rows first */
	NetExpr **a;                                      /* rates, of CONST, ARRAY and STATE; NULL: 0 */
	uint32_t *to;                                     /* the state that takes the element of e^(A dt) - 1; NET_NONE: nobody asks */
	bool *whole;                                      /* of e^(A dt) instead: on the diagonal */
} NetPropagator;

/* Where input arrives; the first one has no name, and is what `a -> b` means. */
typedef struct {
	Name name; Span span;
	uint32_t stream;                                  /* net->streams, added to the input in each step; NET_NONE */
	uint32_t window;                                  /* steps of inputs that neurons look back on; 0: none */
} NetPort;

typedef struct {
	Name name; Span span;
	uint64_t n;                                       /* neurons */
	uint32_t rank; uint64_t shape[4];
	uint32_t memory;                                  /* steps of own spikes that it looks back on; 0: none */
	bool values;                                      /* spikes are values (`spike e`), not bits */
	VEC(NetState) states;
	VEC(NetTrace) traces;
	VEC(NetPropagator) propagators;
	NetCode step;
	VEC(NetPort) ports;
} NetLayer;

/* ---- connections ------------------------------------------------------------------------------ */

/* Initial value of a feature: an expression of INDEX, CONST, STATE (of a side: where it
 * begins) and DRAW (site drawn once, object i*n_post + j), or a file; given: what
 * that says of each pair that a file lists. */
typedef struct { NetExpr *e; const char *file; double *given; Span span; } NetInit;

/* What a rule does in a step: for all synapses, or those whose pre or post neuron spiked. */
typedef enum { NEVENT_STEP, NEVENT_PRE, NEVENT_POST } NetEvent;
typedef struct { NetEvent event; Span span; NetCode code; } NetHandler;

typedef enum { NREDUCE_MEAN, NREDUCE_SUM, NREDUCE_MAX } NetReduce;
typedef struct {
	Name name; Span span;
	bool of_post;                                     /* what it learns is one value per target */
	VEC(NetHandler) handlers;                         /* run one after the other */
	VEC(NetState) states;
	NetReduce reduce;
	uint64_t average;                                 /* changes are averaged over so many steps; 0: applied as they come */
	bool average_each;                                /* in each step; else in every `average`-th */
} NetRule;

/* Numbers of a feature that are the same for all synapses: read from a file, never changed. */
typedef struct { Name name; Span span; const char *file; uint32_t rank; uint64_t extent[2]; } NetTable;

/* Which values are scaled together: those of a target (conv: of an output channel), those of a kernel (conv, local: of
 * one source channel), or all of the connection. */
typedef enum { NNORM_POST, NNORM_KERNEL, NNORM_CONNECTION } NetNormPer;

/* How values lie in memory: as all numbers, or rounded to 16 bits whenever they are written. */
typedef enum { NSTORED_REAL, NSTORED_F16, NSTORED_BF16 } NetStored;

typedef struct {
	Name name; Span span;
	NetType type;                                     /* of the value */
	uint32_t shared;                                  /* the earlier feature whose value this is; NET_NONE: its own */
	VEC(NetState) states;                             /* per item, and over their places; init: CONST or VALUE */
	VEC(NetTable) tables;
	NetCode compute;                                  /* assigns NEXPR_INPUT (the signal) */
	NetExpr *delay;                                   /* the signal comes after this time, in ms; NULL: compute instead */
	uint64_t slots;                                   /* of a delay: the steps of the longest */
	NetInit init;
	bool has_range; NetExpr *lo, *hi; Span range_span; /* CONST (infinite: unbounded) or ARRAY */
	bool of_post;                                     /* one value per target (or channel of targets), met by the sum */
	bool has_norm, norm_each_step, norm_signed;
	double *norm; uint64_t nnorms;                    /* 1, or one for each group: see net_group_count */
	Span norm_span;
	bool *no_sum;                                     /* groups of which is known that their sum is 0; NULL: none */
	NetNormPer norm_per;
	bool keep_sign;                                   /* values stay on their side of zero: that on which they begin, */
	bool sign_of_pre;                                 /* or on which most values of their source do, */
	NetExpr *positive;                                /* or where this is not 0 the positive one; CONST or ARRAY; NULL */
	NetStored stored;
	double decay;                                     /* w *= 1 - decay in each step while learning; 0: none */
	bool has_rule; NetRule rule;
} NetFeature;

/* Who is connected with whom, and which values there are:
 *   ALL         every pair; values [pre, post]
 *   ONE_TO_ONE  equal indices; values [post]
 *   CONV        targets [out, out_extent …] see a window of sources [in, extent …]; values [out, in, kernel …], one for
 *               all windows
 *   LOCAL       likewise, each window with values of its own: [in, out * positions, taps]; no padding
 *   POOL        the source of a window with the highest running rate passes, the first of equal ones; values [post]
 *   MEAN        the mean spike of all sources; values [post]
 *   SPARSE      listed or drawn pairs, by rows of sources, targets ascending; values [synapse]
 * Layers are row-major. A tap t of a window p reads source p * stride + t * dilation - padding, per axis. */
typedef enum { NPAT_ALL, NPAT_ONE_TO_ONE, NPAT_CONV, NPAT_LOCAL, NPAT_POOL, NPAT_MEAN, NPAT_SPARSE, NPAT_COUNT } NetPatternKind;
enum { NET_KERNEL_AXES = 3 };
typedef struct {
	NetPatternKind kind;
	Span span;
	uint32_t axes;                                    /* of a window; all sizes below are per axis */
	uint64_t in, out;                                 /* channels */
	uint64_t extent[NET_KERNEL_AXES], out_extent[NET_KERNEL_AXES];
	uint64_t kernel[NET_KERNEL_AXES], stride[NET_KERNEL_AXES], padding[NET_KERNEL_AXES], dilation[NET_KERNEL_AXES];
	double decay;                                     /* POOL: rates lose this part in each step */
	bool per_item;                                    /* MEAN: over the sources of each batch item, not over all items */
	uint64_t nsynapses, *row;                         /* SPARSE: synapses row[i] ..< row[i + 1] leave source i; drawn: NULL,
	                                                   * and there are at most so many */
	uint32_t *target;
	double *weight;                                   /* what the file said of each; NULL: only its place */
	const char *path;
	bool pairs;                                       /* the file holds pairs, else a matrix */
	const char *drawn;                                /* SPARSE: how, when the run begins, as plan_object.def says; NULL: listed */
	double p; uint64_t count;                         /* random; the others */
	bool autapses, multapses;                         /* allowed */
	NetExpr *near, *cond;                             /* counted: pairs for which both hold (bool; NULL: all); near draws nothing */
} NetPattern;

typedef struct {
	Name name; Span span;
	uint32_t pre, post, port;                         /* port: of post */
	NetPattern pattern;
	VEC(NetFeature) features;
} NetConn;

/* ---- data, protocol, records ------------------------------------------------------------------- */

typedef struct { uint32_t type /* PlanType/snnrt_type number */, rank; uint64_t extent[4]; uint64_t count;
	         bool events; /* a list of spikes: nothing that is fetched, count 0 */ } NetColumn;
typedef struct {
	Name name; Span span;
	const char *kind;                                 /* "idx", "npy", "npz", "csv", "events" */
	VEC(const char *) paths;
	const char *fallback;                             /* "drawn_digits" or "" */
	uint64_t samples, classes;
	VEC(NetColumn) columns;
} NetData;
typedef struct { Name name; Span span; const char *path; uint32_t layer, port; bool events;
	         uint32_t data; /* path NULL: spikes of samples that the protocol presents */ } NetStream; /* input file(…), events(…) of a layer */
typedef struct { Name name; Span span; const char *file; } NetSite;   /* a draw site: stable path "exc/keep"; file: fed from it, or NULL */
typedef struct { Name name; Span span; uint64_t samples; } NetPhase;

/* What of the variable a record keeps: all of it, or what it comes to over all but the items of the batch. RATE: spikes per neuron
 * since the record before, in Hz. */
typedef enum { NREC_ALL, NREC_BITS, NREC_MEAN, NREC_SUM, NREC_MIN, NREC_MAX, NREC_RATE, NREC_HISTOGRAM,
	       NREC_AVERAGE /* of each value, over the steps since the record before */, NREC_COUNT } NetRecordForm;
const char *net_record_form(NetRecordForm f);             /* "mean" */
typedef struct {
	Name name; Span span; NetVar var; uint64_t every; bool samples; uint32_t phase; /* NET_NONE: always */
	NetRecordForm form;
	uint64_t first, n;                                /* neurons; n 0: all */
	uint32_t nparts;                                  /* axes behind the batch of which only a part is kept; 0: first, n */
	struct { uint64_t first, n, step; } part[2];
	uint64_t from, to;                                /* steps from ..< to; to 0: all */
	uint64_t bins; double low, high;                  /* HISTOGRAM */
} NetRecord;
typedef struct { Name name; Span span; NetVar var; Name form; uint64_t height, width; } NetPlot;

typedef enum { NPROTO_UNSET, NPROTO_FOR, NPROTO_ASSIGN, NPROTO_SIGNAL /* signals[state] = e */,
	       NPROTO_LET /* vars[state] = e */, NPROTO_IF, NPROTO_COUNT_TO /* for vars[state] in lo ..< hi */, NPROTO_RUN, NPROTO_RESET, NPROTO_FREEZE, NPROTO_THAW, NPROTO_VOTE,
	       NPROTO_REPORT, NPROTO_SAVE, NPROTO_LOAD,
	       NPROTO_PRESENT /* sample of data to layer; column NET_NONE: that is over */, NPROTO_COUNT } NetProtoKind;
/* What a run does to the network in each of its steps: after the step code of a layer neurons are made to spike or
 * kept from it where the value is not 0 (traces and states do not notice); before it a value is added to a state;
 * after learning a feature's values are set to zero where the condition holds. */
typedef enum { NCONTROL_UNSET, NCONTROL_CLAMP, NCONTROL_SILENCE, NCONTROL_INJECT, NCONTROL_ZERO, NCONTROL_COUNT } NetControlKind;
typedef struct {
	NetControlKind kind;
	Span span;
	NetVar var;                                       /* SPIKES, STATE, VALUE */
	NetExpr *e;                                       /* of the own neuron, or of pre and post; NULL: from the file */
	const char *file;                                 /* per step: a row of [steps, n], or of [steps, batch, n] if per_item;
	                                                   * ZERO: the whole [pre, post] */
	bool per_item;
} NetControl;

typedef struct NetProto NetProto;
typedef struct { NetProto **at; uint32_t n; } NetProtocol;
struct NetProto {
	NetProtoKind kind;
	Span span;
	uint32_t data; uint64_t lo, hi;                   /* FOR: samples lo ..< hi; each turn takes `batch` of them */
	uint32_t phase;                                   /* FOR, REPORT (NET_NONE: all) */
	uint32_t layer, state; NetExpr *e;                /* ASSIGN (e reads COLUMN); VOTE: layer */
	uint64_t steps;                                   /* RUN; 0: e, a time in ms */
	bool by_layer;                                    /* RUN: layers in order, each from the spikes that there are by then */
	VEC(NetControl) controls;                         /* RUN */
	uint32_t column; uint64_t every;                  /* VOTE: label column; samples between assignments, 0: none */
	VEC(Name) readouts;                               /* VOTE: "all_activity", "ngram(2)" */
	uint32_t ngram;                                   /* VOTE: the largest n of an ngram(n), 0: none */
	double keep;                                      /* VOTE: old rates are multiplied with it when labels are assigned */
	Name what;                                        /* REPORT: accuracy, or the signal `var` */
	const char *path; NetVar var;                     /* SAVE, LOAD: var.kind UNSET: everything. VOTE: path of first rates, or NULL */
	NetProtocol body, other;                          /* FOR, COUNT_TO, IF: e */
	bool pulse;                                       /* SIGNAL: for one step */
	bool shuffled; uint32_t site;                     /* FOR, COUNT_TO: in an order drawn anew each time */
};

/* What happens to a signal in each step, or at each spike of a layer: then `own` is the neuron that spiked, or the signal's
 * own neuron where the signal is of that layer. */
typedef struct { Span span; uint32_t layer; NetCode code; } NetSignalHandler;       /* layer NET_NONE: in each step */

/* How a number of the command line is brought into the unit that it has here. */
typedef struct { const char *name; double scale; } NetUnit;

/* A third factor: a number that rules read; one, or one per item of the batch, per neuron of a layer, or both. It is set by
 * the protocol and holds (value and file NULL), or fed from a file, or it is `value` in each step, behind the layers and
 * before the rules: its handlers come first, in order. */
typedef struct {
	Name name; Span span;
	double init;                                      /* of one that the protocol sets */
	bool tunable; double given; bool is_given;        /* set when the run begins, and never again; given: by --set */
	VEC(NetUnit) units;                               /* tunable: what a value may be written in */
	bool per_item; uint32_t layer;                    /* NET_NONE: not one per neuron */
	const char *file;                                 /* a row for each step, which is there from its beginning */
	NetExpr *value;
	VEC(NetState) states;                             /* vary as the signal does */
	VEC(NetSignalHandler) handlers;
} NetSignal;

/* A name of the protocol: a `let`, or what counts the turns of a loop; one, or one per item. */
typedef struct { Name name; Span span; NetType type; bool per_item; } NetVariable;

/* Constants: one for each neuron of a layer, or (layer NET_NONE) for each value that a feature of a connection has. */
typedef struct { uint32_t layer, conn; bool of_post; double *value; uint64_t n; } NetArray;

/* ---- tests --------------------------------------------------------------------------------------- */

/* What a test sees of a run. NOW: `path` is saved where the expectation stands (`start`: before the first run). EVERY: a row
 * of `record` for each step. SPIKES: how often each neuron spiked up to there; RATE: spikes per neuron and ms. */
typedef enum { NSEEN_UNSET, NSEEN_NOW, NSEEN_EVERY, NSEEN_SPIKES, NSEEN_RATE } NetSeenKind;
typedef struct {
	NetSeenKind kind;
	Span span;
	NetVar var;
	const char *path;                                 /* NOW */
	uint32_t record;                                  /* the others; NET_NONE: the value before the run */
	uint32_t npicks; uint64_t pick[4];                /* indices along the last axes; none: all values */
} NetSeen;

/* `e` is true, or near `near`, at most `within` (of near, if relative) away; at the ends of the steps `at` (none: where it
 * stands, after `steps` steps). SPIKE_TIMES: the spikes of e, a SEEN, come in the steps `at`. GOLDEN: e is compared with the
 * file `path`. */
typedef enum { NEXPECT_UNSET, NEXPECT_TRUE, NEXPECT_NEAR, NEXPECT_SPIKE_TIMES, NEXPECT_GOLDEN } NetExpectKind;
typedef struct {
	NetExpectKind kind;
	Span span;
	NetExpr *e, *near, *within;
	bool relative;
	VEC(uint64_t) at;
	uint64_t steps;
	const char *path, *unit;                          /* unit: of e, for messages */
} NetExpect;

typedef struct {
	Arena *arena;
	Interner *names;
	Name name;
	bool f64;
	double dt;                                        /* ms, rounded to the real type */
	uint64_t seed, batch;
	VEC(NetSignal) signals;
	VEC(uint32_t) updates;                            /* signals with a value, each behind those that it reads */
	VEC(NetVariable) vars;
	VEC(NetLayer) layers;
	VEC(NetConn) conns;
	VEC(NetArray) arrays;
	VEC(NetData) data;
	VEC(NetStream) streams;
	VEC(NetSite) sites;
	VEC(NetPhase) phases;
	VEC(NetRecord) records;
	VEC(NetPlot) plots;
	NetProtocol protocol;
	bool solved;                                      /* no SYSTEM is left */
	VEC(NetSeen) seen;                                /* tests */
	VEC(NetExpect) expects;
	VEC(NetArray) lists;                              /* of expects; layer: NET_NONE */
} Net;

Net *net_new(Arena *a, Interner *names, const char *name);
NetExpr *net_expr(Net *n, NetExprKind k, NetType t, Span at);
NetExpr *net_const(Net *n, NetType t, double v, Span at);
/* The shape of the values of a feature, as its pattern says, and how many they are. */
uint32_t net_value_shape(const Net *n, const NetConn *c, bool of_post, uint64_t extent[6]);
uint64_t net_pair_count(const Net *n, const NetConn *c);   /* how many signals pass: of a pool or a mean, one to each target */
uint64_t net_value_count(const Net *n, const NetConn *c, bool of_post);
/* What a norm scales together: values of a target (CONV: of an output channel), of a kernel (those with the same first two
 * indices), or all; how many such groups there are, and to which a value [pre, post] or of that index belongs. */
uint64_t net_group_count(const Net *n, const NetConn *c, const NetFeature *f);
uint64_t net_group_of(const Net *n, const NetConn *c, const NetFeature *f, uint64_t value, uint64_t post);
bool net_expr_equal(const NetExpr *a, const NetExpr *b);
/* Over what e varies, in code of rule r; locals: over what each of them does. */
NetVaries net_varies(const NetRule *r, const NetVaries *locals, const NetExpr *e);
/* Over what the signal varies behind feature k, if it does over `signal` before it; places of the feature's states that
 * are too narrow grow. */
NetVaries net_feature_varies(const Net *n, const NetConn *c, uint32_t k, NetVaries signal);
/* In the code of a step: does e read anything that differs between the items of a batch? Does b, a part of it, read and change only
 * what items share? */
bool net_reads_item(const NetLayer *n, NetBlock code, const NetExpr *e);
bool net_shared_only(const NetLayer *n, NetBlock code, NetBlock b);
bool net_code_equal(const NetCode *a, const NetCode *b);   /* names of locals do not count */
void net_print(StrBuf *out, const Net *n);
void net_print_layer(StrBuf *out, const Net *n, const NetLayer *l);
void net_print_conn(StrBuf *out, const Net *n, const NetConn *c);
void net_print_signal(StrBuf *out, const Net *n, const NetSignal *g);
/* "v' = (rest - v) / tau", a line for each, with the names of where the code stands: of what is not NULL. */
typedef struct { const NetLayer *layer; const NetConn *conn; const NetFeature *feature; const NetRule *rule; const NetSignal *signal; } NetOwner;
void net_print_equations(StrBuf *out, const Net *n, const NetOwner *of, const NetCode *code, const NetStmt *system);
const char *net_verify(const Net *n, Arena *a);           /* NULL: sound */

#endif
