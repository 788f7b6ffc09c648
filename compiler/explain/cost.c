/* cost: counts operations and bytes of loops.
 *
 * What stands in a turn is counted as it is written: an operation on floats is one flop (fma two), a call what its function holds, a
 * load or a store the bytes of its element, whether it comes from a cache or not; both sides of a condition count. An operation
 * is what a processor does at once: fma is one; divisions and roots, which take it many times as long, count apart. Of whole numbers
 * the products of 64 bits count, which is what random words are mixed by (20 for four); places in arrays do not. Turns are
 * numbers where the bounds are; where they come from a list, the loop is one over events.
 */
#include "explain/cost.h"

#include <stdio.h>
#include <string.h>

typedef struct { double flops, bytes, ops, slow, products; } Work;

typedef struct {
	const Plan *p;
	const PlanCode *c;
	const PlanExpr **let;                             /* of each local: what it was declared as; NULL */
	bool *set;                                        /* of each local: whether it changes */
	CostLoopVec *out;
	bool *walked;                                     /* buffers of the loop being counted */
} Cost;

/* ---- one turn --------------------------------------------------------------------------------- */

static Work work_of_block(Cost *k, PlanBlock b, bool with_loops);

static Work
add(Work a, Work b)
{
	return (Work){a.flops + b.flops, a.bytes + b.bytes, a.ops + b.ops, a.slow + b.slow, a.products + b.products};
}

static bool
is_operation(PlanExprKind kind)
{
	return kind != PEXPR_CONST && kind != PEXPR_LOCAL && kind != PEXPR_LOAD && kind != PEXPR_MASK && kind != PEXPR_CAST &&
	       kind != PEXPR_BITS;
}

static Work
work_of_expr(Cost *k, const PlanExpr *e)
{
	Work w = {0};
	if (!e)
		return w;
	for (uint32_t i = 0; i < e->nops; i++)
		w = add(w, work_of_expr(k, e->op[i]));
	if (e->kind == PEXPR_LOAD) {
		w.bytes += plan_type_size(k->p->bufs.at[e->id].type);
		k->walked[e->id] = true;
	} else if (e->kind == PEXPR_MASK) {
		w.bytes += 64;                            /* flags are bytes */
		k->walked[e->id] = true;
	} else if (is_operation(e->kind)) {
		bool floats = plan_type_is_float(e->type) || (e->nops && plan_type_is_float(e->op[e->nops - 1]->type));
		w.flops += floats ? e->kind == PEXPR_FMA ? 2 : 1 : 0;
		w.ops += floats;
		w.products += e->kind == PEXPR_MUL && e->type == PT_U64;
		w.slow += floats && (e->kind == PEXPR_DIV || e->kind == PEXPR_SQRT || e->kind == PEXPR_REM);
	}
	return w;
}

static Work
work_of_func(Cost *k, const PlanCode *f)
{
	Cost inner = {.p = k->p, .c = f, .walked = k->walked};
	return work_of_block(&inner, f->body, true);
}

static Work
work_of_block(Cost *k, PlanBlock b, bool with_loops)
{
	Work w = {0};
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if ((s->kind == PSTMT_FOR || s->kind == PSTMT_WHILE) && !with_loops)
			continue;
		w = add(w, add(work_of_expr(k, s->e), work_of_expr(k, s->hi)));
		for (uint32_t o = 0; o < s->nops; o++)
			w = add(w, work_of_expr(k, s->op[o]));
		if (s->kind == PSTMT_STORE) {
			w.bytes += plan_type_size(k->p->bufs.at[s->id].type);
			k->walked[s->id] = true;
		}
		if (s->kind == PSTMT_CALL)
			w = add(w, work_of_func(k, k->p->codes.at[s->id]));
		w = add(w, add(work_of_block(k, s->body, with_loops), work_of_block(k, s->other, with_loops)));
	}
	return w;
}

/* ---- bounds ----------------------------------------------------------------------------------- */

/* The buffer that a bound comes from, through locals; UINT32_MAX: none. */
static uint32_t
source_of(const Cost *k, const PlanExpr *e, int depth)
{
	if (!e || depth > 20)
		return UINT32_MAX;
	if (e->kind == PEXPR_LOAD || e->kind == PEXPR_MASK)
		return e->id;
	if (e->kind == PEXPR_LOCAL)
		return source_of(k, k->let[e->id], depth + 1);
	for (uint32_t i = 0; i < e->nops; i++) {
		uint32_t b = source_of(k, e->op[i], depth + 1);
		if (b != UINT32_MAX)
			return b;
	}
	return UINT32_MAX;
}

