/* verify: see verify.h. Each side is a whole run of its own, with its own arena and its own host, of which the interpreter's
 * writes nothing. They are two threads of which one runs at a time: each hands over when it calls `poll`, at the end of a step;
 * when both are there, what they hold is compared bit by bit. */
#define _GNU_SOURCE
#include "driver/verify.h"

#include "base/num.h"
#include "base/panic.h"
#include "driver/engine.h"
#include "driver/output.h"
#include "driver/program.h"
#include "driver/run.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { CODE, INTERPRETER, SIDES };
enum { STACK = 64 << 20 };

typedef struct Verify Verify;
typedef struct {
	Verify *v;
	Engine engine;
	snnrt *rt;
	bool done;
} Side;

struct Verify {
	Compilation *c;
	const VerifyOptions *o;
	VerifyResult *out;
	Side side[SIDES];
	pthread_mutex_t lock;
	pthread_cond_t turn_changed;
	int turn;
	uint64_t steps, step;                             /* seen; the number of the last one */
	bool stop;
};

static Verify *current; /* of this process: host calls carry no more than the host */

/* ---- turns ------------------------------------------------------------------------------------- */

static void
hand_over(Verify *v, int me)
{
	if (v->side[!me].done)
		return;
	pthread_mutex_lock(&v->lock);
	v->turn = !me;
	pthread_cond_broadcast(&v->turn_changed);
	while (v->turn != me && !v->side[!me].done)
		pthread_cond_wait(&v->turn_changed, &v->lock);
	pthread_mutex_unlock(&v->lock);
}

static void
wait_for_turn(Verify *v, int me)
{
	pthread_mutex_lock(&v->lock);
	while (v->turn != me)
		pthread_cond_wait(&v->turn_changed, &v->lock);
	pthread_mutex_unlock(&v->lock);
}

static void
leave(Verify *v, int me)
{
	pthread_mutex_lock(&v->lock);
	v->side[me].done = true;
	v->turn = !me;
	pthread_cond_broadcast(&v->turn_changed);
	pthread_mutex_unlock(&v->lock);
}

/* ---- comparison -------------------------------------------------------------------------------- */

static double
real_at(PlanType t, const char *at)
{
	float f;
	double d;
	uint16_t h;
	if (t == PT_F32) {
		memcpy(&f, at, sizeof f);
		return (double)f;
	}
	if (t == PT_F64) {
		memcpy(&d, at, sizeof d);
		return d;
	}
	memcpy(&h, at, sizeof h);
	return plan_half_value(t, h);
}

static uint64_t
bits_at(uint32_t size, const char *at)
{
	uint64_t bits = 0;
	memcpy(&bits, at, size); /* little-endian, as the whole runtime */
	return bits;
}

/* NaNs are one number, whatever bits they have. */
static bool
same(PlanType t, const char *a, const char *b)
{
	uint32_t size = plan_type_size(t);
	if (memcmp(a, b, size) == 0)
		return true;
	return plan_type_is_float(t) && isnan(real_at(t, a)) && isnan(real_at(t, b));
}

/* The first element that differs; UINT64_MAX: none. */
static uint64_t
find_difference(const PlanBuf *b, const char *x, const char *y)
{
	uint64_t n = plan_buf_count(b);
	uint32_t size = plan_type_size(b->type);
	if (memcmp(x, y, plan_buf_bytes(b)) == 0)
		return UINT64_MAX;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t at = plan_buf_place(b, i) * size;
		if (!same(b->type, x + at, y + at))
			return i;
	}
	return UINT64_MAX;
}

static bool
is_compared(const PlanBuf *b)
{
	return b->role == ROLE_STATE || b->role == ROLE_DERIVED;
}

/* ---- words ------------------------------------------------------------------------------------- */

static const char *
place_text(Arena *a, const PlanBuf *b, uint64_t index)
{
	uint64_t at[PLAN_MAX_AXES];
	for (uint32_t i = b->naxes; i-- > 0;) {
		at[i] = index % b->axis[i].extent;
		index /= b->axis[i].extent;
	}
	StrBuf s = strbuf_init(a);
	strbuf_printf(&s, "%s", b->name);
	for (uint32_t i = 0; i < b->naxes; i++)
		strbuf_printf(&s, "%s%s %" PRIu64, i ? ", " : "[", plan_axis_name(b->axis[i].kind), at[i]);
	strbuf_puts(&s, b->naxes ? "]" : "");
	return strbuf_text(&s);
}

