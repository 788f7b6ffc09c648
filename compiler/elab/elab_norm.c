/* elab_norm: what the values of a feature are scaled to: one sum, or one for each group of values that is scaled together; and
 * sums of which is known before the run that nothing scales them. */
#include "elab/elab_inner.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* What one group is called. */
static const char *
group_word(const NetConn *c, const NetFeature *f)
{
	static const char *const words[] = {"target", "kernel", "connection"};
	return c->pattern.kind == NPAT_CONV && f->norm_per == NNORM_POST ? "output channel" : words[f->norm_per];
}

static bool
group(Scope *s, NetFeature *f, const AstFeature *a)
{
	static const char *const words[] = {"post", "kernel", "connection"};
	const NetConn *c = &s->el->net->conns.at[s->conn];
	uint32_t k = 0;
	while (k < 3 && a->norm_per && strcmp(a->norm_per, words[k]) != 0)
		k++;
	bool window = c->pattern.kind == NPAT_CONV || c->pattern.kind == NPAT_LOCAL;
	f->norm_per = (NetNormPer)k;
	if (k < 3 && (k != NNORM_KERNEL || window))
		return true;
	elab_error(s->el, E0610, a->norm_per_span,
		   k < 3 ? "`per %s` needs a pattern with kernels" : "a norm cannot be `per %s`",
		   a->norm_per);
	diag_help(s->el->diag,
		  "write `per post`, `per connection`, or with `conv` and `local` also `per kernel`");
	diag_end(s->el->diag);
	return false;
}

static bool
check_sum(Scope *s, const NetFeature *f, const AstFeature *a, uint64_t k)
{
	Elab *el = s->el;
	const NetConn *c = &el->net->conns.at[s->conn];
	if (f->norm[k] > 0 && !isinf(f->norm[k]))
		return true;
	const char *whose = f->nnorms == 1 ? "this"
					   : arena_printf(el->arena, "that of %s %" PRIu64, group_word(c, f), k);
	elab_error(el, E0510, a->norm->span, "a norm must be above 0, and %s is %s", whose, elab_number_text(el, f->norm[k]));
	diag_help(el->diag, "it is what the values of one neuron sum up to: `norm 78.4 per post each run`");
	diag_end(el->diag);
	return false;
}

/* As many numbers as there are groups, whatever the shape of the values. */
static const ElabList *
list_of_groups(Scope *s, const AstExpr *e, uint64_t groups)
{
	Scope in = elab_scope(s->el, IN_PROGRAM);
	bool written = e->kind == AEXPR_LIST || elab_is_file(e);
	if (!written || groups == 1)
		return NULL;
	const NetExpr *v = elab_expr(&in, e);
	const ElabList *l = v && v->kind == NEXPR_ARRAY && v->type == NT_REAL ? &s->el->lists.at[v->index] : NULL;
	return l && l->n == groups ? l : NULL;
}

/* Numbers of all values, alike within each group. */
static bool
gather(Scope *s, NetFeature *f, const AstFeature *a, const NetExpr *all)
{
	Elab *el = s->el;
	const NetConn *c = &el->net->conns.at[s->conn];
	uint64_t n = elab_values_here(s);
	bool *seen = ARENA_ARRAY(el->arena, bool, f->nnorms);
	for (uint64_t g = 0; g < f->nnorms; g++)
		f->norm[g] = 1; /* stays where there are no values */
	for (uint64_t k = 0; k < n; k++) {
		ElabPair at = elab_value_pair(s, k);
		uint64_t g = net_group_of(el->net, c, f, k, at.post);
		double v = 0;
		elab_number_at(s, all, at, &v);
		if (seen[g] && f->norm[g] != v) {
			elab_error(el, E0529, a->norm->span, "the values of %s %" PRIu64 " have one sum, and here it is both %s and %s",
				   group_word(c, f), g, elab_number_text(el, f->norm[g]), elab_number_text(el, v));
			diag_help(el->diag, "write one number, or one for each %s", group_word(c, f));
			diag_end(el->diag);
			return false;
		}
		f->norm[g] = v;
		seen[g] = true;
	}
	return true;
}

