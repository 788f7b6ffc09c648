/* plan_build: constructors of a plan, its tables and its expressions. They check what they are given: a plan
 * with ill-typed expressions is our own mistake and found where it is made. */
#include "plan/plan_inner.h"

#include "base/panic.h"

#include <string.h>

/* ---- the whole ----------------------------------------------------------------------------- */

Plan *
plan_new(Arena *a, Interner *names, const char *name, PlanType real)
{
	ASSERT(real == PT_F32 || real == PT_F64);
	Plan *p = ARENA_NEW(a, Plan);
	p->arena = a;
	p->names = names;
	p->name = intern(names, name);
	p->real = real;
	p->dt = 1;
	return p;
}

uint32_t
plan_add_buf(Plan *p, const char *name, PlanType t, PlanRole role, uint32_t naxes, const PlanAxis *axes)
{
	ASSERT(naxes <= PLAN_MAX_AXES);
	ASSERT(t != PT_UNSET && role != ROLE_UNSET);
	ASSERT(plan_find_buf(p, name) == UINT32_MAX);
	PlanBuf b = {.name = intern(p->names, name), .type = t, .role = role, .naxes = naxes};
	for (uint32_t i = 0; i < naxes; i++)
		b.axis[i] = axes[i];
	VEC_PUSH(p->arena, &p->bufs, b);
	return p->bufs.n - 1;
}

uint32_t
plan_find_buf(const Plan *p, const char *name)
{
	Name n = intern(p->names, name);
	for (uint32_t i = 0; i < p->bufs.n; i++) {
		if (p->bufs.at[i].name == n)
			return i;
	}
	return UINT32_MAX;
}

uint32_t
plan_find_code(const Plan *p, const char *name)
{
	Name n = intern(p->names, name);
	for (uint32_t i = 0; i < p->codes.n; i++) {
		if (p->codes.at[i]->name == n)
			return i;
	}
	return UINT32_MAX;
}

uint32_t
plan_add_object(Plan *p, PlanObjectKind k, const char *name)
{
	PlanObject o = {.kind = k, .name = intern(p->names, name)};
	VEC_PUSH(p->arena, &p->objects, o);
	return p->objects.n - 1;
}

uint32_t
plan_add_code(Plan *p, PlanCodeKind k, const char *name)
{
	ASSERT(plan_find_code(p, name) == UINT32_MAX);
	PlanCode *c = ARENA_NEW(p->arena, PlanCode);
	c->kind = k;
	c->name = intern(p->names, name);
	if (k == CODE_KERNEL) {
		plan_add_local(p, c, "lo", PT_I64);
		plan_add_local(p, c, "hi", PT_I64);
		c->nparams = 2;
	}
	VEC_PUSH(p->arena, &p->codes, c);
	return p->codes.n - 1;
}

uint64_t
plan_buf_count(const PlanBuf *b)
{
	uint64_t n = 1, limit = (uint64_t)1 << 48;
	for (uint32_t i = 0; i < b->naxes; i++) {
		uint64_t extent = b->axis[i].extent;
		if (extent && n > limit / extent)
			return UINT64_MAX;
		n *= extent;
	}
	return n;
}

uint64_t
plan_buf_pitch(const PlanBuf *b)
{
	return b->pitch ? b->pitch : b->naxes ? b->axis[b->naxes - 1].extent : 1;
}

uint64_t
plan_buf_bytes(const PlanBuf *b)
{
	PlanBuf whole = *b;
	if (b->pitch)
		whole.axis[b->naxes - 1].extent = b->pitch;
	uint64_t n = plan_buf_count(&whole);
	return n == UINT64_MAX ? n : n * plan_type_size(b->type);
}

/* Flags are looked at by sixty-four, which a frame may have fewer of. */
bool
plan_buf_in_frame(const PlanBuf *b)
{
	return b->role == ROLE_WORK && b->type != PT_BOOL && plan_buf_bytes(b) <= PLAN_FRAME;
}

uint64_t
plan_buf_place(const PlanBuf *b, uint64_t i)
{
	uint64_t row = b->pitch ? b->axis[b->naxes - 1].extent : 1;
	return b->pitch ? i / row * b->pitch + i % row : i;
}

