/* test_lower: what programs mean, from text to numbers: each case is small enough to work out by hand. */
#include "plan_help.h"
#include "suites.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds up its input; and one that spikes where it is driven. */
#define SUM "neuron Sum() { state v = 0 ; step { v += input } }\n"

/* ---- help -------------------------------------------------------------------------------------------- */

static void
expect_rows(const Ran *r, const char *record, const float *want, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		float got = ran_row(r, record, i);
		if (got != want[i])
			printf("\n    %s[%u] is %.9g, not %.9g", record, i, (double)got,
			       (double)want[i]);
		CU_ASSERT_EQUAL(got, want[i]);
	}
}
#define EXPECT(r, record, ...)                                                                     \
	expect_rows((r), (record), (const float[]){__VA_ARGS__},                                   \
		    sizeof((float[]){__VA_ARGS__}) / sizeof(float))

static Made
made(const char *text)
{
	Made m = make_plan(text, NULL);
	if (!m.plan)
		printf("\n%s", m.said);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m.plan);
	return m;
}

/* ---- A: delivery ---------------------------------------------------------------------------------------- */

static void
spikes_arrive_one_step_later(void)
{
	Made m = made(SUM "layer s : Input[2] { input file(\"s\") }\n"
			  "layer t : Sum[2] { input file(\"t\") }\n"
			  "connect s -> t { weight = 1 + 2 * i + 4 * j }\n"
			  "connect t -> t as own { weight = 100 }\n"
			  "experiment { run 3 ms }\n"
			  "record t.v\n");
	const float s[] = {1, 0, 1, 1, 0, 0}, t[] = {0, 0.5f, 0, 0, 0, 0};
	const FedFile files[] = {{"s", s, 6}, {"t", t, 6}, {NULL, NULL, 0}};
	Ran r = run_plan(&m, m.plan, files);
	EXPECT(&r, "t.v", 0, 0.5f, 1, 5.5f, 5, 17.5f);
	arena_close(m.arena);
}

/* The same values stored and not stored; features in their order; a range clips what is not stored too. */
static void
features_act_in_order(void)
{
	static const char *const features[] = {
		"weight = 0.5 if i == j else 2",
		"weight = 2.5 ; again = 0.5 ; mask = i != j",
		"weight = 2.5 ; bias = 0.25",
		"bias = 0.25 ; weight = 2.5",
		"scaled = 2",
		"weight = 2 * (1 if i == j else 2) { range [0, 3] }"};
	static const float want[][2] = {{2.5f, 2.5f}, {1.25f, 1.25f}, {6, 6},
					{7.5f, 7.5f}, {2, 2},         {5, 5}};
	for (size_t k = 0; k < sizeof features / sizeof *features; k++)
		for (int stored = 0; stored < 2; stored++) {
			char text[1024];
			snprintf(text, sizeof text,
				 SUM "feature again(value) { signal *= value }\nfeature "
				     "scaled(value) { signal *= value * i }\n"
				     "layer s : Input[2] { input file(\"s\") }\nlayer t : Sum[2]\n"
				     "connect s -> t as c { %s }\nexperiment { run 2 ms }\nrecord "
				     "t.v every 2 steps\n%s",
				 features[k],
				 stored ? k == 4 ? "record c.scaled" : "record c.weight" : "");
			Made m = made(text);
			const float s[] = {1, 1, 0, 0};
			const FedFile files[] = {{"s", s, 4}, {NULL, NULL, 0}};
			Ran r = run_plan(&m, m.plan, files);
			expect_rows(&r, "t.v", want[k], 2);
			arena_close(m.arena);
		}
}

/* ---- B: layers -------------------------------------------------------------------------------------------- */

static void
a_condition_is_looked_at_once(void)
{
	Made m = made("neuron N() { state first = true ; state v = 0\n"
		      "step { if first { first = false ; v += 1 } else { v += 10 } } }\n"
		      "layer a : N[1]\nexperiment { run 3 ms }\nrecord a.v\n");
	Ran r = run_plan(&m, m.plan, NULL);
	EXPECT(&r, "a.v", 1, 11, 21);
	arena_close(m.arena);
}

