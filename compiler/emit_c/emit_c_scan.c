/* emit_c_scan: what a file must say about a plan before it prints the first code: which codes are
 * called, which locals are read at all, which helpers are needed.
 *
 * Plans before optimisation have values that nobody reads. A C compiler would warn about every
 * one, so a statement whose only effect is to set such a local is not live and not printed.
 */
#include "emit_c/emit_c_inner.h"

#include "base/panic.h"

#include <string.h>

static void scan_block(CEmit *c, const PlanBlock *b);

/* ---- which statements matter ----------------------------------------------------------------- */

bool
c_stmt_live(const CEmit *c, const PlanStmt *s)
{
	const bool *needed = c->info->needed;
	switch (s->kind) {
	case PSTMT_LET:
	case PSTMT_VAR:
	case PSTMT_SET:
		return needed[s->id];
	case PSTMT_CALL:
		for (uint32_t i = 0; i < s->nlocals; i++) {
			if (needed[s->locals[i]])
				return true;
		}
		return false;
	case PSTMT_STORE:
	case PSTMT_PREFETCH:
	case PSTMT_FOR:
	case PSTMT_WHILE:
	case PSTMT_IF:
	case PSTMT_RETURN:
	case PSTMT_RUN:
	case PSTMT_DO:
	case PSTMT_TEAM:
	case PSTMT_MEET:
	case PSTMT_HOST:
	case PSTMT_NOTE:
		return true;
	case PSTMT_UNSET:
	case PSTMT_COUNT:
		break;
	}
	UNREACHABLE();
}

uint32_t
c_block_live(const CEmit *c, const PlanBlock *b)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n; i++)
		n += c_stmt_live(c, b->at[i]);
	return n;
}

/* ---- loops of one turn ----------------------------------------------------------------------- */

/* A kernel over one neuron, item … is called with 0 and 1, always. */
bool
c_local_const(const CEmit *c, uint32_t local, int64_t *value)
{
	if (c->code->kind != CODE_KERNEL || c->code->range != 1 || local > 1)
		return false;
	if (value)
		*value = local;
	return true;
}

static bool
known(const CEmit *c, const PlanExpr *e, int64_t *value)
{
	if (e->kind == PEXPR_LOCAL)
		return c_local_const(c, e->id, value);
	*value = e->value.i;
	return e->kind == PEXPR_CONST;
}

bool
c_one_turn(const CEmit *c, const PlanStmt *s)
{
	int64_t lo, hi;
	return known(c, s->e, &lo) && known(c, s->hi, &hi) && lo < hi &&
	       (uint64_t)hi - (uint64_t)lo <= (uint64_t)s->step;
}

/* ---- expressions ----------------------------------------------------------------------------- */

/* Which end of its integer type a constant is: -1 lowest, 1 highest, 0 neither. */
static int
end_of_range(const PlanExpr *e)
{
	if (e->kind != PEXPR_CONST || !plan_type_is_int(e->type))
		return 0;
	uint32_t bits = plan_type_size(e->type) * 8;
	bool sign = plan_type_is_signed(e->type);
	if (e->value.i == (sign ? INT64_MIN >> (64 - bits) : 0))
		return -1;
	return (uint64_t)e->value.i ==
	       (sign ? (uint64_t)INT64_MAX >> (64 - bits) : UINT64_MAX >> (64 - bits));
}

/* Comparisons that are always true or always false, for which compilers have warnings. */
static bool
is_tautology(const PlanExpr *e)
{
	int left = end_of_range(e->op[0]), right = end_of_range(e->op[1]);
	if (c_expr_same(e->op[0], e->op[1]))
		return true;
	if (e->kind == PEXPR_LT || e->kind == PEXPR_GE)
		return right < 0 || left > 0;
	return (e->kind == PEXPR_GT || e->kind == PEXPR_LE) && (right > 0 || left < 0);
}

/* gcc takes ~x of an unsigned x, compared, for a mistake about promotion. */
static bool
is_complement(const PlanExpr *e)
{
	while (e->kind == PEXPR_CAST)
		e = e->op[0];
	return e->kind == PEXPR_NOT && e->type != PT_BOOL;
}

static void
scan_cast(CEmit *c, PlanType to, PlanType from)
{
	if (plan_type_is_int(to) && plan_type_is_float(from))
		c->math = c->saturates = c->saturating[to][from == PT_F64] = true;
}

