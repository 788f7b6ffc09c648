/* explain: see explain.h. */
#include "explain/explain.h"

#include "explain/cost.h"
#include "explain/page.h"

#include <inttypes.h>
#include <string.h>

typedef struct { StrBuf *out; const ExplainEnv *env; Arena *a; } Explain;

/* ---- models ----------------------------------------------------------------------------------- */

static void
put_solved(Explain *x, const NetCode *c)
{
	for (uint32_t i = 0; i < c->solved.n; i++)
		strbuf_printf(x->out, "%s%s: by `%s`, %s.\n", x->env->markdown ? "* " : "    ", c->solved.at[i].states,
			      net_method_name(c->solved.at[i].method), c->solved.at[i].why);
	strbuf_puts(x->out, c->solved.n ? "\n" : "");
}

static void
put_models(Explain *x)
{
	const Net *n = x->env->net;
	for (uint32_t i = 0; i < n->layers.n; i++) {
		const NetLayer *l = &n->layers.at[i];
		StrBuf code = strbuf_init(x->a);
		page_title(x->out, x->env->markdown, arena_printf(x->a, "Layer %s", l->name));
		put_solved(x, &l->step);
		net_print_layer(&code, n, l);
		page_code(x->out, x->env->markdown, strbuf_text(&code));
	}
	for (uint32_t i = 0; i < n->conns.n; i++) {
		const NetConn *c = &n->conns.at[i];
		StrBuf code = strbuf_init(x->a);
		page_title(x->out, x->env->markdown, arena_printf(x->a, "Connection %s", c->name));
		for (uint32_t k = 0; k < c->features.n; k++) {
			const NetFeature *f = &c->features.at[k];
			put_solved(x, &f->compute);
			for (uint32_t h = 0; f->has_rule && h < f->rule.handlers.n; h++)
				put_solved(x, &f->rule.handlers.at[h].code);
		}
		net_print_conn(&code, n, c);
		page_code(x->out, x->env->markdown, strbuf_text(&code));
	}
}

/* ---- a step ----------------------------------------------------------------------------------- */

static void
put_order(Explain *x, PlanBlock b)
{
	const Plan *p = x->env->plan;
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_NOTE)
			strbuf_printf(x->out, "    %s\n", s->text);
		else if (s->kind == PSTMT_RUN)
			strbuf_printf(x->out, "        %s\n", p->codes.at[s->id]->name);
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

/* ---- states ----------------------------------------------------------------------------------- */

static const char *
axes_text(Explain *x, const PlanBuf *b)
{
	StrBuf out = strbuf_init(x->a);
	for (uint32_t i = 0; i < b->naxes; i++)
		strbuf_printf(&out, "%s%s %" PRIu64, i ? ", " : "", plan_axis_name(b->axis[i].kind), b->axis[i].extent);
	return b->naxes ? strbuf_text(&out) : "one number";
}

static void
put_states(Explain *x)
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

/* ---- loops ------------------------------------------------------------------------------------ */

typedef VEC(uint32_t) KernelVec;

/* Those of a step, in its order. */
static void
find_kernels(const Plan *p, PlanBlock b, KernelVec *out)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_RUN)
			VEC_PUSH(p->arena, out, s->id);
		if (s->kind == PSTMT_DO)
			find_kernels(p, p->codes.at[s->id]->body, out);
		find_kernels(p, s->body, out);
		find_kernels(p, s->other, out);
	}
}

/* The kernel, or that of which it is a part. */
static bool
is_by(const Plan *p, const PlanCode *c, const char *pass)
{
	for (uint32_t i = 0; i < p->remarks.n; i++) {
		size_t n = strlen(p->remarks.at[i].code);
		bool of = strncmp(p->remarks.at[i].code, c->name, n) == 0 && (c->name[n] == '.' || c->name[n] == 0);
		if (of && p->remarks.at[i].done && strcmp(p->remarks.at[i].pass, pass) == 0)
			return true;
	}
	return false;
}

static void
put_loops(Explain *x, const KernelVec *kernels)
{
	const Plan *p = x->env->plan;
	PageTable t = {.columns = 7};
	double flops = 0, bytes = 0;
	VEC_PUSH(x->a, &t.rows, ((PageRow){{"kernel", "turns", "form", "flops a turn", "bytes a turn", "in a step", "largest array"}}));
	for (uint32_t c = 0; c < kernels->n; c++) {
		CostLoopVec loops = {0};
		cost_of_code(p, p->codes.at[kernels->at[c]], &loops);
		for (uint32_t i = 0; i < loops.n; i++) {
			const CostLoop *l = &loops.at[i];
			bool dense = l->form == FORM_DENSE, lazy = is_by(p, l->code, "lazy");
			const char *form = arena_printf(x->a, "%s%s%s", lazy ? "lazy" : dense ? "dense" : "event", l->simd ? ", vector" : "",
						       l->sometimes ? ", sometimes" : "");
			const char *all = !dense ? "by events" : arena_printf(x->a, "%s flops, %s", page_count(x->a, l->turns * l->flops),
									      page_bytes(x->a, l->turns * l->bytes));
			PageRow row = {{l->code->name, l->over, form, page_count(x->a, l->flops), page_count(x->a, l->bytes), all, l->layout}};
			VEC_PUSH(x->a, &t.rows, row);
			flops += dense && !l->sometimes ? l->turns * l->flops : 0;
			bytes += dense && !l->sometimes ? l->turns * l->bytes : 0;
		}
	}
	page_table(x->out, x->env->markdown, &t);
	strbuf_printf(x->out, "\nDense loops: %s flops and %s in each step; the others as often as spikes ask for.\n", page_count(x->a, flops),
		      page_bytes(x->a, bytes));
}

static void
put_remarks(Explain *x, const KernelVec *kernels)
{
	const Plan *p = x->env->plan;
	PageTable t = {.columns = 4};
	VEC_PUSH(x->a, &t.rows, ((PageRow){{"kernel", "pass", "done", "because"}}));
	for (uint32_t c = 0; c < kernels->n; c++) {
		for (uint32_t i = 0; i < p->remarks.n; i++) {
			const PlanRemark *r = &p->remarks.at[i];
			if (r->code == p->codes.at[kernels->at[c]]->name)
				VEC_PUSH(x->a, &t.rows, ((PageRow){{r->code, r->pass, r->done ? "yes" : "no", r->text}}));
		}
	}
	if (t.rows.n > 1)
		page_table(x->out, x->env->markdown, &t);
	else
		strbuf_puts(x->out, "No pass of the optimiser found anything to do.\n");
}

/* ---- the whole -------------------------------------------------------------------------------- */

void
explain_print(StrBuf *out, const ExplainEnv *env)
{
	Explain x = {out, env, env->plan->arena};
	const PlanCode *step = find_code(env->plan, "step");
	KernelVec kernels = {0};
	strbuf_printf(out, "%s%s: %s, dt %g ms, batch %" PRIu64 "\n", env->markdown ? "# " : "", env->net->name, plan_type_name(env->plan->real),
		      env->net->dt, env->net->batch);
	put_models(&x);
	page_title(out, env->markdown, "A step, in order");
	strbuf_puts(out, env->markdown ? "```text\n" : "");
	if (step) {
		put_order(&x, step->body);
		find_kernels(env->plan, step->body, &kernels);
	}
	strbuf_puts(out, env->markdown ? "```\n" : "");
	page_title(out, env->markdown, "Where states live");
	put_states(&x);
	page_title(out, env->markdown, "Loops of a step");
	put_loops(&x, &kernels);
	page_title(out, env->markdown, "Why");
	put_remarks(&x, &kernels);
}