/* `keep one` parts a step in two loops: what stands in an `if` behind it is of that loop alone. */
static void
names_within_an_if_stay_there(void)
{
	Made m = made("neuron N() { state v = 3\n"
		      "step { let old = v ; if v > 5 { spike } ; keep one spike at random ; if v > "
		      "1 { let twice = v * 2 ; v = twice }\n"
		      "v += old } }\n"
		      "layer a : N[1]\nexperiment { run 2 ms }\nrecord a.v\nrecord a.spikes\n");
	Ran r = run_plan(&m, m.plan, NULL);
	EXPECT(&r, "a.v", 9, 27);
	EXPECT(&r, "a.spikes", 0, 1);
	arena_close(m.arena);
}

/* Items see what a shared state was; what they add is added up, then applied once; traces come behind that. */
static void
items_change_what_they_share_together(void)
{
	Made m = made("batch = 2\nneuron N() { state th = 1 shared over batch ; state seen = 0\n"
		      "trace x { tau = 1e30 ms ; on spike set th }\n"
		      "step { if input > 0 { spike ; seen = th ; th += input ; th -= 0.5 } } }\n"
		      "layer a : N[2] { input file(\"a\") }\nexperiment { run 2 ms }\nrecord "
		      "a.th\nrecord a.seen\nrecord a.x\n");
	const float a[] = {1, 0, 4, 2, 0, 0, 3, 0};
	const FedFile files[] = {{"a", a, 8}, {NULL, NULL, 0}};
	Ran r = run_plan(&m, m.plan, files);
	EXPECT(&r, "a.th", 5, 2.5f, 7.5f, 2.5f);
	EXPECT(&r, "a.seen", 1, 0, 1, 1, 1, 0, 5, 1);
	EXPECT(&r, "a.x", 5, 0, 5, 2.5f, 5, 0, 7.5f, 2.5f);
	arena_close(m.arena);
}

static void
resets_keep_what_is_kept(void)
{
	Made m = made("neuron N(gain = 1) { state v = 1 ; state k = 2 kept on reset\n"
		      "trace x { tau = 1e30 ms ; on spike add 1 }\n step { v += gain ; k += 1 ; "
		      "spike } }\n"
		      "layer a : N[1]\nexperiment { a.gain = 5 ; run 2 ms ; reset ; run 1 ms }\n"
		      "record a.v\nrecord a.k\nrecord a.x\n");
	Ran r = run_plan(&m, m.plan, NULL);
	EXPECT(&r, "a.v", 6, 11, 6);
	EXPECT(&r, "a.k", 3, 4, 5);
	EXPECT(&r, "a.x", 1, 2, 1);
	arena_close(m.arena);
}

/* ---- C: rules ------------------------------------------------------------------------------------------------ */

#define PAIR                                                                                       \
	"rule Both(down = 0.5, up = 0.75) { learns w ; on pre { w -= down } ; on post { w += up "  \
	"} }\n"                                                                                    \
	"neuron Driven() { step { if input > 5 { spike } } }\n"                                    \
	"layer s : Driven[1] { input file(\"s\") }\nlayer t : Driven[1] { input file(\"t\") }\n"

static void
bounds_come_behind_both_sides(void)
{
	Made m = made(PAIR "connect s -> t as c { weight = 0.25 { range [0, 1] ; learn Both() } }\n"
			   "experiment { run 4 ms }\nrecord c.weight\n");
	const float s[] = {9, 0, 9, 0}, t[] = {9, 9, 0, 0};
	const FedFile files[] = {{"s", s, 4}, {"t", t, 4}, {NULL, NULL, 0}};
	Ran r = run_plan(&m, m.plan, files);
	EXPECT(&r, "c.weight", 0.5f, 1, 0.5f, 0.5f);
	arena_close(m.arena);
}

