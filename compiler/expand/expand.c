/* expand: see expand.h. The order of the work: tables and lists are found, then the declarations are written out in the order of
 * the text; last it is seen whether every element of a list that is used was made. */
#include "expand/inner.h"

#include "base/panic.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

void
expand_error(Expand *x, DiagCode code, Span at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	diag_vbegin(x->diag, code, at, fmt, ap);
	va_end(ap);
	x->failed = true;
}

/* ---- names ---------------------------------------------------------------------------------------- */

bool
expand_is_name(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	for (; *s && (isalnum((unsigned char)*s) || *s == '_'); s++)
		;
	return !*s;
}

static List *
need_list(Expand *x, Name base)
{
	List *l = expand_find_list(x, base);
	if (l)
		return l;
	List list = {.base = base};
	VEC_PUSH(x->arena, &x->lists, list);
	return &x->lists.at[x->lists.n - 1];
}

/* `layer p.name`, `layer L[k]`: gives the declaration its name. */
static bool
name_decl(Expand *x, AstDecl *d, const AstExpr *called)
{
	const char *shown;
	Name base;
	if (called->kind == AEXPR_INDEX && called->op[0]->kind == AEXPR_NAME) {
		if (!expand_flat(x, called, &base, &d->name, &shown))
			return false;
		VEC_PUSH(x->arena, &need_list(x, base)->made, d->name);
		return true;
	}
	const AstExpr *e = ast_clone_expr(&x->clone, called);
	const char *text = e->kind == AEXPR_STRING ? e->string : e->kind == AEXPR_NAME ? e->name : NULL;
	if (text && expand_is_name(text)) {
		d->name = intern(x->env->names, text);
		return true;
	}
	if (e->kind == AEXPR_ERROR)
		return false;
	expand_error(x, E0243, called->span, "this is no name");
	diag_help(x->diag, "a name is a column of a table with names in it (`layer p.name`), or one of a list (`layer L[k]`)");
	diag_end(x->diag);
	return false;
}

/* In a loop each turn needs a name of its own. */
static bool
name_is_new(Expand *x, const AstDecl *d)
{
	if (!x->loops || d->called || !d->name)
		return true;
	for (uint32_t i = 0; i < x->named.n; i++) {
		if (x->named.at[i] != d)
			continue;
		expand_error(x, E0242, d->name_span, "each turn of the loop declares `%s` anew", d->name);
		diag_help(x->diag, "let its name depend on the turn: `%s[k]`, or a column of names such as `p.name`", d->name);
		diag_end(x->diag);
		return false;
	}
	VEC_PUSH(x->arena, &x->named, d);
	return true;
}

/* ---- declarations ----------------------------------------------------------------------------------- */

static void expand_decl(Expand *x, const AstDecl *d);

static void
expand_body(Expand *x, const AstDeclVec *body)
{
	uint32_t binds = x->binds.n;
	for (uint32_t i = 0; i < body->n; i++)
		expand_decl(x, body->at[i]);
	x->binds.n = binds;
}

/* "s = L4E, k = 2" */
static const char *
turn_text(Expand *x, const Bind *b)
{
	const AstExpr *e = b->table ? b->table->cell[b->row * b->table->extent[1]] : b->e;
	StrBuf s = strbuf_init(x->arena);
	if (x->turn)
		strbuf_printf(&s, "%s, ", x->turn);
	strbuf_printf(&s, "%s = ", b->name);
	Value v;
	if (e->kind == AEXPR_NAME || e->kind == AEXPR_STRING)
		strbuf_puts(&s, e->kind == AEXPR_NAME ? e->name : e->string);
	else if (e->kind == AEXPR_NUMBER && e->num.unit)
		strbuf_printf(&s, "%g %s", e->num.value, e->num.unit->name);
	else if (e->kind == AEXPR_NUMBER)
		strbuf_printf(&s, "%g", e->num.value);
	else if (e->kind == AEXPR_UNARY && e->op[0]->kind == AEXPR_NUMBER && expand_value(x, e, "this", &v))
		strbuf_printf(&s, "%g", v.number);
	else
		strbuf_puts(&s, "…");
	return strbuf_text(&s);
}

static void
set_turn(Expand *x, const char *turn)
{
	x->turn = turn;
	diag_turn(x->diag, turn);
}

