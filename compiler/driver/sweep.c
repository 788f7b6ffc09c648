/* sweep: see sweep.h. Each lane is compiled as the program that --set makes of it; then lanes of the same structure become one program,
 * which is compiled once and run in an arena of each lane's own (runtime/src/sweep.c), or built with all that differs in its lanes. */
#define _GNU_SOURCE
#include "driver/sweep_inner.h"

#include "base/panic.h"
#include "driver/engine.h"
#include "driver/output.h"
#include "driver/program.h"
#include "driver/run.h"
#include "driver/toolchain.h"
#include "driver/verify.h"
#include "emit_c/emit_c.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LANES = 10000 };

/* ---- which lanes ---------------------------------------------------------------------------------- */

int
sweep_refuse(const Compilation *c, const char *what)
{
	StrBuf names = strbuf_init(c->arena);
	for (uint32_t i = 0; i < c->lanes.n; i++) {
		if (compilation_has_lane(c, i))
			strbuf_printf(&names, " --set %s=…", c->lanes.at[i].name);
	}
	output_say("%s: pick it by%s", what, strbuf_text(&names));
	return EXIT_USAGE;
}

/* "10 ms", as --set takes it. */
static const char *
value_text(const Compilation *c, const AstExpr *e)
{
	SourcePlace p;
	bool counted = e->kind == AEXPR_NUMBER || (e->kind == AEXPR_UNARY && e->op[0]->kind == AEXPR_NUMBER);
	const AstExpr *number = e->kind == AEXPR_UNARY ? e->op[0] : e;
	if (counted && !number->num.unit)
		return arena_printf(c->arena, "%s%.17g", e->kind == AEXPR_UNARY ? "-" : "", number->num.value);
	if (!source_find(c->sources, e->span.lo, &p))
		return "";
	return arena_strndup(c->arena, p.file->text + (e->span.lo - p.file->base), e->span.hi - e->span.lo);
}

static const AstExpr *
number_of(const AstExpr *e)
{
	const AstExpr *n = e->kind == AEXPR_UNARY ? e->op[0] : e;
	return n->kind == AEXPR_NUMBER ? n : NULL;
}

/* The unit that all values of a name have; NULL: none, or different ones. */
static const Unit *
unit_of(const struct ExpandLane *l)
{
	const AstExpr *first = number_of(l->value.at[0]);
	for (uint32_t i = 0; i < l->value.n; i++) {
		const AstExpr *n = number_of(l->value.at[i]);
		if (!n || n->num.unit != first->num.unit)
			return NULL;
	}
	return first->num.unit;
}

/* In the table: the number alone, if the head of the column tells its unit. */
static const char *
value_shown(const Compilation *c, const struct ExpandLane *l, const AstExpr *e)
{
	const AstExpr *n = number_of(e);
	if (!n || !unit_of(l))
		return value_text(c, e);
	char s[64];
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(s, sizeof s, "%s%.*g", n == e ? "" : "-", digits, n->num.value);
		if (strtod(s + (n != e), NULL) == n->num.value)
			break;
	}
	return arena_strdup(c->arena, s);
}

/* "tau [ms]" */
static const char *
head_of(const Compilation *c, const struct ExpandLane *l)
{
	const Unit *u = unit_of(l);
	return u ? arena_printf(c->arena, "%s [%s]", l->name, u->name) : l->name;
}

bool
sweep_find(Sweep *s)
{
	const Compilation *c = s->c;
	uint64_t n = 1;
	for (uint32_t i = 0; i < c->lanes.n; i++) {
		if (!compilation_has_lane(c, i))
			continue;
		VEC_PUSH(s->arena, &s->over, c->lanes.at[i]);
		n *= c->lanes.at[i].value.n;
		if (n > MOST_LANES) {
			output_say("the sweep has more than %d lanes", MOST_LANES);
			return false;
		}
	}
	s->n = (uint32_t)n;
	s->names = ARENA_ARRAY(s->arena, const char *, s->over.n + 1);
	for (uint32_t i = 0; i < s->over.n; i++)
		s->names[i] = head_of(c, &s->over.at[i]);
	s->lane = ARENA_ARRAY(s->arena, Lane, s->n);
	return true;
}

/* The options of lane k, the last name changing fastest. */
static void
open_lane(Sweep *s, uint32_t k)
{
	Lane *l = &s->lane[k];
	const Options *o = s->c->o;
	l->o = *o;
	l->o.command = COMMAND_RUN;                       /* values of tunables are those of a lane, not of the program */
	memset(&l->o.sets, 0, sizeof l->o.sets);
	for (uint32_t i = 0; i < o->sets.n; i++)
		VEC_PUSH(s->arena, &l->o.sets, o->sets.at[i]);
	l->value = ARENA_ARRAY(s->arena, const char *, s->over.n + 1);
	l->text = ARENA_ARRAY(s->arena, const char *, s->over.n + 1);
	uint32_t rest = k;
	for (uint32_t i = s->over.n; i-- > 0;) {
		const struct ExpandLane *over = &s->over.at[i];
		const AstExpr *e = over->value.at[rest % over->value.n];
		rest /= over->value.n;
		l->value[i] = value_shown(s->c, over, e);
		l->text[i] = value_text(s->c, e);
		VEC_PUSH(s->arena, &l->o.sets, arena_printf(s->arena, "%s=%s", over->name, l->text[i]));
	}
	l->o.threads = 1;                                 /* it is lanes that are shared out */
	l->o.threads_auto = false;
	compilation_open(&l->c, &l->o, arena_open());
}

