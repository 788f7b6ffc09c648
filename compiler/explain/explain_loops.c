/* explain_loops: what each loop of a step goes over, what it costs, which form it has and why; what the passes did, and what not. */
#include "explain/explain_inner.h"

#include "explain/cost.h"
#include "explain/page.h"

#include <string.h>

typedef VEC(CostLoop) LoopVec;

/* where: the conditions of the schedule under which it runs. */
typedef struct { uint32_t code; const char *where; } Kernel;
typedef VEC(Kernel) KernelVec;

/* The kernels of a step, in its order. */
static void
find_kernels(const Plan *p, const PlanCode *c, PlanBlock b, const char *where, KernelVec *out)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_RUN)
			VEC_PUSH(p->arena, out, ((Kernel){s->id, where}));
		if (s->kind == PSTMT_DO)
			find_kernels(p, p->codes.at[s->id], p->codes.at[s->id]->body, where, out);
		find_kernels(p, c, s->body, s->body.n ? cost_under(p, c, where, s, false) : where, out);
		find_kernels(p, c, s->other, s->other.n ? cost_under(p, c, where, s, true) : where, out);
	}
}

/* What a pass said about the kernels that it made beside another one, "NAME.part"; NULL: no pass made this one. */
static const PlanRemark *
maker_of(const Plan *p, const PlanCode *c)
{
	for (uint32_t i = 0; i < p->remarks.n; i++) {
		const PlanRemark *r = &p->remarks.at[i];
		size_t n = strlen(r->code);
		if (r->form && strncmp(r->code, c->name, n) == 0 && c->name[n] == '.')
			return r;
	}
	return NULL;
}

static const char *
form_of(const Explain *x, const CostLoop *l)
{
	const PlanRemark *made = maker_of(x->env->plan, l->code);
	return made ? made->form : l->form == FORM_DENSE ? "dense" : "event";
}

static const char *
why_of(const Explain *x, const CostLoop *l)
{
	const PlanRemark *made = maker_of(x->env->plan, l->code);
	const char *why = made ? arena_printf(x->a, "it was made by the pass `%s`, see below", made->pass)
			  : l->form == FORM_DENSE ? "all turns are made: what they do depends on no list of events"
			  : *l->list              ? arena_printf(x->a, "as many turns as `%s` says: nothing is done for the others", l->list)
						  : "how many turns is worked out while it runs";
	if (made && *l->list)
		why = arena_printf(x->a, "%s; as many turns as `%s` says", why, l->list);
	return *l->where ? arena_printf(x->a, "%s; only where `%s`", why, l->where) : why;
}

static const char *
cost_text(const Explain *x, const CostLoop *l)
{
	return arena_printf(x->a, "%s flops, %s%s", page_count(x->a, l->turns * l->flops), page_bytes(x->a, l->turns * l->bytes),
			    l->form == FORM_DENSE ? "" : " an event");
}

static void
put_costs(const Explain *x, const LoopVec *loops)
{
	PageTable t = {.columns = 7};
	double flops = 0, bytes = 0, ops = 0, slow = 0, products = 0;
	VEC_PUSH(x->a, &t.rows, ((PageRow){{"kernel", "turns", "form", "flops a turn", "bytes a turn", "in a step", "arrays"}}));
	for (uint32_t i = 0; i < loops->n; i++) {
		const CostLoop *l = &loops->at[i];
		const char *form = arena_printf(x->a, "%s%s%s", form_of(x, l), l->simd ? ", vector" : "", *l->where ? ", sometimes" : "");
		VEC_PUSH(x->a, &t.rows, ((PageRow){{l->code->name, l->over, form, page_count(x->a, l->flops), page_count(x->a, l->bytes),
						    cost_text(x, l), l->layout}}));
		bool always = l->form == FORM_DENSE && l->always;
		flops += always ? l->turns * l->flops : 0;
		bytes += always ? l->turns * l->bytes : 0;
		ops += always ? l->turns * l->ops : 0;
		slow += always ? l->turns * l->slow : 0;
		products += always ? l->turns * l->products : 0;
	}
	page_table(x->out, x->env->markdown, &t);
	const char *random = products > 0 ? arena_printf(x->a, ", %s products of 64-bit numbers (random words)", page_count(x->a, products)) : "";
	strbuf_printf(x->out, "\nDense loops: %s flops (%s operations, %s divisions or roots among them)%s and %s in each step; the others as often as "
		      "spikes ask for.\n", page_count(x->a, flops), page_count(x->a, ops), page_count(x->a, slow), random, page_bytes(x->a, bytes));
}

static void
put_reasons(const Explain *x, const LoopVec *loops)
{
	PageTable t = {.columns = 4};
	VEC_PUSH(x->a, &t.rows, ((PageRow){{"kernel", "turns", "form", "because"}}));
	for (uint32_t i = 0; i < loops->n; i++) {
		const CostLoop *l = &loops->at[i];
		VEC_PUSH(x->a, &t.rows, ((PageRow){{l->code->name, l->over, form_of(x, l), why_of(x, l)}}));
	}
	page_table(x->out, x->env->markdown, &t);
}

/* Of all codes, also of those that are no more: a pass may have put others in their place. */
static void
put_remarks(const Explain *x)
{
	const Plan *p = x->env->plan;
	PageTable t = {.columns = 4};
	VEC_PUSH(x->a, &t.rows, ((PageRow){{"code", "pass", "done", "because"}}));
	for (uint32_t i = 0; i < p->remarks.n; i++) {
		const PlanRemark *r = &p->remarks.at[i];
		VEC_PUSH(x->a, &t.rows, ((PageRow){{r->code, r->pass, r->done ? "yes" : "no", r->text}}));
	}
	if (t.rows.n > 1)
		page_table(x->out, x->env->markdown, &t);
	else
		strbuf_puts(x->out, "No pass of the optimiser found anything to do.\n");
}

void
explain_loops(const Explain *x, const PlanCode *step)
{
	const Plan *p = x->env->plan;
	KernelVec kernels = {0};
	LoopVec loops = {0};
	if (step)
		find_kernels(p, step, step->body, "", &kernels);
	for (uint32_t c = 0; c < kernels.n; c++) {
		CostLoopVec of = {0};
		cost_of_code(p, p->codes.at[kernels.at[c].code], kernels.at[c].where, &of);
		for (uint32_t i = 0; i < of.n; i++)
			VEC_PUSH(x->a, &loops, of.at[i]);
	}
	page_title(x->out, x->env->markdown, "Loops of a step");
	put_costs(x, &loops);
	page_title(x->out, x->env->markdown, "Why they have this form");
	put_reasons(x, &loops);
	page_title(x->out, x->env->markdown, "What the passes did");
	put_remarks(x);
}
