/* lower_find: the lists of the neurons of a layer that spike, in each item and in any. */
#include "lower/lower_inner.h"

typedef struct { Lower *l; const NetLayer *net; LowLayer *low; } Spiking;

/* any[j]: does neuron j spike in any item? By whole rows, which vectorises. */
static uint32_t
emit_any(Spiking *w, PlanEmit *b)
{
	Lower *l = w->l;
	PlanAxis axis = low_axis(AXIS_NEURON, w->net->n);
	uint32_t any = low_add_buf(l, PT_BOOL, ROLE_SCRATCH, 1, &axis, "%s.spiking_flag", w->net->name);
	PlanExpr *zero = low_i64(l, 0), *n = low_i64(l, (int64_t)w->net->n);
	LowLoop clear = low_loop(b, "j", zero, n, true);
	low_store(low_body(&clear), any, plan_int(l->p, PT_BOOL, 0), 1, clear.index);
	low_close(&clear);
	LowLoop items = low_items(l, b);
	LowLoop join = low_loop(low_body(&items), "j", zero, n, true);
	PlanExpr *old = low_load(l, any, 1, join.index), *fired = low_fired(l, w->low, items.index, join.index);
	low_store(low_body(&join), any, plan_binary(l->p, PEXPR_OR, old, fired), 1, join.index);
	low_close(&join);
	low_close(&items);
	return any;
}

/* The indices of the neurons that spike, ascending. item NULL: those that spike in any item. */
static void
emit_find(Spiking *w, PlanEmit *b, PlanExpr *item)
{
	Lower *l = w->l;
	Plan *p = l->p;
	uint32_t list = item ? w->low->list : w->low->any_list, any = item ? NO_BUF : emit_any(w, b);
	uint32_t at = plan_emit_var(b, "found", low_i64(l, 0));
	LowLoop scan = low_loop(b, "j", low_i64(l, 0), low_i64(l, (int64_t)w->net->n), false);
	PlanEmit *in = low_body(&scan);
	PlanExpr *place = plan_local(p, b->code, at);
	PlanExpr *index = plan_cast(p, p->bufs.at[list].type, scan.index);
	PlanExpr *flag = item ? low_fired(l, w->low, item, scan.index) : low_load(l, any, 1, scan.index);
	PlanEmit then = plan_emit(p, b->code);
	if (item)
		low_store(&then, list, index, 2, item, place);
	else
		low_store(&then, list, index, 1, place);
	plan_emit_set(&then, at, plan_binary(p, PEXPR_ADD, place, low_i64(l, 1)));
	plan_emit_if(in, flag, &then, NULL);
	low_close(&scan);
	PlanExpr *found = plan_cast(p, PT_U32, plan_local(p, b->code, at));
	if (item)
		low_store(b, w->low->count, found, 1, item);
	else
		low_store(b, w->low->any_count, found, 0);
}

void
low_find_kernel(Lower *l, uint32_t layer)
{
	Spiking work = {l, &l->net->layers.at[layer], &l->layers[layer]}, *w = &work;
	w->low->find = UINT32_MAX;
	if (w->low->list == NO_BUF)
		return;
	w->low->find = low_add_kernel(l, 1, "%s.find_spikes", w->net->name);
	PlanEmit b = plan_emit(l->p, l->p->codes.at[w->low->find]);
	LowLoop items = low_items(l, &b);
	emit_find(w, low_body(&items), items.index);
	low_close(&items);
	if (l->batch > 1 && w->low->any_list != NO_BUF)
		emit_find(w, &b, NULL);
	l->p->codes.at[w->low->find]->body = plan_freeze(&b);
}
