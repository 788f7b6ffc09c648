/* lower_inner.h: what the files of this folder share. */
#ifndef SNNC_LOWER_LOWER_INNER_H
#define SNNC_LOWER_LOWER_INNER_H

#include "lower/lower.h"

#define NO_BUF UINT32_MAX

typedef struct {
	uint32_t input;                                   /* real [batch, neuron]; NO_BUF: nothing drives it, or nothing reads it */
	uint32_t drive;                                   /* from a file, added to input */
	uint32_t window, past_drive;                      /* real [slot, batch, neuron]: in place of input, by its age; the file's past rows */
	uint32_t object;                                  /* STREAM of the file */
	bool is_read;
} LowPort;

typedef struct {
	uint32_t *states;                                 /* buffers, in order of net.states; NO_BUF: nobody reads it */
	uint32_t *traces;
	uint32_t spikes;                                  /* bool [batch, neuron]; values: real */
	uint32_t list, count;                             /* indices of spiking neurons per item, and how many; NO_BUF: nobody asks */
	uint32_t any_list, any_count;                     /* of neurons that spike in any item; the same as list if batch is 1 */
	LowPort *ports;                                   /* in order of net.ports */
	uint32_t memory;                                  /* [slot, batch, neuron]: own spikes; slot: step modulo their number */
	uint32_t run_count;                               /* i32 [batch, neuron]: spikes since the last vote */
	uint32_t seen_count;                              /* i32 [batch, neuron]: spikes since the last run began; NO_BUF: nobody asks */
	uint32_t add_count, clear_count;                  /* kernels */
	uint32_t rates, proportions, assignment;          /* of votes */
	uint32_t votes;                                   /* i32 [batch, 1 + readouts]; NO_BUF: nobody records it */
	uint32_t raster;                                  /* object; UINT32_MAX: no n-grams */
	bool wants_list, wants_any;
	uint32_t collect, find, no_drive;                 /* kernels; UINT32_MAX: none */
	VEC(uint32_t) update;                             /* kernels, in order */
	uint32_t init, reset, propagate;                  /* kernels; propagate: UINT32_MAX where nothing follows from parameters */
} LowLayer;

typedef struct {
	uint32_t buf;                                     /* as net.h says of the pattern; NO_BUF: the value stays an expression */
	uint32_t unclipped;                               /* bool []: a norm, a file, or a run that held values at zero may have left some outside the range */
	uint32_t *states;                                 /* states of the rule */
	uint32_t *follows;                                /* by state of the rule: in Lower.follows; UINT32_MAX */
	uint32_t init, init_states, norm;                 /* kernels; UINT32_MAX: none */
	VEC(uint32_t) learns;                             /* kernels of a rule, in order */
	uint32_t find_zeros, zeros, warning;              /* of a norm: a kernel, [how many, the first], an object */
	uint32_t find_unclipped;                          /* kernel: whether the norm left some outside; UINT32_MAX: it is taken to */
	uint32_t fill;                                    /* object */
	uint32_t *kept;                                   /* own states: [batch, pair, …], see lower_place */
	uint32_t *tables, *table_fills;                   /* buffers and their objects */
	uint32_t total;                                   /* real []: what sum(signal) is in this step */
	uint32_t negative;                                /* bool, as buf: the side of zero that a value keeps */
	uint32_t ring;                                    /* of a delay: sums [slot, batch, post], or signals [slot, batch, pair] */
	uint32_t init_kept, reset_kept, reset_ring, signs; /* kernels */
} LowFeature;

