/* elab_sign: on which side of zero the values of a feature stay: where each begins, where most of its source do, or where the
 * program says. */
#include "elab/elab_inner.h"

#include <string.h>

/* 1 or 0 for each value; NULL after a message. */
static NetExpr *
positive(Scope *outer, const AstFeature *a)
{
	Elab *el = outer->el;
	const AstExpr *from = a->keep_sign_where;
	const NetConn *c = &el->net->conns.at[outer->conn];
	Scope s = elab_scope(el, IN_INIT);
	s.conn = outer->conn;
	s.feature = outer->feature;
	s.site_prefix = outer->site_prefix;
	NetExpr *e = elab_is_file(from) ? elab_file_values(&s, from) : elab_expr(&s, from);
	if (!e)
		return NULL;
	uint64_t shape[6], n = elab_values_here(&s);
	uint32_t rank = net_value_shape(el->net, c, outer->feature->of_post, shape);
	double *v = ARENA_ARRAY(el->arena, double, n);
	bool holds = strcmp(a->keep_sign_side, "positive") == 0;
	for (uint64_t k = 0; k < n; k++) {
		double x;
		if (!elab_number_at(&s, e, elab_value_pair(&s, k), &x)) {
			elab_error(el, E0502, from->span, "which values of `%s` are %s must be known for each of them before the run", a->name,
				   a->keep_sign_side);
			elab_note_drawn(el, s.conn);
			diag_help(el->diag, "use numbers, lists, files, and functions of `i` and `j` where a value joins one pair of neurons");
			diag_end(el->diag);
			return NULL;
		}
		v[k] = (x != 0) == holds;
	}
	NetExpr *out = net_expr(el->net, NEXPR_ARRAY, NT_REAL, from->span);
	out->side = NSIDE_VALUE;
	out->index = elab_list_of(el, v, rank, shape);
	return out;
}

void
elab_sign(Scope *s, NetFeature *f, const AstFeature *a)
{
	Elab *el = s->el;
	NetPatternKind k = el->net->conns.at[s->conn].pattern.kind;
	if (!a->keep_sign || f->type != NT_REAL)
		return;
	f->keep_sign = true;
	f->sign_of_pre = a->keep_sign_per != NULL;
	if (a->keep_sign_where)
		f->positive = positive(s, a);
	if (!f->sign_of_pre || (!f->of_post && (k == NPAT_ALL || k == NPAT_ONE_TO_ONE || k == NPAT_LOCAL || k == NPAT_SPARSE)))
		return;
	elab_error(el, E0650, a->keep_sign_per_span, "the values of `%s` belong to many sources each, so that they cannot keep the sign of one",
		   f->name);
	if (k == NPAT_CONV && !f->of_post)
		diag_note(el->diag, "a kernel of a convolution meets all neurons of a channel");
	diag_help(el->diag, "write `keep sign`, and each value keeps its own");
	diag_end(el->diag);
}