void
plan_note_stores(bool *stored, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		if (b.at[i]->kind == PSTMT_STORE)
			stored[b.at[i]->id] = true;
		plan_note_stores(stored, b.at[i]->body);
		plan_note_stores(stored, b.at[i]->other);
	}
}

void
plan_layout(Plan *p)
{
	uint64_t at = PLAN_HEADER;
	for (uint32_t i = 0; i < p->bufs.n; i++) {
		PlanBuf *b = &p->bufs.at[i];
		uint64_t bytes = plan_buf_bytes(b);
		ASSERT(bytes <= UINT64_MAX / 4 - at);
		b->offset = at;
		at = (at + bytes + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
	}
	p->arena_bytes = at;
}

/* ---- locals --------------------------------------------------------------------------------- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A name of letters, digits and _, as every back end can have it. */
static const char *
clean_name(Plan *p, const char *name)
{
	size_t n = strlen(name);
	char *s = arena_printf(p->arena, "%s%s", n == 0 || is_digit(name[0]) ? "_" : "", name);
	for (char *c = s; *c; c++) {
		bool ok = is_digit(*c) || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_';
		if (!ok)
			*c = '_';
	}
	return plan_word_is_reserved(s, strlen(s)) ? arena_printf(p->arena, "%s_", s) : s;
}

/* The number k of a name that is `stem` followed by k: 1 for the stem itself, 0 for any other name. */
static uint64_t
number_of(const char *name, const char *stem, size_t n)
{
	if (strncmp(name, stem, n) != 0)
		return 0;
	uint64_t k = name[n] ? 0 : 1;
	for (const char *c = name + n; *c; c++) {
		if (!is_digit(*c) || k > UINT32_MAX)
			return 0;
		k = 10 * k + (uint64_t)(*c - '0');
	}
	return k;
}

uint32_t
plan_add_local(Plan *p, PlanCode *c, const char *name, PlanType t)
{
	const char *stem = clean_name(p, name);
	Name own = intern(p->names, stem);
	bool taken = false;
	uint64_t top = 1;
	for (uint32_t i = 0; i < c->nlocals; i++) {
		taken = taken || c->locals[i].name == own;
		uint64_t k = number_of(c->locals[i].name, stem, strlen(stem));
		top = k > top ? k : top;
	}
	if (taken)
		own = intern_printf(p->names, "%s%llu", stem, (unsigned long long)top + 1);
	if (c->nlocals == c->locals_cap)
		c->locals = vec_grow(p->arena, c->locals, sizeof *c->locals, c->nlocals, &c->locals_cap);
	c->locals[c->nlocals] = (PlanLocal){own, t};
	return c->nlocals++;
}

/* ---- expressions ----------------------------------------------------------------------------- */

static PlanExpr *
new_expr(Plan *p, PlanExprKind k, PlanType t)
{
	PlanExpr *e = ARENA_NEW(p->arena, PlanExpr);
	e->kind = k;
	e->type = t;
	return e;
}

PlanExpr *
plan_float(Plan *p, PlanType t, double v)
{
	ASSERT(t == PT_F32 || t == PT_F64);
	PlanExpr *e = new_expr(p, PEXPR_CONST, t);
	e->value.f = plan_round_float(t, v);
	return e;
}

PlanExpr *
plan_int(Plan *p, PlanType t, int64_t v)
{
	ASSERT(plan_type_is_int(t) || t == PT_BOOL);
	PlanExpr *e = new_expr(p, PEXPR_CONST, t);
	e->value.i = plan_wrap_int(t, v);
	return e;
}

PlanExpr *
plan_local(Plan *p, const PlanCode *c, uint32_t local)
{
	ASSERT(local < c->nlocals);
	PlanExpr *e = new_expr(p, PEXPR_LOCAL, c->locals[local].type);
	e->id = local;
	return e;
}

PlanExpr *
plan_load(Plan *p, uint32_t buf, uint32_t n, PlanExpr *const *index)
{
	ASSERT(buf < p->bufs.n);
	ASSERT(n == p->bufs.at[buf].naxes);
	PlanExpr *e = new_expr(p, PEXPR_LOAD, plan_type_value(p->bufs.at[buf].type));
	e->id = buf;
	e->nops = n;
	for (uint32_t i = 0; i < n; i++) {
		ASSERT(index[i]->type == PT_I64);
		e->op[i] = index[i];
	}
	return e;
}

PlanExpr *
plan_mask(Plan *p, uint32_t buf, uint32_t axes, PlanExpr *const *index, PlanExpr *n)
{
	ASSERT(axes + 1 <= PLAN_MAX_OPS && n->type == PT_I64);
	PlanExpr *e = plan_load(p, buf, axes, index);
	ASSERT(axes && e->type == PT_BOOL);
	e->kind = PEXPR_MASK;
	e->type = PT_U64;
	e->op[e->nops++] = n;
	return e;
}

/* Gives an operator its type, or stops with the reason. */
static PlanExpr *
typed(Plan *p, PlanExpr *e)
{
	const char *why;
	if (!plan_expr_rule(e, &e->type, p->arena, &why))
		PANIC("ill-typed expression: %s", why);
	return e;
}

static PlanExpr *
new_operator(Plan *p, PlanExprKind k, int n, PlanExpr *a, PlanExpr *b, PlanExpr *c)
{
	ASSERT(plan_expr_operands(k) == n && k != PEXPR_CAST && k != PEXPR_BITS);
	PlanExpr *e = new_expr(p, k, PT_UNSET);
	e->nops = (uint32_t)n;
	e->op[0] = a;
	e->op[1] = b;
	e->op[2] = c;
	return typed(p, e);
}

PlanExpr *
plan_unary(Plan *p, PlanExprKind k, PlanExpr *a)
{
	return new_operator(p, k, 1, a, NULL, NULL);
}

PlanExpr *
plan_binary(Plan *p, PlanExprKind k, PlanExpr *a, PlanExpr *b)
{
	return new_operator(p, k, 2, a, b, NULL);
}

PlanExpr *
plan_ternary(Plan *p, PlanExprKind k, PlanExpr *a, PlanExpr *b, PlanExpr *c)
{
	return new_operator(p, k, 3, a, b, c);
}

static PlanExpr *
new_conversion(Plan *p, PlanExprKind k, PlanType t, PlanExpr *a)
{
	PlanExpr *e = new_expr(p, k, t);
	e->nops = 1;
	e->op[0] = a;
	return typed(p, e);
}

PlanExpr *
plan_cast(Plan *p, PlanType t, PlanExpr *a)
{
	return a->type == t ? a : new_conversion(p, PEXPR_CAST, t, a);
}

PlanExpr *
plan_bits(Plan *p, PlanType t, PlanExpr *a)
{
	return new_conversion(p, PEXPR_BITS, t, a);
}

/* ---- funcs of another plan --------------------------------------------------------------------- */

static PlanBlock link_block(Plan *p, const Plan *from, PlanBlock b);

static PlanStmt *
link_stmt(Plan *p, const Plan *from, const PlanStmt *s)
{
	PlanStmt *copy = arena_copy(p->arena, s, sizeof *s);
	if (s->kind == PSTMT_CALL)
		copy->id = plan_link_func(p, from, from->codes.at[s->id]->name);
	copy->body = link_block(p, from, s->body);
	copy->other = link_block(p, from, s->other);
	return copy;
}

static PlanBlock
link_block(Plan *p, const Plan *from, PlanBlock b)
{
	PlanBlock out = {ARENA_ARRAY(p->arena, PlanStmt *, b.n), b.n};
	for (uint32_t i = 0; i < b.n; i++)
		out.at[i] = link_stmt(p, from, b.at[i]);
	return out;
}

uint32_t
plan_link_func(Plan *p, const Plan *from, const char *name)
{
	uint32_t have = plan_find_code(p, name), there = plan_find_code(from, name);
	if (have != UINT32_MAX || there == UINT32_MAX)
		return have;
	ASSERT(from->codes.at[there]->kind == CODE_FUNC && p->names == from->names);
	PlanCode *c = arena_copy(p->arena, from->codes.at[there], sizeof *c);
	c->body = link_block(p, from, c->body);
	VEC_PUSH(p->arena, &p->codes, c);
	return p->codes.n - 1;
}
