/* plan_print: a plan as text (docs/plan-ir.md). plan_read gives the same plan back, so every kind has one form
 * and parentheses stand only where the levels of C need them. */
#include "plan/plan_inner.h"

#include "base/num.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- words ----------------------------------------------------------------------------------- */

static const char *const reserved[] = {"let", "var", "set", "for", "in", "while", "if", "else", "call", "return",
	"run", "do", "prefetch", "team", "meet", "host", "note", "true", "false", "inf", "nan", "inf_f64", "nan_f64"};

bool
plan_word_is_reserved(const char *s, size_t n)
{
	for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
		if (reserved[i][0] == s[0] && strncmp(reserved[i], s, n) == 0 && !reserved[i][n])
			return true;
	}
	return false;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool
plan_name_is_plain(const char *name)
{
	const char *c = name;
	if (!is_letter(*c))
		return false;
	for (; *c; c++) {
		bool word = is_letter(*c) || (*c >= '0' && *c <= '9');
		bool dot = *c == '.' && (is_letter(c[1]) || (c[1] >= '0' && c[1] <= '9'));
		if (!word && !dot)
			return false;
	}
	return !plan_word_is_reserved(name, strlen(name));
}

void
plan_print_quoted(StrBuf *out, const char *s, char quote)
{
	strbuf_putc(out, quote);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '\n')
			strbuf_puts(out, "\\n");
		else if (c < 0x20 || c == 0x7f)
			strbuf_printf(out, "\\x%02x", c);
		else if (c == '\\' || c == (unsigned char)quote)
			strbuf_printf(out, "\\%c", c);
		else
			strbuf_putc(out, *s);
	}
	strbuf_putc(out, quote);
}

void
plan_print_name(StrBuf *out, const char *name)
{
	if (plan_name_is_plain(name))
		strbuf_puts(out, name);
	else
		plan_print_quoted(out, name, '`');
}

/* Names out of a broken plan: verify prints statements before it trusts them. */
static void
print_local(StrBuf *out, const PlanCode *c, uint32_t id)
{
	if (c && id < c->nlocals)
		plan_print_name(out, c->locals[id].name);
	else
		strbuf_printf(out, "<local %" PRIu32 ">", id);
}

static void
print_buf(StrBuf *out, const Plan *p, uint32_t id)
{
	if (id < p->bufs.n)
		plan_print_name(out, p->bufs.at[id].name);
	else
		strbuf_printf(out, "<buffer %" PRIu32 ">", id);
}

static void
print_code_name(StrBuf *out, const Plan *p, uint32_t id)
{
	if (id < p->codes.n)
		plan_print_name(out, p->codes.at[id]->name);
	else
		strbuf_printf(out, "<code %" PRIu32 ">", id);
}

/* ---- expressions ------------------------------------------------------------------------------ */

static void
print_float(StrBuf *out, PlanType t, double v)
{
	char text[NUM_TEXT];
	if (t == PT_F64)
		num_write_f64(text, v);
	else
		num_write_f32(text, (float)v);
	strbuf_puts(out, text);
	if (isfinite(v) && !strpbrk(text, ".e"))
		strbuf_puts(out, ".0");
}

/* Most numbers of a plan are small. */
static void
print_int(StrBuf *out, int64_t v)
{
	if (v >= 0 && v < 10)
		strbuf_putc(out, (char)('0' + v));
	else
		strbuf_printf(out, "%" PRId64, v);
}

/* suffix: where the place does not tell the type. */
static void
print_value(StrBuf *out, PlanType t, PlanValue v, bool suffix)
{
	if (plan_type_is_float(t)) {
		print_float(out, t, v.f);
		if (suffix && t != PT_F32)
			strbuf_printf(out, "%s%s", isfinite(v.f) ? "" : "_", plan_type_name(t));
	} else if (t == PT_BOOL) {
		strbuf_puts(out, v.i ? "true" : "false");
	} else {
		if (t == PT_U64)
			strbuf_printf(out, "%" PRIu64, (uint64_t)v.i);
		else
			print_int(out, v.i);
		if (suffix && t != PT_I64)
			strbuf_puts(out, plan_type_name(t));
	}
}

