/* emit_c_table: what the host must know: buffers, constants, objects, the program, main. */
#include "emit_c/emit_c_inner.h"

#include "base/panic.h"

#include <string.h>

enum { ROOM = 92 }; /* columns for rows of numbers, behind one tab */

static const char *const type_names[PT_COUNT] = {
	[PT_BOOL] = "SNNRT_BOOL", [PT_I8] = "SNNRT_I8",     [PT_I16] = "SNNRT_I16",
	[PT_I32] = "SNNRT_I32",   [PT_I64] = "SNNRT_I64",   [PT_U8] = "SNNRT_U8",
	[PT_U16] = "SNNRT_U16",   [PT_U32] = "SNNRT_U32",   [PT_U64] = "SNNRT_U64",
	[PT_F16] = "SNNRT_F16",   [PT_BF16] = "SNNRT_BF16", [PT_F32] = "SNNRT_F32",
	[PT_F64] = "SNNRT_F64",
};

static const char *const role_names[ROLE_COUNT] = {
	[ROLE_STATE] = "SNNRT_STATE",
	[ROLE_DERIVED] = "SNNRT_DERIVED",
	[ROLE_SCRATCH] = "SNNRT_SCRATCH",
	[ROLE_CONST] = "SNNRT_CONST",
	[ROLE_WORK] = "SNNRT_WORK",
};

static const char *const axis_names[AXIS_COUNT] = {
	[AXIS_LANE] = "SNNRT_LANE", [AXIS_BATCH] = "SNNRT_BATCH", [AXIS_NEURON] = "SNNRT_NEURON",
	[AXIS_PRE] = "SNNRT_PRE", [AXIS_POST] = "SNNRT_POST", [AXIS_SYNAPSE] = "SNNRT_SYNAPSE",
	[AXIS_SLOT] = "SNNRT_SLOT", [AXIS_CLASS] = "SNNRT_CLASS", [AXIS_ITEM] = "SNNRT_ITEM",
};

static const char *const object_names[POBJ_COUNT] = {
#define X(kind, mnemonic, texts, bufs, nums) [POBJ_##kind] = "SNNRT_OBJ_" #kind,
#include "plan/plan_object.def"
#undef X
};

void
c_string(StrBuf *b, const char *s)
{
	strbuf_putc(b, '"');
	for (; *s; s++) {
		unsigned char ch = (unsigned char)*s;
		if (ch == '"' || ch == '\\')
			strbuf_printf(b, "\\%c", ch);
		else if (ch < ' ' || ch == 0x7f || ch == '?')
			strbuf_printf(b, "\\%03o", ch);
		else
			strbuf_putc(b, (char)ch);
	}
	strbuf_putc(b, '"');
}

/* ---- constants ------------------------------------------------------------------------------- */

/* The nearest half or bfloat16, as its bits; the value has been rounded by the plan, so this is
 * exact. */
static uint16_t
half_bits(PlanType t, double value)
{
	float v = (float)value;
	uint32_t u;
	memcpy(&u, &v, sizeof u);
	uint32_t size = u & 0x7fffffff, sign = u >> 16 & 0x8000;
	if (t == PT_BF16)
		return (uint16_t)(size > 0x7f800000 ? 0x7fc0 : u >> 16);
	if (size > 0x7f800000)
		return 0x7e00;
	if (size >= 0x47800000)
		return (uint16_t)(sign | 0x7c00);
	if (size < 0x38800000)
		return (uint16_t)(sign | (uint32_t)(sign ? -v * 0x1p24f : v * 0x1p24f));
	return (uint16_t)(sign | (size - 0x38000000) >> 13);
}

static bool
is_zero(const PlanBuf *b)
{
	uint64_t n = plan_buf_count(b);
	for (uint64_t i = 0; i < n; i++) {
		if (b->data[i].i != 0)
			return false;
	}
	return true;
}

static bool
has_data(const PlanBuf *b)
{
	return b->role == ROLE_CONST && b->data && !is_zero(b);
}

void
c_array(Arena *a, StrBuf *out, const char *name, const PlanBuf *b, const PlanValue *data)
{
	uint64_t n = plan_buf_count(b);
	strbuf_printf(out, "\nstatic const %s %s[%llu] = {\n", c_elem(b->type), name, (unsigned long long)n);
	StrBuf row = strbuf_init(a), item = strbuf_init(a);
	for (uint64_t k = 0; k < n; k++) {
		item.n = 0;
		if (b->type == PT_F16 || b->type == PT_BF16)
			strbuf_printf(&item, "0x%04x,", half_bits(b->type, data[k].f));
		else if (b->type == PT_BOOL)
			strbuf_puts(&item, data[k].i ? "1," : "0,");
		else {
			c_const(&item, b->type, data[k]);
			strbuf_putc(&item, ',');
		}
		if (row.n && row.n + 1 + item.n > ROOM) {
			strbuf_printf(out, "\t%s\n", strbuf_text(&row));
			row.n = 0;
		}
		strbuf_printf(&row, "%s%s", row.n ? " " : "", strbuf_text(&item));
	}
	strbuf_printf(out, "\t%s\n};\n", strbuf_text(&row));
}

