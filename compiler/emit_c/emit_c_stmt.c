/* emit_c_stmt: statements. Values that nobody reads are left out (emit_c_scan), a loop's bound
 * that may change in the loop gets a name of its own (emit_c_code), and `x = x + y` becomes `x
 * += y`. */
#include "emit_c/emit_c_inner.h"

#include "base/panic.h"

#include <string.h>

static void put_stmt(CEmit *c, const PlanStmt *s);

void
c_line(CEmit *c, const char *text)
{
	c_wrap(c->out, c->depth, text);
}

void
c_comment(CEmit *c, const char *text)
{
	c_wrap_comment(c->out, c->depth, text);
}

static bool
has_source_line(const CEmit *c, const PlanStmt *s)
{
	return c->opt->line_comments && c->opt->sources && s->kind != PSTMT_NOTE && s->span.lo != 0;
}

/* The line of the user's text that a statement comes from, once. */
static void
put_source_line(CEmit *c, const PlanStmt *s)
{
	SourcePlace at;
	if (!has_source_line(c, s) || !source_find(c->opt->sources, s->span.lo, &at) ||
	    (at.line == c->line && at.file->name == c->line_file))
		return;
	c->line = at.line;
	c->line_file = at.file->name;
	StrBuf b = strbuf_init(c->arena);
	strbuf_printf(&b, "%s:%u: ", at.file->name, at.line);
	strbuf_putn(&b, at.line_text, at.line_len);
	c_comment(c, strbuf_text(&b));
}

/* ---- loads that a choice would hide ---------------------------------------------------------- */

/* C reads only the arm that is chosen; clang makes no vectors of a loop with such a read in it.
 * The plan reads both arms anyway, so in loops of independent turns those reads come first,
 * under a name. */
static void
collect_hidden(CEmit *c, const PlanExpr *e, bool in_arm)
{
	if (e->kind == PEXPR_LOAD && in_arm) {
		for (uint32_t i = 0; i < c->hoisted.n; i++) {
			if (c_expr_same(c->hoisted.at[i].load, e))
				return;
		}
		VEC_PUSH(c->arena, &c->hoisted, (CHoisted){e, NULL});
		return;
	}
	for (uint32_t i = 0; i < e->nops; i++)
		collect_hidden(c, e->op[i], in_arm || (e->kind == PEXPR_SELECT && i > 0));
}

static uint32_t
find_hidden(CEmit *c, const PlanStmt *s, bool simd)
{
	bool plain = s->kind == PSTMT_LET || s->kind == PSTMT_VAR || s->kind == PSTMT_SET ||
		     s->kind == PSTMT_STORE;
	c->hoisted.n = 0;
	if (plain && simd)
		collect_hidden(c, s->e, false);
	return c->hoisted.n;
}

static void
hoist_hidden(CEmit *c, const PlanStmt *s)
{
	uint32_t n = find_hidden(c, s, c->simd_depth > 0);
	for (uint32_t i = 0; i < n; i++) {
		const PlanExpr *e = c->hoisted.at[i].load;
		const char *base = c->plan->bufs.at[e->id].name, *dot = strrchr(base, '.');
		const char *name = c_names_add(&c->names, dot ? dot + 1 : base);
		StrBuf b = strbuf_init(c->arena);
		strbuf_printf(&b, "const %s %s = ", c_type(e->type), name);
		c->hoisted.n = i;  /* itself is printed as it is */
		c_expr(c, &b, e);
		c->hoisted.at[i].name = name;
		strbuf_putc(&b, ';');
		c_line(c, strbuf_text(&b));
	}
	c->hoisted.n = n;
}

/* ---- simple statements ----------------------------------------------------------------------- */

static void
put_declaration(CEmit *c, const PlanStmt *s)
{
	StrBuf b = strbuf_init(c->arena);
	const char *name = c->info->locals[s->id];
	strbuf_printf(&b, "%s%s %s = ", s->kind == PSTMT_LET ? "const " : "",
		      c_type(c->code->locals[s->id].type), name);
	c_value(c, &b, s->e);
	strbuf_putc(&b, ';');
	c_line(c, strbuf_text(&b));
}

static void
put_set(CEmit *c, const PlanStmt *s)
{
	StrBuf b = strbuf_init(c->arena);
	PlanExpr old = {.kind = PEXPR_LOCAL, .type = c->code->locals[s->id].type, .id = s->id};
	c_assign(c, &b, c->info->locals[s->id], &old, s->e);
	strbuf_putc(&b, ';');
	c_line(c, strbuf_text(&b));
}

