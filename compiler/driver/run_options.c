/* run_options: what the command line says, as the runtime takes it. */
#include "driver/run.h"

uint32_t
run_sets(const Compilation *c, const char ***out)
{
	VEC(const char *) sets = {0};
	for (uint32_t i = 0; c->net && i < c->net->signals.n; i++) {
		const NetSignal *g = &c->net->signals.at[i];
		if (g->tunable && g->is_given)
			VEC_PUSH(c->arena, &sets, arena_printf(c->arena, "%s=%.17g", g->name, g->given));
	}
	*out = sets.at;
	return sets.n;
}

snnrt_options
run_options(const Compilation *c, const char *engine)
{
	const Options *o = c->o;
	const char **sets;
	uint32_t nsets = run_sets(c, &sets);
	return (snnrt_options){.sets = sets,
			       .nsets = nsets,
			       .program_dir = c->program_dir,
			       .data = o->data,
			       .out = o->out,
			       .seed = o->seed,
			       .seed_given = o->seed_given,
			       .memory = o->memory,
			       .threads = o->threads,
			       .quiet = o->quiet,
			       .silent = o->command == COMMAND_TEST,
			       .no_results = o->no_results,
			       .format = o->format,
			       .checkpoint_every = o->checkpoint_every,
			       .pause_after = o->pause_after,
			       .resume = o->resume,
			       .dump_state = o->dump_state,
			       .engine = engine};
}