/* lo and hi of a kernel are 0 and its range. */
static bool
known(const Cost *k, const PlanExpr *e, double *out)
{
	double less;
	if (e->kind == PEXPR_SUB && known(k, e->op[0], out) && known(k, e->op[1], &less)) {
		*out -= less;
		return true;
	}
	if (e->kind == PEXPR_CONST && plan_type_is_int(e->type)) {
		*out = (double)e->value.i;
		return true;
	}
	if (e->kind == PEXPR_LOCAL && k->c->kind == CODE_KERNEL && e->id < 2) {
		*out = e->id == 0 ? 0 : (double)k->c->range;
		return true;
	}
	return e->kind == PEXPR_LOCAL && k->let[e->id] && !k->set[e->id] && known(k, k->let[e->id], out);
}

/* Where a loop begins that does what others have left: it says how far they came; *least: no farther than this. */
static bool
is_left(const Cost *k, const PlanExpr *e, double *least)
{
	return e->kind == PEXPR_LOCAL && k->let[e->id] && k->set[e->id] && known(k, k->let[e->id], least);
}

/* A variable that begins as true stays so unless something turns up. */
static bool
begins_true(const Cost *k, const PlanExpr *e)
{
	const PlanExpr *first = e && e->kind == PEXPR_LOCAL ? k->let[e->id] : NULL;
	return first && first->kind == PEXPR_CONST && first->value.i;
}

static bool
has_loop(PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_FOR || s->kind == PSTMT_WHILE || has_loop(s->body) || has_loop(s->other))
			return true;
	}
	return false;
}

static void
note_lets(Cost *k, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_LET || s->kind == PSTMT_VAR)
			k->let[s->id] = s->e;
		if (s->kind == PSTMT_SET)
			k->set[s->id] = true;
		note_lets(k, s->body);
		note_lets(k, s->other);
	}
}

/* ---- loops ------------------------------------------------------------------------------------ */

typedef struct {
	const char *over, *list, *where;
	CostForm form;
	bool always;
	double turns;
} Around;

static const char *
product(const Cost *k, const char *a, const char *b)
{
	return *a ? arena_printf(k->p->arena, "%s x %s", a, b) : b;
}

static const char *
while_left(const Cost *k, const char *where, const PlanStmt *s)
{
	StrBuf out = strbuf_init(k->p->arena);
	strbuf_printf(&out, "%s%s", where, *where ? " and " : "");
	plan_print_expr(&out, k->p, k->c, s->e);
	strbuf_puts(&out, " < ");
	plan_print_expr(&out, k->p, k->c, s->hi);
	return strbuf_text(&out);
}

static Around
inside(Cost *k, Around a, const PlanStmt *s)
{
	double lo, hi;
	if (s->kind == PSTMT_FOR && (known(k, s->e, &lo) || is_left(k, s->e, &lo)) && known(k, s->hi, &hi)) {
		double turns = hi > lo ? (hi - lo + (double)s->step - 1) / (double)s->step : 0;
		turns = (double)(uint64_t)turns;
		bool left = is_left(k, s->e, &lo);
		a.where = left ? while_left(k, a.where, s) : a.where;
		a.always = a.always && !left;
		a.turns *= turns;
		a.over = product(k, a.over, arena_printf(k->p->arena, "%s%.0f", left ? "up to " : "", turns));
		return a;
	}
	uint32_t b = source_of(k, s->kind == PSTMT_FOR ? s->hi : s->e, 0);
	if (b == UINT32_MAX && s->kind == PSTMT_FOR)
		b = source_of(k, s->e, 0);
	const char *name = b == UINT32_MAX ? "turns" : k->p->bufs.at[b].name;
	const char *each = s->kind == PSTMT_FOR && s->step > 1 ? arena_printf(k->p->arena, " / %lld", (long long)s->step) : "";
	a.form = FORM_EVENT;
	a.list = *a.list || b == UINT32_MAX ? a.list : name;
	a.over = product(k, a.over, arena_printf(k->p->arena, "%s%s", name, each));
	return a;
}

static void
put_layout(StrBuf *out, const PlanBuf *b)
{
	strbuf_printf(out, "%s %s [", b->name, plan_type_name(b->type));
	for (uint32_t i = 0; i < b->naxes; i++)
		strbuf_printf(out, "%s%s %llu", i ? ", " : "", plan_axis_name(b->axis[i].kind), (unsigned long long)b->axis[i].extent);
	strbuf_putc(out, ']');
}

