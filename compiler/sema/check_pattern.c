/* check_pattern: `connect a -> b by …`: which pattern it is, and that its arguments are what it takes. */
#include "sema/check.h"

#include <string.h>

typedef struct { const char *word, *args; } Pattern;

static const Pattern patterns[] = {
#define PATTERN(kind, word, args) {word, args},
#include "ast/pattern.def"
#undef PATTERN
};

enum { PATTERN_COUNT = sizeof patterns / sizeof *patterns };

static const Pattern *
find_pattern(Sema *s, const AstExpr *e)
{
	WordVec known = {0};
	for (uint32_t i = 0; i < PATTERN_COUNT; i++) {
		sema_add_word(s, &known, patterns[i].word);
		if (e->kind == AEXPR_NAME && strcmp(e->name, patterns[i].word) == 0)
			return &patterns[i];
	}
	if (e->kind != AEXPR_NAME) {
		diag_begin(s->diag, E0234, e->span, "this names no pattern of connections");
		diag_help(s->diag, "write `by one_to_one` or `by conv(kernel = [3, 3])`");
	} else {
		diag_begin(s->diag, E0234, e->span, "there is no pattern `%s`", e->name);
		sema_help_names(s, e->name, &known, "there are", "");
	}
	diag_end(s->diag);
	return NULL;
}

/* Is `name` among the words of a list that are separated by spaces? */
static bool
is_listed(const char *list, const char *name)
{
	size_t n = strlen(name);
	for (const char *at = list; *at;) {
		size_t word = strcspn(at, " ");
		if (word == n && memcmp(at, name, n) == 0)
			return true;
		at += word;
		at += *at == ' ';
	}
	return false;
}

static uint32_t
count_words(const char *list)
{
	uint32_t n = *list != '\0';
	for (; *list; list++)
		n += *list == ' ';
	return n;
}

static void
add_listed(Sema *s, WordVec *known, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, " ");
		sema_add_word(s, known, arena_printf(s->arena, "%.*s", (int)n, list));
		list += n;
		list += *list == ' ';
	}
}

static void
check_arg_name(Sema *s, const Pattern *p, const AstArg *a, uint32_t index)
{
	if (a->name ? is_listed(p->args, a->name) : index < count_words(p->args))
		return;
	WordVec known = {0};
	add_listed(s, &known, p->args);
	if (a->name)
		diag_begin(s->diag, E0626, a->name_span, "`%s` takes no argument `%s`", p->word, a->name);
	else
		diag_begin(s->diag, E0626, a->value->span, "`%s` takes at most %u arguments", p->word, count_words(p->args));
	sema_help_names(s, a->name ? a->name : "", &known, "it takes", "leave it away");
	diag_end(s->diag);
}

static void
check_arg_value(Sema *s, AstExpr *e)
{
	Val v = sema_check_expr(s, e);
	if (v.type == ATYPE_ERROR || v.type == ATYPE_BOOL || v.type == ATYPE_STRING)
		return;
	Say say = {"the sizes of a pattern are &, not @", "write them without a unit", NULL};
	if (v.type == ATYPE_REAL || v.type == ATYPE_LIST)
		sema_fit(s, say, (Side){e->span, v.dim}, (Side){{0, 0}, infer_none()});
	else
		sema_need_real(s, e, v);
}

/* Conditions and probabilities of a pair: what its neurons and their places make of it. */
static bool
check_of_pair(Sema *s, const Pattern *p, const AstArg *a, uint32_t index)
{
	bool where = strcmp(p->word, "where") == 0, distance = strcmp(p->word, "distance") == 0;
	bool first = a->name ? is_listed(where ? "condition" : "p", a->name) : index == 0, within = distance && (a->name ? a->name == s->words.within : index == 1);
	if ((!where && !distance) || (!first && !within))
		return false;
	s->where = within || !s->ends[0] || !s->ends[1] ? IN_CONST : IN_VALUE;
	Val v = sema_check_expr(s, a->value);
	s->where = IN_CONST;
	if (where)
		sema_need_condition(s, a->value, v);
	else if (sema_need_real(s, a->value, v))
		sema_fit(s, (Say){within ? "a distance is &, not @" : "a probability is &, not @", within ? "write it with its unit: `300 um`" : "divide by a unit: `exp(-d / (100 um))`", NULL},
			 (Side){a->value->span, v.dim}, (Side){{0, 0}, within ? infer_stated((Dim){{[DIM_LENGTH] = 2}}, a->value->span) : infer_none()});
	return true;
}

void
sema_check_pattern(Sema *s, AstExpr *e)
{
	bool call = e->kind == AEXPR_CALL;
	AstExpr *word = call ? e->op[0] : e;
	const Pattern *p = find_pattern(s, word);
	word->sema.type = e->sema.type = p ? ATYPE_OTHER : ATYPE_ERROR;
	s->where = IN_CONST;
	for (uint32_t i = 0; call && i < e->args.n; i++) {
		AstArg *a = &e->args.at[i];
		if (p)
			check_arg_name(s, p, a, i);
		for (uint32_t k = 0; a->name && k < i; k++) {
			if (e->args.at[k].name == a->name)
				sema_report_twice(s, a->name, a->name_span, e->args.at[k].name_span, "given");
		}
		if (!p || !check_of_pair(s, p, a, i))
			check_arg_value(s, a->value);
	}
	if (p && strcmp(p->word, "distance") == 0 && s->ends[0] && s->ends[1])
		sema_check_distance(s, word);
}