typedef struct {
	LowFeature *features;
	bool staged;                                      /* some feature needs all synapses in every step: see lower_feature */
	uint32_t rows;                                    /* the first so many features vary with the pre neuron alone */
	uint32_t sent, send;                              /* what leaves them: real [batch, pre], and the kernel; none: NO_BUF */
	uint32_t signal;                                  /* staged: real [batch, pair] */
	VEC(uint32_t) stages;                             /* staged: kernels, before the sums over pre neurons */
	uint32_t row, target;                             /* of a sparse pattern */
	uint32_t draw, find_columns;                      /* the object that draws them, and the kernel that sorts them by target */
	uint32_t count, place;                            /* kernels of a condition of pairs; UINT32_MAX: none */
	uint32_t delay_begin, delay_steps, find_delays;   /* where in its row each delay begins, or that of each synapse; the kernel that finds them */
	uint32_t column, incoming, source;                /* and by target: synapses column[j] ..< column[j + 1] of these lists */
	uint32_t rate, advance, forget;                   /* of a pool: real [batch, pre], and kernels; UINT32_MAX: none */
	uint32_t past, remember, behind;                  /* in front of neurons that look back: see lower_window */
} LowConn;

/* A signal: its value, whether it was set or fed for this step, what it is again behind a pulse (NO_BUF: nobody asks), its
 * states; and kernels, UINT32_MAX: none. */
typedef struct {
	uint32_t buf, event, held, *states;
	uint32_t update, begin, reset, end;
} LowSignal;

typedef struct { const NetControl *of; uint32_t kernel, buf, object; } LowControl;   /* of a run; buf, object: of its file */
/* A state of rules that decays and jumps with the spikes of a layer, for all that say the same of it. */
typedef struct { uint32_t layer; const NetExpr *init, *decay, *jump; NetAssignOp op; uint32_t buf, before, kernel; } LowFollow;
/* max(image) and its kin: computed once for each sample. */
typedef struct { const NetExpr *e; uint32_t data, buf, kernel; } LowOver;

typedef struct {
	LowerEnv *env;
	const Net *net;
	Plan *p;
	Arena *a;
	PlanType real;
	uint64_t batch;
	LowLayer *layers;
	LowConn *conns;
	LowSignal *signals;
	uint32_t *vars;                                   /* buffers of the protocol's names */
	uint32_t *site_counts;                            /* by site: how often the protocol drew there; NO_BUF: it is no site of its */
	uint32_t *arrays;                                 /* buffers of constants */
	uint32_t *sites;                                  /* buffers of draws: raw u32, or values fed from a file; NO_BUF: drawn in place */
	uint32_t parts[3];                                /* buffers before [0], and from [1] to [2], are the network's; between are the protocol's */
	uint32_t *streams_of_sites;                       /* STREAM objects of fed sites; UINT32_MAX */
	uint32_t *drawers;                                /* kernels that fill raw draws; UINT32_MAX */
	uint32_t **columns;                               /* buffers of data columns; NO_BUF: not read */
	VEC(LowOver) overs;
	VEC(LowFollow) follows;
	uint32_t *data_objects, *phase_objects, *phase_votes, *record_objects, *record_on;
	uint32_t *record_from, *record_makes, *record_counts;   /* by record: what is kept; the kernel that makes it, that of each step; UINT32_MAX: none */
	uint32_t seed, step, learning;                    /* buffers */
	uint32_t resuming, place, began, steps;           /* buffers of lower_resume.c; steps: NO_BUF until asked for */
	uint32_t places;                                  /* where a program may be resumed: those so far */
	uint32_t synapse_delays;                          /* scratch: of the connection that is drawn just now; NO_BUF */
	uint32_t step_proc, reset_proc, by_layer_proc;    /* by_layer_proc: UINT32_MAX until asked for */
	uint32_t inputs_end;                              /* objects from here on are not read in every step */
	VEC(LowControl) controls;
	bool math;                                        /* math.plan is in */
	bool failed;
} Lower;

/* ---- expressions (lower_expr.c) ---- */

enum { LOW_SUMS = 8 };                            /* as deep as sums may be nested */

typedef struct { uint32_t n; PlanExpr *at[PLAN_MAX_AXES]; } LowIndex;     /* of a value */

