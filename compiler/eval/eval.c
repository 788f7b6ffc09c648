/* eval: statements, codes and the way in. */
#include "eval/eval_inner.h"

#include "base/panic.h"

#include <stdlib.h>
#include <string.h>

enum { STATUS_FAILED = -2 };

void
eval_fail(Eval *ev, const char *fmt, ...)
{
	Arena *a = ev->p->arena;
	va_list ap;
	va_start(ap, fmt);
	const char *what = arena_vprintf(a, fmt, ap);
	va_end(ap);
	const char *where = ev->code < ev->p->codes.n ? ev->p->codes.at[ev->code]->name : "";
	ev->why = *where ? arena_printf(a, "in `%s`: %s", where, what) : what;
	longjmp(ev->out, 1);
}

static void
set_local(Eval *ev, uint32_t id, Val v)
{
	ev->local[id] = v;
	ev->is_set[id] = 1;
}

/* ---- codes -------------------------------------------------------------------------------------------- */

static int64_t exec_block(Eval *ev, PlanBlock b);

/* Makes `code` the running one, with no local set; gives the one before. */
static uint32_t
enter(Eval *ev, uint32_t code)
{
	uint32_t before = ev->code;
	ev->code = code;
	ev->local = ev->vals[code];
	ev->is_set = ev->set[code];
	memset(ev->is_set, 0, ev->p->codes.at[code]->nlocals);
	return before;
}

static void
leave(Eval *ev, uint32_t before)
{
	ev->code = before;
	if (before < ev->p->codes.n) {
		ev->local = ev->vals[before];
		ev->is_set = ev->set[before];
	}
}

int64_t
eval_kernel(Eval *ev, uint32_t code, int64_t lo, int64_t hi)
{
	uint32_t before = enter(ev, code);
	ev->part++;
	set_local(ev, 0, (Val){.i = lo});
	set_local(ev, 1, (Val){.i = hi});
	int64_t status = exec_block(ev, ev->p->codes.at[code]->body);
	leave(ev, before);
	return status;
}

static int64_t
run_kernel(Eval *ev, uint32_t code)
{
	return eval_kernel(ev, code, 0, (int64_t)ev->p->codes.at[code]->range);
}

static int64_t
do_proc(Eval *ev, uint32_t code)
{
	uint32_t before = enter(ev, code);
	int64_t status = exec_block(ev, ev->p->codes.at[code]->body);
	leave(ev, before);
	return status;
}

/* The values of a call go straight into the frame of the func, and the values of its `return` (its last
 * statement) straight back. */
static void
call_func(Eval *ev, const PlanStmt *s)
{
	const PlanCode *f = ev->p->codes.at[s->id];
	Val *args = ev->vals[s->id];
	for (uint32_t i = 0; i < s->nops; i++)
		args[i] = eval_expr(ev, s->op[i]);
	uint32_t before = enter(ev, s->id);
	memset(ev->is_set, 1, f->nparams);
	exec_block(ev, f->body);
	const PlanStmt *ret = f->body.at[f->body.n - 1];
	for (uint32_t i = 0; i < f->nresults; i++) {
		Val v = eval_expr(ev, ret->op[i]);
		ev->vals[before][s->locals[i]] = v;
		ev->set[before][s->locals[i]] = 1;
	}
	leave(ev, before);
}

/* ---- statements ----------------------------------------------------------------------------------------- */

static int64_t
exec_for(Eval *ev, const PlanStmt *s)
{
	int64_t lo = eval_expr(ev, s->e).i, hi = eval_expr(ev, s->hi).i;
	for (int64_t i = lo; i < hi; i += s->step) {
		set_local(ev, s->id, (Val){.i = i});
		int64_t status = exec_block(ev, s->body);
		if (status < 0)
			return status;
		if (i > INT64_MAX - s->step)
			break;
	}
	return 0;
}

static int64_t
exec_while(Eval *ev, const PlanStmt *s)
{
	while (eval_expr(ev, s->e).i) {
		int64_t status = exec_block(ev, s->body);
		if (status < 0)
			return status;
	}
	return 0;
}

static int64_t
exec_host(Eval *ev, const PlanStmt *s)
{
	enum { MAX_ARGS = 16 };
	int64_t args[MAX_ARGS];
	ASSERT(s->nargs <= MAX_ARGS);
	for (uint32_t i = 0; i < s->nargs; i++) {
		const PlanExpr *e = s->args[i].e;
		args[i] = s->args[i].address ? (int64_t)(intptr_t)eval_address(ev, e->id, e->op) : eval_expr(ev, e).i;
	}
	int64_t r = ev->host.call ? ev->host.call(ev->host.env, s->id, s->nargs, args) : 0;
	if (s->nlocals)
		set_local(ev, s->locals[0], (Val){.i = r});
	return r < 0 ? r : 0;
}

