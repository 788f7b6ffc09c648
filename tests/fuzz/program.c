/* program: any bytes as a program; what compiles and is small is run by the interpreter and by compiled code, step by step. */
#include "fuzz.h"

#include "driver/pipeline.h"
#include "driver/verify.h"
#include "emit_llvm/emit_llvm.h"

#include <stdlib.h>

enum { STEPS = 300, CODES = 150 };
static const uint64_t MOST_BYTES = 1 << 20;
static const double MOST_TURNS = 2e5;                     /* of loops over neurons and synapses, in all steps */

/* How many steps a protocol has at most; more than STEPS: too many, or not known. */
static double
steps_of(const Net *n, const NetProtocol *p)
{
	double sum = 0;
	for (uint32_t i = 0; i < p->n; i++) {
		const NetProto *s = p->at[i];
		if (s->kind == NPROTO_RUN && s->steps == 0)
			return 1e9;
		double turns = s->kind == NPROTO_FOR || s->kind == NPROTO_COUNT_TO ? (double)(s->hi - s->lo) : 1;
		sum += s->kind == NPROTO_RUN ? (double)s->steps : 1 + turns * (1 + steps_of(n, &s->body)) + steps_of(n, &s->other);
	}
	return sum;
}

static bool
is_quick(const Plan *p, double steps)
{
	double turns = 0;
	for (uint32_t i = 0; i < p->codes.n; i++)
		turns += p->codes.at[i]->kind == CODE_KERNEL ? (double)p->codes.at[i]->range : 0;
	return p->arena_bytes <= MOST_BYTES && p->codes.n <= CODES && turns * steps <= MOST_TURNS;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Options o = {.command = COMMAND_RUN, .file = fuzz_file("x.snn", data, size), .no_cache = true, .no_results = true, .quiet = true,
		     .check_stages = true};
	Compilation c;
	fuzz_compilation(&c, &o);
	bool small = pipeline_run(&c, "elab");
	double steps = small ? steps_of(c.net, &c.net->protocol) : 0;
	small = small && steps <= STEPS;
	for (uint32_t i = 0; small && i < c.net->layers.n; i++)
		small = c.net->layers.at[i].n <= 1000;
	if (small && pipeline_resume(&c, "solve") && is_quick(c.plan, steps) && llvm_available()) {
		VerifyOptions v = {.every = 1};
		VerifyResult r = {0};
		verify_plan(&c, &v, &r);
		if (r.differs)
			abort();                          /* the engines differ */
	}
	StrBuf text = strbuf_init(c.arena);
	diag_flush(c.diag, &text, false);
	return 0;
}
