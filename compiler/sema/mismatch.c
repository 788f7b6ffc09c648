/* mismatch: types and dimensions that do not fit each other, and what to say about it. */
#include "sema/check.h"

#include "base/panic.h"

Val
sema_poison(void)
{
	return (Val){.type = ATYPE_ERROR};
}

Val
sema_real(DimTerm dim)
{
	return (Val){.type = ATYPE_REAL, .dim = dim};
}

Val
sema_bool(void)
{
	return (Val){.type = ATYPE_BOOL};
}

/* ---- dimensions --------------------------------------------------------------------------- */

bool
sema_power_fits(Sema *s, Span at, DimTerm dim)
{
	Dim out;
	bool fits = infer_dim(&s->infer, dim, &out) && !s->infer.overflow;
	s->infer.overflow = false;
	if (fits)
		return true;
	if (!s->too_high) {
		s->too_high = true;
		diag_begin(s->diag, E0303, at,
			   "the dimension of this has a power that no unit can have");
		diag_note(s->diag, "powers are halves of whole numbers, from -63 to 63");
		diag_help(s->diag, "divide by a unit first, so that a number is left: `x / 1 mV`");
		diag_end(s->diag);
	}
	return false;
}

static const char *
noun(Sema *s, Dim d)
{
	char out[64];
	return arena_strdup(s->arena, dim_noun(d, out));
}

/* "this is a voltage (mV)" */
static const char *
this_is(Sema *s, Dim d)
{
	char a[64], b[64];
	const char *is = dim_noun(d, a), *unit = dim_usual(d, b);
	bool has_word = is[0] == 'a' && is[1] == ' ' && *unit;
	return has_word ? arena_printf(s->arena, "this is %s (%s)", is, unit)
			: arena_printf(s->arena, dim_is_none(d) ? "this is %s" : "this is in %s",
				       is);
}

static bool
is_within(Span inner, Span outer)
{
	return outer.lo <= inner.lo && inner.hi <= outer.hi;
}

static void
label_why(Sema *s, Span why, Span a, Span b)
{
	if (why.lo && !is_within(why, a) && !is_within(why, b))
		diag_label(s->diag, why, "because of this");
}

/* One wrong unit often clashes at several places with the same other one. */
static bool
is_told(Sema *s, Span a, Span b)
{
	if (a.lo == 0 || b.lo == 0 || a.lo == b.lo)
		return false;
	for (uint32_t i = 0; i < s->clashes.n; i++) {
		const Clash *c = &s->clashes.at[i];
		if ((c->a.lo == a.lo && c->b.lo == b.lo) || (c->a.lo == b.lo && c->b.lo == a.lo))
			return true;
	}
	VEC_PUSH(s->arena, &s->clashes, (Clash){a, b});
	return false;
}

bool
sema_fit(Sema *s, Say say, Side have, Side want)
{
	if (infer_unify(&s->infer, have.dim, want.dim))
		return true;
	DimTerm h = infer_reduce(&s->infer, have.dim), w = infer_reduce(&s->infer, want.dim);
	Dim is, should;
	if (!sema_power_fits(s, have.at, h) || !sema_power_fits(s, want.at, w))
		return false;
	infer_dim(&s->infer, h, &is);
	infer_dim(&s->infer, w, &should);
	if (is_told(s, h.why, w.why))
		return false;
	StrBuf line = strbuf_init(s->arena);
	for (const char *c = say.text; *c; c++) {
		if (*c == '@' || *c == '&')
			strbuf_puts(&line, noun(s, *c == '@' ? is : should));
		else if (*c == '$')
			strbuf_puts(&line, say.name);
		else
			strbuf_putc(&line, *c);
	}
	diag_begin(s->diag, E0301, have.at, "%s", strbuf_text(&line));
	diag_mark(s->diag, "%s", this_is(s, is));
	if (want.at.lo)
		diag_label(s->diag, want.at, "%s", this_is(s, should));
	label_why(s, h.why, have.at, want.at);
	if (w.why.lo != h.why.lo)
		label_why(s, w.why, have.at, want.at);
	diag_help(s->diag, "%s", say.help);
	diag_end(s->diag);
	return false;
}

/* ---- types -------------------------------------------------------------------------------- */

const char *
sema_type_noun(AstTypeKind t)
{
	switch (t) {
	case ATYPE_REAL:
		return "a number";
	case ATYPE_BOOL:
		return "a truth value";
	case ATYPE_STRING:
		return "a text";
	case ATYPE_LIST:
		return "a list";
	case ATYPE_TUPLE:
		return "a group of named parts";
	case ATYPE_DATA:
		return "a data source";
	case ATYPE_LAYER:
		return "a layer";
	case ATYPE_CONNECTION:
		return "a connection";
	case ATYPE_MODEL:
		return "a model";
	case ATYPE_OTHER:
	case ATYPE_ERROR:
	case ATYPE_UNSET:
		return "no value";
	}
	UNREACHABLE();
}

static const char *
text_of(Sema *s, const AstExpr *e)
{
	return e->kind == AEXPR_NAME ? e->name : arena_printf(s->arena, "…");
}

bool
sema_need_real(Sema *s, const AstExpr *e, Val v)
{
	if (v.type == ATYPE_REAL || v.type == ATYPE_ERROR)
		return v.type == ATYPE_REAL;
	diag_begin(s->diag, E0302, e->span, "%s stands where a number is needed",
		   sema_type_noun(v.type));
	if (e->kind == AEXPR_BOOL)
		diag_help(s->diag, "write a number: `%d`", e->truth);
	else if (v.type == ATYPE_BOOL)
		diag_help(s->diag, "say which number it stands for: `1 if %s else 0`",
			  text_of(s, e));
	else if (v.type == ATYPE_TUPLE && e->kind == AEXPR_NAME && v.tuple && v.tuple->n)
		diag_help(s->diag, "take one of its parts: `%s.%s`", text_of(s, e),
			  v.tuple->names->at[0].name);
	else if (v.type == ATYPE_LIST)
		diag_help(s->diag, "a list gives parameters, first values and ranges one value per neuron or synapse; "
				   "here write one number");
	else
		diag_help(s->diag, "write a number");
	diag_end(s->diag);
	return false;
}

bool
sema_need_condition(Sema *s, const AstExpr *e, Val v)
{
	bool is_spike = v.type == ATYPE_REAL && e->sema.sym && e->sema.sym->kind == ASYM_SPIKE;
	if (v.type == ATYPE_BOOL || v.type == ATYPE_ERROR || is_spike)
		return v.type != ATYPE_ERROR;
	diag_begin(s->diag, E0304, e->span, "%s stands where a truth value is needed",
		   sema_type_noun(v.type));
	if (e->kind == AEXPR_NUMBER)
		diag_help(s->diag, "write `true` or `false`");
	else if (v.type == ATYPE_REAL)
		diag_help(s->diag, "compare it: `%s > 0`", text_of(s, e));
	else
		diag_help(s->diag, "write a condition: `true`, `false` or a comparison");
	diag_end(s->diag);
	return false;
}

bool
sema_need_string(Sema *s, const AstExpr *e, Val v)
{
	if (v.type == ATYPE_STRING || v.type == ATYPE_ERROR)
		return v.type == ATYPE_STRING;
	diag_begin(s->diag, E0305, e->span, "%s stands where the name of a file is needed",
		   sema_type_noun(v.type));
	diag_help(s->diag, "write it in quotes: `\"net.npy\"`");
	diag_end(s->diag);
	return false;
}
