/* judge: what came out of a run against what was expected: expressions over what was seen, value by value. */
#include "testing/testing.h"

#include "base/panic.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

typedef struct { double *at; uint64_t n; } Values;

typedef struct {
	Arena *a;
	const Net *net;
	const TestReader *r;
	uint64_t step;                                    /* what is seen is that after so many steps */
	const char *why;
} Judge;

static Values
fail(Judge *j, const char *why)
{
	j->why = j->why ? j->why : why;
	return (Values){NULL, 0};
}

static Values
room(Judge *j, uint64_t n)
{
	return (Values){ARENA_ARRAY(j->a, double, n ? n : 1), n};
}

/* ---- what was seen ----------------------------------------------------------------------------- */

/* Those at the picked places, for all items. */
static Values
pick(Judge *j, const NetSeen *s, const double *row, const TestValues *v)
{
	uint64_t inner = 1, at = 0;
	if (s->npicks > v->rank)
		return fail(j, "there are fewer axes than places");
	for (uint32_t i = 0; i < s->npicks; i++) {
		uint64_t extent = v->extent[v->rank - s->npicks + i];
		inner *= extent;
		at = at * extent + s->pick[i];
		if (s->pick[i] >= extent)
			return fail(j, "a place beyond the values");
	}
	if (!s->npicks)
		return (Values){(double *)row, v->n};
	Values out = room(j, v->n / inner);
	for (uint64_t i = 0; i < out.n; i++)
		out.at[i] = row[i * inner + at];
	return out;
}

static Values
counts(Judge *j, const NetSeen *s)
{
	uint64_t *pairs, n, neurons = j->net->layers.at[s->var.of].n;
	TestValues v = {.rank = 2, .extent = {j->net->batch, neurons}, .n = j->net->batch * neurons, .rows = 1};
	const char *why = NULL;
	if (!j->r->spikes(j->r->env, s, &pairs, &n, &why))
		return fail(j, why);
	v.at = ARENA_ARRAY(j->a, double, v.n);
	double all = 0;
	for (uint64_t i = 0; i < n; i++) {
		if (pairs[2 * i] >= j->step || pairs[2 * i + 1] >= v.n)
			continue;
		v.at[pairs[2 * i + 1]]++;
		all++;
	}
	if (s->kind == NSEEN_SPIKES)
		return pick(j, s, v.at, &v);
	Values rate = room(j, 1);
	rate.at[0] = all / (double)v.n / ((double)j->step * j->net->dt);
	return rate;
}

static Values
seen(Judge *j, const NetSeen *s)
{
	TestValues v = {0};
	const char *why = NULL;
	if (s->kind == NSEEN_SPIKES || s->kind == NSEEN_RATE)
		return counts(j, s);
	if (!j->r->values(j->r->env, s, &v, &why))
		return fail(j, why);
	uint64_t row = s->kind == NSEEN_EVERY ? j->step - 1 : 0;
	if (row >= v.rows)
		return fail(j, "the run ended before that");
	return pick(j, s, v.at + row * v.n, &v);
}

/* ---- expressions ------------------------------------------------------------------------------- */

static double
unary(NetOp op, double a)
{
	switch ((int)op) {
	case NOP_NEG:
		return -a;
	case NOP_NOT:
		return a == 0;
	case NOP_ABS:
		return fabs(a);
	case NOP_SQRT:
		return sqrt(a);
	case NOP_FLOOR:
		return floor(a);
	case NOP_CEIL:
		return ceil(a);
	case NOP_EXP:
		return exp(a);
	case NOP_LOG:
		return log(a);
	case NOP_TANH:
		return tanh(a);
	}
	UNREACHABLE();
}