static void
put_store(CEmit *c, const PlanStmt *s)
{
	StrBuf b = strbuf_init(c->arena), target = strbuf_init(c->arena);
	PlanType t = c->plan->bufs.at[s->id].type;
	c_element(c, &target, s->id, s->nops, s->op);
	if (t == PT_F16 || t == PT_BF16) {
		strbuf_printf(&b, "%s = %s(", strbuf_text(&target),
			      t == PT_F16 ? "f16_of_f32" : "bf16_of_f32");
		c_value(c, &b, s->e);
		strbuf_putc(&b, ')');
	} else {
		PlanExpr old = {.kind = PEXPR_LOAD, .type = t, .id = s->id, .nops = s->nops};
		for (uint32_t i = 0; i < s->nops; i++)
			old.op[i] = s->op[i];
		c_assign(c, &b, strbuf_text(&target), &old, s->e);
	}
	strbuf_putc(&b, ';');
	c_line(c, strbuf_text(&b));
}

static void
put_prefetch(CEmit *c, const PlanStmt *s)
{
	StrBuf b = strbuf_init(c->arena);
	strbuf_puts(&b, "__builtin_prefetch(&");
	c_element(c, &b, s->id, s->nops, s->op);
	strbuf_puts(&b, ");");
	c_line(c, strbuf_text(&b));
}

/* One result comes back as the value, several through pointers. */
static void
put_call(CEmit *c, const PlanStmt *s)
{
	StrBuf b = strbuf_init(c->arena);
	const PlanLocal *locals = c->code->locals;
	if (s->nlocals == 1) {
		strbuf_printf(&b, "const %s %s = ", c_type(locals[s->locals[0]].type),
			      c->info->locals[s->locals[0]]);
	} else {
		for (uint32_t i = 0; i < s->nlocals; i++) {
			PlanType t = locals[s->locals[i]].type;
			bool same = i > 0 && t == locals[s->locals[i - 1]].type;
			strbuf_puts(&b, same ? ", " : i > 0 ? "; " : "");
			if (!same)
				strbuf_printf(&b, "%s ", c_type(t));
			strbuf_puts(&b, c->info->locals[s->locals[i]]);
		}
		strbuf_putc(&b, ';');
		c_line(c, strbuf_text(&b));
		b = strbuf_init(c->arena);
	}
	strbuf_printf(&b, "%s(", c->codes[s->id]);
	const char *sep = "";
	if (c->infos[s->id].arena) {
		strbuf_puts(&b, c->self);
		sep = ", ";
	}
	for (uint32_t i = 0; i < s->nops; i++) {
		strbuf_puts(&b, sep);
		c_value(c, &b, s->op[i]);
		sep = ", ";
	}
	for (uint32_t i = 0; s->nlocals > 1 && i < s->nlocals; i++)
		strbuf_printf(&b, ", &%s", c->info->locals[s->locals[i]]);
	strbuf_puts(&b, ");");
	c_line(c, strbuf_text(&b));
}

static void
put_return(CEmit *c, const PlanStmt *s)
{
	for (uint32_t i = 0; i < s->nops; i++) {
		StrBuf b = strbuf_init(c->arena);
		if (s->nops == 1)
			strbuf_puts(&b, "return ");
		else
			strbuf_printf(&b, "*%s = ", c->info->outs[i]);
		c_value(c, &b, s->op[i]);
		strbuf_putc(&b, ';');
		c_line(c, strbuf_text(&b));
	}
}

/* ---- calls of kernels, procs and the host ---------------------------------------------------- */

static void
put_run(CEmit *c, const PlanStmt *s)
{
	StrBuf b = strbuf_init(c->arena);
	const CCode *callee = &c->infos[s->id];
	strbuf_printf(&b, "%s(%s", c->codes[s->id], c->self);
	if (callee->needed[0] || callee->needed[1])
		strbuf_printf(&b, ", 0, %llu", (unsigned long long)c->plan->codes.at[s->id]->range);
	strbuf_puts(&b, ");");
	c_line(c, strbuf_text(&b));
}

/* `if ((status = call) < 0) return status;` */
static void
put_checked(CEmit *c, const char *call)
{
	c_line(c, arena_printf(c->arena, "if ((%s = %s) < 0)", c->info->status_name, call));
	c->depth++;
	c_line(c, arena_printf(c->arena, "return %s;", c->info->status_name));
	c->depth--;
}

/* The objects that a host call names by index are shown by name. */
static bool
is_object(const char *fn, uint32_t arg)
{
	if (strcmp(fn, "begin") == 0 || strcmp(fn, "poll") == 0)
		return false;
	return arg == 0 || (arg == 1 && strcmp(fn, "vote") == 0);
}

