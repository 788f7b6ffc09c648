/* plan_help: see plan_help.h. */
#include "plan_help.h"

#include "base/panic.h"
#include "elab/elab.h"
#include "eval/eval.h"
#include "lower/lower.h"
#include "opt/opt.h"
#include "parse/parse.h"
#include "sema/sema.h"
#include "solve/solve.h"
#include "source/embedded.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

/* ---- text to plan ------------------------------------------------------------------------------- */

/* Any data source has twenty digits of four pixels. */
static bool
four_pixels(void *env, const char *kind, uint32_t npaths, const char *const *paths,
	    const char *fallback, NetData *out, const char **why, ElabDataStatus *status)
{
	(void)kind, (void)npaths, (void)paths, (void)fallback, (void)why, (void)status;
	NetColumn image = {.type = PT_U8, .rank = 2, .extent = {2, 2}, .count = 4};
	NetColumn label = {.type = PT_U8, .rank = 0, .count = 1};
	out->samples = 20;
	out->classes = 10;
	VEC_PUSH((Arena *)env, &out->columns, image);
	VEC_PUSH((Arena *)env, &out->columns, label);
	return true;
}

static void
sound(const char *stage, const char *wrong)
{
	if (wrong)
		printf("\n    %s: %s\n", stage, wrong);
	CU_ASSERT_PTR_NULL_FATAL(wrong);
}

/* Lowers once; `rest` is the text of math.plan. */
static Plan *
lowered(Made *m, Diag *d, const AstProgram *prog, const char *math)
{
	ElabEnv ee = {
		.arena = m->arena, .names = m->names, .diag = d, .world = {.env = m->arena, .data = four_pixels}};
	Net *net = elab_program(&ee, prog, "t");
	if (!net)
		return NULL;
	sound("elab", net_verify(net, m->arena));
	SolveEnv so = {d};
	if (!solve_net(&so, net))
		return NULL;
	sound("solve", net_verify(net, m->arena));
	LowerEnv le = {.diag = d, .math_plan = math};
	return lower_net(&le, net);
}

static Plan *
copied(Made *m, const Plan *p)
{
	const char *why = NULL;
	Plan *copy = plan_read(m->arena, m->names, plan_text(m, p), &why);
	sound("read", why);
	return copy;
}

Made
make_plan(const char *text, const char *models)
{
	Made m = {.arena = arena_open()};
	m.names = intern_open(m.arena);
	SourceMap *sources = source_open(m.arena);
	Diag *d = diag_open(m.arena, sources);
	ParseEnv pe = {m.arena, m.names, sources, d};
	AstProgram prog = {0};
	const char *math = NULL, *why = NULL;
	for (const EmbeddedText *e = snnc_embedded_lib; e->name; e++) {
		if (strstr(e->name, ".plan"))
			math = e->text;
		else if (!models && strstr(e->name, ".snn"))
			parse_file(&pe, source_add(sources, e->name, e->text, e->size, true),
				   &prog);
	}
	if (models)
		parse_file(&pe, source_add(sources, "models.snn", models, strlen(models), true),
			   &prog);
	parse_file(&pe, source_add(sources, "t.snn", text, strlen(text), false), &prog);
	SemaEnv se = {m.arena, m.names, d};
	if (!diag_errors(d) && sema_check(&se, &prog))
		m.raw = lowered(&m, d, &prog, math);
	StrBuf said = strbuf_init(m.arena);
	diag_flush(d, &said, false);
	m.said = strbuf_text(&said);
	if (!m.raw)
		return m;
	sound("lower", plan_verify(m.raw, m.arena));
	m.raw = copied(&m, m.raw);
	m.plan = copied(&m, m.raw);
	plan_layout(m.raw);
	OptOptions oo = {.verify = true};
	if (!opt_run(m.plan, &oo, &why))
		sound("opt", why);
	return m;
}

const char *
plan_text(Made *m, const Plan *p)
{
	StrBuf b = strbuf_init(m->arena);
	plan_print(&b, p);
	return strbuf_text(&b);
}

