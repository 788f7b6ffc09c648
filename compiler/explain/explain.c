/* explain: see explain.h. */
#include "explain/explain.h"

#include "explain/explain_inner.h"
#include "explain/page.h"

#include <inttypes.h>

/* ---- models ----------------------------------------------------------------------------------- */

/* What the program said, a line for each equation, and how it is integrated. */
static void
put_solved(Explain *x, const NetOwner *of, const NetCode *c)
{
	for (uint32_t i = 0; i < c->solved.n; i++) {
		const NetSolved *s = &c->solved.at[i];
		StrBuf said = strbuf_init(x->a);
		net_print_equations(&said, x->env->net, of, c, s->equations);
		page_code(x->out, x->env->markdown, strbuf_text(&said));
		strbuf_printf(x->out, "%s%s: by `%s`, %s.\n\n", x->env->markdown ? "\n" : "    ", s->states, net_method_name(s->method), s->why);
	}
}

static void
put_layer(Explain *x, const NetLayer *l)
{
	StrBuf code = strbuf_init(x->a);
	NetOwner of = {.layer = l};
	page_title(x->out, x->env->markdown, arena_printf(x->a, "Layer %s", l->name));
	put_solved(x, &of, &l->step);
	for (uint32_t i = 0; i < l->traces.n; i++)
		strbuf_printf(x->out, "%s%s: by `exact`, a trace is multiplied by exp(-dt / tau) in each step.\n%s", x->env->markdown ? "" : "    ",
			      l->traces.at[i].name, i + 1 < l->traces.n && !x->env->markdown ? "" : "\n");
	net_print_layer(&code, x->env->net, l);
	page_code(x->out, x->env->markdown, strbuf_text(&code));
}

static void
put_conn(Explain *x, const NetConn *c)
{
	StrBuf code = strbuf_init(x->a);
	page_title(x->out, x->env->markdown, arena_printf(x->a, "Connection %s", c->name));
	for (uint32_t k = 0; k < c->features.n; k++) {
		const NetFeature *f = &c->features.at[k];
		put_solved(x, &(NetOwner){.conn = c, .feature = f}, &f->compute);
		for (uint32_t h = 0; f->has_rule && h < f->rule.handlers.n; h++)
			put_solved(x, &(NetOwner){.conn = c, .rule = &f->rule}, &f->rule.handlers.at[h].code);
	}
	net_print_conn(&code, x->env->net, c);
	page_code(x->out, x->env->markdown, strbuf_text(&code));
}

static void
put_signal(Explain *x, const NetSignal *g)
{
	StrBuf code = strbuf_init(x->a);
	page_title(x->out, x->env->markdown, arena_printf(x->a, "Signal %s", g->name));
	for (uint32_t h = 0; h < g->handlers.n; h++)
		put_solved(x, &(NetOwner){.signal = g}, &g->handlers.at[h].code);
	net_print_signal(&code, x->env->net, g);
	page_code(x->out, x->env->markdown, strbuf_text(&code));
}

static void
put_models(Explain *x)
{
	const Net *n = x->env->net;
	for (uint32_t i = 0; i < n->layers.n; i++)
		put_layer(x, &n->layers.at[i]);
	for (uint32_t i = 0; i < n->signals.n; i++)
		put_signal(x, &n->signals.at[i]);
	for (uint32_t i = 0; i < n->conns.n; i++)
		put_conn(x, &n->conns.at[i]);
}

/* ---- a step ----------------------------------------------------------------------------------- */

/* Who of several threads runs it. */
static const char *
share_text(const Explain *x, const PlanStmt *run)
{
	const Plan *p = x->env->plan;
	switch (run->share) {
	case SHARE_NONE:
		return "";
	case SHARE_PARTS:
		return ", in parts";
	case SHARE_EVENTS:
		return arena_printf(x->a, ", in parts of as many events of %s", p->bufs.at[run->list].name);
	case SHARE_ONE:
		return arena_printf(x->a, ", by thread %" PRId64, run->step);
	}
	return "";
}

static void
put_order(Explain *x, PlanBlock b)
{
	const Plan *p = x->env->plan;
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_NOTE)
			strbuf_printf(x->out, "    %s\n", s->text);
		else if (s->kind == PSTMT_RUN)
			strbuf_printf(x->out, "        %s%s\n", p->codes.at[s->id]->name, share_text(x, s));
		else if (s->kind == PSTMT_MEET)
			strbuf_puts(x->out, "    the threads meet\n");
		else if (s->kind == PSTMT_DO)
			put_order(x, p->codes.at[s->id]->body);
		put_order(x, s->body);
		put_order(x, s->other);
	}
}

static const PlanCode *
find_code(const Plan *p, const char *name)
{
	uint32_t i = plan_find_code(p, name);
	return i == UINT32_MAX ? NULL : p->codes.at[i];
}

/* ---- the whole -------------------------------------------------------------------------------- */

void
explain_print(StrBuf *out, const ExplainEnv *env)
{
	Explain x = {out, env, env->plan->arena};
	const PlanCode *step = find_code(env->plan, "step");
	strbuf_printf(out, "%s%s: %s, dt %g ms, batch %" PRIu64 "\n", env->markdown ? "# " : "", env->net->name, plan_type_name(env->plan->real),
		      env->net->dt, env->net->batch);
	put_models(&x);
	page_title(out, env->markdown, "A step, in order");
	strbuf_puts(out, env->markdown ? "```text\n" : "");
	if (step)
		put_order(&x, step->body);
	strbuf_puts(out, env->markdown ? "```\n" : "");
	explain_states(&x);
	explain_loops(&x, step);
}
