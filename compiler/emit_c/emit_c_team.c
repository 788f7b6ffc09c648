/* emit_c_team: what the threads of a team do becomes a function of its own, which the runtime calls on all of them. With one
 * thread the runtime does nothing, and the kernels run one after the other over constant ranges. */
#include "emit_c/emit_c_inner.h"

#include <inttypes.h>

/* ---- shares ---------------------------------------------------------------------------------- */

/* The share of `t` begins there. */
static const char *
cut(CEmit *c, const PlanStmt *s, const char *t)
{
	const Plan *p = c->plan;
	uint64_t range = p->codes.at[s->id]->range;
	int64_t unit = s->step > 0 ? s->step : 1;
	if (s->share == SHARE_PARTS)
		return arena_printf(c->arena, "part_begin(%" PRIu64 ", %" PRId64 ", %s, of)", range, unit, t);
	const char *count = arena_printf(c->arena, "%s->%s%s", c->self, c->bufs[s->count], p->bufs.at[s->count].axis[0].extent > 1 ? "[0]" : "");
	const char *at = arena_printf(c->arena, "[event_at(%s, %s, of)]", count, t);
	const char *event = arena_printf(c->arena, "%s->%s%s", c->self, c->bufs[s->list], p->bufs.at[s->list].axis[1].extent > 1 ? at : "");
	return arena_printf(c->arena, "event_begin(%" PRIu64 ", %s, %s, %s, of)", range, count, event, t);
}

static void
put_share(CEmit *c, const PlanStmt *s)
{
	const CCode *callee = &c->infos[s->id];
	bool bounds = callee->needed[0] || callee->needed[1];
	if (s->share == SHARE_ONE) {
		c_line(c, arena_printf(c->arena, "if (me == %" PRId64 " %% of) {", s->step));
		c->depth++;
		const char *range = bounds ? arena_printf(c->arena, ", 0, %" PRIu64, c->plan->codes.at[s->id]->range) : "";
		c_line(c, arena_printf(c->arena, "%s(%s%s);", c->codes[s->id], c->self, range));
		c->depth--;
		c_line(c, "}");
		return;
	}
	const char *lo = cut(c, s, "me"), *hi = cut(c, s, "me + 1");
	c_line(c, arena_printf(c->arena, "%s(%s, %s, %s);", c->codes[s->id], c->self, bounds ? lo : "", bounds ? hi : ""));
}

/* Kernels that do not look at their bounds are empty: there is nothing to share out. */
static bool
is_idle(const CEmit *c, const PlanStmt *s)
{
	const CCode *callee = &c->infos[s->id];
	return s->share != SHARE_ONE && !callee->needed[0] && !callee->needed[1];
}

static void
put_function(CEmit *c, const PlanStmt *s, const char *name)
{
	strbuf_puts(c->out, "\n/* What thread `me` of `of` does. */\n");
	strbuf_printf(c->out, "static void\n%s(void *arena, int64_t me, int64_t of)\n{\n", name);
	c->depth = 1;
	c_line(c, arena_printf(c->arena, "struct %s *%s = arena;", c->tag, c->self));
	for (uint32_t i = 0; i < s->body.n; i++) {
		const PlanStmt *t = s->body.at[i];
		if (t->kind == PSTMT_NOTE)
			c_comment(c, t->text);
		else if (t->kind == PSTMT_MEET)
			c_line(c, arena_printf(c->arena, "snnrt_meet(%s->host);", c->self));
		else if (!is_idle(c, t))
			put_share(c, t);
	}
	c->depth = 0;
	strbuf_puts(c->out, "}\n");
}

static void
shares_of_block(CEmit *c, const PlanBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const PlanStmt *s = b->at[i];
		shares_of_block(c, &s->body);
		shares_of_block(c, &s->other);
		if (s->kind != PSTMT_TEAM)
			continue;
		const char *name = c_names_add(&c->file, arena_printf(c->arena, "%s.team", c->code->name));
		VEC_PUSH(c->arena, &c->teams, ((CTeam){s, name}));
		put_function(c, s, name);
	}
}

void
c_shares(CEmit *c)
{
	shares_of_block(c, &c->code->body);
}

/* ---- the call ---------------------------------------------------------------------------------- */

void
c_team(CEmit *c, const PlanStmt *s)
{
	const char *name = "";
	for (uint32_t i = 0; i < c->teams.n; i++) {
		if (c->teams.at[i].team == s)
			name = c->teams.at[i].name;
	}
	c_line(c, arena_printf(c->arena, "if (!snnrt_team(%s->host, %s)) {", c->self, name));
	c->depth++;
	c_block(c, &s->body);
	c->depth--;
	c_line(c, "}");
}

/* ---- helpers ----------------------------------------------------------------------------------- */

static bool
has_team(const PlanBlock *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (b->at[i]->kind == PSTMT_TEAM || has_team(&b->at[i]->body) || has_team(&b->at[i]->other))
			return true;
	}
	return false;
}

void
c_team_helpers(CEmit *c)
{
	bool any = false;
	for (uint32_t i = 0; i < c->plan->codes.n; i++)
		any = any || (c->infos[i].used && has_team(&c->plan->codes.at[i]->body));
	if (!any)
		return;
	strbuf_puts(c->out, "\n"
	            "/* Where the part of thread t begins: cuts are multiples of `unit`. */\n"
	            "static inline int64_t\n"
	            "part_begin(int64_t range, int64_t unit, int64_t t, int64_t of)\n"
	            "{\n"
	            "\tconst int64_t at = (range + unit - 1) / unit * t / of * unit;\n"
	            "\treturn at < range ? at : range;\n"
	            "}\n"
	            "\n"
	            "/* The event that the share of thread t begins with, as its place in their list; and what it is. */\n"
	            "static inline int64_t\n"
	            "event_at(int64_t count, int64_t t, int64_t of)\n"
	            "{\n"
	            "\treturn t < of ? count * t / of : 0;\n"
	            "}\n"
	            "\n"
	            "static inline int64_t\n"
	            "event_begin(int64_t range, int64_t count, int64_t event, int64_t t, int64_t of)\n"
	            "{\n"
	            "\tif (t == 0 || t == of)\n"
	            "\t\treturn t ? range : 0;\n"
	            "\treturn count ? event : part_begin(range, 1, t, of);\n"
	            "}\n");
}
