/* check_place: where the states of a rule may live.
 *
 * A state varies over what it reads: a value that comes from a trace of the pre
 * neuron has one copy per pre neuron, one that mixes both sides has one per
 * synapse. The author may assert a place (`state e of pre`); an assertion that
 * is too narrow for what is assigned is an error, one that is wider is not.
 */
#include "sema/check.h"

#include "base/panic.h"

#include <string.h>

enum { OVER_PRE = 1, OVER_POST = 2, OVER_BOTH = 3 };

typedef struct {
	const AstStmt *let;
	unsigned over;
} LocalPlace;

/* What a statement stands in: a condition, or a handler of spikes. */
typedef struct {
	const AstExpr *condition;
	const AstHandler *handler;
} Around;

typedef struct {
	Sema *s;
	const AstModel *m;
	unsigned *states; /* over what each varies, as far as found */
	VEC(LocalPlace) locals;
	VEC(Around) around;
	bool grew;
	bool report;
} Places;

static unsigned
asserted(const Sema *s, const AstState *st)
{
	return st->of == s->words.pre       ? OVER_PRE
	       : st->of == s->words.post    ? OVER_POST
	       : st->of == s->words.synapse ? OVER_BOTH
					    : 0;
}

static unsigned
place_of_name(Places *p, const AstExpr *e)
{
	const AstSym *sym = e->sema.sym;
	if (!sym)
		return 0;
	switch (sym->kind) {
	case ASYM_STATE:
		return p->states[sym->index];
	case ASYM_TRACE:
		return p->m->traces.at[sym->index].of == p->s->words.post ? OVER_POST : OVER_PRE;
	case ASYM_SPIKE:
	case ASYM_SIDE_STATE:
	case ASYM_INDEX:
		return sym->index == 2 ? 0 : sym->index ? OVER_POST : OVER_PRE;
	case ASYM_LEARNED:
	case ASYM_NOISE:
		return OVER_BOTH;
	case ASYM_LOCAL:
		for (uint32_t i = 0; i < p->locals.n; i++) {
			if (p->locals.at[i].let == sym->stmt)
				return p->locals.at[i].over;
		}
		return 0;
	case ASYM_DISTANCE:
	case ASYM_UNSET:
	case ASYM_PARAM:
	case ASYM_DATA:
	case ASYM_LAYER:
	case ASYM_CONNECTION:
	case ASYM_NEURON:
	case ASYM_FEATURE:
	case ASYM_RULE:
	case ASYM_PHASE:
	case ASYM_COLUMN:
	case ASYM_MODEL_PARAM:
	case ASYM_INPUT:
	case ASYM_SIGNAL:
	case ASYM_TOP_SIGNAL:
	case ASYM_FELLOW:
	case ASYM_BOUND:
	case ASYM_TURN:
	case ASYM_SIGNAL_STATE_OF:
	case ASYM_RULE_STATE_OF:
	case ASYM_DT:
	case ASYM_LEARNING:
	case ASYM_INF:
	case ASYM_OWN_FUNCTION:
	case ASYM_FUNCTION:
	case ASYM_FEATURE_OF:
	case ASYM_KEPT_OF:
	case ASYM_RATE_OF:
	case ASYM_STATE_OF:
	case ASYM_TRACE_OF:
	case ASYM_PARAM_OF:
	case ASYM_SPIKES_OF:
	case ASYM_VOTES_OF:
	case ASYM_PART:
		return 0;
	}
	UNREACHABLE();
}

/* Over what e varies; *who: a name in it that varies over one of `bad`. */
static unsigned
place_of(Places *p, const AstExpr *e, unsigned bad, const AstExpr **who)
{
	unsigned over = 0;
	if (e->kind == AEXPR_NAME || e->kind == AEXPR_MEMBER) {
		over = place_of_name(p, e);
		if (over & bad && !*who)
			*who = e;
		return over;
	}
	const AstSym *function = e->kind == AEXPR_CALL ? e->op[0]->sema.sym : NULL;
	if (function && function->kind == ASYM_FUNCTION && sema_is_draw(function->index)) {
		*who = bad && !*who ? e : *who;
		return OVER_BOTH;
	}
	if (e->kind == AEXPR_OVER) {
		for (uint32_t i = 0; i < e->args.n; i++) {
			const char *name = e->args.at[i].value->name;
			over |= name == p->s->words.pre ? OVER_PRE : name == p->s->words.post ? OVER_POST : 0;
		}
		return place_of(p, e->op[0], bad & ~over, who) & ~over;
	}
	for (int i = e->kind == AEXPR_CALL ? 1 : 0; i < 3; i++) {
		if (e->op[i])
			over |= place_of(p, e->op[i], bad, who);
	}
	for (uint32_t i = 0; i < e->args.n; i++)
		over |= place_of(p, e->args.at[i].value, bad, who);
	return over;
}

