/* explain_states: in which array each state of the models lives; all arrays and their bytes. */
#include "explain/explain_inner.h"

#include "explain/page.h"

#include <inttypes.h>
#include <string.h>

static const char *
axes_text(const Explain *x, const PlanBuf *b)
{
	StrBuf out = strbuf_init(x->a);
	for (uint32_t i = 0; i < b->naxes; i++)
		strbuf_printf(&out, "%s%s %" PRIu64, i ? ", " : "", plan_axis_name(b->axis[i].kind), b->axis[i].extent);
	if (b->pitch)
		strbuf_printf(&out, " of %" PRIu64, b->pitch);
	return b->naxes ? strbuf_text(&out) : "one number";
}

/* ---- states of models ------------------------------------------------------------------------- */

static void
put_state(const Explain *x, PageTable *t, const char *of, const char *what, const char *name)
{
	const Plan *p = x->env->plan;
	uint32_t buf = plan_find_buf(p, name);
	PageRow row = {{of, what, "none: nothing that is seen depends on it, or an equal one is kept", "", "0 B"}};
	if (buf != UINT32_MAX) {
		const PlanBuf *b = &p->bufs.at[buf];
		row = (PageRow){{of, what, b->name, axes_text(x, b), page_bytes(x->a, (double)plan_buf_bytes(b))}};
	}
	VEC_PUSH(x->a, &t->rows, row);
}

static void
put_of_layers(const Explain *x, PageTable *t)
{
	const Net *n = x->env->net;
	for (uint32_t i = 0; i < n->layers.n; i++) {
		const NetLayer *l = &n->layers.at[i];
		for (uint32_t k = 0; k < l->states.n; k++)
			put_state(x, t, l->name, arena_printf(x->a, "state %s", l->states.at[k].name),
				  arena_printf(x->a, "%s.%s", l->name, l->states.at[k].name));
		for (uint32_t k = 0; k < l->traces.n; k++)
			put_state(x, t, l->name, arena_printf(x->a, "trace %s", l->traces.at[k].name),
				  arena_printf(x->a, "%s.%s", l->name, l->traces.at[k].name));
	}
	for (uint32_t i = 0; i < n->signals.n; i++) {
		const NetSignal *g = &n->signals.at[i];
		put_state(x, t, g->name, "its value", g->name);
		for (uint32_t k = 0; k < g->states.n; k++)
			put_state(x, t, g->name, arena_printf(x->a, "state %s", g->states.at[k].name),
				  arena_printf(x->a, "%s.%s", g->name, g->states.at[k].name));
	}
}

/* Vectors, NAME.part, that a value follows from which is not kept itself (opt/structure.c). */
static bool
put_parts(const Explain *x, PageTable *t, const char *of)
{
	const Plan *p = x->env->plan;
	StrBuf names = strbuf_init(x->a), axes = strbuf_init(x->a);
	size_t n = strlen(of);
	double bytes = 0;
	for (uint32_t i = 0; i < p->bufs.n; i++) {
		const PlanBuf *b = &p->bufs.at[i];
		if (b->role != ROLE_DERIVED || strncmp(b->name, of, n) != 0 || b->name[n] != '.')
			continue;
		strbuf_printf(&names, "%s%s", bytes > 0 ? ", " : "not stored, follows from ", b->name);
		strbuf_printf(&axes, "%s%s", bytes > 0 ? "; " : "", axes_text(x, b));
		bytes += (double)plan_buf_bytes(b);
	}
	if (bytes > 0)
		VEC_PUSH(x->a, &t->rows, ((PageRow){{of, "its value", strbuf_text(&names), strbuf_text(&axes), page_bytes(x->a, bytes)}}));
	return bytes > 0;
}