const char *
sweep_lane_text(const Sweep *s, uint32_t k)
{
	StrBuf t = strbuf_init(s->arena);
	for (uint32_t i = 0; i < s->over.n; i++)
		strbuf_printf(&t, "%s%s = %s", i ? ", " : "", s->over.at[i].name, s->lane[k].text[i]);
	return strbuf_text(&t);
}

/* Warnings of the program were told already; errors are of this lane. */
int
sweep_compile(Sweep *s, uint32_t k)
{
	Lane *l = &s->lane[k];
	open_lane(s, k);
	if (pipeline_run(&l->c, NULL))
		return EXIT_FINE;
	output_say("lane %u, %s:", k, sweep_lane_text(s, k));
	run_tell(&l->c);
	return l->c.world_errors && l->c.world_errors == diag_errors(l->c.diag) ? EXIT_WORLD : EXIT_TEXT;
}

/* ---- compiling --------------------------------------------------------------------------------------- */

LaneGroupVec
sweep_join(Sweep *s)
{
	Plan **plans = ARENA_ARRAY(s->arena, Plan *, s->n);
	for (uint32_t k = 0; k < s->n; k++)
		plans[k] = s->lane[k].c.plan;
	panic_set_stage("lanes");
	s->groups = lanes_join(s->arena, plans, s->n);
	for (uint32_t g = 0; g < s->groups.n; g++) {
		const LaneGroup *group = &s->groups.at[g];
		const char *wrong = plan_verify(group->plan, s->arena);
		if (wrong)
			PANIC("%s", wrong);
		for (uint32_t i = 0; i < group->lane.n; i++) {
			s->lane[group->lane.at[i]].group = g;
			s->lane[group->lane.at[i]].at = i;
		}
	}
	panic_set_stage(NULL);
	return s->groups;
}

static Plan *
select_plan(Sweep *s, uint32_t k)
{
	LaneGroup *g = &s->groups.at[s->lane[k].group];
	lanes_select(g, s->lane[k].at);
	return g->plan;
}

static const char *
groups_text(const Sweep *s)
{
	if (s->groups.n > 1)
		return arena_printf(s->arena, "%u lanes of %u compiled programs, since what is swept changes more than numbers", s->n, s->groups.n);
	return arena_printf(s->arena, "%u lanes of one compiled program, which loads %u number%s", s->n, s->groups.at[0].loaded,
			    s->groups.at[0].loaded == 1 ? "" : "s");
}

static int
open_sweep(Sweep *s, Compilation *c)
{
	*s = (Sweep){.c = c, .arena = c->arena};
	int code = sweep_find(s) ? EXIT_FINE : EXIT_USAGE;
	while (s->opened < s->n && code == EXIT_FINE)
		code = sweep_compile(s, s->opened++);
	if (code != EXIT_FINE)
		return code;
	sweep_join(s);
	if (!c->o->quiet)
		output_say("%s", groups_text(s));
	return EXIT_FINE;
}

static void
close_sweep(Sweep *s)
{
	for (uint32_t k = 0; k < s->opened; k++)
		arena_close(s->lane[k].c.arena);
}

/* ---- as C ---------------------------------------------------------------------------------------------- */

static EmitCLane
lane_as_c(Sweep *s, uint32_t k)
{
	Lane *l = &s->lane[k];
	const LaneGroup *g = &s->groups.at[l->group];
	const char **sets;
	const Plan *p = select_plan(s, k);
	EmitCLane c = {.group = l->group, .plan = p, .data = g->data[l->at], .seed = g->seed[l->at], .value = l->value};
	c.nsets = run_sets(&l->c, &sets);
	c.sets = sets;
	c.source_hash = l->c.source_hash;
	c.plan_hash = arena_strdup(s->arena, plan_hash(p));
	c.text = sweep_lane_text(s, k);
	return c;
}

/* The files of the programs, then that of the lanes. */
static StrBuf *
print_c(Sweep *s)
{
	uint32_t n = s->groups.n;
	StrBuf *text = ARENA_ARRAY(s->arena, StrBuf, n + 1);
	const char **exported = ARENA_ARRAY(s->arena, const char *, n);
	EmitCLane *lanes = ARENA_ARRAY(s->arena, EmitCLane, s->n);
	for (uint32_t g = 0; g < n; g++) {
		const Compilation *c = &s->lane[s->groups.at[g].lane.at[0]].c;
		exported[g] = arena_printf(s->arena, "snnc_program_%u", g);
		EmitCOptions o = {c->source_hash, true, c->sources, exported[g]};
		text[g] = strbuf_init(s->arena);
		lanes_select(&s->groups.at[g], 0);
		emit_c(&text[g], s->groups.at[g].plan, &o);
	}
	for (uint32_t k = 0; k < s->n; k++)
		lanes[k] = lane_as_c(s, k);
	EmitCSweep sweep = {s->c->name, s->over.n, s->n, s->names, lanes, exported};
	text[n] = strbuf_init(s->arena);
	emit_c_sweep(&text[n], &sweep);
	return text;
}