/* Where code stands: how its leaves are read. */
typedef struct {
	Lower *l;
	PlanEmit *b;
	uint32_t layer;                                   /* of neuron code; NET_NONE in connections */
	uint32_t conn, feature;                           /* of features and rules */
	PlanExpr *item, *pre, *post, *own;                /* indices; own: the neuron of neuron code */
	uint32_t *state_vars;                             /* mutable locals; UINT32_MAX: read from memory */
	uint32_t *change_vars;                            /* states shared over the batch: what this item adds; UINT32_MAX: direct */
	PlanExpr **locals;                                /* values of NEXPR_LOCAL */
	uint32_t trace_var;                               /* own trace in its on_spike */
	PlanExpr *input, *value, *learning;
	PlanExpr **port_input;                            /* neuron code: input by port */
	PlanExpr *now;                                    /* neuron code with a memory: slot of this step */
	uint32_t value_var, input_var;                    /* mutable locals of assigned value or signal; UINT32_MAX: none */
	uint32_t spike_var;                               /* neuron code: the spike of this step */
	PlanExpr *spike[3];                               /* by side, where known (1.0) */
	PlanExpr **drawn;                                 /* by site: its uniform number, drawn before; else NULL */
	PlanExpr *pair[2];                                /* of a pattern: where the states of a pair lie; NULL: at its indices */
	const LowIndex *at;                               /* of the value; NULL: [pre, post] */
	const LowIndex *synapse;                          /* of values of synapses, where `at` is of a target; NULL: at */
	PlanExpr *object;                                 /* of draws for values; NULL: by the indices above */
	bool at_start;                                    /* of initial values: they are drawn as in step 0 */
	uint32_t data;                                    /* of COLUMN */
	const NetExpr **hoisted; PlanExpr **hoists; uint32_t nhoisted;   /* NEURONS that were worked out before the loop */
	PlanExpr *(*keys)[2];                             /* by site: its key, computed before; NULL: where it is drawn */
	PlanExpr *total;                                  /* of TOTAL */
	PlanExpr *each[LOW_SUMS];                         /* variables of the sums around, i64, and their ends */
	double each_lo[LOW_SUMS], each_hi[LOW_SUMS];
} Scope;

