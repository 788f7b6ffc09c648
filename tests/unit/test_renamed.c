/* test_renamed: the compiler knows no model by name. A model of the library, copied into a program with every name in it
 * changed, becomes the same plan but for the names. */
#include "plan_help.h"
#include "source/embedded.h"
#include "suites.h"

#include "base/panic.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MOST_NAMES = 32 };

/* A program names models, parameters and states between @, by their names in the library. */
typedef struct {
	const char *kind, *model, *names[MOST_NAMES][2], *program;
} Case;

static const Case cases[] = {
	{"neuron",
	 "LIF",
	 {{"LIF", "Cell"},
	  {"rest", "ground"},
	  {"reset", "after"},
	  {"threshold", "top"},
	  {"tau", "slow"},
	  {"refractory", "blind"},
	  {"floor", "bottom"},
	  {"v", "potential"},
	  {"wait", "left"},
	  {"summed", "total"},
	  {"drive", "taken"}},
	 "layer s : Poisson[6](rate = 100 Hz)\n"
	 "layer t : @LIF@[5](@threshold@ = [-60 mV, -61 mV, -62 mV, -63 mV, -64 mV], @floor@ = -70 "
	 "mV) { trace x { tau = 5 ms ; on spike add 1 } }\n"
	 "connect s -> t { weight = uniform(-1, 3) }\nconnect t -> t as own { weight = 0 if i == j "
	 "else -1 }\n"
	 "experiment { run 20 ms ; reset ; run 5 ms }\nrecord t.@v@\nrecord t.@summed@\n"},
	{"neuron",
	 "DiehlCook",
	 {{"DiehlCook", "Grumpy"},
	  {"rest", "ground"},
	  {"reset", "after"},
	  {"threshold", "top"},
	  {"tau", "slow"},
	  {"refractory", "blind"},
	  {"floor", "bottom"},
	  {"theta_start", "mood"},
	  {"theta_plus", "more"},
	  {"tau_theta", "memory"},
	  {"one_spike", "alone"},
	  {"v", "potential"},
	  {"wait", "left"},
	  {"theta", "offset"},
	  {"candidate", "wanted"},
	  {"summed", "total"},
	  {"over", "beyond"}},
	 "layer s : Poisson[6](rate = 100 Hz)\nlayer t : @DiehlCook@[5](@theta_plus@ = 1 mV)\n"
	 "connect s -> t { weight = uniform(-1, 9) }\n"
	 "experiment { run 20 ms ; freeze ; reset ; t.@rest@ = -66 mV ; run 5 ms }\nrecord "
	 "t.@theta@\nrecord t.@candidate@\n"},
	{"rule",
	 "PostPre",
	 {{"PostPre", "Pairs"},
	  {"nu", "rates"},
	  {"tau_pre", "before"},
	  {"tau_post", "behind"},
	  {"additive_pre", "adds_a"},
	  {"additive_post", "adds_b"},
	  {"scale_pre", "jump_a"},
	  {"scale_post", "jump_b"},
	  {"scale", "gain"},
	  {"w", "strength"},
	  {"x", "past"},
	  {"y", "future"}},
	 "layer s : Poisson[6](rate = 100 Hz)\nlayer t : LIF[5](threshold = -60 mV)\n"
	 "connect s -> t as c { weight = uniform(0, 2) { range [0, 3] ; norm 5 per post each run ; "
	 "decay 0.01\n"
	 "    learn @PostPre@(@nu@ = (pre: 1e-3, post: 1e-2), @additive_post@ = true, @scale@ = "
	 "0.5) reduce sum over batch } }\n"
	 "connect t -> s2 { weight = 1 { learn @PostPre@() } }\nlayer s2 : LIF[3]\n"
	 "experiment { run 20 ms }\nrecord c.weight\n"},
	{"rule",
	 "Triplet",
	 {{"Triplet", "Threes"},
	  {"a2_plus", "up"},
	  {"a3_plus", "more"},
	  {"a2_minus", "down"},
	  {"a3_minus", "less"},
	  {"tau_plus", "quick"},
	  {"tau_minus", "swift"},
	  {"tau_x", "slow"},
	  {"tau_y", "lazy"},
	  {"nearest", "closest"},
	  {"w", "strength"},
	  {"r1", "a"},
	  {"r2", "b"},
	  {"o1", "c"},
	  {"o2", "d"}},
	 "layer s : Poisson[6](rate = 100 Hz)\nlayer t : LIF[5](threshold = -60 mV)\n"
	 "connect s -> t as k { weight = uniform(0, 2) { range [0, 3] ; learn @Triplet@(@a3_plus@ = "
	 "0.1) } }\nconnect s -> t as m { weight = 1 { learn @Triplet@() } }\n"
	 "experiment { run 20 ms }\nrecord k.weight\n"},
	{"rule",
	 "DelayShift",
	 {{"DelayShift", "Meeting"},
	  {"nu", "speed"},
	  {"tau", "reach"},
	  {"d", "way"},
	  {"since", "ago"},
	  {"lag", "early"}},
	 "layer s : Poisson[6](rate = 100 Hz)\nlayer t : LIF[5]\n"
	 "connect s -> t as k { weight = 9 ; delay = 3 ms { range [1 ms, 5 ms] ; learn "
	 "@DelayShift@(@nu@ = 0.5) } }\nexperiment { run 20 ms }\nrecord k.delay\n"},
	{"rule",
	 "Scaling",
	 {{"Scaling", "Thermostat"},
	  {"target", "wanted"},
	  {"beta", "p"},
	  {"gamma", "q"},
	  {"tau", "slow"},
	  {"w", "strength"},
	  {"integral", "missing"},
	  {"rate", "got"}},
	 "layer s : Poisson[6](rate = 100 Hz)\nlayer t : LIF[5]\n"
	 "connect s -> t as k { weight = uniform(0, 1) { learn @Scaling@(@tau@ = 1 s) } }\n"
	 "experiment { run 20 ms }\nrecord k.weight\n"},
};

