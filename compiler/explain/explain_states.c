/* explain_states: in which array each state of the models lives; all arrays and their bytes. */
#include "explain/explain_inner.h"

#include "explain/page.h"

#include <inttypes.h>

static const char *
axes_text(const Explain *x, const PlanBuf *b)
{
	StrBuf out = strbuf_init(x->a);
	for (uint32_t i = 0; i < b->naxes; i++)
		strbuf_printf(&out, "%s%s %" PRIu64, i ? ", " : "", plan_axis_name(b->axis[i].kind), b->axis[i].extent);
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

static void
put_of_connections(const Explain *x, PageTable *t)
{
	const Net *n = x->env->net;
	for (uint32_t i = 0; i < n->conns.n; i++) {
		const NetConn *c = &n->conns.at[i];
		for (uint32_t k = 0; k < c->features.n; k++) {
			const NetFeature *f = &c->features.at[k];
			const char *of = arena_printf(x->a, "%s.%s", c->name, f->name);
			put_state(x, t, of, "its value", of);
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
	strbuf_printf(x->out, "\n%s of state, %s derived, %s scratch, %s constants.\n", page_bytes(x->a, total[ROLE_STATE]),
		      page_bytes(x->a, total[ROLE_DERIVED]), page_bytes(x->a, total[ROLE_SCRATCH]), page_bytes(x->a, total[ROLE_CONST]));
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