static const char *
value_text(Arena *a, PlanType t, const char *at)
{
	char text[NUM_TEXT];
	uint32_t size = plan_type_size(t);
	uint64_t bits = bits_at(size, at);
	if (!plan_type_is_float(t) && t != PT_BOOL) {
		int64_t v = plan_wrap_int(t, (int64_t)bits);
		return arena_printf(a, plan_type_is_signed(t) ? "%" PRId64 " (0x%0*" PRIx64 ")" : "%" PRIu64 " (0x%0*" PRIx64 ")", v,
				    (int)size * 2, bits);
	}
	const char *shown = t == PT_BOOL  ? bits ? "true" : "false"
			    : t == PT_F32 ? num_write_f32(text, (float)real_at(t, at))
					  : num_write_f64(text, real_at(t, at));
	return arena_printf(a, "%s (0x%0*" PRIx64 ")", shown, (int)size * 2, bits);
}

/* origin: where the value is made. */
static void
tell_difference(Verify *v, const Origin *origin, const PlanBuf *b, uint64_t index, const char *code, const char *interpreter, const char *others)
{
	Arena *a = v->c->arena;
	VerifyResult *r = v->out;
	uint64_t at = plan_buf_place(b, index) * plan_type_size(b->type);
	r->differs = true;
	r->variable = place_text(a, b, index);
	r->expected = value_text(a, b->type, interpreter + at);
	r->got = value_text(a, b->type, code + at);
	Span where = origin->at.n ? origin->at.at[0] : b->span;
	diag_begin(v->c->diag, E1003, where, "`%s` differs after step %" PRIu64 ": the interpreter has %s, compiled code %s", r->variable,
		   v->steps, r->expected, r->got);
	for (uint32_t i = 1; i < origin->at.n && i < 4; i++)
		diag_label(v->c->diag, origin->at.at[i], "or here");
	if (where.lo != b->span.lo && b->span.lo)
		diag_label(v->c->diag, b->span, "declared here");
	if (origin->code)
		diag_note(v->c->diag, "it is made by `%s` of the plan (`snnc emit --plan`)", origin->code->name);
	if (*others)
		diag_note(v->c->diag, "so do %s", others);
	diag_help(v->c->diag, "this is a bug in snnc; `--without PASS` tells which pass of the optimiser is in it, if any");
	diag_end(v->c->diag);
}

/* True: both hold the same. */
static bool
compare(Verify *v)
{
	const Plan *p = v->c->plan;
	const char *code = snnrt_arena(v->side[CODE].rt), *interpreter = snnrt_arena(v->side[INTERPRETER].rt);
	StrBuf others = strbuf_init(v->c->arena);
	bool *differs = ARENA_ARRAY(v->c->arena, bool, p->bufs.n);
	uint32_t first = UINT32_MAX, count = 0;
	for (uint32_t i = 0; i < p->bufs.n; i++) {
		const PlanBuf *b = &p->bufs.at[i];
		differs[i] = is_compared(b) && find_difference(b, code + b->offset, interpreter + b->offset) != UINT64_MAX;
		first = differs[i] && first == UINT32_MAX ? i : first;
	}
	if (first == UINT32_MAX)
		return true;
	Origin origin;
	if (verify_origin(v->c->arena, p, differs, &origin))
		first = origin.buf;
	for (uint32_t i = 0; i < p->bufs.n; i++)
		if (differs[i] && i != first && count++ < 6)
			strbuf_printf(&others, "%s`%s`", count > 1 ? ", " : "", p->bufs.at[i].name);
	if (count > 6)
		strbuf_printf(&others, " and %" PRIu32 " more", count - 6);
	const PlanBuf *b = &p->bufs.at[first];
	uint64_t index = find_difference(b, code + b->offset, interpreter + b->offset);
	tell_difference(v, &origin, b, index, code + b->offset, interpreter + b->offset, strbuf_text(&others));
	return false;
}

/* ---- the end of a step ------------------------------------------------------------------------- */

static int
side_of(const Verify *v, const void *host)
{
	return v->side[CODE].rt == host ? CODE : INTERPRETER;
}

/* Steps since the last look: passes make blocks of several. */
static uint64_t
steps_more(Verify *v)
{
	const PlanBuf *b = &v->c->plan->bufs.at[plan_find_buf(v->c->plan, "step")];
	uint64_t step, more;
	memcpy(&step, (const char *)snnrt_arena(v->side[CODE].rt) + b->offset, sizeof step);
	more = step - v->step;
	v->step = step;
	return more;
}

