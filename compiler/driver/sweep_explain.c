/* sweep_explain: what became of the lanes of a sweep, for people. */
#include "driver/sweep_inner.h"

#include "driver/output.h"
#include "driver/run.h"
#include "explain/page.h"

#include <string.h>

enum { MOST_EXPLAINED = 256, MOST_NUMBERS = 6 };

/* The buffers `lane.f32` and the like stand behind those that the plan has of itself. */
static bool
is_of_lane(const PlanBuf *b)
{
	return b->role == ROLE_CONST && strncmp(b->name, "lane", 4) == 0 && strchr(b->name, '.') && b->naxes == 1 && b->axis[0].kind == AXIS_ITEM;
}

static bool
expr_loads(const Plan *p, const PlanExpr *e)
{
	bool loads = e && e->kind == PEXPR_LOAD && is_of_lane(&p->bufs.at[e->id]);
	for (uint32_t i = 0; e && i < e->nops && !loads; i++)
		loads = expr_loads(p, e->op[i]);
	return loads;
}

static bool
block_loads(const Plan *p, PlanBlock b)
{
	bool loads = false;
	for (uint32_t i = 0; i < b.n && !loads; i++) {
		const PlanStmt *s = b.at[i];
		loads = expr_loads(p, s->e) || expr_loads(p, s->hi) || block_loads(p, s->body) || block_loads(p, s->other);
		for (uint32_t k = 0; k < s->nops && !loads; k++)
			loads = expr_loads(p, s->op[k]);
	}
	return loads;
}

/* "`exc.update`, `input.weight.learn`" */
static const char *
loaders(const Plan *p)
{
	StrBuf out = strbuf_init(p->arena);
	for (uint32_t c = 0; c < p->codes.n; c++)
		if (block_loads(p, p->codes.at[c]->body))
			strbuf_printf(&out, "%s`%s`", out.n ? ", " : "", p->codes.at[c]->name);
	return out.n ? strbuf_text(&out) : "nobody";
}

/* "f32 10, 0.5, …" */
static const char *
numbers(Arena *a, const LaneGroup *g, uint32_t k)
{
	StrBuf out = strbuf_init(a);
	uint32_t shown = 0;
	for (uint32_t b = 0; b < g->nfilled; b++) {
		const PlanBuf *buf = &g->plan->bufs.at[b];
		for (uint64_t i = 0; is_of_lane(buf) && i < plan_buf_count(buf); i++, shown++) {
			PlanValue v = g->data[k][b][i];
			if (shown >= MOST_NUMBERS)
				continue;
			strbuf_puts(&out, shown ? ", " : "");
			if (plan_type_is_float(buf->type))
				strbuf_printf(&out, "%.9g", v.f);
			else
				strbuf_printf(&out, "%lld", (long long)v.i);
		}
	}
	if (shown > MOST_NUMBERS)
		strbuf_printf(&out, ", %u more", shown - MOST_NUMBERS);
	return out.n ? strbuf_text(&out) : "none";
}

static void
put_groups(Sweep *s, const LaneGroupVec *groups, StrBuf *out)
{
	bool markdown = s->c->o->markdown;
	PageTable t = {.columns = 4};
	VEC_PUSH(s->arena, &t.rows, ((PageRow){{"lane", "is", "program", "numbers it loads"}}));
	for (uint32_t g = 0; g < groups->n; g++) {
		const LaneGroup *of = &groups->at[g];
		strbuf_printf(out, "%sProgram %u: %u lane%s, %u number%s loaded, by %s.", markdown ? "* " : "    ", g, of->lane.n, of->lane.n == 1 ? "" : "s",
			      of->loaded, of->loaded == 1 ? "" : "s", loaders(of->plan));
		if (of->why)
			strbuf_printf(out, " It is one of its own since it says `%s` where program 0 does not.", of->why);
		strbuf_putc(out, '\n');
		for (uint32_t k = 0; k < of->lane.n; k++)
			VEC_PUSH(s->arena, &t.rows, ((PageRow){{arena_printf(s->arena, "%u", of->lane.at[k]), sweep_lane_text(s, of->lane.at[k]),
								arena_printf(s->arena, "%u", g), numbers(s->arena, of, k)}}));
	}
	strbuf_putc(out, '\n');
	page_table(out, markdown, &t);
}

bool
sweep_explain(Compilation *c, StrBuf *out, int *code)
{
	Sweep s = {.c = c, .arena = c->arena};
	*code = EXIT_USAGE;
	if (!sweep_find(&s))
		return false;
	page_title(out, c->o->markdown, "Lanes of the sweep");
	if (s.n > MOST_EXPLAINED) {
		strbuf_printf(out, "%u lanes; up to %d are compiled to be explained.\n", s.n, MOST_EXPLAINED);
		return true;
	}
	uint32_t opened = 0;
	*code = EXIT_FINE;
	while (opened < s.n && *code == EXIT_FINE)
		*code = sweep_compile(&s, opened++);
	if (*code == EXIT_FINE) {
		LaneGroupVec groups = sweep_join(&s);
		strbuf_puts(out, "Plans that differ in numbers alone are one program, which loads them; what is said above is of lane 0.\n\n");
		put_groups(&s, &groups, out);
	}
	for (uint32_t k = 0; k < opened; k++)
		arena_close(s.lane[k].c.arena);
	return *code == EXIT_FINE;
}