/* ---- names ---------------------------------------------------------------------------------------- */

static size_t
name_length(const char *s, bool dots)
{
	size_t n = 0;
	if (isalpha((unsigned char)*s) || *s == '_')
		while (isalnum((unsigned char)s[n]) || s[n] == '_' || (dots && s[n] == '.'))
			n++;
	return n;
}

static const char *
new_name(const Case *c, const char *s, size_t n)
{
	for (int k = 0; k < MOST_NAMES && c->names[k][0]; k++)
		if (strlen(c->names[k][0]) == n && !strncmp(c->names[k][0], s, n))
			return c->names[k][1];
	return NULL;
}

/* The text of the model in the library, from its first line to the brace that stands alone. */
static const char *
library_text(Arena *a, const Case *c)
{
	const char *head = arena_printf(a, "\n%s %s(", c->kind, c->model);
	for (const EmbeddedText *e = snnc_embedded_lib; e->name; e++) {
		const char *at = strstr(e->text, head);
		if (at)
			return arena_printf(a, "%.*s\n", (int)(strstr(at, "\n}\n") + 2 - at), at);
	}
	PANIC("%s is not in the library", c->model);
}

/* Words of the language that a model may use as names elsewhere. */
static size_t
phrase_length(const char *s)
{
	static const char *const phrases[] = {"shared over batch", "kept on reset"};
	for (size_t k = 0; k < sizeof phrases / sizeof *phrases; k++)
		if (!strncmp(s, phrases[k], strlen(phrases[k])))
			return strlen(phrases[k]);
	return 0;
}

/* Every name that the model chose gets its new one. */
static const char *
renamed_model(Arena *a, const Case *c)
{
	StrBuf out = strbuf_init(a);
	for (const char *s = library_text(a, c); *s;) {
		size_t n = name_length(s, false);
		const char *to = n ? new_name(c, s, n) : NULL;
		if (*s == '#') /* remarks stay, and may name anything */
			n = strcspn(s, "\n");
		if (phrase_length(s))
			to = NULL, n = phrase_length(s);
		if (to)
			strbuf_puts(&out, to);
		else
			strbuf_printf(&out, "%.*s", (int)(n ? n : 1), s);
		s += n ? n : 1;
		if (isdigit((unsigned char)s[-1])) /* `20 ms`, `1e7`: not names */
			while (isalnum((unsigned char)*s) || *s == '.')
				strbuf_putc(&out, *s++);
	}
	return strbuf_text(&out);
}

static const char *
program(Arena *a, const Case *c, bool renamed, int batch)
{
	StrBuf out = strbuf_init(a);
	strbuf_printf(&out, "batch = %d\n%s", batch, renamed ? renamed_model(a, c) : "");
	for (const char *s = c->program; *s; s++) {
		if (*s != '@') {
			strbuf_putc(&out, *s);
			continue;
		}
		size_t n = strcspn(++s, "@");
		const char *to = renamed ? new_name(c, s, n) : NULL;
		strbuf_printf(&out, "%.*s", to ? (int)strlen(to) : (int)n, to ? to : s);
		s += n;
	}
	return strbuf_text(&out);
}