static int64_t
exec_stmt(Eval *ev, const PlanStmt *s)
{
	switch (s->kind) {
	case PSTMT_LET:
	case PSTMT_VAR:
	case PSTMT_SET:
		set_local(ev, s->id, eval_expr(ev, s->e));
		return 0;
	case PSTMT_STORE: {
		/* First the place, then the value: neither changes anything, so only a failing index could tell. */
		char *at = eval_address(ev, s->id, s->op);
		Val v = eval_expr(ev, s->e);
		PlanType t = ev->p->bufs.at[s->id].type;
		if (ev->in_team)
			eval_touch(ev, s->id, at, plan_type_size(t), true);
		eval_write_work(ev, s->id, at);
		eval_store(t, at, v);
		return 0;
	}
	case PSTMT_PREFETCH:                              /* nothing but that the element must be there */
		eval_address(ev, s->id, s->op);
		return 0;
	case PSTMT_FOR: return exec_for(ev, s);
	case PSTMT_WHILE: return exec_while(ev, s);
	case PSTMT_IF: return exec_block(ev, eval_expr(ev, s->e).i ? s->body : s->other);
	case PSTMT_CALL:
		call_func(ev, s);
		return 0;
	case PSTMT_RETURN: return 0;                      /* call_func takes the values */
	case PSTMT_RUN: return run_kernel(ev, s->id);
	case PSTMT_DO: return do_proc(ev, s->id);
	case PSTMT_HOST: return exec_host(ev, s);
	case PSTMT_TEAM: return eval_team(ev, s->body);
	case PSTMT_MEET:                                  /* eval_team stops there */
	case PSTMT_NOTE: return 0;
	case PSTMT_UNSET:
	case PSTMT_COUNT: break;
	}
	UNREACHABLE();
}

static int64_t
exec_block(Eval *ev, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		int64_t status = exec_stmt(ev, b.at[i]);
		if (status < 0)
			return status;
	}
	return 0;
}

/* ---- the way in ------------------------------------------------------------------------------------------- */

static void
write_consts(Eval *ev)
{
	for (uint32_t i = 0; i < ev->p->bufs.n; i++) {
		const PlanBuf *b = &ev->p->bufs.at[i];
		uint64_t n = b->role == ROLE_CONST ? plan_buf_count(b) : 0;
		for (uint64_t k = 0; k < n; k++)
			eval_store(b->type, ev->arena + b->offset + k * plan_type_size(b->type), eval_const(b->type, b->data[k]));
	}
}

static Eval *
open_eval(Arena *a, const Plan *p, void *arena, const EvalHost *host)
{
	Eval *ev = ARENA_NEW(a, Eval);
	ev->p = p;
	ev->arena = arena;
	if (host)
		ev->host = *host;
	ev->threads = ev->host.threads > PLAN_MAX_TEAM ? PLAN_MAX_TEAM : ev->host.threads > 1 ? ev->host.threads : 1;
	ev->code = UINT32_MAX;
	ev->vals = ARENA_ARRAY(a, Val *, p->codes.n);
	ev->set = ARENA_ARRAY(a, uint8_t *, p->codes.n);
	for (uint32_t i = 0; i < p->codes.n; i++) {
		ev->vals[i] = ARENA_ARRAY(a, Val, p->codes.at[i]->nlocals);
		ev->set[i] = ARENA_ARRAY(a, uint8_t, p->codes.at[i]->nlocals);
	}
	return ev;
}

static int64_t
run_named(Eval *ev, const char *name)
{
	uint32_t code = plan_find_code(ev->p, name);
	PlanCodeKind kind = code == UINT32_MAX ? CODE_UNSET : ev->p->codes.at[code]->kind;
	if (kind != CODE_PROC && kind != CODE_KERNEL)
		eval_fail(ev, "the plan has no proc or kernel `%s`", name);
	write_consts(ev);
	return kind == CODE_PROC ? do_proc(ev, code) : run_kernel(ev, code);
}

int64_t
eval_run(const Plan *p, const char *name, void *arena, const EvalHost *host, const char **why)
{
	Arena *own = arena_open();
	Eval *ev = open_eval(own, p, arena, host);
	int64_t status = STATUS_FAILED;
	eval_open_work(ev);
	if (!setjmp(ev->out))
		status = run_named(ev, name);
	*why = ev->why;
	free(ev->touched);
	free(ev->written);
	arena_close(own);
	return status;
}

static bool
call_named(Eval *ev, uint32_t id, const EvalValue *args, EvalValue *results)
{
	const PlanCode *f = ev->p->codes.at[id];
	memcpy(ev->vals[id], args, f->nparams * sizeof *args);
	enter(ev, id);
	memset(ev->is_set, 1, f->nparams);
	exec_block(ev, f->body);
	for (uint32_t i = 0; i < f->nresults; i++)
		results[i] = eval_expr(ev, f->body.at[f->body.n - 1]->op[i]);
	return true;
}

bool
eval_call(const Plan *p, const char *func, const EvalValue *args, EvalValue *results, const char **why)
{
	uint32_t id = plan_find_code(p, func);
	ASSERT(id != UINT32_MAX && p->codes.at[id]->kind == CODE_FUNC);
	Arena *own = arena_open();
	Eval *ev = open_eval(own, p, NULL, NULL);
	bool ok = false;
	if (!setjmp(ev->out))
		ok = call_named(ev, id, args, results);
	*why = ev->why;
	arena_close(own);
	return ok;
}