enum { LEVEL_PREFIX = 9 };

static void print_expr(StrBuf *out, const Plan *p, const PlanCode *c, const PlanExpr *e, int level, int depth);

static void
print_list(StrBuf *out, const Plan *p, const PlanCode *c, uint32_t n, PlanExpr *const *e, int depth)
{
	for (uint32_t i = 0; i < n; i++) {
		strbuf_puts(out, i ? ", " : "");
		print_expr(out, p, c, e[i], 0, depth);
	}
}

static void
print_infix(StrBuf *out, const Plan *p, const PlanCode *c, const PlanExpr *e, int level, int depth)
{
	int own = plan_infix_level(e->kind);
	if (own < level)
		strbuf_putc(out, '(');
	print_expr(out, p, c, e->op[0], own, depth);
	strbuf_putc(out, ' ');
	strbuf_puts(out, plan_expr_mnemonic(e->kind));
	strbuf_putc(out, ' ');
	print_expr(out, p, c, e->op[1], own + 1, depth);
	if (own < level)
		strbuf_putc(out, ')');
}

/* -(5) is not the constant -5. */
static void
print_prefix(StrBuf *out, const Plan *p, const PlanCode *c, const PlanExpr *e, int depth)
{
	const PlanExpr *a = e->op[0];
	bool bracket = e->kind == PEXPR_NEG && (a->kind == PEXPR_CONST || a->kind == PEXPR_NEG);
	strbuf_puts(out, plan_expr_mnemonic(e->kind));
	strbuf_puts(out, bracket ? "(" : "");
	print_expr(out, p, c, a, bracket ? 0 : LEVEL_PREFIX, depth);
	strbuf_puts(out, bracket ? ")" : "");
}

static void
print_named(StrBuf *out, const Plan *p, const PlanCode *c, const PlanExpr *e, int depth)
{
	if (e->kind == PEXPR_CAST)
		strbuf_puts(out, plan_type_name(e->type));
	else if (e->kind == PEXPR_BITS)
		strbuf_printf(out, "bits_%s", plan_type_name(e->type));
	else
		strbuf_puts(out, plan_expr_mnemonic(e->kind));
	strbuf_putc(out, '(');
	print_list(out, p, c, e->nops, e->op, depth);
	strbuf_putc(out, ')');
}

/* level: the least binding strength that needs no parentheses here. */
static void
print_expr(StrBuf *out, const Plan *p, const PlanCode *c, const PlanExpr *e, int level, int depth)
{
	if (!e || depth > PLAN_MAX_DEPTH) {
		strbuf_puts(out, e ? "<deeper>" : "<none>");
		return;
	}
	switch (plan_expr_notation(e->kind)) {
	case 'i': print_infix(out, p, c, e, level, depth + 1); return;
	case 'p': print_prefix(out, p, c, e, depth + 1); return;
	case 'f': print_named(out, p, c, e, depth + 1); return;
	}
	if (e->kind == PEXPR_CONST) {
		print_value(out, e->type, e->value, true);
	} else if (e->kind == PEXPR_LOCAL) {
		print_local(out, c, e->id);
	} else if (e->kind == PEXPR_MASK && e->nops) {
		strbuf_puts(out, "mask(");
		print_buf(out, p, e->id);
		strbuf_putc(out, '[');
		print_list(out, p, c, e->nops - 1, e->op, depth + 1);
		strbuf_puts(out, "], ");
		print_expr(out, p, c, e->op[e->nops - 1], 0, depth + 1);
		strbuf_putc(out, ')');
	} else if (e->kind == PEXPR_LOAD) {
		print_buf(out, p, e->id);
		strbuf_putc(out, '[');
		print_list(out, p, c, e->nops, e->op, depth + 1);
		strbuf_putc(out, ']');
	} else {
		strbuf_puts(out, "<no expression>");
	}
}

