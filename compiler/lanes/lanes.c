/* lanes: see lanes.h. */
#include "lanes/lanes.h"

#include "base/panic.h"

#include <string.h>

/* ---- constants that may be loaded ------------------------------------------------------------------ */

typedef VEC(PlanExpr *) ConstVec;

typedef struct {
	Arena *arena;
	Plan *plan;
	ConstVec found;                                   /* in the order of the plan */
} Finder;

/* Where code is made for the number itself: indices, divisors of integers, amounts of shifts. */
static bool
is_structure(const PlanExpr *parent, uint32_t operand)
{
	switch ((int)parent->kind) {
	case PEXPR_LOAD:
	case PEXPR_MASK:
		return true;
	case PEXPR_DIV:
	case PEXPR_REM:
		return operand == 1 && plan_type_is_int(parent->type);
	case PEXPR_SHL:
	case PEXPR_SHR:
		return operand == 1;
	}
	return false;
}

/* Plans share nodes. Here each place gets a node of its own: what is one number in a lane may be two in another. */
static void
find_in_expr(Finder *f, PlanExpr **at)
{
	if (!*at)
		return;
	PlanExpr *e = arena_copy(f->arena, *at, sizeof **at);
	*at = e;
	if (e->kind == PEXPR_CONST)
		VEC_PUSH(f->arena, &f->found, e);
	for (uint32_t i = 0; i < e->nops; i++) {
		if (!is_structure(e, i))
			find_in_expr(f, &e->op[i]);
	}
}

static void find_in_block(Finder *f, PlanBlock b, bool proc);

static void
find_in_stmt(Finder *f, PlanStmt *s, bool proc)
{
	switch (s->kind) {
	case PSTMT_LET:
	case PSTMT_VAR:
	case PSTMT_SET:
	case PSTMT_STORE:
	case PSTMT_WHILE:
	case PSTMT_IF:
		find_in_expr(f, &s->e);
		break;
	case PSTMT_FOR:                                   /* the loops of a kernel are what it is; those of the protocol are counts */
		if (proc) {
			find_in_expr(f, &s->e);
			find_in_expr(f, &s->hi);
		}
		break;
	case PSTMT_CALL:
		for (uint32_t i = 0; i < s->nops; i++)
			find_in_expr(f, &s->op[i]);
		break;
	case PSTMT_RETURN:
	case PSTMT_PREFETCH:
	case PSTMT_RUN:
	case PSTMT_DO:
	case PSTMT_TEAM:
	case PSTMT_MEET:
	case PSTMT_HOST:
	case PSTMT_NOTE:
		break;
	case PSTMT_UNSET:
	case PSTMT_COUNT:
		UNREACHABLE();
	}
	find_in_block(f, s->body, proc);
	find_in_block(f, s->other, proc);
}

static void
find_in_block(Finder *f, PlanBlock b, bool proc)
{
	for (uint32_t i = 0; i < b.n; i++)
		find_in_stmt(f, b.at[i], proc);
}

static ConstVec
find_consts(Arena *a, Plan *p)
{
	Finder f = {.arena = a, .plan = p};
	for (uint32_t i = 0; i < p->codes.n; i++) {
		const PlanCode *c = p->codes.at[i];
		if (c->kind != CODE_FUNC)                 /* a func loads nothing */
			find_in_block(&f, c->body, c->kind == CODE_PROC);
	}
	return f.found;
}

/* ---- structure -------------------------------------------------------------------------------------- */

typedef struct {
	const char *text;
	ConstVec consts;
	PlanValue *value;                                 /* of the constants */
	const PlanValue **data;                           /* of the const buffers */
	uint64_t seed;
} Shape;

static Shape
shape_of(Arena *a, Plan *p)
{
	Shape s = {.consts = find_consts(a, p), .seed = p->seed};
	s.value = ARENA_ARRAY(a, PlanValue, s.consts.n + 1);
	s.data = ARENA_ARRAY(a, const PlanValue *, p->bufs.n + 1);
	for (uint32_t i = 0; i < s.consts.n; i++)
		s.value[i] = s.consts.at[i]->value;
	for (uint32_t i = 0; i < s.consts.n; i++)
		s.consts.at[i]->value = (PlanValue){.i = 0};
	for (uint32_t i = 0; i < p->bufs.n; i++) {
		s.data[i] = p->bufs.at[i].data;
		p->bufs.at[i].data = NULL;
	}
	p->seed = 0;
	StrBuf text = strbuf_init(a);
	plan_print(&text, p);
	s.text = strbuf_text(&text);
	p->seed = s.seed;
	for (uint32_t i = 0; i < s.consts.n; i++)
		s.consts.at[i]->value = s.value[i];
	for (uint32_t i = 0; i < p->bufs.n; i++)
		p->bufs.at[i].data = s.data[i];
	return s;
}

/* ---- loads ------------------------------------------------------------------------------------------- */

/* The numbers of one type that lanes differ in. */
typedef struct {
	PlanType type;
	VEC(uint32_t) place;                              /* of the constants */
	uint32_t n;                                       /* different ones */
	VEC(uint32_t) entry;                              /* of each place: where it is loaded from */
	VEC(uint32_t) first;                              /* of each entry: its first place */
} Loaded;