/* ---- the run --------------------------------------------------------------------------------------- */

static const FedFile *
file_of(const Ran *r, const PlanObject *o)
{
	const FedFile *f = r->files;
	while (f && f->path && strcmp(f->path, o->texts[0]))
		f++;
	ASSERT(f && f->path);
	return f;
}

static float
element(const PlanBuf *b, const uint8_t *at, uint64_t i)
{
	float f;
	if (b->type == PT_BOOL)
		return at[i];
	ASSERT(b->type == PT_F32);
	memcpy(&f, at + 4 * i, 4);
	return f;
}

static void
fetch_pixels(const Plan *p, const PlanObject *o, int64_t column, int64_t sample, uint8_t *to)
{
	(void)p, (void)o;
	for (int k = 0; k < (column == 0 ? 4 : 1); k++)
		to[k] = (uint8_t)(column == 0 ? 60 * k + sample : sample % 10);
}

static int64_t
answer(void *env, uint32_t fn, uint32_t nargs, const int64_t *a)
{
	Ran *r = env;
	const char *name = plan_host_fns[fn].name;
	const PlanObject *o = nargs ? &r->plan->objects.at[a[0]] : NULL;
	if (!strcmp(name, "fill") || !strcmp(name, "stream")) {
		const FedFile *f = file_of(r, o);
		const PlanBuf *b = &r->plan->bufs.at[o->bufs[0]];
		uint64_t n = plan_buf_count(b), at = *name == 's' ? n * r->row[a[0]]++ : 0;
		ASSERT(at + n <= f->n);
		for (uint64_t i = 0; i < n; i++)
			((float *)(uintptr_t)a[1])[plan_buf_place(b, i)] = f->at[at + i];
	} else if (!strcmp(name, "fetch")) {
		fetch_pixels(r->plan, o, a[1], a[2], (uint8_t *)(uintptr_t)a[3]);
	} else if (!strcmp(name, "record")) {
		const PlanBuf *b = &r->plan->bufs.at[o->bufs[0]];
		for (uint64_t i = 0; i < plan_buf_count(b); i++)
			VEC_PUSH(r->arena, &r->rows[a[0]],
				 element(b, (const uint8_t *)(uintptr_t)a[2], plan_buf_place(b, i)));
	}
	return 0;
}

Ran
run_plan(Made *m, const Plan *p, const FedFile *files)
{
	Ran r = {.arena = m->arena, .plan = p, .files = files};
	r.memory = arena_alloc(m->arena, p->arena_bytes + 64);
	r.memory += -(uintptr_t)r.memory & 63;
	memset(r.memory, 0, p->arena_bytes);
	r.row = ARENA_ARRAY(m->arena, uint32_t, p->objects.n);
	r.rows = arena_alloc(m->arena, sizeof *r.rows * (p->objects.n + 1));
	memset(r.rows, 0, sizeof *r.rows * (p->objects.n + 1));
	EvalHost host = {answer, &r, 1};
	const char *why = NULL;
	int64_t status = eval_run(p, "program", r.memory, &host, &why);
	sound("eval", why);
	CU_ASSERT_EQUAL_FATAL(status, 0);
	return r;
}

float
ran_f32(const Ran *r, const char *buf, uint64_t i)
{
	uint32_t id = plan_find_buf(r->plan, buf);
	ASSERT(id != UINT32_MAX);
	const PlanBuf *b = &r->plan->bufs.at[id];
	ASSERT(i < plan_buf_count(b));
	return element(b, r->memory + b->offset, plan_buf_place(b, i));
}

float
ran_row(const Ran *r, const char *record, uint64_t i)
{
	for (uint32_t k = 0; k < r->plan->objects.n; k++) {
		const PlanObject *o = &r->plan->objects.at[k];
		if (o->kind != POBJ_RECORD || strcmp(o->name, record))
			continue;
		ASSERT(i < r->rows[k].n);
		return r->rows[k].at[i];
	}
	PANIC("no record %s", record);
}