void
plan_print_expr(StrBuf *out, const Plan *p, const PlanCode *c, const PlanExpr *e)
{
	print_expr(out, p, c, e, 0, 0);
}

/* ---- statements -------------------------------------------------------------------------------- */

static void
print_declared(StrBuf *out, const Plan *p, const PlanCode *c, const PlanStmt *s, const char *word)
{
	strbuf_puts(out, word);
	strbuf_putc(out, ' ');
	print_local(out, c, s->id);
	strbuf_puts(out, ": ");
	strbuf_puts(out, s->id < c->nlocals ? plan_type_name(c->locals[s->id].type) : "?");
	strbuf_puts(out, " = ");
	print_expr(out, p, c, s->e, 0, 0);
}

static void
print_for(StrBuf *out, const Plan *p, const PlanCode *c, const PlanStmt *s)
{
	strbuf_puts(out, "for ");
	print_local(out, c, s->id);
	strbuf_puts(out, " in ");
	print_expr(out, p, c, s->e, 0, 0);
	strbuf_puts(out, " ..< ");
	print_expr(out, p, c, s->hi, 0, 0);
	if (s->step != 1)
		strbuf_printf(out, " step %" PRId64, s->step);
	strbuf_puts(out, s->simd ? " simd" : "");
}

static void
print_call(StrBuf *out, const Plan *p, const PlanCode *c, const PlanStmt *s)
{
	strbuf_puts(out, "let (");
	for (uint32_t i = 0; i < s->nlocals; i++) {
		strbuf_puts(out, i ? ", " : "");
		print_local(out, c, s->locals[i]);
	}
	strbuf_puts(out, ") = call ");
	print_code_name(out, p, s->id);
	strbuf_putc(out, '(');
	print_list(out, p, c, s->nops, s->op, 0);
	strbuf_putc(out, ')');
}

static void
print_host(StrBuf *out, const Plan *p, const PlanCode *c, const PlanStmt *s)
{
	if (s->nlocals) {
		strbuf_puts(out, "let ");
		print_local(out, c, s->locals[0]);
		strbuf_puts(out, " = ");
	}
	strbuf_printf(out, "host %s(", s->id < plan_host_fn_count ? plan_host_fns[s->id].name : "?");
	for (uint32_t i = 0; i < s->nargs; i++) {
		strbuf_puts(out, i ? ", " : "");
		strbuf_puts(out, s->args[i].address ? "&" : "");
		print_expr(out, p, c, s->args[i].e, 0, 0);
	}
	strbuf_putc(out, ')');
}

static void
print_place(StrBuf *out, const Plan *p, const PlanCode *c, const PlanStmt *s)
{
	print_buf(out, p, s->id);
	strbuf_putc(out, '[');
	print_list(out, p, c, s->nops, s->op, 0);
	strbuf_putc(out, ']');
}

static void
print_run(StrBuf *out, const Plan *p, const PlanStmt *s)
{
	strbuf_puts(out, "run ");
	print_code_name(out, p, s->id);
	if (s->share == SHARE_PARTS || s->share == SHARE_ONE)
		strbuf_printf(out, " (%s %" PRId64 ")", s->share == SHARE_PARTS ? "parts" : "on", s->step);
	if (s->share != SHARE_EVENTS)
		return;
	strbuf_puts(out, " (events ");
	print_buf(out, p, s->list);
	strbuf_puts(out, " of ");
	print_buf(out, p, s->count);
	strbuf_putc(out, ')');
}

static void
print_worded(StrBuf *out, const Plan *p, const PlanCode *c, const char *word, const PlanExpr *e)
{
	strbuf_printf(out, "%s ", word);
	print_expr(out, p, c, e, 0, 0);
}