PlanExpr *low_expr(Scope *s, const NetExpr *e);
PlanExpr *low_real(Lower *l, double v);
PlanExpr *low_i64(Lower *l, int64_t v);
PlanExpr *low_load(Lower *l, uint32_t buf, uint32_t n, ...);      /* n indices (PlanExpr *) */
void low_store(PlanEmit *b, uint32_t buf, PlanExpr *e, uint32_t n, ...);
PlanExpr *low_fired(Lower *l, const LowLayer *layer, PlanExpr *item, PlanExpr *neuron);   /* bool: does it spike now? */
PlanExpr *low_site_value(Scope *s, const NetExpr *e);             /* NEXPR_DRAW */
PlanExpr *low_uniform(Lower *l, PlanEmit *b, PlanExpr *raw);      /* u32 to [0, 1) */
uint64_t low_site_hash(const char *path);
void low_site_key(Lower *l, PlanEmit *b, uint32_t site, PlanExpr *key[2]);
uint32_t low_func(Lower *l, const char *name);                    /* from math.plan */
/* Counts (NetState.counts) are i32 in a step, and as small as may be where they lie. */
PlanExpr *low_whole(Scope *s, const NetExpr *e);
void low_store_as(PlanEmit *b, uint32_t buf, PlanExpr *e, PlanExpr *item, PlanExpr *i);
PlanExpr *low_keep(PlanEmit *b, const char *name, PlanExpr *e);   /* a let unless it is a constant or a local */
void low_not_yet(Lower *l, Span at, const char *what);
bool net_has_draw(const NetExpr *e);
Scope low_scope(Lower *l, PlanEmit *b);                           /* empty: nothing known */
uint32_t low_add_buf(Lower *l, PlanType t, PlanRole role, uint32_t naxes, const PlanAxis *axes, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));                        /* the name is made unique */
uint32_t low_add_kernel(Lower *l, uint64_t range, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ---- statements (lower_stmt.c): neuron, feature and rule code as straight lines ---- */
void low_block(Scope *s, NetBlock body, PlanExpr *mask);          /* mask NULL: always */

/* ---- what neuron code reads and writes (lower_reads.c) ---- */
bool low_expr_reads_state(const NetExpr *e, uint32_t state);
bool low_reads_state(NetBlock b, uint32_t state);
bool low_uses_state(NetBlock b, uint32_t state);                  /* by more than its own assignments */
const NetStmt *low_assigns_state(NetBlock b, uint32_t state);     /* the first assignment, or NULL */
bool low_reads_local(NetBlock b, uint32_t local);
bool low_has_stmt(NetBlock b, NetStmtKind k);
bool low_has_expr(NetBlock b, NetExprKind k);
bool low_reads_port(NetBlock b, uint32_t port);

/* ---- parts ---- */
void low_layer_buffers(Lower *l, uint32_t layer);
void low_layer_kernels(Lower *l, uint32_t layer);
void low_find_kernel(Lower *l, uint32_t layer);          /* lists of spikes (lower_find.c) */
void low_propagate(Lower *l, uint32_t layer);                     /* lower_propagate.c: a kernel */
bool low_is_propagator(const Lower *l, uint32_t layer, uint32_t buf); /* does it hold what follows from parameters? */
bool low_is_followed(const NetLayer *n, uint32_t state);              /* does something follow from it? */
bool low_follows_reset(const NetLayer *n);                          /* does something follow from what a reset sets back? */
void low_collect(Lower *l, uint32_t layer);                       /* A: delivery into one layer */
bool low_event_driven(const Lower *l, uint32_t conn);                          /* is the signal of a silent neuron zero? */
void low_window_buffers(Lower *l, uint32_t layer);                /* lower_window.c: neurons that look back */
bool low_looks_back(const Lower *l, uint32_t conn);               /* do its targets look back on what it brings? */
void low_find_behind(Lower *l, uint32_t conn);
bool low_remembers_sums(const Lower *l, uint32_t conn);
void low_remember(Lower *l, uint32_t conn);                       /* the kernel that keeps what is delivered */
void low_collect_window(Lower *l, PlanEmit *b, uint32_t layer, uint32_t port, PlanExpr *item, uint32_t *sum);
PlanExpr *low_slot(Lower *l, PlanEmit *b, uint32_t slots);        /* step modulo slots */
PlanExpr *low_past_input(Scope *s, const NetExpr *e);
PlanExpr *low_past_spike(Scope *s, uint32_t index);
void low_conn_buffers(Lower *l, uint32_t conn);
void low_conn_kernels(Lower *l, uint32_t conn);                   /* init */
const char *low_place_text(Lower *l, Span at);                    /* "net.snn:5", or nothing for what no text declares */
void low_norm(Lower *l, uint32_t conn, uint32_t feature);         /* kernels, and what is told of sums that are zero */
void low_run_norm(Lower *l, PlanEmit *b, const LowFeature *f);
void low_update(Lower *l, uint32_t conn, uint32_t feature);       /* C: rules, decay, bounds */
/* A learned value within its sign and its bounds. */
PlanExpr *low_bounded(Scope *s, const NetFeature *f, const LowFeature *low, PlanExpr *v);
uint32_t low_signs(Lower *l, uint32_t conn, uint32_t feature);    /* a kernel: the side of zero that each value keeps (lower_sign.c) */
bool low_sets_sign(const NetFeature *f);                          /* may a first value be on the wrong side? */
/* What varies over `place` and, if there are several, over the items. */
uint32_t low_place_buf(Lower *l, uint32_t conn, PlanType type, PlanRole role, NetVaries place, bool alike, const char *name);
PlanExpr *low_place_load(const Scope *s, uint32_t buf, NetVaries place, bool alike);    /* alike: for all items */
void low_place_store(const Scope *s, uint32_t buf, NetVaries place, bool alike, PlanExpr *e);
/* States that follow the spikes of a layer (lower_follow.c). */
uint32_t low_find_follow(Lower *l, uint32_t conn, uint32_t feature, uint32_t state);
bool low_follows(const LowFeature *f, uint32_t state);
bool low_is_jump(const NetStmt *s);                               /* else it is its decay */
uint32_t low_read_before(Lower *l, const LowFeature *f, uint32_t state);   /* marks a read: the buffer and 1 */
void low_follow_kernels(Lower *l);
void low_sites(Lower *l);
void low_step_words(Lower *l, PlanEmit *b, PlanExpr *words[2]);

/* lower_count.c */
bool low_is_counted(const NetExpr *e);                    /* a draw: a Poisson number of a mean below 10 that is known */
void low_counted_site(Lower *l, const NetExpr *e, uint32_t layer);
PlanExpr *low_count_of_word(Scope *s, const NetExpr *e, PlanExpr *word);

/* Features (lower_feature.c). The keys of all sites that a connection's features draw from, before a loop. */
typedef PlanExpr *LowKeys[2];
LowKeys *low_feature_keys(Lower *l, PlanEmit *b, uint32_t conn);
/* The signal that leaves features first ..< last when `signal` comes in. */
PlanExpr *low_through(Lower *l, PlanEmit *b, uint32_t conn, uint32_t first, uint32_t last, LowKeys *keys, PlanExpr *item,
                      PlanExpr *i, PlanExpr *j, const LowIndex *at, PlanExpr *signal);
bool low_feature_is_staged(const Lower *l, uint32_t conn, uint32_t feature);
void low_find_rows(Lower *l, uint32_t conn);                      /* features that are worked out once per pre neuron */
void low_send_rows(Lower *l, uint32_t conn);                      /* and their kernel */
/* Staged: what comes to the target of a pair. */
PlanExpr *low_kept_signal(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *past, LowKeys *keys, PlanExpr *item, const LowIndex *at,
                          PlanExpr *i, PlanExpr *j);
/* Delays (lower_delay.c). What comes in now leaves after the delay; what leaves now is given. */
PlanExpr *low_delayed(Scope *s, PlanExpr *signal);
bool low_delays_sums(const NetConn *c);                           /* its last feature is a delay of more than one step */
bool low_delays_signals(const NetConn *c, uint32_t feature);     /* it keeps each signal, or what comes to each target */
PlanExpr *low_slot_now(Lower *l, PlanEmit *b, uint32_t conn, uint32_t feature);
PlanExpr *low_delay_steps(Scope *s, const NetFeature *f);        /* i64 from 1 to the longest */
PlanExpr *low_slot_after(Lower *l, PlanEmit *b, uint32_t conn, uint32_t feature, PlanExpr *now, PlanExpr *steps);
PlanExpr *low_slot_later(Scope *s, PlanExpr *now);                /* where a signal of this synapse leaves */
/* The ring of a connection whose delay is its last feature, and whether a later connection brings its sums to the same. */
void low_ring_of_sums(Lower *l, uint32_t conn);
bool low_ring_is_shared_later(const Lower *l, uint32_t conn);
void low_ring(Lower *l, uint32_t conn, uint32_t feature);
void low_feature_buffers(Lower *l, uint32_t conn, uint32_t feature);
void low_feature_kernels(Lower *l, uint32_t conn, uint32_t feature);
void low_stages(Lower *l, uint32_t conn);
PlanExpr *low_value(Scope *s);                                    /* of the feature at this synapse */
bool net_has_sum(const NetExpr *e);
void low_data(Lower *l);
void low_records(Lower *l);
void low_watch(Lower *l);                                         /* lower_watch.c: for --diagnose */
void low_controls(Lower *l, const NetProto *run);                 /* kernels of what a run does to the network */
const LowControl *low_control(const Lower *l, const NetControl *c);
bool low_is_controlled(const NetProtocol *p, NetVar v);           /* does any run change it? */
/* ---- signals (lower_signal.c) ---- */
void low_signal_buffers(Lower *l);
void low_signal_kernels(Lower *l);
PlanExpr *low_signal_at(const Scope *s, uint32_t buf, uint32_t signal, PlanExpr *neuron);
void low_tune(Lower *l, PlanEmit *b);                             /* tunables */
void low_load_state(Lower *l, PlanEmit *b, const NetProto *s);    /* lower_load.c */
void low_begin_signals(Lower *l, PlanEmit *b);                    /* initial values */
void low_reset_signals(Lower *l, PlanEmit *b);
void low_update_signals(Lower *l, PlanEmit *b);                   /* behind the layers, before the rules */
void low_end_signals(Lower *l, PlanEmit *b);                      /* pulses and events are over */
void low_set_signal(Lower *l, PlanEmit *b, const NetProto *s, uint32_t data);
bool low_sees(const Net *n, NetVar v);                            /* does a signal or the protocol read it? */
/* ---- what the protocol works out (lower_experiment.c) ---- */
PlanExpr *low_over_neurons(Scope *s, const NetExpr *e);
void low_hoist(Scope *s, const NetExpr *e);                       /* what goes over neurons, before a loop over others */
void low_hoist_block(Scope *s, NetBlock b);
void low_variables(Lower *l);                                     /* buffers of names, counts, draws */
void low_count_kernels(Lower *l);
void low_drawn(Lower *l, PlanEmit *b, const NetExpr *e);          /* the next draw of these sites is another one */
void low_let(Lower *l, PlanEmit *b, const NetProto *s, uint32_t data);
PlanExpr *low_single(Lower *l, PlanEmit *b, const NetExpr *e, uint32_t data);   /* of the first item */
/* Where a program may be resumed (lower_resume.c). */
void low_resume_buffers(Lower *l);
uint32_t low_places(const NetProto *s);                           /* how many there are in it */
uint32_t low_places_in(const NetProtocol *p);
void low_unless_resuming(Lower *l, PlanEmit *b, bool guarded, PlanEmit *done);   /* appends it; guarded: not done when resuming */
PlanExpr *low_stood_before(Lower *l, PlanExpr *otherwise, uint32_t place);       /* when resuming: was it before this place? */
PlanExpr *low_stood_in(Lower *l, uint32_t first, uint32_t n);     /* not resuming, or to one of these places */
PlanExpr *low_run_begins(Lower *l, PlanEmit *b, PlanEmit *begins);               /* what is done first; gives the steps already done */
void low_save_here(Lower *l, PlanEmit *b, PlanArg object);
uint32_t low_order_kernel(Lower *l, const NetProto *s, uint32_t *order);   /* fills a buffer with the order of a loop */
void low_overs(Lower *l, const NetExpr *e, uint32_t data);        /* kernels for the NEXPR_OVER in e */
void low_run_overs(Lower *l, PlanEmit *b, const NetExpr *e, uint32_t data, bool *done);   /* done: by index in overs */
void low_run_open_overs(Lower *l, PlanEmit *b, const NetExpr *e, uint32_t data);   /* those that read more than the sample */
PlanExpr *low_over(Scope *s, const NetExpr *e);
/* Host calls and their arguments (lower_step.c). */
PlanArg low_number(Lower *l, int64_t v);
PlanArg low_given(PlanExpr *e);
PlanArg low_address(Lower *l, uint32_t buf, PlanExpr *item);
void low_host(Lower *l, PlanEmit *b, const char *fn, uint32_t n, const PlanArg *args);
void low_run_if(PlanEmit *b, uint32_t kernel);                    /* UINT32_MAX: none */
PlanExpr *low_record_window(Lower *l, const NetRecord *r, PlanExpr *when);      /* when NULL: always */
void low_emit_record(Lower *l, PlanEmit *b, uint32_t k);
void low_norms(Lower *l, PlanEmit *b, bool each_step, uint32_t post);
uint32_t low_step_of(Lower *l, const char *name, const NetProto *run);   /* run NULL: the plain step */
void low_step(Lower *l);
void low_reset(Lower *l);
void low_program(Lower *l);
PlanExpr *low_clipped(Scope *s, const NetFeature *f, PlanExpr *v);   /* to its range; infinite bounds cost nothing */
bool low_is_bounded(const NetFeature *f);                         /* does its range clip anything? */
bool low_is_fixed(const NetExpr *e);                              /* can low_fixed_signal compute it? */
double low_fixed_signal(const Lower *l, uint32_t conn, bool diagonal);   /* connections without stored values */
uint32_t low_var_buf(Lower *l, NetVar v);
PlanAxis low_axis(PlanAxisKind k, uint64_t n);

/* A loop over [lo, hi) or [0, n): open gives the index, body is filled, close appends. */
typedef struct { PlanEmit inner; PlanEmit *outer; uint32_t local; PlanExpr *lo, *hi, *index; bool simd, unit; } LowLoop;
LowLoop low_loop(PlanEmit *b, const char *name, PlanExpr *lo, PlanExpr *hi, bool simd);
/* Neurons of a layer that spike in this step, in any item (lower_pair.c): opens `for k in 0 ..< count { let i = list[k]`. */
LowLoop low_spiking(Lower *l, PlanEmit *b, const LowLayer *side, const char *name, PlanExpr **index);
PlanExpr *low_spike_count(Lower *l, const LowLayer *side);        /* u32 */
LowLoop low_items(Lower *l, PlanEmit *b);                         /* over the batch; no loop if there is one item */
PlanEmit *low_body(LowLoop *loop);
void low_close(LowLoop *loop);
PlanExpr *low_lo(PlanEmit *b);                                    /* a kernel's own range */
PlanExpr *low_hi(PlanEmit *b);

/* ---- patterns of connections (lower_pattern*.c) ---- */

/* Fills one turn of a loop over values: its index, and the neurons that it joins where that is one pair (else NULL). */
typedef void LowEach(void *env, PlanEmit *b, const LowIndex *at, PlanExpr *i, PlanExpr *j);
uint32_t low_value_axes(const Lower *l, uint32_t conn, const NetFeature *f, PlanAxis *axes);
uint64_t low_value_range(const Lower *l, uint32_t conn, const NetFeature *f);     /* of a kernel with low_each_value */
PlanExpr *low_value_load(Lower *l, uint32_t buf, const LowIndex *at);
void low_value_store(PlanEmit *b, uint32_t buf, const LowIndex *at, PlanExpr *e);
void low_each_value(Lower *l, PlanEmit *b, uint32_t conn, const NetFeature *f, LowEach *each, void *env);
void low_each_value_of(Lower *l, PlanEmit *b, uint32_t conn, const NetFeature *f, PlanExpr *lo, PlanExpr *hi, LowEach *each,
                       void *env);                                /* of a part of the range */
void low_each_pair(Lower *l, PlanEmit *b, uint32_t conn, const LowIndex *at, PlanExpr *i, PlanExpr *j, LowEach *each,
                   void *env);
uint64_t low_positions(const NetPattern *p);                      /* windows of a channel */
PlanExpr *low_channel(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *post);      /* where the value of a target lies */
uint64_t *low_partners(const Lower *l, uint32_t conn, NetVaries side);            /* of each neuron of a side; not of lists */
PlanExpr *low_affine(Lower *l, PlanExpr *e, int64_t factor, PlanExpr *add);       /* e * factor + add (NULL: none) */
PlanExpr *low_flatten(Lower *l, PlanExpr *first, uint32_t n, const uint64_t *extent, PlanExpr *const *at);
PlanExpr *low_spread(Lower *l, PlanEmit *b, PlanExpr *flat, uint32_t n, const uint64_t *extent, PlanExpr **at);
/* Lists of synapses (lower_list.c). */
bool low_is_arranged(const Lower *l, uint32_t conn);              /* delays are kept in steps: rows are sorted by them … */
bool low_keeps_steps(const Lower *l, uint32_t conn);              /* … or they stand beside the targets, if that is less */
/* Opens loops over the delays of row i and the synapses of each; `slot`: where in the ring they arrive. */
LowLoop low_arranged_row(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *i, PlanExpr *now, LowLoop *slots, PlanExpr **slot);
/* Where in the ring a synapse's spike arrives that keeps its delay in steps. */
PlanExpr *low_slot_of(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *synapse, PlanExpr *now);
void low_delays_kernel(Lower *l, uint32_t conn);                  /* finds the delays that rows are sorted by */
void low_list_buffers(Lower *l, uint32_t conn);
void low_where(Lower *l, uint32_t conn);                          /* kernels that find the pairs of a condition */
void low_said(Lower *l, uint32_t conn, const char *path, uint32_t buf); /* a file says these values of listed synapses */
void low_connect(Lower *l, PlanEmit *b, uint32_t conn);           /* draws and sorts them when the run begins */
PlanExpr *low_list_length(Lower *l, uint32_t conn, NetVaries side, PlanExpr *neuron);   /* synapses of a source or target */
PlanExpr *low_synapse_count(Lower *l, uint32_t conn);             /* i64 */
LowLoop low_row(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *i);               /* synapses of a source */
LowLoop low_synapses(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *lo, PlanExpr *hi);   /* of several, independent of each other */
PlanExpr *low_target(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *synapse);
/* Synapses of a target of a sparse pattern, and the source of each; the lists are made when they are first asked for. */
LowLoop low_column(Lower *l, PlanEmit *b, uint32_t conn, PlanExpr *j, PlanExpr **synapse, PlanExpr **source);
bool low_is_listed(const Lower *l, const NetConn *c, const NetFeature *f);   /* sparse, its values by synapse, and one item */
void low_pattern_buffers(Lower *l, uint32_t conn);
void low_pattern_kernels(Lower *l, uint32_t conn);
/* Delivery (lower_deliver.c). `past`: the slot of what the connection remembers that is delivered; NULL: what is sent now. */
void low_deliver_pattern(Lower *l, PlanEmit *b, uint32_t conn, uint32_t into, PlanExpr *item, PlanExpr *past);
void low_arrive(Lower *l, PlanEmit *b, uint32_t conn, uint32_t into, PlanExpr *item, PlanExpr *past, uint32_t last);
PlanExpr *low_spike_of(Lower *l, uint32_t conn, PlanExpr *past, PlanExpr *item, PlanExpr *i);   /* of a source, as a number */
void low_fill_zero(Lower *l, PlanEmit *b, uint32_t buf, PlanExpr *item);
void low_add_vector(Lower *l, PlanEmit *b, uint32_t into, uint32_t from, PlanExpr *item);
uint32_t low_input_sum(Lower *l, uint32_t layer, uint32_t *sum);  /* scratch of a collecting kernel, made when it is asked for */

uint32_t low_let_pass(Lower *l, uint32_t conn);                     /* a kernel: what a pool or a mean lets pass becomes its signals */
/* Adds to the input of neuron j, or to what comes to it later: `now` is the slot of this step (NULL: no delay). */
void low_send(Lower *l, PlanEmit *b, uint32_t conn, uint32_t into, PlanExpr *now, PlanExpr *item, PlanExpr *i, PlanExpr *j,
              const LowIndex *at, PlanExpr *e);
void low_pattern_init(Lower *l, uint32_t conn, uint32_t feature);
bool low_is_plain(const NetConn *c, const NetFeature *f);         /* values [pre, post] */
bool low_event_driven(const Lower *l, uint32_t conn);             /* is what a silent neuron sends zero? */

/* Pairs of neurons (lower_place.c): what is kept of each lies at two indices, [pre, post], or of a pattern [value, window];
 * of a feature of targets at [post, 0]. */
void low_pair_axes(const Lower *l, uint32_t conn, bool of_post, PlanAxis axes[2]);
void low_find_pair(Scope *s, bool of_post);                       /* from at and post */
PlanExpr *low_pair_at(const Scope *s, int k);
uint32_t low_pair_index(const Scope *s, PlanExpr **at);           /* how many: one for what is kept of each source */
uint64_t low_pair_range(const Lower *l, uint32_t conn, bool of_post);             /* of a kernel with low_each_place */
/* All pairs (or targets), those of a kernel's own range. `at` is NULL where values are [pre, post]; no source of a pool. */
void low_each_place(Lower *l, PlanEmit *b, uint32_t conn, bool of_post, PlanExpr *lo, PlanExpr *hi, LowEach *each, void *env);
uint32_t low_synaptic(const NetConn *c);                          /* how many features act on synapses; the others on the sum */
void low_fill(Lower *l, uint32_t conn, uint32_t feature);         /* the object that reads a value's file */
typedef VEC(uint32_t) LowSites;
uint64_t low_values(const Lower *l, uint32_t conn);               /* how many values synapses have */
void low_find_uniforms(Lower *l, const NetExpr *e, LowSites *out);

#endif