void
elab_norm(Scope *s, NetFeature *f, const AstFeature *a)
{
	Elab *el = s->el;
	const NetConn *c = &el->net->conns.at[s->conn];
	if (!a->norm || !group(s, f, a))
		return;
	uint64_t groups = net_group_count(el->net, c, f);
	const ElabList *l = list_of_groups(s, a->norm, groups);
	const NetExpr *all = l ? NULL : elab_each_value(s, a->norm, "a norm", group_word(c, f));
	if (!l && !all)
		return;
	f->nnorms = all && all->kind == NEXPR_CONST ? 1 : groups;
	f->norm = ARENA_ARRAY(el->arena, double, f->nnorms);
	if (l)
		memcpy(f->norm, l->value, groups * sizeof *f->norm);
	else if (f->nnorms == 1 && all->kind == NEXPR_CONST)
		f->norm[0] = all->value;
	else if (!gather(s, f, a, all))
		return;
	for (uint64_t k = 0; k < f->nnorms; k++)
		if (!check_sum(s, f, a, k))
			return;
	f->has_norm = true;
	f->norm_each_step = a->norm_each_step;
	f->norm_signed = a->norm_signed;
	f->norm_span = a->norm_span;
}

/* ---- sums that are zero ------------------------------------------------------------------------ */

static void
warn_zero_sums(Scope *s, const NetFeature *f, const AstFeature *a, uint64_t zeros, uint64_t first)
{
	Elab *el = s->el;
	const char *word = group_word(&el->net->conns.at[s->conn], f);
	const char *which = f->norm_per == NNORM_CONNECTION ? "this connection"
			    : arena_printf(el->arena, "%s %" PRIu64 "%s", word, first,
					   zeros > 1 ? arena_printf(el->arena, " and of %" PRIu64 " more", zeros - 1) : "");
	diag_begin(el->diag, W0501, a->value->span, "the values of %s sum up to zero: no norm can scale them", which);
	diag_label(el->diag, a->norm_span, "they are left as they are");
	diag_help(el->diag, "begin with other values, or leave the norm away");
	diag_end(el->diag);
}

/* Which groups have no values: targets that nothing reaches. Of drawn synapses that may be any: nothing is told of them. */
static bool *
find_empty(Scope *s, const NetFeature *f, uint64_t groups)
{
	const NetConn *c = &s->el->net->conns.at[s->conn];
	const NetPattern *p = &c->pattern;
	bool *empty = ARENA_ARRAY(s->el->arena, bool, groups);
	if (p->kind != NPAT_SPARSE || f->of_post || f->norm_per == NNORM_CONNECTION)
		return empty;
	memset(empty, true, groups * sizeof *empty);
	for (uint64_t k = 0; k < p->nsynapses && !p->drawn; k++)
		empty[p->target[k]] = false;
	return empty;
}

/* Tells which sums are zero from the beginning, and keeps it, so that the run does not tell it again. */
void
elab_norm_sums(Scope *s, NetFeature *f, const AstFeature *a, const double *v)
{
	Elab *el = s->el;
	const NetConn *c = &el->net->conns.at[s->conn];
	if (c->pattern.drawn && f->norm_per != NNORM_CONNECTION)
		v = NULL;                                 /* whose they are is not known */
	uint64_t n = v ? elab_values_here(s) : 0, zeros = 0, first = 0, groups = net_group_count(el->net, c, f);
	double *sum = ARENA_ARRAY(el->arena, double, groups);
	bool *known = find_empty(s, f, groups), any = false;
	for (uint64_t k = 0; k < n; k++)
		sum[net_group_of(el->net, c, f, k, elab_value_pair(s, k).post)] += f->norm_signed ? v[k] : fabs(v[k]);
	for (uint64_t g = groups; g-- > 0;) {
		if (v && sum[g] == 0 && !known[g]) {
			zeros++;
			first = g;
			known[g] = true;
		}
		any = any || known[g];
	}
	if (zeros)
		warn_zero_sums(s, f, a, zeros, first);
	f->no_sum = any ? known : NULL;
}