static void
items_are_reduced_before_they_are_applied(void)
{
	static const struct {
		const char *reduce;
		float want[3];
	} rows[] = {{"", {0.875f, 1.25f, 1}},
		    {"reduce mean over batch", {0.875f, 1.25f, 1}},
		    {"reduce sum over batch", {0.75f, 1.5f, 1}}};
	for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
		char text[1024];
		snprintf(text, sizeof text,
			 "batch = 2\n" PAIR
			 "connect s -> t as c { weight = 1 { range [0, 2] ; learn Both() %s } }\n"
			 "experiment { run 3 ms }\nrecord c.weight\n",
			 rows[k].reduce);
		Made m = made(text);
		/* both pre, one post; one post; one pre: 1 - 1 + 0.75, + 0.75, - 0.5 of the sums */
		const float s[] = {9, 9, 0, 0, 9, 0}, t[] = {9, 0, 9, 0, 0, 0};
		const FedFile files[] = {{"s", s, 6}, {"t", t, 6}, {NULL, NULL, 0}};
		Ran r = run_plan(&m, m.plan, files);
		expect_rows(&r, "c.weight", rows[k].want, 3);
		arena_close(m.arena);
	}
}

/* A norm may leave values outside the bounds; the next learning step clips them, whoever spikes. */
static void
norms_are_clipped_when_learning_goes_on(void)
{
	Made m = made(
		"rule None() { learns w ; on pre { w += 0 } }\n"
		"layer s : Input[2] { input file(\"s\") }\nlayer t : Input[1]\n"
		"connect s -> t as c { weight = 1 + 2 * i { range [0, 5] ; norm 8 per post each "
		"run ; learn None() } }\n"
		"experiment { run 1 ms ; freeze ; run 2 ms ; thaw ; run 1 ms }\nrecord c.weight\n");
	const float s[8] = {0};
	const FedFile files[] = {{"s", s, 8}, {NULL, NULL, 0}};
	Ran r = run_plan(&m, m.plan, files);
	EXPECT(&r, "c.weight", 1, 3, 2, 6, 2, 6, 2, 5);
	arena_close(m.arena);
}

static void
rules_keep_states_and_read_lists(void)
{
	Made m = made("rule R(nu = 1) { learns w ; state e of synapse = 2 ; state fresh = true\n"
		      "on pre { w += nu * e ; if fresh { fresh = false ; w += 10 } ; e = 0.5 }\n"
		      "each step { w += 100 * pre.spike } }\n"
		      "layer s : Input[1] { input file(\"s\") }\nlayer t : Input[3]\n"
		      "connect s -> t as c { weight = 0 { learn R(nu = [1, 2, 3]) } }\n"
		      "experiment { run 3 ms }\nrecord c.weight\n");
	const float s[] = {1, 0, 1};
	const FedFile files[] = {{"s", s, 3}, {NULL, NULL, 0}};
	Ran r = run_plan(&m, m.plan, files);
	EXPECT(&r, "c.weight", 112, 114, 116, 112, 114, 116, 212.5f, 215, 217.5f);
	arena_close(m.arena);
}

/* ---- draws ----------------------------------------------------------------------------------------------------- */