static void
expand_turn(Expand *x, const AstDecl *d, uint32_t depth)
{
	if (depth == d->loop.turns.n) {
		x->loops++;
		expand_body(x, &d->loop.body);
		x->loops--;
		return;
	}
	const AstArg *turn = &d->loop.turns.at[depth];
	const char *outer = x->turn;
	Turns turns;
	if (!expand_may_bind(x, turn->name, turn->name_span) || !expand_turns(x, turn->value, &turns))
		return;
	uint64_t n = expand_count(&turns);
	for (uint64_t k = 0; k < n && x->made < MOST_MADE; k++, x->made++) {
		expand_bind(x, turn->name, turn->name_span, &turns, k);
		set_turn(x, turn_text(x, &x->binds.at[x->binds.n - 1]));
		expand_turn(x, d, depth + 1);
		x->binds.n--;
		set_turn(x, outer);
	}
}

static void
expand_choice(Expand *x, const AstDecl *d)
{
	Value v;
	if (!expand_value(x, ast_clone_expr(&x->clone, d->choice.cond), "the condition", &v))
		return;
	if (v.kind == VALUE_TRUTH) {
		expand_body(x, v.truth ? &d->choice.body : &d->choice.other);
		return;
	}
	expand_error(x, E0304, d->choice.cond->span, "a condition is true or false, and this is %s",
		     v.kind == VALUE_NUMBER ? "a number" : "a text");
	diag_help(x->diag, "compare it with something");
	diag_end(x->diag);
}

static void
outside_only(Expand *x, const AstDecl *d, const char *what)
{
	expand_error(x, E0116, d->span, "%s stands outside of loops", what);
	diag_help(x->diag, "loops make layers, connections, signals, records, plots, draws, and constants of their turn");
	diag_end(x->diag);
}

/* What it is called where it may not stand in a loop; NULL: it may. */
static const char *
kept_out(AstDeclKind k)
{
	switch (k) {
	case ADECL_PARAM:
		return "a `param`";
	case ADECL_SETTING:
		return "a setting";
	case ADECL_DATA:
		return "a source of data";
	case ADECL_EXPERIMENT:
		return "an experiment";
	case ADECL_FUNCTION:
		return "a function";
	case ADECL_NEURON:
	case ADECL_FEATURE:
	case ADECL_RULE:
		return "a model";
	case ADECL_TEST:
		return "a test";
	case ADECL_TABLE:
		return "a table";
	case ADECL_IMPORT:
		return "an import";
	case ADECL_SWEEP:
		return "a sweep";
	case ADECL_CONST:
	case ADECL_SIGNAL:
	case ADECL_LAYER:
	case ADECL_CONNECT:
	case ADECL_RECORD:
	case ADECL_PLOT:
	case ADECL_DRAWS:
	case ADECL_LOOP:
	case ADECL_CHOICE:
	case ADECL_ERROR:
		return NULL;
	case ADECL_UNSET:
	case ADECL_COUNT:
		break;
	}
	UNREACHABLE();
}

static bool
is_whole(AstDeclKind k)
{
	return k == ADECL_FUNCTION || k == ADECL_NEURON || k == ADECL_FEATURE || k == ADECL_RULE || k == ADECL_TEST;
}

/* A constant of a turn stands for its expression, to the end of the block. */
static void
bind_const(Expand *x, const AstDecl *d)
{
	if (!expand_may_bind(x, d->name, d->name_span))
		return;
	Bind b = {.name = d->name, .span = d->name_span, .e = ast_clone_expr(&x->clone, d->value.value)};
	VEC_PUSH(x->arena, &x->binds, b);
}

static void
expand_plain(Expand *x, const AstDecl *d)
{
	AstDecl *r = ast_clone_decl(&x->clone, d);
	r->called = NULL;
	r->turn = x->turn;
	if (d->called && !name_decl(x, r, d->called))
		return;
	if (name_is_new(x, d))
		VEC_PUSH(x->arena, &x->out, r);
}

static void
expand_decl(Expand *x, const AstDecl *d)
{
	const char *out = d->library ? NULL : kept_out(d->kind);
	x->made++;
	if (x->loops && out) {
		outside_only(x, d, out);
		return;
	}
	if (d->library || is_whole(d->kind)) {
		VEC_PUSH(x->arena, &x->out, (AstDecl *)d);
		return;
	}
	switch ((int)d->kind) {
	case ADECL_TABLE:
		expand_find_table(x, d->name);
		return;
	case ADECL_IMPORT:
		outside_only(x, d, "an import");
		return;
	case ADECL_SWEEP:
		return;
	case ADECL_LOOP:
		expand_turn(x, d, 0);
		return;
	case ADECL_CHOICE:
		expand_choice(x, d);
		return;
	case ADECL_CONST:
		if (x->loops) {
			bind_const(x, d);
			return;
		}
	}
	expand_plain(x, d);
}