static const char *
side_noun(unsigned over)
{
	return over == OVER_PRE    ? "the pre neuron"
	       : over == OVER_POST ? "the post neuron"
				   : "the synapse";
}

/* Why a statement is not the same for all neurons of a side: what it reads, or where it stands. */
static void
label_why(Places *p, const AstStmt *a, unsigned bad)
{
	Diag *d = p->s->diag;
	const AstExpr *who = NULL, *none = NULL;
	place_of(p, a->e, bad, &who);
	for (uint32_t i = p->around.n; i-- > 0 && !who;) {
		const Around *w = &p->around.at[i];
		if (w->condition) {
			place_of(p, w->condition, bad, &who);
			continue;
		}
		unsigned side = w->handler->kind == AHANDLER_ON_PRE ? OVER_PRE : OVER_POST;
		const char *head = side == OVER_PRE ? "on pre" : "on post";
		if (!(side & bad))
			continue;
		diag_label(d, (Span){w->handler->span.lo, w->handler->span.lo + (uint32_t)strlen(head)},
			   "this is done where %s spiked", side_noun(side));
		return;
	}
	if (who)
		diag_label(d, who->span, "this belongs to %s", side_noun(place_of(p, who, 0, &none)));
	else
		diag_note(d, "what is done here depends on %s", side_noun(bad));
}

static void
report_too_narrow(Places *p, const AstStmt *a, const AstState *st, unsigned over, unsigned bad)
{
	Sema *s = p->s;
	diag_begin(s->diag, E0602, a->target->span,
		   "`%s` is a state of %s, but it would differ with %s", st->name, st->of,
		   side_noun(bad));
	diag_label(s->diag, st->name_span, "asserted here");
	label_why(p, a, bad);
	if (over == OVER_BOTH)
		diag_help(s->diag, "make it `state %s of synapse`, or leave `of` away", st->name);
	else
		diag_help(s->diag, "make it `state %s of %s`, or leave `of` away", st->name,
			  over == OVER_PRE ? "pre" : "post");
	diag_end(s->diag);
}

static void
walk_assign(Places *p, const AstStmt *a, unsigned around)
{
	const AstSym *sym = a->target->sema.sym;
	if (!sym || sym->kind != ASYM_STATE)
		return;
	const AstExpr *who = NULL;
	const AstState *st = &p->m->states.at[sym->index];
	unsigned over = around | place_of(p, a->e, 0, &who), *now = &p->states[sym->index];
	if (st->of) {
		unsigned bad = over & ~asserted(p->s, st);
		if (bad && p->report)
			report_too_narrow(p, a, st, over | asserted(p->s, st), bad);
		return;
	}
	p->grew |= (over & ~*now) != 0;
	*now |= over;
}

static void
walk_block(Places *p, const AstStmtVec *block, unsigned around)
{
	const AstExpr *who = NULL;
	for (uint32_t i = 0; i < block->n; i++) {
		const AstStmt *a = block->at[i];
		if (a->kind == ASTMT_ASSIGN || a->kind == ASTMT_EQUATION) {
			walk_assign(p, a, around);
		} else if (a->kind == ASTMT_LET) {
			LocalPlace l = {a, around | place_of(p, a->e, 0, &who)};
			VEC_PUSH(p->s->arena, &p->locals, l);
		} else if (a->kind == ASTMT_IF) {
			unsigned inside = around | place_of(p, a->e, 0, &who);
			VEC_PUSH(p->s->arena, &p->around, (Around){.condition = a->e});
			walk_block(p, &a->body, inside);
			walk_block(p, &a->other, inside);
			p->around.n--;
		}
	}
}

static void
walk_handlers(Places *p)
{
	p->locals.n = 0;
	for (uint32_t i = 0; i < p->m->handlers.n; i++) {
		const AstHandler *h = &p->m->handlers.at[i];
		unsigned around = h->kind == AHANDLER_ON_PRE    ? OVER_PRE
				  : h->kind == AHANDLER_ON_POST ? OVER_POST
								: 0;
		p->around.n = 0;
		if (around)
			VEC_PUSH(p->s->arena, &p->around, (Around){.handler = h});
		walk_block(p, &h->body, around);
	}
}

void
sema_check_places(Sema *s, AstDecl *rule)
{
	const AstModel *m = &rule->model;
	Places p = {.s = s, .m = m, .states = ARENA_ARRAY(s->arena, unsigned, m->states.n)};
	bool any = false;
	for (uint32_t i = 0; i < m->states.n; i++) {
		p.states[i] = asserted(s, &m->states.at[i]);
		any |= m->states.at[i].of != NULL;
	}
	if (!any)
		return;
	do {
		p.grew = false;
		walk_handlers(&p);
	} while (p.grew);
	p.report = true;
	walk_handlers(&p);
}
