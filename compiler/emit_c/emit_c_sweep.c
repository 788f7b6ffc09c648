/* emit_c_sweep: the file with main() of a sweep: what differs in each lane, beside the files of the programs that lanes share. */
#include "emit_c/emit_c_inner.h"

#include <string.h>

static bool
same_data(const PlanBuf *b, const PlanValue *x, const PlanValue *y)
{
	return x == y || memcmp(x, y, plan_buf_count(b) * sizeof *x) == 0;
}

/* Arrays of the const buffers that hold something else than in the first lane of the group. */
static uint32_t
put_data(Arena *a, StrBuf *out, const EmitCLane *first, const EmitCLane *l, uint32_t k)
{
	StrBuf list = strbuf_init(a);
	uint32_t n = 0;
	for (uint32_t i = 0; i < l->plan->bufs.n; i++) {
		const PlanBuf *b = &l->plan->bufs.at[i];
		if (b->role != ROLE_CONST || !l->data[i] || l == first || same_data(b, first->data[i], l->data[i]))
			continue;
		const char *name = arena_printf(a, "lane_%u_%u", k, i);
		c_array(a, out, name, b, l->data[i]);
		strbuf_printf(&list, "%s{%u, %s}", n++ ? ", " : "", i, name);
	}
	if (n)
		strbuf_printf(out, "static const snnrt_lane_data lane_%u_data[] = {%s};\n", k, strbuf_text(&list));
	return n;
}

static void
put_texts(StrBuf *s, uint32_t n, const char *const *texts)
{
	strbuf_puts(s, n ? "(const char *const[]){" : "NULL");
	for (uint32_t i = 0; i < n; i++) {
		strbuf_puts(s, i ? ", " : "");
		c_string(s, texts[i]);
	}
	strbuf_puts(s, n ? "}" : "");
}

static void
put_lane(StrBuf *s, const EmitCSweep *sweep, uint32_t k, uint32_t ndata)
{
	const EmitCLane *l = &sweep->lanes[k];
	strbuf_printf(s, "{&%s, ", sweep->exported[l->group]);
	c_string(s, l->source_hash);
	strbuf_printf(s, ", \"%s\", ", l->plan_hash);
	c_const(s, PT_U64, (PlanValue){.i = (int64_t)l->seed});
	strbuf_printf(s, ", %u, %u, ", ndata, l->nsets);
	if (ndata)
		strbuf_printf(s, "lane_%u_data, ", k);
	else
		strbuf_puts(s, "NULL, ");
	put_texts(s, l->nsets, l->sets);
	strbuf_puts(s, ", ");
	c_string(s, l->text);
	strbuf_puts(s, ", ");
	put_texts(s, sweep->nnames, l->value);
	strbuf_puts(s, "},");
}

void
emit_c_sweep(StrBuf *out, const EmitCSweep *sweep)
{
	Arena *a = arena_open();
	const EmitCLane **first = ARENA_ARRAY(a, const EmitCLane *, sweep->nlanes + 1);
	uint32_t *ndata = ARENA_ARRAY(a, uint32_t, sweep->nlanes + 1);
	strbuf_puts(out, "/* The lanes of a sweep: what differs in each. Their programs are in files beside this one.\n"
	                 " * Made by snnc; what it makes of your program is yours. */\n"
	                 "#include \"snnrt.h\"\n\n#include <math.h>\n#include <stddef.h>\n\n");
	for (uint32_t k = 0; k < sweep->nlanes; k++) {
		const EmitCLane *l = &sweep->lanes[k];
		if (first[l->group])
			continue;
		first[l->group] = l;
		strbuf_printf(out, "extern const snnrt_program %s;\n", sweep->exported[l->group]);
	}
	for (uint32_t k = 0; k < sweep->nlanes; k++)
		ndata[k] = put_data(a, out, first[sweep->lanes[k].group], &sweep->lanes[k], k);
	strbuf_puts(out, "\n/* program, hashes, seed; how many arrays and tunables, which; values */\nstatic const snnrt_lane lanes[] = {\n");
	for (uint32_t k = 0; k < sweep->nlanes; k++) {
		StrBuf s = strbuf_init(a);
		put_lane(&s, sweep, k, ndata[k]);
		c_wrap(out, 1, strbuf_text(&s));
	}
	StrBuf s = strbuf_init(a);
	c_string(&s, sweep->name);
	strbuf_printf(out, "};\n\nstatic const snnrt_sweep sweep = {\n\t.name = %s,\n\t.who = %s,\n\t.nnames = %u,\n\t.nlanes = %u,\n", strbuf_text(&s),
	              strbuf_text(&s), sweep->nnames, sweep->nlanes);
	s.n = 0;
	put_texts(&s, sweep->nnames, sweep->names);
	strbuf_printf(out, "\t.names = %s,\n\t.lanes = lanes,\n};\n", strbuf_text(&s));
	strbuf_puts(out, "\nint\nmain(int argc, char **argv)\n{\n\treturn snnrt_sweep_main(argc, argv, &sweep);\n}\n");
	arena_close(a);
}
