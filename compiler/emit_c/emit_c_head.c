/* emit_c_head: what stands before the first function: what the file is, includes, small helpers,
 * the struct. */
#include "emit_c/emit_c_inner.h"

#include "base/panic.h"

#include <string.h>

/* ---- the opening comment --------------------------------------------------------------------- */

/* The user's own file, without its folders. */
static const char *
source_name(const CEmit *c)
{
	const SourceMap *m = c->opt->sources;
	for (uint32_t i = 0; m && i < source_count(m); i++) {
		const SourceFile *f = source_get(m, i);
		if (f->library)
			continue;
		const char *slash = strrchr(f->name, '/');
		return slash ? slash + 1 : f->name;
	}
	return arena_printf(c->arena, "%s.snn", c->plan->name);
}

static void
put_opening(CEmit *c)
{
	StrBuf *b = c->out;
	const char *head = arena_printf(c->arena, "%s.c: the network `%s`, made by snnc from %s.",
					c->plan->name, c->plan->name, source_name(c));
	StrBuf text = strbuf_init(c->arena);
	c_wrap_comment(&text, 0, head);
	strbuf_putn(b, text.at, text.n - strlen(" */\n"));
	strbuf_puts(b, "\n"
	               " *\n"
	               " * The file is yours, to use as you like. The runtime that it calls (libsnnrt)\n"
	               " * is under Apache-2.0 WITH LLVM-exception, which asks nothing of the programs\n"
	               " * made with it.\n"
	               " *\n"
	               " * Build with\n"
	               " *   cc -std=c11 -O3 -march=native -ffp-contract=off -fwrapv\n"
	               " *      -fno-math-errno -fno-trapping-math\n"
	               " * and link with -lsnnrt -lz -lpng -lpthread -lm. The first two -f are part of\n"
	               " * the meaning: with them every compiler and CPU gives the same bits. The last\n"
	               " * two let loops become vectors.\n"
	               " */\n");
}

static void
put_includes(CEmit *c)
{
	StrBuf *b = c->out;
	if (c->whole)
		strbuf_puts(b, "#include \"snnrt.h\"\n\n");
	if (c->math)
		strbuf_puts(b, "#include <math.h>\n");
	strbuf_puts(b, "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n");
	if (c->helpers)
		strbuf_puts(b, "#include <string.h>\n");
	if (c->helpers & HELPER_MASK)
		strbuf_puts(b, "#ifdef __AVX2__\n#include <immintrin.h>\n#endif\n");
	strbuf_puts(b, "\n#ifdef __FAST_MATH__\n"
	               "#error \"-ffast-math changes results\"\n"
	               "#endif\n"
	               "#ifdef __clang__\n"
	               "#pragma STDC FP_CONTRACT OFF\n");
	/* `(a < b) & (f(c) < d)` is meant so: both sides are evaluated, which lets a loop become
	 * vectors. */
	if (c->helpers || c->saturates)
		strbuf_puts(b, "#pragma clang diagnostic ignored "
		               "\"-Wbitwise-instead-of-logical\"\n");
	strbuf_puts(b, "#endif\n");
	if (c->limits)
		strbuf_puts(b, "#pragma GCC diagnostic ignored \"-Wtype-limits\"\n"
		               "#pragma GCC diagnostic ignored \"-Wtautological-compare\"\n");
	if (c->complements)
		strbuf_puts(b, "#pragma GCC diagnostic ignored \"-Wsign-compare\"\n");
}

static bool
has_funcs(const CEmit *c)
{
	for (uint32_t i = 0; i < c->plan->codes.n; i++) {
		if (c->plan->codes.at[i]->kind == CODE_FUNC && c->infos[i].used &&
		    !c->infos[i].root)
			return true;
	}
	return false;
}

static bool
has_kernels(const CEmit *c)
{
	for (uint32_t i = 0; i < c->plan->codes.n; i++) {
		if (c->plan->codes.at[i]->kind == CODE_KERNEL && c->infos[i].used)
			return true;
	}
	return false;
}