static void
scan_bits(CEmit *c, PlanType to, PlanType from)
{
	if (plan_type_is_float(to) && !plan_type_is_float(from))
		c->helpers |= to == PT_F64 ? HELPER_F64_OF_BITS : HELPER_F32_OF_BITS;
	if (plan_type_is_float(from) && !plan_type_is_float(to))
		c->helpers |= from == PT_F64 ? HELPER_BITS_OF_F64 : HELPER_BITS_OF_F32;
}

static void scan_expr(CEmit *c, const PlanExpr *e);

/* Indices of axes that are not printed are not looked at. */
static void
scan_element(CEmit *c, uint32_t buf, uint32_t n, PlanExpr *const *index)
{
	const PlanBuf *b = &c->plan->bufs.at[buf];
	ASSERT(n == b->naxes);
	c->info->arena = c->info->arena_read = true;
	for (uint32_t i = 0; i < n; i++) {
		if (b->axis[i].extent != 1)
			scan_expr(c, index[i]);
	}
}

static void
scan_expr(CEmit *c, const PlanExpr *e)
{
	switch (e->kind) {
	case PEXPR_LOCAL:
		if (!c_local_const(c, e->id, NULL))
			c->info->needed[e->id] = true;
		return;
	case PEXPR_LOAD: {
		PlanType t = c->plan->bufs.at[e->id].type;
		scan_element(c, e->id, e->nops, e->op);
		if (t == PT_F16)
			c->helpers |= HELPER_F32_OF_F16;
		if (t == PT_BF16)
			c->helpers |= HELPER_F32_OF_BF16;
		return;
	}
	case PEXPR_MASK:
		scan_element(c, e->id, e->nops - 1, e->op);
		scan_expr(c, e->op[e->nops - 1]);
		c->helpers |= HELPER_MASK;
		return;
	case PEXPR_CTZ:
		c->helpers |= HELPER_CTZ;
		break;
	case PEXPR_CAST:
		scan_cast(c, e->type, e->op[0]->type);
		break;
	case PEXPR_BITS:
		scan_bits(c, e->type, e->op[0]->type);
		break;
	case PEXPR_ABS:
	case PEXPR_SQRT:
	case PEXPR_FLOOR:
	case PEXPR_CEIL:
		c->math = true;
		break;
	case PEXPR_FMA:
		c->math = c->fma = true;
		break;
	case PEXPR_CONST:
		/* INFINITY and NAN are in math.h. */
		if (plan_type_is_float(e->type) && e->value.f - e->value.f != 0)
			c->math = true;
		break;
	case PEXPR_LT:
	case PEXPR_LE:
	case PEXPR_GT:
	case PEXPR_GE:
	case PEXPR_EQ:
	case PEXPR_NE:
		c->limits |= is_tautology(e);
		c->complements |= is_complement(e->op[0]) || is_complement(e->op[1]);
		break;
	case PEXPR_NEG:
	case PEXPR_NOT:
	case PEXPR_ADD:
	case PEXPR_SUB:
	case PEXPR_MUL:
	case PEXPR_DIV:
	case PEXPR_REM:
	case PEXPR_AND:
	case PEXPR_OR:
	case PEXPR_XOR:
	case PEXPR_SHL:
	case PEXPR_SHR:
	case PEXPR_SELECT:
		break;
	case PEXPR_UNSET:
	case PEXPR_COUNT:
		UNREACHABLE();
	}
	for (uint32_t i = 0; i < e->nops; i++)
		scan_expr(c, e->op[i]);
}

/* ---- statements ------------------------------------------------------------------------------ */

static void
scan_call(CEmit *c, const PlanStmt *s)
{
	for (uint32_t i = 0; i < s->nops; i++)
		scan_expr(c, s->op[i]);
	if (c->infos[s->id].arena)
		c->info->arena = c->info->arena_read = true;
}

static void
scan_store(CEmit *c, const PlanStmt *s)
{
	PlanType t = c->plan->bufs.at[s->id].type;
	scan_element(c, s->id, s->nops, s->op);
	scan_expr(c, s->e);
	if (t == PT_F16)
		c->helpers |= HELPER_F16_OF_F32;
	if (t == PT_BF16)
		c->helpers |= HELPER_BF16_OF_F32;
}

static void
scan_host(CEmit *c, const PlanStmt *s)
{
	c->info->arena_read = true;
	for (uint32_t i = 0; i < s->nargs; i++) {
		const PlanExpr *e = s->args[i].e;
		if (s->args[i].address)
			scan_element(c, e->id, e->nops, e->op);
		else
			scan_expr(c, e);
	}
	if (!s->nlocals || !c->info->needed[s->locals[0]])
		c->info->status = true;
}

