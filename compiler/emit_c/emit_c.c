/* emit_c: the order of the file, and the names of file scope. */
#include "emit_c/emit_c_inner.h"

#include "base/panic.h"

#include <string.h>

static void
name_members(CEmit *c)
{
	const Plan *p = c->plan;
	CNames names = c_names_init(c->arena, false);
	c_names_take(&names, "host");
	c->bufs = ARENA_ARRAY(c->arena, const char *, p->bufs.n + 1);
	for (uint32_t i = 0; i < p->bufs.n; i++)
		c->bufs[i] = c_names_add(&names, p->bufs.at[i].name);
	c->tag = c->title;
}

static const char *const object_words[POBJ_COUNT] = {
#define X(kind, mnemonic, texts, bufs, nums) [POBJ_##kind] = mnemonic,
#include "plan/plan_object.def"
#undef X
};

/* Whether two objects are called alike: a record and a plot of the same weight, say. */
static bool
shares_name(const Plan *p, uint32_t object)
{
	for (uint32_t i = 0; i < p->objects.n; i++) {
		if (i != object && strcmp(p->objects.at[i].name, p->objects.at[object].name) == 0)
			return true;
	}
	return false;
}

/* Of the constants' arrays too, which are called after their members. */
static void
name_file_scope(CEmit *c)
{
	const Plan *p = c->plan;
	for (uint32_t i = 0; i < p->bufs.n; i++) {
		if (p->bufs.at[i].role == ROLE_CONST)
			c_names_take(&c->file, arena_printf(c->arena, "%s_data", c->bufs[i]));
	}
	c->codes = ARENA_ARRAY(c->arena, const char *, p->codes.n + 1);
	for (uint32_t i = 0; i < p->codes.n; i++)
		c->codes[i] = c_names_add(&c->file, p->codes.at[i]->name);
	c->objects = ARENA_ARRAY(c->arena, const char *, p->objects.n + 1);
	for (uint32_t i = 0; i < p->objects.n; i++) {
		const PlanObject *o = &p->objects.at[i];
		const char *name = o->name;
		if (shares_name(p, i))
			name = arena_printf(c->arena, "%s_%s", object_words[o->kind], o->name);
		c->objects[i] = c_names_upper(&c->file, name);
	}
}

static bool
is_wanted(const Plan *p, const char *name)
{
	for (uint32_t i = 0; i < p->codes.n; i++) {
		const PlanCode *code = p->codes.at[i];
		if (strcmp(code->name, name) == 0)
			return true;
		for (uint32_t k = 0; k < code->nlocals; k++) {
			if (strcmp(code->locals[k].name, name) == 0)
				return true;
		}
	}
	return false;
}

/* The pointer to the struct has the same name everywhere, one that no local and no code wants. */
static const char *
choose_self(const Plan *p)
{
	static const char *const wishes[] = {"n", "net", "self", "network"};
	for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
		if (!is_wanted(p, wishes[i]))
			return wishes[i];
	}
	return "the_network";
}

/* Objects by name, for the calls of the host. */
static void
put_objects_enum(CEmit *c)
{
	const Plan *p = c->plan;
	if (!p->objects.n)
		return;
	StrBuf b = strbuf_init(c->arena);
	strbuf_puts(&b, "enum { ");
	for (uint32_t i = 0; i < p->objects.n; i++)
		strbuf_printf(&b, "%s%s", i ? ", " : "", c->objects[i]);
	strbuf_puts(&b, " };");
	strbuf_puts(c->out, "\n/* What the host keeps for the protocol; see `objects`. */\n");
	c_wrap(c->out, 0, strbuf_text(&b));
}

void
emit_c(StrBuf *out, const Plan *p, const EmitCOptions *o)
{
	static const EmitCOptions none = {0};
	Arena *scratch = arena_open();
	CEmit c = {.arena = scratch, .out = out, .plan = p, .opt = o ? o : &none};
	c.program = plan_find_code(p, "program");
	c.whole = c.program != UINT32_MAX;
	c.infos = ARENA_ARRAY(scratch, CCode, p->codes.n + 1);
	c.file = c_names_init(scratch, true);
	c.title = c_names_add(&c.file, p->name);
	c.self = choose_self(p);
	name_members(&c);
	name_file_scope(&c);
	c_scan(&c);
	c_scan_negations(&c);
	c_head(&c);
	put_objects_enum(&c);
	c_struct(&c);
	c_codes(&c);
	if (c.whole)
		c_tables(&c);
	arena_close(scratch);
}