/* Every draw of an initial value is one of its own, whatever stands around it, for any number of targets. */
static void
initial_values_are_any_expression(void)
{
	for (int n = 7; n <= 8; n++) {
		char text[1024];
		snprintf(text, sizeof text,
			 "layer s : Input[9]\nlayer t : Input[%d]\n"
			 "connect s -> t as a { weight = 0 if i == j else -uniform(0, 1) }\n"
			 "connect s -> t as b { weight = uniform(0, 1) / 1000 + floor(3 * "
			 "uniform(1, 2)) }\n"
			 "connect s -> t as c { weight = max(uniform(-1, 1), 0) { range [0, 0.5] } "
			 "; mask = bernoulli(0.25) }\n"
			 "connect s -> t as d { weight = poisson(3) }\nexperiment { run 1 ms }\n",
			 n);
		Made m = made(text);
		Ran r = run_plan(&m, m.plan, NULL);
		uint32_t zeros = 0, halves = 0, low = 0, open = 0;
		float sum = 0;
		for (int k = 0; k < 9 * n; k++) {
			float a = ran_f32(&r, "a.weight", (uint64_t)k),
			      b = ran_f32(&r, "b.weight", (uint64_t)k);
			float c = ran_f32(&r, "c.weight", (uint64_t)k),
			      d = ran_f32(&r, "d.weight", (uint64_t)k);
			CU_ASSERT_TRUE(k / n == k % n ? a == 0 : a < 0 && a > -1);
			CU_ASSERT_TRUE(b >= 3 && b < 6.001f);
			low += b - (float)(int)b < 0.0003f && b < 4;
			zeros += c == 0;
			halves += c == 0.5f;
			open += ran_f32(&r, "c.mask", (uint64_t)k) == 1;
			CU_ASSERT_TRUE(c >= 0 && c <= 0.5f && d == (float)(int)d && d >= 0);
			sum += d;
		}
		CU_ASSERT_TRUE(low > 0 &&
			       low < 20); /* one number for both would always be low below 4 */
		CU_ASSERT_TRUE(zeros > 15 && zeros < 55 && halves > 4 && halves < 35 && open > 4 &&
			       open < 35);
		CU_ASSERT_TRUE(sum > 2 * 9 * (float)n && sum < 4 * 9 * (float)n);
		arena_close(m.arena);
	}
}

/* A number depends on who draws it in which step, not on how many are drawn at a time. */
static void
draws_do_not_depend_on_their_loop(void)
{
	static const char *const layers[] = {"layer a : N[8]", "layer a : N[7]"};
	float first[2][3][7];
	for (int k = 0; k < 2; k++) {
		char text[512];
		snprintf(text, sizeof text,
			 "seed = 5\nneuron N() { state u = 0 ; state w = 0\n"
			 "step { u = random() ; if u >= 0 { w = poisson(4) } } }\n%s\nexperiment { "
			 "run 3 ms }\n"
			 "record a.u\nrecord a.w\n",
			 layers[k]);
		Made m = made(text);
		Ran r = run_plan(&m, m.plan, NULL);
		for (uint64_t t = 0; t < 3; t++)
			for (uint64_t j = 0; j < 7; j++)
				first[k][t][j] = ran_row(&r, "a.u", t * (k ? 7 : 8) + j) +
						 ran_row(&r, "a.w", t * (k ? 7 : 8) + j);
		arena_close(m.arena);
	}
	CU_ASSERT_EQUAL(memcmp(first[0], first[1], sizeof first[0]), 0);
}

/* ---- protocol ------------------------------------------------------------------------------------------------------ */

static void
samples_fill_the_batch(void)
{
	Made m = made(
		"batch = 2\nneuron N(level = 0, idle = 0) { state v = 0 ; step { v = level } }\n"
		"data digits = idx(\"a\", \"b\")\nlayer a : N[4]\n"
		"experiment { for image, label in digits[4 ..< 8] as some { a.level = image / 2 + "
		"label ; a.idle = image ; run 1 ms } }\n"
		"record a.v\n");
	Ran r = run_plan(&m, m.plan, NULL);
	EXPECT(&r, "a.v", 6, 36, 66, 96, 7.5f, 37.5f, 67.5f, 97.5f, 9, 39, 69, 99, 10.5f, 40.5f,
	       70.5f, 100.5f);
	arena_close(m.arena);
}

/* ---- what is refused ------------------------------------------------------------------------------------------------- */

static const struct {
	const char *text, *said;
} refused[] = {
	{"batch = 2\nneuron N() { state th = 0 shared over batch ; state v = 0\n"
	 "step { v += random() ; if v > 0.5 { th += 1 } else { th = 0 } ; if v > th { spike } } "
	 "}\nlayer a : N[2]\n",
	 "the items of the batch share `th`"},
	{"batch = 2\nrule R() { learns w ; state e of synapse = 1 ; on pre { w *= e } }\nlayer s : "
	 "Input[2]\n"
	 "layer t : Input[2]\nconnect s -> t { weight = 1 { learn R() } }\n",
	 "with a batch above one a change must be added"},
	{"layer s : Input[2]\nlayer p : Poisson[2]\nconnect s -> p { weight = 1 }\n",
	 "its neurons take no input"},
};