static void
put_host(CEmit *c, const PlanStmt *s)
{
	StrBuf b = strbuf_init(c->arena);
	const char *fn = plan_host_fns[s->id].name;
	strbuf_printf(&b, "snnrt_%s(%s->host", fn, c->self);
	for (uint32_t i = 0; i < s->nargs; i++) {
		const PlanExpr *e = s->args[i].e;
		strbuf_puts(&b, ", ");
		if (s->args[i].address)
			c_address(c, &b, e);
		else if (is_object(fn, i) && e->kind == PEXPR_CONST &&
			 (uint64_t)e->value.i < c->plan->objects.n)
			strbuf_puts(&b, c->objects[e->value.i]);
		else
			c_value(c, &b, e);
	}
	strbuf_putc(&b, ')');
	if (!s->nlocals || !c->info->needed[s->locals[0]]) {
		put_checked(c, strbuf_text(&b));
		return;
	}
	const char *name = c->info->locals[s->locals[0]];
	c_line(c, arena_printf(c->arena, "const int64_t %s = %s;", name, strbuf_text(&b)));
	c_line(c, arena_printf(c->arena, "if (%s < 0)", name));
	c_line(c, arena_printf(c->arena, "\treturn %s;", name));
}

/* ---- blocks ---------------------------------------------------------------------------------- */

void
c_block(CEmit *c, const PlanBlock *b)
{
	bool first = true;
	for (uint32_t i = 0; i < b->n; i++) {
		const PlanStmt *s = b->at[i];
		if (!c_stmt_live(c, s))
			continue;
		/* A remark opens a paragraph. */
		if (s->kind == PSTMT_NOTE && !first)
			strbuf_putc(c->out, '\n');
		first = false;
		put_stmt(c, s);
	}
}

/* One statement of one line needs no braces. */
static bool
is_simple(CEmit *c, const PlanBlock *b)
{
	if (c_block_live(c, b) != 1)
		return false;
	for (uint32_t i = 0; i < b->n; i++) {
		if (c_stmt_live(c, b->at[i])) {
			PlanStmtKind k = b->at[i]->kind;
			bool one_line = k == PSTMT_STORE || k == PSTMT_SET || k == PSTMT_RUN;
			return one_line && !has_source_line(c, b->at[i]) &&
			       find_hidden(c, b->at[i], c->simd_depth > 0) == 0;
		}
	}
	return false;
}

/* `head {` block `}`, or without braces. close: false where an else brings the closing brace. */
static void
put_body(CEmit *c, const char *head, const PlanBlock *b, bool braces, bool close)
{
	c_line(c, arena_printf(c->arena, "%s%s", head, braces ? " {" : ""));
	c->depth++;
	c_block(c, b);
	c->depth--;
	if (braces && close)
		c_line(c, "}");
}

/* With a line of its own at the end.
 *
 * STORED in an `if` around what becomes vectors: gcc 12 moves what that stores out of the loops around, and stores also where the condition
 * did not hold (store motion and -fno-trapping-math). APART: see adds_in_frame. */
static void
put_ended(CEmit *c, const char *head, const PlanBlock *b, const char *end)
{
	c_line(c, arena_printf(c->arena, "%s {", head));
	c->depth++;
	c_block(c, b);
	c_line(c, end);
	c->depth--;
	c_line(c, "}");
}

/* Rows that are added up in a frame, one behind the other: gcc would go along two of them together, and not as vectors. */
static bool
adds_in_frame(const CEmit *c, const PlanBlock *b)
{
	const PlanStmt *along = b->n ? b->at[b->n - 1] : NULL;
	const PlanStmt *last = along && along->kind == PSTMT_FOR && along->simd && along->body.n ? along->body.at[along->body.n - 1] : NULL;
	return last && last->kind == PSTMT_STORE && plan_buf_in_frame(&c->plan->bufs.at[last->id]);
}

/* A loop of one turn is its body: the names of a code are unique, so nothing clashes. */
static void
put_one_turn(CEmit *c, const PlanStmt *s)
{
	StrBuf b = strbuf_init(c->arena);
	if (c->info->needed[s->id]) {
		strbuf_printf(&b, "const int64_t %s = ", c->info->locals[s->id]);
		c_value(c, &b, s->e);
		strbuf_putc(&b, ';');
		c_line(c, strbuf_text(&b));
	}
	c_block(c, &s->body);
}