/* ---- in this process ------------------------------------------------------------------------------------- */

typedef struct { Sweep *s; Engine *engine; } Running;

/* The interpreter reads the contents of const buffers from the plan. */
static void
select_lane(void *env, uint32_t k)
{
	select_plan(((Running *)env)->s, k);
}

static bool
open_engines(Sweep *s, Engine *engine, EngineKind kind)
{
	for (uint32_t g = 0; g < s->groups.n; g++) {
		const char *why = NULL;
		Compilation *first = ARENA_NEW(s->arena, Compilation);
		*first = s->lane[s->groups.at[g].lane.at[0]].c;
		first->plan = s->groups.at[g].plan;
		lanes_select(&s->groups.at[g], 0);
		if (engine_open(&engine[g], first, kind, &why))
			continue;
		output_say("%s", why ? why : "the program cannot be compiled");
		return false;
	}
	return true;
}

static int
run_in_process(Sweep *s, EngineKind kind)
{
	Engine *engine = ARENA_ARRAY(s->arena, Engine, s->groups.n);
	snnrt_lane *lanes = ARENA_ARRAY(s->arena, snnrt_lane, s->n);
	Running running = {s, engine};
	int code = open_engines(s, engine, kind) ? EXIT_FINE : EXIT_WORLD;
	for (uint32_t k = 0; code == EXIT_FINE && k < s->n; k++) {
		Lane *l = &s->lane[k];
		const char **sets;
		snnrt_program *p = program_of_plan(l->c.arena, select_plan(s, k), l->c.source_hash);
		p->entry = engine[l->group].entry;
		p->closure = &engine[l->group];
		uint32_t nsets = run_sets(&l->c, &sets);
		lanes[k] = (snnrt_lane){.program = p, .source_hash = p->source_hash, .plan_hash = p->plan_hash, .seed = p->seed,
					.nsets = nsets, .sets = sets, .text = sweep_lane_text(s, k), .value = l->value};
	}
	if (code == EXIT_FINE) {
		snnrt_sweep sweep = {.name = s->c->name, .who = "snnc", .nnames = s->over.n, .nlanes = s->n, .names = s->names, .lanes = lanes};
		if (kind == ENGINE_EVAL) {
			sweep.one_by_one = true;
			sweep.select = select_lane;
			sweep.env = &running;
		}
		snnrt_options o = run_options(s->c, engine[0].name);
		o.sets = NULL;
		o.nsets = 0;
		code = snnrt_sweep_run(&sweep, &o, -1);
	}
	for (uint32_t g = 0; g < s->groups.n; g++) {
		if (engine[g].why)
			output_say("%s; this is a bug in snnc", engine[g].why);
		engine_close(&engine[g]);
	}
	return code;
}

/* Each lane by the interpreter and as compiled code. */
static int
verify(Sweep *s)
{
	int code = EXIT_FINE;
	for (uint32_t k = 0; k < s->n && code == EXIT_FINE; k++) {
		VerifyOptions o = {.every = s->c->o->verify_every};
		VerifyResult r;
		Compilation c = s->lane[k].c;
		Options own = s->lane[k].o;
		own.out = arena_printf(s->arena, "%s/lane_%u", s->c->o->out ? s->c->o->out : arena_printf(s->arena, "results/%s", s->c->name), k);
		own.quiet = true;
		c.o = &own;
		c.plan = select_plan(s, k);
		code = verify_plan(&c, &o, &r);
		run_tell(&c);
		if (!r.differs && code == EXIT_FINE)
			printf("lane %u, %s: %" PRIu64 " steps, %" PRIu32 " variables: same bits\n", k, sweep_lane_text(s, k), r.steps, r.variables);
		fflush(stdout);
	}
	return code;
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

int
sweep_run(Compilation *c, EngineKind kind)
{
	Sweep s;
	if (c->o->dump_state)
		return sweep_refuse(c, "`--dump-state` writes the state of one lane");
	int code = open_sweep(&s, c);
	if (code == EXIT_FINE && c->o->verify)
		code = verify(&s);
	else if (code == EXIT_FINE && kind == ENGINE_C)
		code = toolchain_run_all(c, print_c(&s), s.groups.n + 1);
	else if (code == EXIT_FINE)
		code = run_in_process(&s, kind);
	close_sweep(&s);
	return code;
}

int
sweep_build(Compilation *c)
{
	Sweep s;
	int code = open_sweep(&s, c);
	if (code == EXIT_FINE)
		code = toolchain_build_all(c, print_c(&s), s.groups.n + 1, c->o->cpu, c->o->output);
	close_sweep(&s);
	return code;
}