/* ---- before and after -------------------------------------------------------------------------------- */

static bool
declares(AstDeclKind k)
{
	return k != ADECL_TEST && k != ADECL_SETTING && k != ADECL_LOOP;
}

/* Tables at the top, and lists anywhere. */
static void
find_folded(Expand *x, const AstDeclVec *decls, bool top)
{
	for (uint32_t i = 0; i < decls->n; i++) {
		const AstDecl *d = decls->at[i];
		if (d->kind == ADECL_TABLE && top) {
			Table t = {.d = d};
			VEC_PUSH(x->arena, &x->tables, t);
		}
		if (d->called && d->called->kind == AEXPR_INDEX && d->called->op[0]->kind == AEXPR_NAME)
			need_list(x, d->called->op[0]->name);
		if (d->kind == ADECL_LOOP) {
			find_folded(x, &d->loop.body, false);
		} else if (d->kind == ADECL_CHOICE) {
			find_folded(x, &d->choice.body, false);
			find_folded(x, &d->choice.other, false);
		}
	}
}

static void
check_tables(Expand *x)
{
	for (uint32_t i = 0; i < x->tables.n; i++) {
		const AstDecl *t = x->tables.at[i].d, *other = NULL;
		for (uint32_t k = 0; k < x->in->decls.n && !other; k++) {
			const AstDecl *d = x->in->decls.at[k];
			if (d != t && !d->library && d->name == t->name && declares(d->kind))
				other = d;
		}
		if (!other || (other->kind == ADECL_TABLE && other->span.lo > t->span.lo))
			continue;
		expand_error(x, E0202, t->name_span, "`%s` is declared twice", t->name);
		diag_label(x->diag, other->name_span, "also here");
		diag_help(x->diag, "give one of them another name");
		diag_end(x->diag);
	}
}

static void
check_uses(Expand *x)
{
	for (uint32_t i = 0; i < x->uses.n; i++) {
		const Use *u = &x->uses.at[i];
		const List *l = expand_find_list(x, u->base);
		bool made = false;
		for (uint32_t k = 0; k < l->made.n && !made; k++)
			made = l->made.at[k] == u->flat;
		if (made)
			continue;
		diag_turn(x->diag, u->turn);
		expand_error(x, E0244, u->span, "there is no `%s`", u->shown);
		if (l->made.n)
			diag_help(x->diag, "there %s `%s`%s%s%s", l->made.n == 1 ? "is only" : "are", l->made.at[0],
				  l->made.n == 1 ? "" : " to `", l->made.n == 1 ? "" : l->made.at[l->made.n - 1],
				  l->made.n == 1 ? "" : "`");
		else
			diag_help(x->diag, "no turn of a loop makes one");
		diag_end(x->diag);
	}
	diag_turn(x->diag, NULL);
}

bool
expand_program(ExpandEnv *env, AstProgram *p)
{
	Expand x = {.env = env, .arena = env->arena, .diag = env->diag, .in = p};
	uint32_t errors = diag_errors(env->diag);
	x.clone = (AstClone){.arena = env->arena, .expr = expand_put, .stmt = expand_loop_stmt};
	x.b = (AstBuild){.arena = env->arena, .diag = env->diag};
	find_folded(&x, &p->decls, true);
	check_tables(&x);
	expand_find_lanes(&x, &env->lanes);
	for (uint32_t i = 0; i < p->decls.n && x.made < MOST_MADE; i++)
		expand_decl(&x, p->decls.at[i]);
	if (x.made >= MOST_MADE) {
		expand_error(&x, E0903, p->decls.at[p->decls.n - 1]->span, "the loops of this program make more than %d declarations",
			     MOST_MADE);
		diag_help(env->diag, "make fewer and larger layers: one layer has as many neurons as you like");
		diag_end(env->diag);
	}
	if (!x.failed)
		check_uses(&x);
	p->decls = x.out;
	ASSERT(!x.failed || diag_errors(env->diag) > errors);
	return diag_errors(env->diag) == errors;
}