static void
put_macros(CEmit *c)
{
	StrBuf *b = c->out;
	if (c->simd)
		strbuf_puts(b, "\n"
		               "/* The turns of the loop that follows do not depend on each other. */\n"
		               "#if defined(__GNUC__) && !defined(__clang__)\n"
		               "#define INDEPENDENT _Pragma(\"GCC ivdep\")\n"
		               "#elif defined(__clang__)\n"
		               "#define INDEPENDENT _Pragma(\"clang loop vectorize(assume_safety)\")\n"
		               "#pragma clang diagnostic ignored \"-Wpass-failed\"\n"
		               "#else\n"
		               "#define INDEPENDENT\n"
		               "#endif\n");
	if (has_kernels(c))
		strbuf_puts(b, "\n"
		               "/* gcc 12 can lose sight of what a loop stores, take its function for one without effects, and leave\n"
		               " * out the calls: ivopts folds addresses of two element sizes into one that points nowhere. */\n"
		               "#if defined(__GNUC__) && !defined(__clang__)\n"
		               "#define STORED __asm__ volatile(\"\" : : : \"memory\")\n"
		               "#define APART __asm__ volatile(\"\")        /* the turns of the loop around are not run together */\n"
		               "#else\n"
		               "#define STORED ((void)0)\n"
		               "#define APART ((void)0)\n"
		               "#endif\n");
	if (has_funcs(c))
		strbuf_puts(b, "\n"
		               "/* A loop becomes vectors only if what it calls is part of it. */\n"
		               "#define ALWAYS_INLINE inline __attribute__((always_inline))\n");
}

/* ---- helpers --------------------------------------------------------------------------------- */

typedef struct { uint32_t bit, uses; const char *text; } Helper;

/* Those that others use come first. All are free of branches, so that loops over them become
 * vectors. */
