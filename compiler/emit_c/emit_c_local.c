/* emit_c_local: names of what a code declares.
 *
 * In a plan the names of a code are all different: i, i2, i3 in three loops side by side. C has
 * scopes, so each of these is called i again where no other i can be seen.
 */
#include "emit_c/emit_c_inner.h"

#include <ctype.h>
#include <string.h>

static void name_block(CEmit *c, CNames *scope, const PlanBlock *b);

static void
take_callees(CEmit *c, CNames *names, const PlanBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const PlanStmt *s = b->at[i];
		if (s->kind == PSTMT_CALL || s->kind == PSTMT_RUN || s->kind == PSTMT_DO)
			c_names_take(names, c->codes[s->id]);
		if (s->kind == PSTMT_HOST) {
			for (uint32_t k = 0; k < c->plan->objects.n; k++)
				c_names_take(names, c->objects[k]);
		}
		take_callees(c, names, &s->body);
		take_callees(c, names, &s->other);
	}
}

/* "i" for i3, if the code has an i: then the number only keeps them apart. */
static const char *
wanted_name(const CEmit *c, uint32_t local)
{
	const char *name = c->code->locals[local].name;
	size_t n = strlen(name);
	while (n > 1 && isdigit((unsigned char)name[n - 1]))
		n--;
	for (uint32_t i = 0; name[n] && i < c->code->nlocals; i++) {
		const char *other = c->code->locals[i].name;
		if (strlen(other) == n && memcmp(other, name, n) == 0)
			return other;
	}
	return name;
}

static void
declare(CEmit *c, CNames *scope, uint32_t local)
{
	c->info->locals[local] = c_names_add(scope, wanted_name(c, local));
}

/* Whether a value stays the same while a loop runs: constants and locals that no statement sets. */
static bool
is_fixed(const CEmit *c, const PlanExpr *e)
{
	if (e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK || (e->kind == PEXPR_LOCAL && c->info->mutable[e->id]))
		return false;
	for (uint32_t i = 0; i < e->nops; i++) {
		if (!is_fixed(c, e->op[i]))
			return false;
	}
	return true;
}

/* Names of an inner block are free again behind it. All that were ever given stay in c->names. */
static void
close_scope(CEmit *c, CNames *scope, uint32_t mark)
{
	for (uint32_t i = mark; i < scope->taken.n; i++)
		c_names_take(&c->names, scope->taken.at[i]);
	scope->taken.n = mark;
}

static void
name_loop(CEmit *c, CNames *scope, const PlanStmt *s)
{
	uint32_t mark = scope->taken.n;
	declare(c, scope, s->id);
	if (c_one_turn(c, s)) {
		name_block(c, scope, &s->body);
		return;
	}
	if (!is_fixed(c, s->hi)) {
		const char *end = arena_printf(c->arena, "%s_end", c->info->locals[s->id]);
		c->info->ends[s->id] = c_names_add(scope, end);
	}
	name_block(c, scope, &s->body);
	close_scope(c, scope, mark);
}

static void
name_block(CEmit *c, CNames *scope, const PlanBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const PlanStmt *s = b->at[i];
		if (!c_stmt_live(c, s))
			continue;
		if (s->kind == PSTMT_LET || s->kind == PSTMT_VAR)
			declare(c, scope, s->id);
		if (s->kind == PSTMT_CALL || s->kind == PSTMT_HOST) {
			for (uint32_t k = 0; k < s->nlocals; k++)
				declare(c, scope, s->locals[k]);
		}
		if (s->kind == PSTMT_FOR) {
			name_loop(c, scope, s);
			continue;
		}
		uint32_t mark = scope->taken.n;
		name_block(c, scope, &s->body);
		close_scope(c, scope, mark);
		name_block(c, scope, &s->other);
		close_scope(c, scope, mark);
	}
}

/* The parameter that carries result i out: named after the local that is returned. */
static void
name_outs(CEmit *c, CNames *scope)
{
	const PlanCode *code = c->code;
	const PlanStmt *ret = code->body.n ? code->body.at[code->body.n - 1] : NULL;
	c->info->outs = ARENA_ARRAY(c->arena, const char *, code->nresults + 1);
	for (uint32_t i = 0; i < code->nresults; i++) {
		const char *base = "out";
		if (ret && ret->kind == PSTMT_RETURN && ret->op[i]->kind == PEXPR_LOCAL)
			base = arena_printf(c->arena, "%s_out", code->locals[ret->op[i]->id].name);
		c->info->outs[i] = c_names_add(scope, base);
	}
}

void
c_name_locals(CEmit *c)
{
	const PlanCode *code = c->code;
	CCode *info = c->info;
	CNames scope = c_names_init(c->arena, false);
	c->names = c_names_init(c->arena, false);
	c_names_take(&scope, c->self);
	for (uint32_t i = 0; i < c->plan->bufs.n; i++)
		if (plan_buf_in_frame(&c->plan->bufs.at[i]))
			c_names_take(&scope, c->bufs[i]);
	take_callees(c, &scope, &code->body);
	info->locals = ARENA_ARRAY(c->arena, const char *, code->nlocals + 1);
	info->ends = ARENA_ARRAY(c->arena, const char *, code->nlocals + 1);
	for (uint32_t i = 0; i < code->nparams; i++)
		info->locals[i] = c_names_add(&scope, code->locals[i].name);
	if (code->nresults > 1)
		name_outs(c, &scope);
	if (info->status)
		info->status_name = c_names_add(&scope, "status");
	name_block(c, &scope, &code->body);
	close_scope(c, &scope, 0);
}