static void
put_data(CEmit *c, uint32_t i)
{
	const PlanBuf *b = &c->plan->bufs.at[i];
	c_array(c->arena, c->out, arena_printf(c->arena, "%s_data", c->bufs[i]), b, b->data);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
put_buffer(CEmit *c, uint32_t i)
{
	const PlanBuf *b = &c->plan->bufs.at[i];
	StrBuf s = strbuf_init(c->arena);
	strbuf_putc(&s, '{');
	c_string(&s, b->name);
	strbuf_printf(&s, ", %s, %s, %u, {", type_names[b->type], role_names[b->role], b->naxes);
	for (uint32_t k = 0; k < b->naxes; k++)
		strbuf_printf(&s, "%s{%s, %llu}", k ? ", " : "", axis_names[b->axis[k].kind],
		              (unsigned long long)b->axis[k].extent);
	strbuf_printf(&s, "%s}, %llu, %llu, %llu, ", b->naxes ? "" : "{0, 0}",
		      (unsigned long long)b->offset, (unsigned long long)(plan_buf_count(b) * plan_type_size(b->type)),
		      (unsigned long long)b->pitch);
	if (has_data(b))
		strbuf_printf(&s, "%s_data},", c->bufs[i]);
	else
		strbuf_puts(&s, "NULL},");
	c_wrap(c->out, 1, strbuf_text(&s));
}

static void
put_object(CEmit *c, const PlanObject *o)
{
	StrBuf s = strbuf_init(c->arena);
	strbuf_printf(&s, "{%s, ", object_names[o->kind]);
	c_string(&s, o->name);
	strbuf_printf(&s, ", %u, %u, %u, ", o->ntexts, o->nbufs, o->nnums);
	strbuf_puts(&s, o->ntexts ? "(const char *const[]){" : "NULL");
	for (uint32_t i = 0; i < o->ntexts; i++) {
		strbuf_puts(&s, i ? ", " : "");
		c_string(&s, o->texts[i]);
	}
	strbuf_puts(&s, o->ntexts ? "}, " : ", ");
	strbuf_puts(&s, o->nbufs ? "(const uint32_t[]){" : "NULL");
	for (uint32_t i = 0; i < o->nbufs; i++)
		strbuf_printf(&s, "%s%u", i ? ", " : "", o->bufs[i]);
	strbuf_puts(&s, o->nbufs ? "}, " : ", ");
	strbuf_puts(&s, o->nnums ? "(const int64_t[]){" : "NULL");
	for (uint32_t i = 0; i < o->nnums; i++) {
		strbuf_puts(&s, i ? ", " : "");
		c_const(&s, PT_I64, (PlanValue){.i = o->nums[i]});
	}
	strbuf_puts(&s, o->nnums ? "}}," : "},");
	c_wrap(c->out, 1, strbuf_text(&s));
}

/* ---- all ------------------------------------------------------------------------------------- */

static void
put_program(CEmit *c)
{
	const Plan *p = c->plan;
	StrBuf s = strbuf_init(c->arena), dt = strbuf_init(c->arena), *b = c->out;
	c_string(&s, p->name);
	c_const(&dt, PT_F64, (PlanValue){.f = p->dt});
	if (c->opt->exported)
		strbuf_printf(b, "\nextern const snnrt_program %s;", c->opt->exported);
	strbuf_printf(b, "\n%sconst snnrt_program %s = {\n", c->opt->exported ? "" : "static ", c->opt->exported ? c->opt->exported : c->title);
	strbuf_puts(b, "\t.version = SNNRT_VERSION,\n");
	strbuf_printf(b, "\t.name = %s,\n", strbuf_text(&s));
	s.n = 0;
	c_string(&s, c->opt->source_hash ? c->opt->source_hash : "");
	strbuf_printf(b, "\t.source_hash = %s,\n", strbuf_text(&s));
	strbuf_printf(b, "\t.plan_hash = \"%s\",\n", plan_hash(p));
	strbuf_printf(b, "\t.real = %s,\n", type_names[p->real]);
	strbuf_printf(b, "\t.dt = %s,\n", strbuf_text(&dt));
	StrBuf seed = strbuf_init(c->arena);
	c_const(&seed, PT_U64, (PlanValue){.i = (int64_t)p->seed});
	strbuf_printf(b, "\t.seed = %s,\n", strbuf_text(&seed));
	strbuf_printf(b, "\t.arena_bytes = sizeof(struct %s),\n", c->tag);
	if (p->bufs.n)
		strbuf_printf(b, "\t.nbuffers = %u,\n\t.buffers = buffers,\n", p->bufs.n);
	if (p->objects.n)
		strbuf_printf(b, "\t.nobjects = %u,\n\t.objects = objects,\n", p->objects.n);
	strbuf_puts(b, "\t.entry = entry,\n};\n");
}

void
c_tables(CEmit *c)
{
	const Plan *p = c->plan;
	StrBuf *b = c->out;
	for (uint32_t i = 0; i < p->bufs.n; i++) {
		if (has_data(&p->bufs.at[i]))
			put_data(c, i);
	}
	if (p->bufs.n) {
		strbuf_puts(b, "\n"
		               "/* name, type, role, axes, place and bytes in the struct, values */\n"
		               "static const snnrt_buffer buffers[] = {\n");
		for (uint32_t i = 0; i < p->bufs.n; i++)
			put_buffer(c, i);
		strbuf_puts(b, "};\n");
	}
	if (p->objects.n) {
		strbuf_puts(b, "\n"
		               "/* kind, name, how many texts, buffers and numbers, and which */\n"
		               "static const snnrt_object objects[] = {\n");
		for (uint32_t i = 0; i < p->objects.n; i++)
			put_object(c, &p->objects.at[i]);
		strbuf_puts(b, "};\n");
	}
	strbuf_printf(b,
		      "\nstatic int64_t\nentry(void *arena, void "
		      "*closure)\n{\n\t(void)closure;\n\treturn %s(arena);\n}\n",
		      c->codes[c->program]);
	put_program(c);
	if (!c->opt->exported)
		strbuf_printf(b, "\nint\nmain(int argc, char **argv)\n{\n\treturn snnrt_main(argc, argv, &%s);\n}\n", c->title);
}