/* The largest arrays with their axes; how many more there are. */
static const char *
layout_of(const Cost *k)
{
	enum { SHOWN = 3 };
	StrBuf out = strbuf_init(k->p->arena);
	for (int shown = 0; shown <= SHOWN; shown++) {
		uint32_t most = UINT32_MAX, left = 0;
		for (uint32_t i = 0; i < k->p->bufs.n; i++) {
			if (!k->walked[i] || k->p->bufs.at[i].naxes == 0)
				continue;
			left++;
			if (most == UINT32_MAX || plan_buf_count(&k->p->bufs.at[i]) > plan_buf_count(&k->p->bufs.at[most]))
				most = i;
		}
		if (most == UINT32_MAX)
			break;
		if (shown == SHOWN) {
			strbuf_printf(&out, ", %u more", left);
			break;
		}
		strbuf_puts(&out, shown ? ", " : "");
		put_layout(&out, &k->p->bufs.at[most]);
		k->walked[most] = false;
	}
	return strbuf_text(&out);
}

static void
put_loop(Cost *k, Around a, PlanBlock b, bool simd)
{
	memset(k->walked, 0, k->p->bufs.n * sizeof *k->walked);
	Work w = work_of_block(k, b, false);
	if (w.flops == 0 && w.bytes == 0)
		return;
	CostLoop loop = {k->c, a.over, layout_of(k), a.list, a.where, a.form, simd, a.always, a.turns, w.flops, w.bytes, w.ops, w.slow, w.products};
	VEC_PUSH(k->p->arena, k->out, loop);
}

/* Within a side of a condition. */
static Around
under(const Cost *k, Around a, const PlanStmt *s, bool otherwise)
{
	a.where = cost_under(k->p, k->c, a.where, s, otherwise);
	return a;
}

static double
work_since(const Cost *k, uint32_t first)
{
	double n = 0;
	for (uint32_t i = first; i < k->out->n; i++)
		n += k->out->at[i].turns * (k->out->at[i].ops + k->out->at[i].products + k->out->at[i].bytes);
	return n;
}

static void walk(Cost *k, Around a, PlanBlock b);

/* Of two sides with loops the cheaper one is the least that is done; what is so from the beginning is what is usual. */
static void
walk_sides(Cost *k, Around a, const PlanStmt *s)
{
	uint32_t first = k->out->n;
	walk(k, under(k, a, s, false), s->body);
	uint32_t second = k->out->n;
	double one = work_since(k, first);
	walk(k, under(k, a, s, true), s->other);
	bool usual = begins_true(k, s->e), either = usual || (has_loop(s->body) && has_loop(s->other));
	double other = work_since(k, second);
	for (uint32_t i = first; i < k->out->n; i++)
		k->out->at[i].always = k->out->at[i].always && a.always && either && (i < second) == (usual || one <= other);
}

static void
walk(Cost *k, Around a, PlanBlock b)
{
	for (uint32_t i = 0; i < b.n; i++) {
		const PlanStmt *s = b.at[i];
		if (s->kind == PSTMT_FOR || s->kind == PSTMT_WHILE) {
			Around in = inside(k, a, s);
			if (!has_loop(s->body))
				put_loop(k, in, s->body, s->kind == PSTMT_FOR && s->simd);
			else
				walk(k, in, s->body);
		} else if (s->body.n || s->other.n) {
			walk_sides(k, a, s);
		}
	}
}

const char *
cost_under(const Plan *p, const PlanCode *c, const char *where, const PlanStmt *s, bool otherwise)
{
	if (!s->e)                                        /* a team of threads */
		return where;
	StrBuf out = strbuf_init(p->arena);
	bool whole = !otherwise && s->e->kind != PEXPR_OR;
	strbuf_printf(&out, "%s%s%s%s", where, *where ? " and " : "", otherwise ? "not " : "", whole ? "" : "(");
	plan_print_expr(&out, p, c, s->e);
	strbuf_puts(&out, whole ? "" : ")");
	return strbuf_text(&out);
}

void
cost_of_code(const Plan *p, const PlanCode *c, const char *where, CostLoopVec *out)
{
	Cost k = {.p = p, .c = c, .out = out};
	k.let = ARENA_ARRAY(p->arena, const PlanExpr *, c->nlocals + 1);
	k.set = ARENA_ARRAY(p->arena, bool, c->nlocals + 1);
	k.walked = ARENA_ARRAY(p->arena, bool, p->bufs.n + 1);
	note_lets(&k, c->body);
	walk(&k, (Around){.over = "", .list = "", .where = where, .form = FORM_DENSE, .always = !*where, .turns = 1}, c->body);
}