static bool
same_bits(PlanValue a, PlanValue b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

static bool
alike(Shape *const *s, uint32_t lanes, uint32_t a, uint32_t b)
{
	for (uint32_t k = 0; k < lanes; k++) {
		if (!same_bits(s[k]->value[a], s[k]->value[b]))
			return false;
	}
	return true;
}

static bool
differs(Shape *const *s, uint32_t lanes, uint32_t place)
{
	for (uint32_t k = 1; k < lanes; k++) {
		if (!same_bits(s[0]->value[place], s[k]->value[place]))
			return true;
	}
	return false;
}

static void
add_place(Arena *a, Loaded *l, Shape *const *s, uint32_t lanes, uint32_t place)
{
	uint32_t e = 0;
	while (e < l->n && !alike(s, lanes, l->first.at[e], place))
		e++;
	if (e == l->n) {
		VEC_PUSH(a, &l->first, place);
		l->n++;
	}
	VEC_PUSH(a, &l->place, place);
	VEC_PUSH(a, &l->entry, e);
}

static uint32_t
add_buffer(Plan *p, const Loaded *l)
{
	PlanAxis axis = {AXIS_ITEM, l->n};
	Name name = intern_printf(p->names, "lane.%s", plan_type_name(l->type));
	for (int i = 2; plan_find_buf(p, name) != UINT32_MAX; i++)
		name = intern_printf(p->names, "lane%d.%s", i, plan_type_name(l->type));
	return plan_add_buf(p, name, l->type, ROLE_CONST, 1, &axis);
}

static void
make_loads(Plan *p, const Loaded *l, const Shape *first, uint32_t buf)
{
	for (uint32_t i = 0; i < l->place.n; i++) {
		PlanExpr *e = first->consts.at[l->place.at[i]];
		PlanExpr *index = plan_int(p, PT_I64, l->entry.at[i]);
		*e = *plan_load(p, buf, 1, &index);
	}
}

/* ---- groups -------------------------------------------------------------------------------------------- */

static void
fill(Arena *a, LaneGroup *g, Shape *const *s, const Loaded *types, uint32_t nbufs)
{
	Plan *p = g->plan;
	uint32_t lanes = g->lane.n;
	g->nfilled = p->bufs.n;
	g->data = ARENA_ARRAY(a, const PlanValue **, lanes);
	uint64_t *seed = ARENA_ARRAY(a, uint64_t, lanes);
	for (uint32_t k = 0; k < lanes; k++) {
		g->data[k] = ARENA_ARRAY(a, const PlanValue *, p->bufs.n + 1);
		memcpy(g->data[k], s[k]->data, sizeof *g->data[k] * nbufs);
		seed[k] = s[k]->seed;
		uint32_t buf = nbufs;
		for (uint32_t t = 0; t < PT_COUNT; t++) {
			if (!types[t].n)
				continue;
			PlanValue *v = ARENA_ARRAY(a, PlanValue, types[t].n);
			for (uint32_t e = 0; e < types[t].n; e++)
				v[e] = s[k]->value[types[t].first.at[e]];
			g->data[k][buf++] = v;
		}
	}
	g->seed = seed;
}

static void
join(Arena *a, LaneGroup *g, Shape *const *s)
{
	Plan *p = g->plan;
	Loaded types[PT_COUNT] = {{0}};
	uint32_t nbufs = p->bufs.n;
	for (uint32_t k = 1; k < g->lane.n; k++)
		ASSERT(s[k]->consts.n == s[0]->consts.n);
	for (uint32_t i = 0; i < s[0]->consts.n; i++) {
		PlanType t = s[0]->consts.at[i]->type;
		types[t].type = t;
		if (differs(s, g->lane.n, i))
			add_place(a, &types[t], s, g->lane.n, i);
	}
	for (uint32_t t = 0; t < PT_COUNT; t++) {
		if (types[t].n)
			make_loads(p, &types[t], s[0], add_buffer(p, &types[t]));
		g->loaded += types[t].n;
	}
	fill(a, g, s, types, nbufs);
	lanes_select(g, 0);
	plan_layout(p);
}

void
lanes_select(LaneGroup *g, uint32_t k)
{
	for (uint32_t i = 0; i < g->nfilled; i++)
		g->plan->bufs.at[i].data = g->data[k][i];
	g->plan->seed = g->seed[k];
}

/* The first line in which two plans are not alike, as the second has it. */
static const char *
difference(Arena *arena, const char *a, const char *b)
{
	const char *line = b;
	for (; *a && *a == *b; a++, b++)
		line = *b == '\n' ? b + 1 : line;
	line += strspn(line, " \t");
	return arena_strndup(arena, line, strcspn(line, "\n"));
}

LaneGroupVec
lanes_join(Arena *a, Plan *const *plans, uint32_t n)
{
	LaneGroupVec groups = {0};
	Shape *shapes = ARENA_ARRAY(a, Shape, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t g = 0;
		shapes[i] = shape_of(a, plans[i]);
		while (g < groups.n && strcmp(shapes[groups.at[g].lane.at[0]].text, shapes[i].text) != 0)
			g++;
		if (g == groups.n) {
			LaneGroup fresh = {.plan = plans[i]};
			fresh.why = g ? difference(a, shapes[0].text, shapes[i].text) : NULL;
			VEC_PUSH(a, &groups, fresh);
		}
		VEC_PUSH(a, &groups.at[g].lane, i);
	}
	for (uint32_t g = 0; g < groups.n; g++) {
		Shape **of = ARENA_ARRAY(a, Shape *, groups.at[g].lane.n);
		for (uint32_t k = 0; k < groups.at[g].lane.n; k++)
			of[k] = &shapes[groups.at[g].lane.at[k]];
		join(a, &groups.at[g], of);
	}
	return groups;
}