void
plan_print_head(StrBuf *out, const Plan *p, const PlanCode *c, const PlanStmt *s)
{
	switch (s->kind) {
	case PSTMT_LET: print_declared(out, p, c, s, "let"); return;
	case PSTMT_VAR: print_declared(out, p, c, s, "var"); return;
	case PSTMT_SET:
		strbuf_puts(out, "set ");
		print_local(out, c, s->id);
		strbuf_puts(out, " = ");
		print_expr(out, p, c, s->e, 0, 0);
		return;
	case PSTMT_STORE:
		print_place(out, p, c, s);
		strbuf_puts(out, " = ");
		print_expr(out, p, c, s->e, 0, 0);
		return;
	case PSTMT_PREFETCH:
		strbuf_puts(out, "prefetch ");
		print_place(out, p, c, s);
		return;
	case PSTMT_FOR: print_for(out, p, c, s); return;
	case PSTMT_WHILE: print_worded(out, p, c, "while", s->e); return;
	case PSTMT_IF: print_worded(out, p, c, "if", s->e); return;
	case PSTMT_CALL: print_call(out, p, c, s); return;
	case PSTMT_RETURN:
		strbuf_puts(out, "return ");
		print_list(out, p, c, s->nops, s->op, 0);
		return;
	case PSTMT_RUN: print_run(out, p, s); return;
	case PSTMT_DO:
		strbuf_puts(out, "do ");
		print_code_name(out, p, s->id);
		return;
	case PSTMT_TEAM: strbuf_puts(out, "team"); return;
	case PSTMT_MEET: strbuf_puts(out, "meet"); return;
	case PSTMT_HOST: print_host(out, p, c, s); return;
	case PSTMT_NOTE:
		strbuf_puts(out, "note ");
		plan_print_quoted(out, s->text ? s->text : "", '"');
		return;
	case PSTMT_UNSET:
	case PSTMT_COUNT: break;
	}
	strbuf_puts(out, "<no statement>");
}

static void print_block(StrBuf *out, const Plan *p, const PlanCode *c, PlanBlock b, int depth);

static void
print_stmt(StrBuf *out, const Plan *p, const PlanCode *c, const PlanStmt *s, int depth)
{
	plan_print_head(out, p, c, s);
	if (s->kind == PSTMT_FOR || s->kind == PSTMT_WHILE || s->kind == PSTMT_IF || s->kind == PSTMT_TEAM)
		print_block(out, p, c, s->body, depth);
	if (s->kind == PSTMT_IF && s->other.n > 0) {
		strbuf_puts(out, " else");
		if (s->other.n == 1 && s->other.at[0]->kind == PSTMT_IF) {
			strbuf_putc(out, ' ');
			print_stmt(out, p, c, s->other.at[0], depth);
		} else {
			print_block(out, p, c, s->other, depth);
		}
	}
}

static void
print_block(StrBuf *out, const Plan *p, const PlanCode *c, PlanBlock b, int depth)
{
	strbuf_puts(out, " {\n");
	for (uint32_t i = 0; i < b.n; i++) {
		strbuf_indent(out, depth + 1);
		print_stmt(out, p, c, b.at[i], depth + 1);
		strbuf_putc(out, '\n');
	}
	strbuf_indent(out, depth);
	strbuf_putc(out, '}');
}

/* ---- the tables ---------------------------------------------------------------------------------- */

static void
print_signature(StrBuf *out, const PlanCode *c)
{
	strbuf_putc(out, '(');
	for (uint32_t i = 0; i < c->nparams; i++) {
		strbuf_puts(out, i ? ", " : "");
		print_local(out, c, i);
		strbuf_printf(out, ": %s", plan_type_name(c->locals[i].type));
	}
	strbuf_puts(out, ") -> (");
	for (uint32_t i = 0; i < c->nresults; i++)
		strbuf_printf(out, "%s%s", i ? ", " : "", plan_type_name(c->results[i]));
	strbuf_putc(out, ')');
}

