/* net_print_test: what a test sees and expects, for dumps. */
#include "net/net_inner.h"

#include "base/panic.h"

#include <inttypes.h>

void
net_print_seen(StrBuf *out, const Net *n, uint32_t index)
{
	if (index >= n->seen.n) {
		strbuf_printf(out, "seen%u", index);
		return;
	}
	const NetSeen *s = &n->seen.at[index];
	static const char *const head[] = {[NSEEN_UNSET] = "?", [NSEEN_NOW] = "", [NSEEN_EVERY] = "",
					   [NSEEN_SPIKES] = "count of ", [NSEEN_RATE] = "rate of "};
	strbuf_puts(out, head[s->kind]);
	net_print_var(out, n, &s->var);
	for (uint32_t i = 0; i < s->npicks; i++)
		strbuf_printf(out, "%s%" PRIu64 "%s", i ? ", " : "[", s->pick[i], i + 1 == s->npicks ? "]" : "");
	if (s->kind == NSEEN_NOW)
		strbuf_printf(out, " from \"%s\"", s->path);
}

static void
put_expect(StrBuf *out, const Net *n, const NetExpect *x)
{
	NetPlace at = {.out = out, .net = n};
	strbuf_puts(out, x->kind == NEXPECT_GOLDEN ? "golden " : "expect ");
	net_print_expr(&at, x->e);
	if (x->kind == NEXPECT_NEAR) {
		strbuf_puts(out, " near ");
		net_print_expr(&at, x->near);
		strbuf_puts(out, " within ");
		net_print_expr(&at, x->within);
		strbuf_puts(out, x->relative ? " of it" : "");
	}
	if (x->kind == NEXPECT_GOLDEN)
		strbuf_printf(out, " is \"%s\"", x->path);
	if (!x->at.n)
		strbuf_printf(out, " after %" PRIu64 " steps", x->steps);
	else
		strbuf_puts(out, x->kind == NEXPECT_SPIKE_TIMES ? " in steps" : " after steps");
	for (uint32_t i = 0; i < x->at.n; i++)
		strbuf_printf(out, " %" PRIu64, x->at.at[i]);
	strbuf_putc(out, '\n');
}

void
net_print_expects(StrBuf *out, const Net *n)
{
	for (uint32_t i = 0; i < n->lists.n; i++) {
		strbuf_printf(out, "list %u:", i);
		for (uint64_t k = 0; k < n->lists.at[i].n; k++) {
			strbuf_putc(out, ' ');
			net_print_number(out, n, n->lists.at[i].value[k]);
		}
		strbuf_putc(out, '\n');
	}
	for (uint32_t i = 0; i < n->expects.n; i++)
		put_expect(out, n, &n->expects.at[i]);
}