/* Called by both in place of the runtime's own; that is called, too. */
static int64_t
poll_in_step(void *host)
{
	Verify *v = current;
	int me = side_of(v, host);
	bool due = false;
	if (me == CODE) {
		uint64_t before = v->steps;
		v->steps += steps_more(v);
		due = v->steps / v->o->every > before / v->o->every;
		if (v->o->after_step)
			v->o->after_step(v->o->env, v->c->plan, snnrt_arena(v->side[CODE].rt), v->steps);
	}
	hand_over(v, me);
	if (due && !v->stop)
		v->stop = !compare(v);
	int64_t status = snnrt_poll(host);
	return v->stop ? SNNRT_FAILED : status;
}

/* ---- the two runs ------------------------------------------------------------------------------ */

static snnrt_status
open_side(Verify *v, int which)
{
	Side *s = &v->side[which];
	snnrt_program *program = program_of_plan(v->c->arena, v->c->plan, v->c->source_hash);
	bool writes = which == CODE;
	program->entry = s->engine.entry;
	program->closure = &s->engine;
	snnrt_options options = run_options(v->c, s->engine.name);
	if (!writes) {
		options.quiet = options.silent = options.no_results = true;
		options.dump_state = NULL;
	}
	return snnrt_open(program, &options, &s->rt);
}

static void *
run_interpreter(void *env)
{
	Verify *v = env;
	wait_for_turn(v, INTERPRETER);
	snnrt_run(v->side[INTERPRETER].rt);
	leave(v, INTERPRETER);
	return NULL;
}

static void
run_both(Verify *v)
{
	pthread_t thread;
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	int error = pthread_create(&thread, &attr, run_interpreter, v);
	pthread_attr_destroy(&attr);
	if (error) {
		output_say("the interpreter cannot run beside: %s", strerror(error));
		return;
	}
	steps_more(v);                                    /* a run that goes on has steps behind it */
	v->turn = CODE;
	snnrt_run(v->side[CODE].rt);
	leave(v, CODE);
	pthread_join(thread, NULL);
	if (!v->stop) /* what came behind the last comparison */
		compare(v);
}

static bool
open_engines(Verify *v, const char **why)
{
	Compilation other = *v->c;
	if (v->o->code)
		other.plan = (Plan *)(uintptr_t)v->o->code;
	return engine_open(&v->side[INTERPRETER].engine, v->c, ENGINE_EVAL, why) &&
	       engine_open(&v->side[CODE].engine, &other, ENGINE_JIT, why);
}

static uint32_t
count_variables(const Plan *p)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->bufs.n; i++)
		n += is_compared(&p->bufs.at[i]);
	return n;
}

static int
close_sides(Verify *v)
{
	int code = EXIT_FINE;
	for (int i = 0; i < SIDES; i++) {
		Side *s = &v->side[i];
		if (s->engine.why)
			output_say("%s; this is a bug in snnc", s->engine.why);
		else if (s->rt && !v->stop && *snnrt_error(s->rt))
			output_say("%s", snnrt_error(s->rt));
		int closed = snnrt_close(s->rt);
		if (i == CODE)
			code = closed;
		engine_close(&s->engine);
	}
	return code;
}

int
verify_plan(Compilation *c, const VerifyOptions *o, VerifyResult *out)
{
	VerifyOptions with = *o;
	Verify v = {.c = c, .o = &with, .out = out, .turn = CODE};
	const char *why = NULL;
	*out = (VerifyResult){.variables = count_variables(c->plan)};
	with.every = with.every ? with.every : 1;
	pthread_mutex_init(&v.lock, NULL);
	pthread_cond_init(&v.turn_changed, NULL);
	current = &v;
	engine_set_poll(poll_in_step);
	if (!open_engines(&v, &why))
		output_say("%s", why ? why : "the program cannot be compiled");
	else if (open_side(&v, CODE) == SNNRT_OK && open_side(&v, INTERPRETER) == SNNRT_OK)
		run_both(&v);
	int code = why ? EXIT_WORLD : EXIT_FINE, closed = close_sides(&v);
	engine_set_poll(NULL);
	current = NULL;
	pthread_mutex_destroy(&v.lock);
	pthread_cond_destroy(&v.turn_changed);
	out->steps = v.steps;
	return out->differs ? EXIT_WORLD : code ? code : closed;
}