void
plan_print_code(StrBuf *out, const Plan *p, const PlanCode *c)
{
	strbuf_puts(out, c->kind == CODE_FUNC ? "func " : c->kind == CODE_KERNEL ? "kernel " : "proc ");
	plan_print_name(out, c->name);
	if (c->kind == CODE_FUNC)
		print_signature(out, c);
	if (c->kind == CODE_KERNEL)
		strbuf_printf(out, " range %" PRIu64, c->range);
	print_block(out, p, c, c->body, 0);
	strbuf_putc(out, '\n');
}

static void
print_data(StrBuf *out, const PlanBuf *b)
{
	enum { PER_LINE = 12 };
	uint64_t n = plan_buf_count(b);
	strbuf_puts(out, n > PER_LINE ? " = {" : " = { ");
	for (uint64_t i = 0; i < n; i++) {
		strbuf_puts(out, i ? "," : "");
		strbuf_puts(out, n > PER_LINE && i % PER_LINE == 0 ? "\n\t" : i ? " " : "");
		print_value(out, b->type, b->data[i], false);
	}
	strbuf_puts(out, n > PER_LINE ? "\n}" : n ? " }" : "}");
}

static void
print_buffer(StrBuf *out, const PlanBuf *b)
{
	strbuf_puts(out, "buffer ");
	plan_print_name(out, b->name);
	strbuf_printf(out, ": %s [", plan_type_name(b->type));
	for (uint32_t i = 0; i < b->naxes; i++)
		strbuf_printf(out, "%s%s %" PRIu64, i ? ", " : "", plan_axis_name(b->axis[i].kind), b->axis[i].extent);
	strbuf_printf(out, "] %s", plan_role_name(b->role));
	if (b->pitch)
		strbuf_printf(out, " pitch %" PRIu64, b->pitch);
	if (b->role == ROLE_CONST && b->data)
		print_data(out, b);
	strbuf_putc(out, '\n');
}

static void
print_object(StrBuf *out, const Plan *p, uint32_t index)
{
	const PlanObject *o = &p->objects.at[index];
	strbuf_printf(out, "object %" PRIu32 " %s ", index, plan_object_mnemonic(o->kind));
	plan_print_quoted(out, o->name, '"');
	strbuf_puts(out, " texts [");
	for (uint32_t i = 0; i < o->ntexts; i++) {
		strbuf_puts(out, i ? ", " : "");
		plan_print_quoted(out, o->texts[i], '"');
	}
	strbuf_puts(out, "] bufs [");
	for (uint32_t i = 0; i < o->nbufs; i++) {
		strbuf_puts(out, i ? ", " : "");
		print_buf(out, p, o->bufs[i]);
	}
	strbuf_puts(out, "] nums [");
	for (uint32_t i = 0; i < o->nnums; i++)
		strbuf_printf(out, "%s%" PRId64, i ? ", " : "", o->nums[i]);
	strbuf_puts(out, "]\n");
}

void
plan_print(StrBuf *out, const Plan *p)
{
	char dt[NUM_TEXT];
	strbuf_puts(out, "plan ");
	plan_print_quoted(out, p->name, '"');
	strbuf_printf(out, " real %s dt %s seed %" PRIu64 "\n", plan_type_name(p->real), num_write_f64(dt, p->dt), p->seed);
	if (p->bufs.n)
		strbuf_putc(out, '\n');
	for (uint32_t i = 0; i < p->bufs.n; i++)
		print_buffer(out, &p->bufs.at[i]);
	if (p->objects.n)
		strbuf_putc(out, '\n');
	for (uint32_t i = 0; i < p->objects.n; i++)
		print_object(out, p, i);
	for (uint32_t i = 0; i < p->codes.n; i++) {
		strbuf_putc(out, '\n');
		plan_print_code(out, p, p->codes.at[i]);
	}
}