static const Helper helpers[] = {
	{HELPER_F32_OF_BITS, 0,
	 "static inline float\n"
	 "f32_of_bits(uint32_t bits)\n"
	 "{\n"
	 "\tfloat x;\n"
	 "\tmemcpy(&x, &bits, sizeof x);\n"
	 "\treturn x;\n"
	 "}\n"},
	{HELPER_BITS_OF_F32, 0,
	 "static inline uint32_t\n"
	 "bits_of_f32(float x)\n"
	 "{\n"
	 "\tuint32_t bits;\n"
	 "\tmemcpy(&bits, &x, sizeof bits);\n"
	 "\treturn bits;\n"
	 "}\n"},
	{HELPER_F64_OF_BITS, 0,
	 "static inline double\n"
	 "f64_of_bits(uint64_t bits)\n"
	 "{\n"
	 "\tdouble x;\n"
	 "\tmemcpy(&x, &bits, sizeof x);\n"
	 "\treturn x;\n"
	 "}\n"},
	{HELPER_BITS_OF_F64, 0,
	 "static inline uint64_t\n"
	 "bits_of_f64(double x)\n"
	 "{\n"
	 "\tuint64_t bits;\n"
	 "\tmemcpy(&bits, &x, sizeof bits);\n"
	 "\treturn bits;\n"
	 "}\n"},
	{HELPER_NEGATED_F32, HELPER_F32_OF_BITS | HELPER_BITS_OF_F32,
	 "/* -x by its sign bit. gcc makes one instruction of -fma(a, b, c), which has another\n"
	 " * sign where the sum is 0. */\n"
	 "static inline float\n"
	 "negated_f32(float x)\n"
	 "{\n"
	 "\treturn f32_of_bits(bits_of_f32(x) ^ 0x80000000);\n"
	 "}\n"},
	{HELPER_NEGATED_F64, HELPER_F64_OF_BITS | HELPER_BITS_OF_F64,
	 "/* -x by its sign bit. gcc makes one instruction of -fma(a, b, c), which has another\n"
	 " * sign where the sum is 0. */\n"
	 "static inline double\n"
	 "negated_f64(double x)\n"
	 "{\n"
	 "\treturn f64_of_bits(bits_of_f64(x) ^ 0x8000000000000000);\n"
	 "}\n"},
	{HELPER_F32_OF_F16, HELPER_F32_OF_BITS | HELPER_BITS_OF_F32,
	 "/* Half precision by its bits. A multiplication moves the exponent, which also gets\n"
	 " * subnormals right. */\n"
	 "static inline float\n"
	 "f32_of_f16(uint16_t h)\n"
	 "{\n"
	 "\tconst uint32_t size = (uint32_t)(h & 0x7fff) << 13;\n"
	 "\tconst uint32_t special = -(uint32_t)(size >= 0x0f800000) & 0x7f800000;\n"
	 "\tconst uint32_t bits = bits_of_f32(f32_of_bits(size) * 0x1p112f) | special;\n"
	 "\treturn f32_of_bits(bits | (uint32_t)(h & 0x8000) << 16);\n"
	 "}\n"},
	{HELPER_F16_OF_F32, HELPER_F32_OF_BITS | HELPER_BITS_OF_F32,
	 "/* To the nearest, ties to even. Adding 0.5 rounds subnormals at their last place. */\n"
	 "static inline uint16_t\n"
	 "f16_of_f32(float x)\n"
	 "{\n"
	 "\tconst uint32_t size = bits_of_f32(x) & 0x7fffffff;\n"
	 "\tconst uint32_t sign = bits_of_f32(x) >> 16 & 0x8000;\n"
	 "\tconst uint32_t subnormal = bits_of_f32(f32_of_bits(size) + 0.5f) - 0x3f000000;\n"
	 "\tconst uint32_t normal = (size + 0xc8000fff + (size >> 13 & 1)) >> 13;\n"
	 "\tconst uint32_t large = size >= 0x47800000 ? 0x7c00 : normal;\n"
	 "\tconst uint32_t bits = size < 0x38800000 ? subnormal : large;\n"
	 "\treturn (uint16_t)(size > 0x7f800000 ? 0x7e00 : bits | sign);\n"
	 "}\n"},
	{HELPER_F32_OF_BF16, HELPER_F32_OF_BITS,
	 "/* The upper half of a float. */\n"
	 "static inline float\n"
	 "f32_of_bf16(uint16_t h)\n"
	 "{\n"
	 "\treturn f32_of_bits((uint32_t)h << 16);\n"
	 "}\n"},
	{HELPER_BF16_OF_F32, HELPER_BITS_OF_F32,
	 "/* To the nearest, ties to even. */\n"
	 "static inline uint16_t\n"
	 "bf16_of_f32(float x)\n"
	 "{\n"
	 "\tconst uint32_t bits = bits_of_f32(x);\n"
	 "\tconst uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;\n"
	 "\treturn (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);\n"
	 "}\n"},
	{HELPER_MASK, 0,
	 "/* The next n bytes, each 0 or 1, as bits; at most 64. The factor brings the low bits of eight\n"
	 " * bytes together in the top one. */\n"
	 "static inline uint64_t\n"
	 "mask_of(const uint8_t *x, int64_t n)\n"
	 "{\n"
	 "\tuint64_t bits = 0, eight;\n"
	 "\tint64_t k = 0;\n"
	 "\tif (n >= 64) {\n"
	 "#if defined(__AVX512BW__)\n"
	 "\t\tconst __m512i all = _mm512_loadu_si512(x);\n"
	 "\t\treturn _mm512_test_epi8_mask(all, all);\n"
	 "#elif defined(__AVX2__)\n"
	 "\t\tconst __m256i low = _mm256_loadu_si256((const __m256i *)x);\n"
	 "\t\tconst __m256i high = _mm256_loadu_si256((const __m256i *)(x + 32));\n"
	 "\t\tconst uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(low, 7));\n"
	 "\t\tconst uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(high, 7));\n"
	 "\t\treturn (uint64_t)b << 32 | a;\n"
	 "#endif\n"
	 "\t\tn = 64;\n"
	 "\t}\n"
	 "\tfor (; k + 8 <= n; k += 8) {\n"
	 "\t\tmemcpy(&eight, x + k, sizeof eight);\n"
	 "\t\tbits |= (eight * 0x0102040810204080 >> 56) << k;\n"
	 "\t}\n"
	 "\tfor (; k < n; k++)\n"
	 "\t\tbits |= (uint64_t)x[k] << k;\n"
	 "\treturn bits;\n"
	 "}\n"},
	{HELPER_CTZ, 0,
	 "static inline uint64_t\n"
	 "trailing_zeros(uint64_t x)\n"
	 "{\n"
	 "\treturn x ? (uint64_t)__builtin_ctzll(x) : 64;\n"
	 "}\n"},
};