static void
what_is_not_compiled_is_said(void)
{
	for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
		char text[1024];
		snprintf(text, sizeof text, "%sexperiment { run 1 ms }\n", refused[k].text);
		Made m = make_plan(text, NULL);
		CU_ASSERT_PTR_NULL(m.plan);
		if (!strstr(m.said, refused[k].said))
			printf("\n    %s is not said:\n%s", refused[k].said, m.said);
		CU_ASSERT_PTR_NOT_NULL(strstr(m.said, refused[k].said));
		arena_close(m.arena);
	}
}

/* ---- kernels on parts of their range ------------------------------------------------------------------------------------ */

static bool
is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* The body of a kernel with its bounds as numbers. */
static void
put_body(StrBuf *out, const char *at, const char *end, uint64_t lo, uint64_t hi)
{
	for (; at < end; at++) {
		bool starts = !is_name_char(at[-1]) && at + 2 <= end && !is_name_char(at[2]);
		if (starts && (!strncmp(at, "lo", 2) || !strncmp(at, "hi", 2))) {
			strbuf_printf(out, "%llu", (unsigned long long)(*at == 'l' ? lo : hi));
			at++;
		} else {
			strbuf_putc(out, *at);
		}
	}
}

/* Every kernel becomes two, for the halves of its range, and the second half runs first. */
static Plan *
halved(Made *m, const Plan *p)
{
	StrBuf out = strbuf_init(m->arena);
	const char *text = plan_text(m, p), *end;
	for (; *text; text = end) {
		end = strchr(text, '\n') + 1;
		char name[128];
		unsigned long long n;
		const char *run = text + strspn(text, "\t");
		if (sscanf(text, "kernel %127s range %llu {", name, &n) == 2) {
			const char *close = strstr(text, "\n}\n") + 1;
			for (int half = 0; half < 2; half++) {
				strbuf_printf(&out, "kernel %s.half%d range %llu {\n", name, half,
					      n);
				put_body(&out, end, close, half ? n / 2 : 0, half ? n : n / 2);
				strbuf_printf(&out, "}\n");
			}
			end = close + 2;
		} else if (sscanf(run, "run %127s", name) == 1) {
			strbuf_printf(&out, "run %s.half1\nrun %s.half0\n", name, name);
		} else {
			strbuf_printf(&out, "%.*s", (int)(end - text), text);
		}
	}
	const char *why = NULL;
	Plan *q = plan_read(m->arena, m->names, strbuf_text(&out), &why);
	why = q ? plan_verify(q, m->arena) : why;
	if (why)
		printf("\n    %s\n", why);
	CU_ASSERT_PTR_NULL_FATAL(why);
	plan_layout(q);
	return q;
}

/* Kernels that cannot be parted say so by a range of one: half of it is nothing, and all of it. */
static void
same_memory(const Ran *a, const Ran *b, const char *what)
{
	for (uint32_t k = 0; k < a->plan->bufs.n; k++) {
		const PlanBuf *x = &a->plan->bufs.at[k];
		uint32_t id = plan_find_buf(b->plan, x->name);
		if (id == UINT32_MAX && x->role == ROLE_DERIVED)  /* a pass's own */
			continue;
		CU_ASSERT_NOT_EQUAL_FATAL(id, UINT32_MAX);
		const PlanBuf *y = &b->plan->bufs.at[id];
		uint64_t size = plan_type_size(x->type), n = x->role == ROLE_SCRATCH ? 0 : plan_buf_count(x), i = 0;
		while (i < n && !memcmp(a->memory + x->offset + plan_buf_place(x, i) * size, b->memory + y->offset + plan_buf_place(y, i) * size, size))
			i++;
		if (i == n)
			continue;
		printf("\n    %s: `%s` differs\n", what, x->name);
		CU_FAIL("memory differs");
	}
}