static void
scan_stmt(CEmit *c, const PlanStmt *s)
{
	switch (s->kind) {
	case PSTMT_VAR:
		c->info->mutable[s->id] = true;
		scan_expr(c, s->e);
		return;
	case PSTMT_LET:
	case PSTMT_SET:
		scan_expr(c, s->e);
		return;
	case PSTMT_STORE:
		scan_store(c, s);
		return;
	case PSTMT_PREFETCH:
		scan_element(c, s->id, s->nops, s->op);
		return;
	case PSTMT_FOR:
		c->simd |= s->simd && !c_one_turn(c, s);
		scan_expr(c, s->e);
		scan_expr(c, s->hi);
		scan_block(c, &s->body);
		return;
	case PSTMT_WHILE:
		scan_expr(c, s->e);
		scan_block(c, &s->body);
		return;
	case PSTMT_IF:
		scan_expr(c, s->e);
		scan_block(c, &s->body);
		scan_block(c, &s->other);
		return;
	case PSTMT_CALL:
		scan_call(c, s);
		return;
	case PSTMT_RETURN:
		for (uint32_t i = 0; i < s->nops; i++)
			scan_expr(c, s->op[i]);
		return;
	case PSTMT_RUN:
		c->info->arena_read = true;
		return;
	case PSTMT_DO:
		c->info->arena_read = c->info->status = true;
		return;
	case PSTMT_HOST:
		scan_host(c, s);
		return;
	case PSTMT_TEAM:
		c->info->arena_read = true;
		scan_block(c, &s->body);
		return;
	case PSTMT_NOTE:
	case PSTMT_MEET:
		return;
	case PSTMT_UNSET:
	case PSTMT_COUNT:
		break;
	}
	UNREACHABLE();
}

static void
scan_block(CEmit *c, const PlanBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (c_stmt_live(c, b->at[i]))
			scan_stmt(c, b->at[i]);
	}
}

static uint32_t
count_needed(const CCode *info, uint32_t n)
{
	uint32_t k = 0;
	for (uint32_t i = 0; i < n; i++)
		k += info->needed[i];
	return k;
}

/* What is needed grows until it stays: a value may be read only by a statement that is itself
 * found live late. */
static void
scan_code(CEmit *c, uint32_t i)
{
	const PlanCode *code = c->plan->codes.at[i];
	CCode *info = &c->infos[i];
	c->code = code;
	c->info = info;
	info->needed = ARENA_ARRAY(c->arena, bool, code->nlocals + 1);
	info->mutable = ARENA_ARRAY(c->arena, bool, code->nlocals + 1);
	info->arena = code->kind != CODE_FUNC;
	uint32_t before;
	do {
		before = count_needed(info, code->nlocals);
		info->status = false;
		scan_block(c, &code->body);
	} while (count_needed(info, code->nlocals) != before);
}

/* ---- which codes are called ------------------------------------------------------------------ */

static void
mark_block(CEmit *c, const PlanBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const PlanStmt *s = b->at[i];
		if (!c_stmt_live(c, s))
			continue;
		if (s->kind == PSTMT_CALL || s->kind == PSTMT_RUN || s->kind == PSTMT_DO)
			c->infos[s->id].used = true;
		mark_block(c, &s->body);
		mark_block(c, &s->other);
	}
}

/* Codes come before those who call them. Helpers are noted only for what is printed, so the
 * bodies of codes that turn out to be unused are scanned with the notes thrown away. */
void
c_scan(CEmit *c)
{
	uint32_t n = c->plan->codes.n;
	for (uint32_t i = 0; i < n; i++)
		scan_code(c, i);
	if (c->whole)
		c->infos[c->program].used = true;
	for (uint32_t i = n; i-- > 0;) {
		c->code = c->plan->codes.at[i];
		c->info = &c->infos[i];
		if (!c->whole && !c->info->used)
			c->info->used = c->info->root = true;
		if (c->info->used)
			mark_block(c, &c->code->body);
	}
	c->helpers = 0;
	c->saturates = c->simd = c->math = c->fma = c->limits = c->complements = false;
	memset(c->saturating, 0, sizeof c->saturating);
	for (uint32_t i = 0; i < n; i++) {
		if (c->infos[i].used)
			scan_code(c, i);
	}
}