/* 2^top is just above the range. A signed number is made of its size and its sign, because gcc 12
 * takes (float)(int)x for trunc(x), which is -0 where the number is 0. */
static void
put_saturating(CEmit *c, PlanType t, bool from_f64)
{
	const char *type = c_type(t), *f = from_f64 ? "" : "f";
	bool sign = plan_type_is_signed(t);
	int bits = (int)c_width(t), top = bits - sign;
	StrBuf *b = c->out;
	strbuf_printf(b, "static inline %s\n%s_from_%s(%s x)\n{\n", type, plan_type_name(t),
	              from_f64 ? "f64" : "f32", from_f64 ? "double" : "float");
	if (sign) {
		strbuf_printf(b, "\tconst %s size = fabs%s(x) < 0x1p%d%s ? (%s)fabs%s(x) : 0;\n", type, f,
		              top, f, type, f);
		strbuf_printf(b, "\tconst %s inside = x < 0.0%s ? (%s)-size : size;\n", type, f, type);
		strbuf_printf(b, "\treturn x >= 0x1p%d%s ? INT%d_MAX : x <= -0x1p%d%s ? INT%d_MIN : inside;\n",
		              top, f, bits, top, f, bits);
	} else {
		strbuf_printf(b, "\treturn x >= 0x1p%d%s ? UINT%d_MAX : x > 0.0%s ? (%s)x : 0;\n", top, f,
		              bits, f, type);
	}
	strbuf_puts(b, "}\n");
}

static void
put_helpers(CEmit *c)
{
	for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++) {
		if (c->helpers & helpers[i].bit)
			c->helpers |= helpers[i].uses;
	}
	for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++) {
		if (c->helpers & helpers[i].bit)
			strbuf_printf(c->out, "\n%s", helpers[i].text);
	}
	bool first = true;
	for (int t = PT_BOOL; t < PT_COUNT; t++) {
		for (int from_f64 = 0; from_f64 < 2; from_f64++) {
			if (!c->saturating[t][from_f64])
				continue;
			strbuf_puts(c->out, "\n");
			if (first)
				strbuf_puts(c->out, "/* The nearest number of the type, towards 0; "
				                    "NaN gives 0. */\n");
			put_saturating(c, (PlanType)t, from_f64);
			first = false;
		}
	}
}

void
c_head(CEmit *c)
{
	put_opening(c);
	put_includes(c);
	put_macros(c);
	put_helpers(c);
	c_team_helpers(c);
}

/* ---- the struct ------------------------------------------------------------------------------ */

static const char *const axis_words[AXIS_COUNT] = {
	[AXIS_LANE] = "lane", [AXIS_BATCH] = "batch", [AXIS_NEURON] = "neuron",
	[AXIS_PRE] = "pre", [AXIS_POST] = "post", [AXIS_SYNAPSE] = "synapse",
	[AXIS_SLOT] = "slot", [AXIS_CLASS] = "class", [AXIS_ITEM] = "item",
};

