/* Lanes: plans that differ in numbers alone become one, and each of its lanes computes what its own plan does. */
#include "plan_help.h"
#include "suites.h"

#include "lanes/lanes.h"

#include <string.h>

static const char *
program(Arena *a, const char *tau, const char *gain, const char *n)
{
	return arena_printf(a,
			    "layer a : Poisson[6](rate = 300 Hz)\nlayer b : LIF[%s](tau = %s)\n"
			    "connect a -> b as c { weight = %s { learn PostPre(nu = (pre: 0.01, post: %s)) } }\n"
			    "experiment { run 30 ms }\n",
			    n, tau, gain, gain);
}

/* The state of a run, as bytes of all state buffers. */
static const uint8_t *
state(Made *m, const Plan *p, uint64_t *size)
{
	Ran r = run_plan(m, p, NULL);
	StrBuf out = strbuf_init(m->arena);
	for (uint32_t i = 0; i < p->bufs.n; i++) {
		if (p->bufs.at[i].role == ROLE_STATE)
			strbuf_putn(&out, (const char *)r.memory + p->bufs.at[i].offset, plan_buf_bytes(&p->bufs.at[i]));
	}
	*size = out.n;
	return (const uint8_t *)out.at;
}

static void
each_lane_is_its_own_plan(void)
{
	Arena *a = arena_open();
	const char *tau[] = {"10 ms", "20 ms", "15 ms"}, *gain[] = {"3", "5", "0.5"};
	Made own[3], made[3];
	Plan *plans[3];
	for (int k = 0; k < 3; k++) {
		own[k] = make_plan(program(a, tau[k], gain[k], "3"), NULL);
		made[k] = make_plan(program(a, tau[k], gain[k], "3"), NULL);
		plans[k] = made[k].plan;
	}
	LaneGroupVec groups = lanes_join(a, plans, 3);
	CU_ASSERT_EQUAL_FATAL(groups.n, 1);
	CU_ASSERT_EQUAL(groups.at[0].lane.n, 3);
	CU_ASSERT_TRUE(groups.at[0].loaded >= 2);
	CU_ASSERT_PTR_NULL(plan_verify(groups.at[0].plan, a));
	const uint8_t *before = NULL;
	for (uint32_t k = 0; k < 3; k++) {
		uint64_t n, wanted;
		const uint8_t *want = state(&own[k], own[k].plan, &wanted);
		lanes_select(&groups.at[0], k);
		const uint8_t *got = state(&made[0], groups.at[0].plan, &n);
		CU_ASSERT_EQUAL_FATAL(n, wanted);
		CU_ASSERT_EQUAL(memcmp(got, want, n), 0);
		CU_ASSERT_TRUE(!before || memcmp(got, before, n) != 0);
		before = got;
	}
	for (int k = 0; k < 3; k++)
		arena_close(own[k].arena), arena_close(made[k].arena);
	arena_close(a);
}

static void
what_is_the_same_stays_a_number(void)
{
	Arena *a = arena_open();
	Made m[2] = {make_plan(program(a, "10 ms", "3", "3"), NULL), make_plan(program(a, "10 ms", "3", "3"), NULL)};
	Plan *plans[] = {m[0].plan, m[1].plan};
	const char *before = plan_text(&m[0], m[0].plan);
	LaneGroupVec groups = lanes_join(a, plans, 2);
	CU_ASSERT_EQUAL(groups.n, 1);
	CU_ASSERT_EQUAL(groups.at[0].loaded, 0);
	CU_ASSERT_STRING_EQUAL(plan_text(&m[0], groups.at[0].plan), before);
	for (int k = 0; k < 2; k++)
		arena_close(m[k].arena);
	arena_close(a);
}

static void
another_structure_is_another_program(void)
{
	Arena *a = arena_open();
	Made m[3] = {make_plan(program(a, "10 ms", "3", "3"), NULL), make_plan(program(a, "10 ms", "3", "4"), NULL),
		     make_plan(program(a, "30 ms", "3", "3"), NULL)};
	Plan *plans[] = {m[0].plan, m[1].plan, m[2].plan};
	LaneGroupVec groups = lanes_join(a, plans, 3);
	CU_ASSERT_EQUAL_FATAL(groups.n, 2);
	CU_ASSERT_EQUAL(groups.at[0].lane.n, 2);
	CU_ASSERT_EQUAL(groups.at[0].lane.at[1], 2);
	CU_ASSERT_EQUAL(groups.at[1].lane.at[0], 1);
	CU_ASSERT_EQUAL(groups.at[1].loaded, 0);
	for (int k = 0; k < 3; k++)
		arena_close(m[k].arena);
	arena_close(a);
}

CU_TestInfo test_lanes[] = {
	{"each lane is its own plan", each_lane_is_its_own_plan},
	{"what is the same stays a number", what_is_the_same_stays_a_number},
	{"another structure is another program", another_structure_is_another_program},
	CU_TEST_INFO_NULL,
};