static const char everything[] =
	"seed = 3\n"
	"data digits = idx(\"a\", \"b\")\n"
	"layer pixels : PoissonIntervals[4](rate = 200 Hz)\n"
	"layer noise : Poisson[9](rate = 300 Hz)\n"
	"layer exc : DiehlCook[7](theta_plus = 0.5 mV, threshold = -60 mV) { trace x { tau = 9 ms "
	"; on spike add 1 } }\n"
	"layer inh : LIF[7](threshold = -58 mV, refractory = 2 ms)\n"
	"connect pixels -> exc as input { weight = uniform(0, 6) { range [0, 8] ; norm 9 per post "
	"each run ; decay 0.01\n"
	"    learn PostPre(nu = (pre: 1e-2, post: 1e-1)) reduce sum over batch } }\n"
	"connect noise -> exc as side { weight = uniform(0, 2) { range [0, 2] ; norm 9 per post "
	"each step\n"
	"    learn PostPre(nu = (pre: 1e-2, post: 1e-1)) } ; bias = uniform(0, 0.01) }\n"
	"connect exc -> inh { weight = 22.5 if i == j else 0 }\n"
	"connect inh -> exc { weight = 0 if i == j else -5 }\n"
	"connect inh -> inh as own { weight = -0.5 ; mask = bernoulli(0.5) }\n"
	"feature tired(value) { state level = value ; level = 0.9 * level + signal\n"
	"    if sum(signal) > 2 { signal /= 1 + level } }\n"
	"connect exc -> inh as late { probability = uniform(0.2, 1) ; tired = 0.5\n"
	"    weight = uniform(-1, 9) { keep sign ; learn PostPre() } ; delay = uniform(1 ms, 6 ms) }\n"
	"experiment { for image, label in digits[0 ..< 6] as training {\n"
	"    pixels.rate = image / 255 * 900 Hz ; run 20 ms ; vote exc for label by all_activity ; "
	"reset } }\n"
	"record exc.spikes\nrecord inh.v every 4 steps\n";

static void
any_part_and_any_pass_gives_the_same(void)
{
	for (int batch = 1; batch <= 3; batch++) {
		char text[4096];
		snprintf(text, sizeof text, "batch = %d\n%s", batch, everything);
		Made m = made(text);
		Ran whole = run_plan(&m, m.plan, NULL), raw = run_plan(&m, m.raw, NULL);
		Ran parts = run_plan(&m, halved(&m, m.plan), NULL);
		float spikes = 0;
		for (uint64_t k = 0; k < 7 * 120; k++)
			spikes += ran_row(&whole, "exc.spikes", k);
		CU_ASSERT_TRUE(spikes > 5);
		same_memory(&whole, &raw, "without passes");
		same_memory(&whole, &parts, "halved kernels");
		arena_close(m.arena);
	}
}

CU_TestInfo test_lower[] = {
	{"spikes arrive one step later, the layer's own drive at once",
	 spikes_arrive_one_step_later},
	{"features act in order, stored or not", features_act_in_order},
	{"a condition is looked at once", a_condition_is_looked_at_once},
	{"names within an if stay there", names_within_an_if_stay_there},
	{"items change what they share together", items_change_what_they_share_together},
	{"resets keep what is kept", resets_keep_what_is_kept},
	{"bounds come behind both sides", bounds_come_behind_both_sides},
	{"items are reduced before they are applied", items_are_reduced_before_they_are_applied},
	{"norms are clipped when learning goes on", norms_are_clipped_when_learning_goes_on},
	{"rules keep states and read lists", rules_keep_states_and_read_lists},
	{"initial values are any expression of draws", initial_values_are_any_expression},
	{"draws do not depend on their loop", draws_do_not_depend_on_their_loop},
	{"samples fill the batch", samples_fill_the_batch},
	{"what is not compiled is said", what_is_not_compiled_is_said},
	{"any part of a range and any pass gives the same", any_part_and_any_pass_gives_the_same},
	CU_TEST_INFO_NULL,
};