static const char *const role_words[ROLE_COUNT] = {
	[ROLE_STATE] = "state", [ROLE_DERIVED] = "derived", [ROLE_SCRATCH] = "scratch",
	[ROLE_CONST] = "constant", [ROLE_WORK] = "work",
};

static const char *
member_comment(CEmit *c, const PlanBuf *b)
{
	StrBuf s = strbuf_init(c->arena);
	const char *sep = " by ";
	strbuf_puts(&s, role_words[b->role]);
	if (plan_buf_in_frame(b))
		strbuf_puts(&s, ", of which each function has its own,");
	for (uint32_t i = 0; i < b->naxes; i++) {
		if (b->axis[i].extent == 1)
			continue;
		strbuf_printf(&s, "%s%s", sep, axis_words[b->axis[i].kind]);
		sep = ", ";
	}
	if (b->type == PT_BOOL)
		strbuf_puts(&s, "; 0 or 1");
	if (b->type == PT_F16)
		strbuf_puts(&s, "; half precision");
	if (b->type == PT_BF16)
		strbuf_puts(&s, "; bfloat16");
	if (b->pitch)
		strbuf_printf(&s, "; the first %llu of a row", (unsigned long long)b->axis[b->naxes - 1].extent);
	return strbuf_text(&s);
}

enum { COMMENT_COLUMN = 48, TAB = 8 };

const char *
c_declarator(const CEmit *c, uint32_t i)
{
	const PlanBuf *b = &c->plan->bufs.at[i];
	StrBuf s = strbuf_init(c->arena);
	strbuf_printf(&s, "_Alignas(%d) %s %s", PLAN_ALIGN, c_elem(b->type), c->bufs[i]);
	for (uint32_t k = 0; k < b->naxes; k++) {
		if (b->axis[k].extent != 1)
			strbuf_printf(&s, "[%llu]", (unsigned long long)(k + 1 == b->naxes ? plan_buf_pitch(b) : b->axis[k].extent));
	}
	return strbuf_text(&s);
}

static void
put_member(CEmit *c, uint32_t i)
{
	const PlanBuf *b = &c->plan->bufs.at[i];
	StrBuf s = strbuf_init(c->arena);
	strbuf_printf(&s, "%s;", c_declarator(c, i));
	do
		strbuf_putc(&s, ' ');
	while (s.n < COMMENT_COLUMN - TAB);
	strbuf_printf(c->out, "\t%s/* %s */\n", strbuf_text(&s), member_comment(c, b));
}

void
c_struct(CEmit *c)
{
	const Plan *p = c->plan;
	uint64_t end = PLAN_HEADER;
	strbuf_puts(c->out, "\n/* All that the network is: one block of memory, zeroed by the host. */\n");
	strbuf_printf(c->out, "struct %s {\n\tvoid *host;\n", c->tag);
	for (uint32_t i = 0; i < p->bufs.n; i++) {
		const PlanBuf *b = &p->bufs.at[i];
		/* plan_layout leaves no gaps but those of alignment. */
		ASSERT(b->offset == end);
		end = (b->offset + plan_buf_bytes(b) + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
		put_member(c, i);
	}
	ASSERT((p->arena_bytes + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN == end);
	strbuf_puts(c->out, "};\n");
	if (!p->bufs.n)
		return;
	strbuf_puts(c->out, "\n/* The host and checkpoints know these places. */\n");
	strbuf_printf(c->out,
		      "#define AT(member, place) \\\n"
		      "\t_Static_assert(offsetof(struct %s, member) == (place), #member)\n",
		      c->tag);
	for (uint32_t i = 0; i < p->bufs.n; i++)
		strbuf_printf(c->out, "AT(%s, %llu);\n", c->bufs[i],
			      (unsigned long long)p->bufs.at[i].offset);
	strbuf_printf(c->out, "_Static_assert(sizeof(struct %s) == %llu, \"size\");\n", c->tag,
		      (unsigned long long)end);
}