/* Numbers, and whether i == j. */
static bool
is_diagonal(const NetExpr *e)
{
	if (!e)
		return true;
	bool asks = e->kind == NEXPR_BINARY && (e->op_kind == NOP_EQ || e->op_kind == NOP_NE);
	if (asks && e->op[0]->kind == NEXPR_INDEX && e->op[1]->kind == NEXPR_INDEX)
		return true;
	bool plain = e->kind == NEXPR_CONST || e->kind == NEXPR_UNARY || e->kind == NEXPR_BINARY || e->kind == NEXPR_IF;
	return plain && is_diagonal(e->op[0]) && is_diagonal(e->op[1]) && is_diagonal(e->op[2]);
}

/* In which form the value of a feature is kept. */
static void
put_value(const Explain *x, PageTable *t, const NetFeature *f, const char *of)
{
	bool stored = plan_find_buf(x->env->plan, of) != UINT32_MAX, known = !f->init.file && f->init.e && is_diagonal(f->init.e);
	const char *how = known && f->init.e->kind == NEXPR_CONST ? "none: one number, in the code"
			  : known ? "none: one number where i == j and another elsewhere, in the code" : NULL;
	if (!stored && put_parts(x, t, of))
		return;
	if (stored || !how)
		put_state(x, t, of, "its value", of);
	else
		VEC_PUSH(x->a, &t->rows, ((PageRow){{of, "its value", how, "", "0 B"}}));
}

static void
put_of_connections(const Explain *x, PageTable *t)
{
	const Net *n = x->env->net;
	for (uint32_t i = 0; i < n->conns.n; i++) {
		const NetConn *c = &n->conns.at[i];
		for (uint32_t k = 0; k < c->features.n; k++) {
			const NetFeature *f = &c->features.at[k];
			const char *of = arena_printf(x->a, "%s.%s", c->name, f->name);
			put_value(x, t, f, of);
			for (uint32_t s = 0; s < f->states.n; s++)
				put_state(x, t, of, arena_printf(x->a, "state %s", f->states.at[s].name), arena_printf(x->a, "%s.%s", of, f->states.at[s].name));
			for (uint32_t s = 0; f->has_rule && s < f->rule.states.n; s++)
				put_state(x, t, of, arena_printf(x->a, "state %s of %s", f->rule.states.at[s].name, f->rule.name),
					  arena_printf(x->a, "%s.%s", of, f->rule.states.at[s].name));
		}
	}
}

/* ---- arrays ----------------------------------------------------------------------------------- */

static void
put_arrays(const Explain *x)
{
	const Plan *p = x->env->plan;
	PageTable t = {.columns = 5};
	double total[ROLE_COUNT] = {0};
	VEC_PUSH(x->a, &t.rows, ((PageRow){{"array", "type", "one for each", "kept as", "bytes"}}));
	for (uint32_t i = 0; i < p->bufs.n; i++) {
		const PlanBuf *b = &p->bufs.at[i];
		PageRow row = {{b->name, plan_type_name(b->type), axes_text(x, b), plan_role_name(b->role),
				page_bytes(x->a, (double)plan_buf_bytes(b))}};
		total[b->role] += (double)plan_buf_bytes(b);
		VEC_PUSH(x->a, &t.rows, row);
	}
	page_table(x->out, x->env->markdown, &t);
	const char *work = total[ROLE_WORK] > 0 ? arena_printf(x->a, "%s work, ", page_bytes(x->a, total[ROLE_WORK])) : "";
	strbuf_printf(x->out, "\n%s of state, %s derived, %s scratch, %s%s constants.\n", page_bytes(x->a, total[ROLE_STATE]),
		      page_bytes(x->a, total[ROLE_DERIVED]), page_bytes(x->a, total[ROLE_SCRATCH]), work, page_bytes(x->a, total[ROLE_CONST]));
}

void
explain_states(const Explain *x)
{
	PageTable t = {.columns = 5};
	VEC_PUSH(x->a, &t.rows, ((PageRow){{"of", "what", "array", "one for each", "bytes"}}));
	put_of_layers(x, &t);
	put_of_connections(x, &t);
	page_title(x->out, x->env->markdown, "Where states live");
	page_table(x->out, x->env->markdown, &t);
	page_title(x->out, x->env->markdown, "All arrays");
	put_arrays(x);
}