static void
put_for(CEmit *c, const PlanStmt *s)
{
	if (c_one_turn(c, s)) {
		put_one_turn(c, s);
		return;
	}
	StrBuf b = strbuf_init(c->arena);
	const char *i = c->info->locals[s->id], *end = c->info->ends[s->id];
	strbuf_printf(&b, "for (int64_t %s = ", i);
	c_value(c, &b, s->e);
	if (end) {
		strbuf_printf(&b, ", %s = ", end);
		c_value(c, &b, s->hi);
	}
	strbuf_printf(&b, "; %s < ", i);
	if (end)
		strbuf_puts(&b, end);
	else
		c_operand(c, &b, s->hi);
	if (s->step == 1)
		strbuf_printf(&b, "; %s++)", i);
	else
		strbuf_printf(&b, "; %s += %lld)", i, (long long)s->step);
	/* gcc takes the pragma only straight before the loop. */
	if (s->simd)
		c_line(c, "INDEPENDENT");
	c->simd_depth += s->simd;
	if (adds_in_frame(c, &s->body))
		put_ended(c, strbuf_text(&b), &s->body, "APART;");
	else
		put_body(c, strbuf_text(&b), &s->body, !is_simple(c, &s->body), true);
	c->simd_depth -= s->simd;
}

static void
put_while(CEmit *c, const PlanStmt *s)
{
	StrBuf b = strbuf_init(c->arena);
	strbuf_puts(&b, "while (");
	c_expr(c, &b, s->e);
	strbuf_putc(&b, ')');
	put_body(c, strbuf_text(&b), &s->body, !is_simple(c, &s->body), true);
}

static bool
has_simd(const CEmit *c, const PlanBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const PlanStmt *s = b->at[i];
		if ((s->kind == PSTMT_FOR && s->simd && !c_one_turn(c, s)) || has_simd(c, &s->body) || has_simd(c, &s->other))
			return true;
	}
	return false;
}

static void
put_if(CEmit *c, const PlanStmt *s, const char *before)
{
	StrBuf b = strbuf_init(c->arena);
	strbuf_printf(&b, "%sif (", before);
	c_expr(c, &b, s->e);
	strbuf_putc(&b, ')');
	bool otherwise = c_block_live(c, &s->other) > 0;
	if (!otherwise && c->code->kind == CODE_KERNEL && has_simd(c, &s->body)) {
		put_ended(c, strbuf_text(&b), &s->body, "STORED;");
		return;
	}
	if (!otherwise) {
		put_body(c, strbuf_text(&b), &s->body, *before || !is_simple(c, &s->body), true);
		return;
	}
	const PlanStmt *only = s->other.n == 1 ? s->other.at[0] : NULL;
	if (only && only->kind == PSTMT_IF && !has_source_line(c, only)) {
		put_body(c, strbuf_text(&b), &s->body, true, false);
		put_if(c, only, "} else ");
		return;
	}
	bool braces = *before || !is_simple(c, &s->body) || !is_simple(c, &s->other);
	put_body(c, strbuf_text(&b), &s->body, braces, false);
	put_body(c, braces ? "} else" : "else", &s->other, braces, true);
}

static void
put_stmt(CEmit *c, const PlanStmt *s)
{
	put_source_line(c, s);
	hoist_hidden(c, s);
	switch (s->kind) {
	case PSTMT_LET:
	case PSTMT_VAR:
		put_declaration(c, s);
		return;
	case PSTMT_SET:
		put_set(c, s);
		return;
	case PSTMT_STORE:
		put_store(c, s);
		return;
	case PSTMT_PREFETCH:
		put_prefetch(c, s);
		return;
	case PSTMT_FOR:
		put_for(c, s);
		return;
	case PSTMT_WHILE:
		put_while(c, s);
		return;
	case PSTMT_IF:
		put_if(c, s, "");
		return;
	case PSTMT_CALL:
		put_call(c, s);
		return;
	case PSTMT_RETURN:
		put_return(c, s);
		return;
	case PSTMT_RUN:
		put_run(c, s);
		return;
	case PSTMT_DO:
		put_checked(c, arena_printf(c->arena, "%s(%s)", c->codes[s->id], c->self));
		return;
	case PSTMT_HOST:
		put_host(c, s);
		return;
	case PSTMT_TEAM:
		c_team(c, s);
		return;
	case PSTMT_MEET:                                  /* one thread meets nobody */
		return;
	case PSTMT_NOTE:
		c_comment(c, s->text);
		return;
	case PSTMT_UNSET:
	case PSTMT_COUNT:
		break;
	}
	UNREACHABLE();
}
