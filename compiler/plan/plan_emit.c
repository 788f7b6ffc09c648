/* plan_emit: blocks being built, one function per statement. */
#include "plan/plan_inner.h"

#include "base/panic.h"

#include <string.h>

PlanEmit
plan_emit(Plan *p, PlanCode *c)
{
	PlanEmit b;
	memset(&b, 0, sizeof b);
	b.plan = p;
	b.code = c;
	return b;
}

PlanBlock
plan_freeze(PlanEmit *b)
{
	PlanBlock out = {b->v.at, b->v.n};
	return out;
}

static PlanStmt *
put(PlanEmit *b, PlanStmtKind k)
{
	PlanStmt *s = ARENA_NEW(b->plan->arena, PlanStmt);
	s->span = b->plan->at;
	s->kind = k;
	VEC_PUSH(b->plan->arena, &b->v, s);
	return s;
}

static PlanExpr **
copy_exprs(PlanEmit *b, uint32_t n, PlanExpr *const *e)
{
	return n ? arena_copy(b->plan->arena, e, n * sizeof *e) : NULL;
}

PlanExpr *
plan_emit_let(PlanEmit *b, const char *name, PlanExpr *e)
{
	PlanStmt *s = put(b, PSTMT_LET);
	s->id = plan_add_local(b->plan, b->code, name, e->type);
	s->e = e;
	return plan_local(b->plan, b->code, s->id);
}

uint32_t
plan_emit_var(PlanEmit *b, const char *name, PlanExpr *e)
{
	PlanStmt *s = put(b, PSTMT_VAR);
	s->id = plan_add_local(b->plan, b->code, name, e->type);
	s->e = e;
	return s->id;
}

void
plan_emit_set(PlanEmit *b, uint32_t local, PlanExpr *e)
{
	ASSERT(local < b->code->nlocals);
	ASSERT(b->code->locals[local].type == e->type);
	PlanStmt *s = put(b, PSTMT_SET);
	s->id = local;
	s->e = e;
}

void
plan_emit_store(PlanEmit *b, uint32_t buf, uint32_t n, PlanExpr *const *index, PlanExpr *e)
{
	ASSERT(buf < b->plan->bufs.n);
	ASSERT(n == b->plan->bufs.at[buf].naxes);
	ASSERT(e->type == plan_type_value(b->plan->bufs.at[buf].type));
	PlanStmt *s = put(b, PSTMT_STORE);
	s->id = buf;
	s->e = e;
	s->nops = n;
	s->op = copy_exprs(b, n, index);
}

uint32_t
plan_new_loop_local(PlanEmit *b, const char *name)
{
	return plan_add_local(b->plan, b->code, name, PT_I64);
}

PlanStmt *
plan_emit_for(PlanEmit *b, uint32_t local, PlanExpr *lo, PlanExpr *hi, bool simd, PlanEmit *body)
{
	ASSERT(lo->type == PT_I64 && hi->type == PT_I64);
	PlanStmt *s = put(b, PSTMT_FOR);
	s->id = local;
	s->e = lo;
	s->hi = hi;
	s->step = 1;
	s->simd = simd;
	s->body = plan_freeze(body);
	return s;
}

void
plan_emit_while(PlanEmit *b, PlanExpr *cond, PlanEmit *body)
{
	ASSERT(cond->type == PT_BOOL);
	PlanStmt *s = put(b, PSTMT_WHILE);
	s->e = cond;
	s->body = plan_freeze(body);
}

void
plan_emit_if(PlanEmit *b, PlanExpr *cond, PlanEmit *then, PlanEmit *otherwise)
{
	ASSERT(cond->type == PT_BOOL);
	PlanStmt *s = put(b, PSTMT_IF);
	s->e = cond;
	s->body = plan_freeze(then);
	if (otherwise)
		s->other = plan_freeze(otherwise);
}

void
plan_emit_call(PlanEmit *b, uint32_t func, uint32_t nargs, PlanExpr *const *args, const char *const *names,
               PlanExpr **results)
{
	ASSERT(func < b->plan->codes.n);
	const PlanCode *f = b->plan->codes.at[func];
	ASSERT(f->kind == CODE_FUNC && f->nparams == nargs);
	for (uint32_t i = 0; i < nargs; i++)
		ASSERT(args[i]->type == f->locals[i].type);
	PlanStmt *s = put(b, PSTMT_CALL);
	s->id = func;
	s->nops = nargs;
	s->op = copy_exprs(b, nargs, args);
	s->nlocals = f->nresults;
	s->locals = ARENA_ARRAY(b->plan->arena, uint32_t, f->nresults);
	for (uint32_t i = 0; i < f->nresults; i++) {
		s->locals[i] = plan_add_local(b->plan, b->code, names[i], f->results[i]);
		results[i] = plan_local(b->plan, b->code, s->locals[i]);
	}
}

void
plan_emit_return(PlanEmit *b, uint32_t n, PlanExpr *const *values)
{
	PlanStmt *s = put(b, PSTMT_RETURN);
	s->nops = n;
	s->op = copy_exprs(b, n, values);
}

void
plan_emit_run(PlanEmit *b, uint32_t kernel)
{
	put(b, PSTMT_RUN)->id = kernel;
}

void
plan_emit_do(PlanEmit *b, uint32_t proc)
{
	put(b, PSTMT_DO)->id = proc;
}

PlanExpr *
plan_emit_host(PlanEmit *b, const char *fn, const char *keep, uint32_t n, const PlanArg *args)
{
	PlanStmt *s = put(b, PSTMT_HOST);
	s->id = plan_host_find(fn);
	s->nargs = n;
	ASSERT(strlen(plan_host_fns[s->id].args) == n);
	s->args = n ? arena_copy(b->plan->arena, args, n * sizeof *args) : NULL;
	if (!keep)
		return NULL;
	s->nlocals = 1;
	s->locals = ARENA_NEW(b->plan->arena, uint32_t);
	s->locals[0] = plan_add_local(b->plan, b->code, keep, PT_I64);
	return plan_local(b->plan, b->code, s->locals[0]);
}

void
plan_emit_note(PlanEmit *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	put(b, PSTMT_NOTE)->text = arena_vprintf(b->plan->arena, fmt, ap);
	va_end(ap);
}

void
plan_remark(Plan *p, const char *pass, bool done, const PlanCode *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	PlanRemark r = {pass, done, c->name, arena_vprintf(p->arena, fmt, ap), NULL};
	va_end(ap);
	for (uint32_t i = 0; i < p->remarks.n; i++) {
		const PlanRemark *o = &p->remarks.at[i];
		if (o->code == r.code && strcmp(o->pass, pass) == 0 && strcmp(o->text, r.text) == 0)
			return;
	}
	VEC_PUSH(p->arena, &p->remarks, r);
}

void
plan_remark_form(Plan *p, const char *pass, const PlanCode *c, const char *form)
{
	for (uint32_t i = p->remarks.n; i-- > 0;) {
		PlanRemark *r = &p->remarks.at[i];
		if (r->code == c->name && strcmp(r->pass, pass) == 0) {
			r->form = form;
			return;
		}
	}
}