/* ---- plans up to names ------------------------------------------------------------------------------- */

typedef struct {
	Arena *arena;
	VEC(const char *) at;
	VEC(size_t) length;
} Known;

static uint32_t
number_of(Known *k, const char *s, size_t n)
{
	for (uint32_t i = 0; i < k->at.n; i++)
		if (k->length.at[i] == n && !strncmp(k->at.at[i], s, n))
			return i;
	VEC_PUSH(k->arena, &k->at, s);
	VEC_PUSH(k->arena, &k->length, n);
	return k->at.n - 1;
}

static bool
starts_code(const char *s)
{
	return !strncmp(s, "\nkernel ", 8) || !strncmp(s, "\nproc ", 6) ||
	       !strncmp(s, "\nfunc ", 6);
}

/* Each name as the number of its first place, so that texts are equal if one renaming makes them so. Names without
 * dots belong to their code. */
static const char *
numbered(Arena *a, const char *text)
{
	StrBuf out = strbuf_init(a);
	Known whole = {.arena = a}, local = {.arena = a};
	for (const char *s = text; *s;) {
		size_t n = name_length(s, true);
		if (n) {
			bool dots = memchr(s, '.', n) != NULL;
			strbuf_printf(&out, "%c%u", dots ? 'n' : 'l',
				      number_of(dots ? &whole : &local, s, n));
			s += n;
			continue;
		}
		if (starts_code(s))
			local.at.n = local.length.n = 0;
		strbuf_putc(&out, *s++);
		while (isdigit((unsigned char)s[-1]) && isalnum((unsigned char)*s))
			strbuf_putc(&out, *s++);
	}
	return strbuf_text(&out);
}

static void
expect_same(const Case *c, Made *a, Made *b)
{
	if (!a->plan || !b->plan)
		printf("\n%s%s", a->said, b->said);
	CU_ASSERT_TRUE_FATAL(a->plan && b->plan);
	const char *x = plan_text(a, a->plan), *y = plan_text(b, b->plan);
	CU_ASSERT_TRUE(strcmp(x, y) != 0); /* the names are new */
	const char *p = numbered(a->arena, x), *q = numbered(b->arena, y);
	uint32_t line = 1;
	while (*p && *p == *q)
		line += *p == '\n', p++, q++;
	if (*p != *q)
		printf("\n    %s: the plans differ in line %u: %.70s | %.70s\n", c->model, line, p,
		       q);
	CU_ASSERT_EQUAL(*p, *q);
}

static void
renamed_models_give_the_same_plan(void)
{
	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
		for (int batch = 1; batch <= 3; batch += 2) {
			Arena *a = arena_open();
			Made one = make_plan(program(a, &cases[k], false, batch), NULL);
			Made two = make_plan(program(a, &cases[k], true, batch), NULL);
			expect_same(&cases[k], &one, &two);
			arena_close(one.arena);
			arena_close(two.arena);
			arena_close(a);
		}
}

/* Else the test above would compare anything with anything. */
static void
other_models_give_other_plans(void)
{
	static const char *const models[] = {
		"state v = 0 ; step { v += 1 }", "state v = 0 ; step { v += 2 }",
		"state v = 0 ; state u = 0 ; step { u += 1 ; v += u }",
		"state v = 0 ; state u = 0 ; step { u += 1 ; v += v }"};
	const char *seen[4];
	Arena *a = arena_open();
	for (int k = 0; k < 4; k++) {
		Made m = make_plan(arena_printf(a,
						"neuron N() { %s }\nlayer a : N[2]\nexperiment { "
						"run 1 ms }\nrecord a.v\n%s",
						models[k], k > 1 ? "record a.u\n" : ""),
				   NULL);
		CU_ASSERT_PTR_NOT_NULL_FATAL(m.plan);
		seen[k] = arena_strdup(a, numbered(m.arena, plan_text(&m, m.plan)));
		for (int other = 0; other < k; other++)
			CU_ASSERT_TRUE(strcmp(seen[k], seen[other]) != 0);
		arena_close(m.arena);
	}
	arena_close(a);
}

CU_TestInfo test_renamed[] = {
	{"renamed models give the same plan", renamed_models_give_the_same_plan},
	{"other models give other plans", other_models_give_other_plans},
	CU_TEST_INFO_NULL,
};
