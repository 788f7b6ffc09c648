/* emit_c_code: functions, kernels and procs: signatures and bodies.
 *
 * Kernels take the struct through a restrict pointer. Procs do not: the host changes the arena
 * behind their back (votes, streams), which restrict would deny.
 */
#include "emit_c/emit_c_inner.h"

#include "base/panic.h"

/* ---- signatures ------------------------------------------------------------------------------ */

static const char *
linkage(const CEmit *c)
{
	if (c->info->root)
		return "";
	return c->code->kind == CODE_FUNC ? "static ALWAYS_INLINE " : "static ";
}

static void
put_params_of_func(CEmit *c, StrBuf *b)
{
	const PlanCode *code = c->code;
	const char *sep = "";
	if (c->info->arena) {
		strbuf_printf(b, "const struct %s *restrict %s", c->tag, c->self);
		sep = ", ";
	}
	for (uint32_t i = 0; i < code->nparams; i++) {
		strbuf_printf(b, "%s%s %s", sep, c_type(code->locals[i].type), c->info->locals[i]);
		sep = ", ";
	}
	for (uint32_t i = 0; code->nresults > 1 && i < code->nresults; i++) {
		strbuf_printf(b, "%s%s *%s", sep, c_type(code->results[i]), c->info->outs[i]);
		sep = ", ";
	}
	if (!*sep)
		strbuf_puts(b, "void");
}

static bool
takes_range(const CEmit *c)
{
	return c->info->needed[0] || c->info->needed[1];
}

static void
put_signature(CEmit *c)
{
	const PlanCode *code = c->code;
	StrBuf b = strbuf_init(c->arena);
	const char *result = "int64_t";
	strbuf_printf(&b, "%s(", c->codes[c->info - c->infos]);
	switch (code->kind) {
	case CODE_FUNC:
		result = code->nresults == 1 ? c_type(code->results[0]) : "void";
		put_params_of_func(c, &b);
		break;
	case CODE_KERNEL:
		result = "void";
		strbuf_printf(&b, "struct %s *restrict %s", c->tag, c->self);
		if (takes_range(c))
			strbuf_printf(&b, ", int64_t %s, int64_t %s", c->info->locals[0],
				      c->info->locals[1]);
		break;
	case CODE_PROC:
		strbuf_printf(&b, "struct %s *%s", c->tag, c->self);
		break;
	case CODE_UNSET:
		UNREACHABLE();
	}
	strbuf_putc(&b, ')');
	strbuf_printf(c->out, "%s%s\n", linkage(c), result);
	c_line(c, strbuf_text(&b));
}

/* ---- bodies ---------------------------------------------------------------------------------- */

/* Parameters that the body has no use for. */
static void
put_voids(CEmit *c)
{
	const PlanCode *code = c->code;
	if (c->info->arena && !c->info->arena_read)
		c_line(c, arena_printf(c->arena, "(void)%s;", c->self));
	if (code->kind == CODE_KERNEL && !takes_range(c))
		return;
	for (uint32_t i = 0; i < code->nparams; i++) {
		if (!c->info->needed[i])
			c_line(c, arena_printf(c->arena, "(void)%s;", c->info->locals[i]));
	}
}

/* Work of the code's own; what reads it has written it. */
static void
put_frame(CEmit *c)
{
	bool *stored = ARENA_ARRAY(c->arena, bool, c->plan->bufs.n + 1);
	plan_note_stores(stored, c->code->body);
	for (uint32_t i = 0; i < c->plan->bufs.n; i++)
		if (stored[i] && plan_buf_in_frame(&c->plan->bufs.at[i]))
			c_line(c, arena_printf(c->arena, "%s;", c_declarator(c, i)));
}

/* Remarks at the top of a body become the comment above the function. */
static PlanBlock
put_remarks(CEmit *c)
{
	PlanBlock rest = c->code->body;
	StrBuf b = strbuf_init(c->arena);
	while (rest.n && rest.at[0]->kind == PSTMT_NOTE) {
		strbuf_printf(&b, "%s ", rest.at[0]->text);
		rest.at++;
		rest.n--;
	}
	if (b.n)
		c_comment(c, strbuf_text(&b));
	return rest;
}

static void
put_code(CEmit *c, uint32_t i)
{
	c->code = c->plan->codes.at[i];
	c->info = &c->infos[i];
	c->line = 0;
	c->line_file = NULL;
	c_name_locals(c);
	if (c->code->kind == CODE_PROC)
		c_shares(c);
	strbuf_putc(c->out, '\n');
	PlanBlock body = put_remarks(c);
	put_signature(c);
	strbuf_puts(c->out, "{\n");
	c->depth = 1;
	if (c->info->status)
		c_line(c, arena_printf(c->arena, "int64_t %s;", c->info->status_name));
	put_voids(c);
	put_frame(c);
	c_block(c, &body);
	if (c->code->kind == CODE_KERNEL && body.n)
		c_line(c, "STORED;");
	if (c->code->kind == CODE_PROC)
		c_line(c, "return 0;");
	c->depth = 0;
	strbuf_puts(c->out, "}\n");
}

void
c_codes(CEmit *c)
{
	for (uint32_t i = 0; i < c->plan->codes.n; i++) {
		if (c->infos[i].used)
			put_code(c, i);
	}
}