static double
binary(NetOp op, double a, double b)
{
	switch ((int)op) {
	case NOP_ADD:
		return a + b;
	case NOP_SUB:
		return a - b;
	case NOP_MUL:
		return a * b;
	case NOP_DIV:
		return a / b;
	case NOP_MIN:
		return a < b ? a : b;
	case NOP_MAX:
		return a > b ? a : b;
	case NOP_EQ:
		return a == b;
	case NOP_NE:
		return a != b;
	case NOP_LT:
		return a < b;
	case NOP_LE:
		return a <= b;
	case NOP_GT:
		return a > b;
	case NOP_GE:
		return a >= b;
	case NOP_AND:
		return a != 0 && b != 0;
	case NOP_OR:
		return a != 0 || b != 0;
	}
	UNREACHABLE();
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* Between ranks linear. */
static double
quantile(double *v, uint64_t n, double q)
{
	qsort(v, n, sizeof *v, by_value);
	double at = q * (double)(n - 1);
	uint64_t k = (uint64_t)at;
	return k + 1 < n ? v[k] + (at - (double)k) * (v[k + 1] - v[k]) : v[n - 1];
}

static double
over(Judge *j, NetOver kind, Values v, double q)
{
	double r = kind == NOVER_SUM || kind == NOVER_MEAN ? 0 : v.at[0];
	if (kind == NOVER_QUANTILE) {
		Values c = room(j, v.n);
		for (uint64_t i = 0; i < v.n; i++)
			c.at[i] = v.at[i];
		return quantile(c.at, c.n, q);
	}
	for (uint64_t i = 0; i < v.n; i++)
		r = kind == NOVER_MIN ? fmin(r, v.at[i]) : kind == NOVER_MAX ? fmax(r, v.at[i]) : r + v.at[i];
	return kind == NOVER_MEAN ? r / (double)v.n : r;
}

static double
at(Values v, uint64_t i)
{
	return v.at[v.n == 1 ? 0 : i];
}

static Values work_out(Judge *j, const NetExpr *e);

static Values
operate(Judge *j, const NetExpr *e)
{
	Values op[3] = {{0}};
	uint64_t n = 1;
	for (int i = 0; i < 3 && e->op[i]; i++) {
		op[i] = work_out(j, e->op[i]);
		if (op[i].n == 0)
			return op[i];
		if (op[i].n != 1 && n != 1 && op[i].n != n)
			return fail(j, arena_printf(j->a, "%" PRIu64 " values meet %" PRIu64, n, op[i].n));
		n = op[i].n == 1 ? n : op[i].n;
	}
	Values out = room(j, n);
	for (uint64_t i = 0; i < n; i++) {
		if (e->kind == NEXPR_UNARY)
			out.at[i] = unary(e->op_kind, at(op[0], i));
		else if (e->kind == NEXPR_BINARY)
			out.at[i] = binary(e->op_kind, at(op[0], i), at(op[1], i));
		else
			out.at[i] = at(op[at(op[1], i) != 0 ? 0 : 2], i);
	}
	return out;
}

static Values
work_out(Judge *j, const NetExpr *e)
{
	Values one = room(j, 1);
	switch ((int)e->kind) {
	case NEXPR_CONST:
		one.at[0] = e->value;
		return one;
	case NEXPR_ARRAY:
		return (Values){j->net->lists.at[e->index].value, j->net->lists.at[e->index].n};
	case NEXPR_OBSERVED:
		return seen(j, &j->net->seen.at[e->index]);
	case NEXPR_OVER: {
		Values v = work_out(j, e->op[0]);
		if (v.n == 0)
			return v;
		one.at[0] = over(j, (NetOver)e->index, v, e->op[1] ? e->op[1]->value : 0);
		return one;
	}
	}
	return operate(j, e);
}

/* ---- words ------------------------------------------------------------------------------------- */

static const char *
number(Judge *j, double v, const char *unit)
{
	return arena_printf(j->a, "%.6g%s%s", v, *unit ? " " : "", unit);
}

static const char *
place(Judge *j, const NetExpect *x, uint64_t i, uint64_t n)
{
	const char *of = n > 1 ? arena_printf(j->a, " of value %" PRIu64, i) : "";
	return x->at.n ? arena_printf(j->a, "%s at %.6g ms", of, (double)j->step * j->net->dt) : of;
}

static const char *
distance(Judge *j, const NetExpect *x, double got, double want, double within)
{
	double d = got - want;
	const char *side = d > 0 ? "too high" : "too low";
	if (isnan(d))
		return "no number";
	if (!x->relative)
		return arena_printf(j->a, "%s %s, and %s is allowed", number(j, fabs(d), x->unit), side, number(j, within, x->unit));
	const char *by = want != 0 ? arena_printf(j->a, " (%.3g %%)", 100 * fabs(d / want)) : "";
	return arena_printf(j->a, "%s %s%s, and %.6g %% is allowed", number(j, fabs(d), x->unit), side, by, 100 * within);
}

/* ---- kinds ------------------------------------------------------------------------------------- */

static void
judge_near(Judge *j, const NetExpect *x, uint64_t moment, TestVerdict *out)
{
	Values got = work_out(j, x->e), want = work_out(j, x->near);
	double within = x->within->value, worst = 1;
	bool each = x->at.n > 1 && want.n == x->at.n; /* one for each time */
	if (!got.n || !want.n)
		return;
	if (!each && want.n != 1 && got.n != 1 && want.n != got.n) {
		fail(j, arena_printf(j->a, "%" PRIu64 " values are expected, and there are %" PRIu64, want.n, got.n));
		return;
	}
	uint64_t n = got.n > want.n || each ? got.n : want.n;
	for (uint64_t i = 0; i < n; i++) {
		double g = at(got, i), w = each ? want.at[moment] : at(want, i);
		double allowed = x->relative ? within * fabs(w) : within, d = fabs(g - w);
		if (g == w || d <= allowed)
			continue;
		double far = isnan(d) || allowed == 0 ? INFINITY : d / allowed;
		if (!out->met && !(far > worst))
			continue;
		worst = far;
		out->met = false;
		out->got = number(j, g, x->unit);
		out->wanted = number(j, w, x->unit);
		out->off = distance(j, x, g, w, within);
		out->where = place(j, x, i, n);
	}
}

static const char *
comparison(NetOp op)
{
	switch ((int)op) {
	case NOP_EQ:
		return "";
	case NOP_NE:
		return "anything but ";
	case NOP_LT:
		return "less than ";
	case NOP_LE:
		return "at most ";
	case NOP_GT:
		return "more than ";
	case NOP_GE:
		return "at least ";
	}
	return NULL;
}

static void
judge_true(Judge *j, const NetExpect *x, TestVerdict *out)
{
	Values v = work_out(j, x->e);
	for (uint64_t i = 0; i < v.n && out->met; i++) {
		if (v.at[i] != 0)
			continue;
		const char *how = x->e->kind == NEXPR_BINARY ? comparison(x->e->op_kind) : NULL;
		out->met = false;
		out->got = "false";
		out->wanted = "true";
		out->off = "";
		out->where = place(j, x, i, v.n);
		if (!how || x->e->op[0]->type != NT_REAL)
			continue;
		double a = at(work_out(j, x->e->op[0]), i), b = at(work_out(j, x->e->op[1]), i);
		out->got = number(j, a, "");
		out->wanted = arena_printf(j->a, "%s%s", how, number(j, b, ""));
		if (a != b && x->e->op_kind == NOP_EQ)
			out->off = arena_printf(j->a, "%.6g too %s", fabs(a - b), a > b ? "high" : "low");
	}
}

static const char *
times_text(Judge *j, const uint64_t *steps, uint64_t n)
{
	enum { SHOWN = 12 };
	StrBuf s = strbuf_init(j->a);
	strbuf_putc(&s, '[');
	for (uint64_t i = 0; i < n && i < SHOWN; i++)
		strbuf_printf(&s, "%s%.6g ms", i ? ", " : "", (double)steps[i] * j->net->dt);
	strbuf_puts(&s, n > SHOWN ? ", …]" : "]");
	return strbuf_text(&s);
}

static int
by_step(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static void
judge_times(Judge *j, const NetExpect *x, TestVerdict *out)
{
	const NetSeen *s = &j->net->seen.at[x->e->index];
	uint64_t *pairs, n, neurons = j->net->layers.at[s->var.of].n;
	const char *why = NULL;
	if (!j->r->spikes(j->r->env, s, &pairs, &n, &why)) {
		fail(j, why);
		return;
	}
	uint64_t *want = ARENA_ARRAY(j->a, uint64_t, x->at.n + 1);
	for (uint32_t i = 0; i < x->at.n; i++)
		want[i] = x->at.at[i];
	qsort(want, x->at.n, sizeof *want, by_step);
	for (uint64_t k = 0; k < neurons * j->net->batch && out->met; k++) {
		if (s->npicks && k % neurons != s->pick[0])
			continue;
		uint64_t *got = ARENA_ARRAY(j->a, uint64_t, n + 1), m = 0;
		for (uint64_t i = 0; i < n; i++) {
			if (pairs[2 * i + 1] == k && pairs[2 * i] < x->steps)
				got[m++] = pairs[2 * i] + 1;
		}
		bool same = m == x->at.n;
		for (uint64_t i = 0; i < m && same; i++)
			same = got[i] == want[i];
		if (same)
			continue;
		out->met = false;
		out->got = times_text(j, got, m);
		out->wanted = times_text(j, want, x->at.n);
		out->off = m == x->at.n ? "" : arena_printf(j->a, "%" PRIu64 " instead of %" PRIu32, m, x->at.n);
		out->where = neurons * j->net->batch > 1 ? arena_printf(j->a, " of neuron %" PRIu64, k) : "";
	}
}

static void
add_golden(Judge *j, const NetExpect *x, TestVerdict *out, uint64_t moment)
{
	Values v = work_out(j, x->e);
	if (!v.n)
		return;
	if (!x->at.n) {
		out->value = v.at;
		out->n = v.n;
		return;
	}
	if (!out->value)
		out->value = ARENA_ARRAY(j->a, double, x->at.n);
	if (v.n != 1) {
		fail(j, "a file of one value for each step needs one value, and this has more");
		return;
	}
	out->value[moment] = v.at[0];
	out->n = moment + 1;
}

static void
judge_moment(Judge *j, const NetExpect *x, uint64_t moment, TestVerdict *out)
{
	switch (x->kind) {
	case NEXPECT_TRUE:
		judge_true(j, x, out);
		return;
	case NEXPECT_NEAR:
		judge_near(j, x, moment, out);
		return;
	case NEXPECT_SPIKE_TIMES:
		judge_times(j, x, out);
		return;
	case NEXPECT_GOLDEN:
		add_golden(j, x, out, moment);
		return;
	case NEXPECT_UNSET:
		break;
	}
	UNREACHABLE();
}

TestVerdict
testing_judge(Arena *a, const Net *net, const NetExpect *x, const TestReader *r)
{
	Judge j = {.a = a, .net = net, .r = r, .step = x->steps};
	TestVerdict out = {.met = true, .got = "", .wanted = "", .off = "", .where = ""};
	if (!x->at.n || x->kind == NEXPECT_SPIKE_TIMES) {
		judge_moment(&j, x, 0, &out);
	} else {
		for (uint32_t i = 0; i < x->at.n && out.met && !j.why; i++) {
			j.step = x->at.at[i];
			judge_moment(&j, x, i, &out);
		}
	}
	out.why = j.why;
	out.met = out.met && !j.why;
	return out;
}

const char *
testing_compare(Arena *a, const double *x, const double *want, const double *got, uint64_t n)
{
	const double relative = 1e-4, absolute = 1e-6;
	double largest = 0;
	for (uint64_t i = 0; i < n; i++)
		largest = fmax(largest, fabs(want[i]));
	for (uint64_t i = 0; i < n; i++) {
		double d = fabs(got[i] - want[i]), allowed = relative * fabs(want[i]) + absolute * largest;
		if (want[i] == got[i] || d <= allowed || (isnan(want[i]) && isnan(got[i])))
			continue;
		return arena_printf(a, "at %.6g it is %.6g, and the file has %.6g: %.3g apart, %.3g is allowed", x[i], got[i], want[i], d, allowed);
	}
	return NULL;
}
