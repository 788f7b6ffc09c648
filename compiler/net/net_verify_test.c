/* net_verify_test: what a test sees is there, and what it expects can be worked out from that. */
#include "net/net_inner.h"

#include "base/panic.h"

/* NULL: sound. */
static const char *
check_expr(const Net *n, const NetExpr *e)
{
	if (!e || (e->type != NT_REAL && e->type != NT_BOOL))
		return "an expectation without a value";
	switch (e->kind) {
	case NEXPR_CONST:
		return NULL;
	case NEXPR_ARRAY:
		return e->index < n->lists.n ? NULL : "an expectation reads a list that is not there";
	case NEXPR_OBSERVED:
		return e->index < n->seen.n ? NULL : "an expectation sees what is not there";
	case NEXPR_UNARY:
	case NEXPR_BINARY:
	case NEXPR_IF:
	case NEXPR_OVER:
		for (int i = 0; i < 3; i++) {
			const char *wrong = e->op[i] ? check_expr(n, e->op[i]) : NULL;
			if (wrong)
				return wrong;
		}
		return e->op[0] && (e->kind != NEXPR_BINARY || e->op[1]) && (e->kind != NEXPR_IF || e->op[2])
			       ? NULL : "an expectation lacks an operand";
	default:
		return "an expectation reads the running network";
	}
}

static const char *
check_seen(const Net *n, const NetSeen *s)
{
	if (s->kind == NSEEN_UNSET || s->npicks > 4)
		return "a test sees nothing";
	if (s->kind == NSEEN_NOW)
		return s->path ? NULL : "a test sees a file without a path";
	return s->record == NET_NONE || s->record < n->records.n ? NULL : "a test sees a record that is not there";
}

static const char *
check_expect(const Net *n, const NetExpect *x)
{
	const char *wrong = check_expr(n, x->e);
	if (!wrong && x->kind == NEXPECT_NEAR) {
		wrong = check_expr(n, x->near);
		wrong = wrong ? wrong : check_expr(n, x->within);
	}
	if (!wrong && x->kind == NEXPECT_TRUE && x->e->type != NT_BOOL)
		return "an expectation is no truth value";
	if (!wrong && x->kind == NEXPECT_SPIKE_TIMES && x->e->kind != NEXPR_OBSERVED)
		return "times of what are no spikes";
	if (!wrong && x->kind == NEXPECT_GOLDEN && !x->path)
		return "a golden without a path";
	return x->kind == NEXPECT_UNSET ? "an expectation of no kind" : wrong;
}

const char *
net_verify_expects(const Net *n)
{
	const char *wrong = NULL;
	for (uint32_t i = 0; i < n->seen.n && !wrong; i++)
		wrong = check_seen(n, &n->seen.at[i]);
	for (uint32_t i = 0; i < n->expects.n && !wrong; i++)
		wrong = check_expect(n, &n->expects.at[i]);
	return wrong;
}
