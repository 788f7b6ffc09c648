/* files: any bytes as a file that a program names; the first says of what kind: read while it is compiled, and while it runs. */
#include "fuzz.h"

#include "driver/engine.h"
#include "driver/program.h"
#include "emit_llvm/emit_llvm.h"
#include "snnrt.h"

#include <stdlib.h>
#include <string.h>

#define NET "layer a : Input[4]\nlayer b : LIF[4]\n"
#define RUN "experiment { run 5 ms }\n"

/* `x` is the file. */
static const struct { const char *name, *text; } kinds[] = {
	{"x.csv", "layer a : Input[4] { input events(\"x.csv\") }\n" RUN "record a.spikes\n"},
	{"x.npy", "layer a : Input[4] { input events(\"x.npy\") }\n" RUN},
	{"x.csv", NET "connect a -> b by edges(\"x.csv\") { weight = file(\"x.csv\") }\n" RUN},
	{"x.npy", NET "connect a -> b by edges(\"x.npy\") { weight = 1 }\n" RUN},
	{"x.npy", NET "connect a -> b by sparse(\"x.npy\") { weight = file(\"x.npy\") }\n" RUN},
	{"x.npy", NET "connect a -> b { weight = file(\"x.npy\") }\n" RUN},
	{"x.npz", NET "connect a -> b { weight = file(\"x.npz:w\") }\n" RUN},
	{"x.npy", "layer b : LIF[4](threshold = file(\"x.npy\"))\n" RUN},
	{"x.npy", "layer b : LIF[1] { input file(\"x.npy\") }\nsignal s = file(\"x.npy\")\n" RUN "record s\n"},
	{"x.npy", "layer b : LIF[4]\nexperiment { run 5 ms { clamp b where file(\"x.npy\") } }\n"},
	{"x.csv", "table t(n) = csv(\"x.csv\")\nlayer b : LIF[1]\nfor p in t { layer c[p] : LIF[p.n] }\n" RUN},
	{"x.csv", "table pop(name, n) = [(x, 1), (y, 2)]\ntable k[pop, pop] = csv(\"x.csv\")\nlayer b : LIF[1](threshold = -50 + k[0, 1])\n" RUN},
	{"x.csv", "data d = csv(\"x.csv\", \"x.csv\")\nlayer b : LIF[4]\nexperiment { for x, y in d { run 1 ms } }\n"},
	{"x.npy", "data d = npy(\"x.npy\", \"x.npy\")\nlayer b : LIF[4]\nexperiment { for x, y in d[0 ..< 2] { run 1 ms } }\n"},
	{"x.npz", "data d = npz(\"x.npz:w\", \"x.npz:w\")\nlayer b : LIF[4]\nexperiment { for x, y in d[0 ..< 2] { run 1 ms } }\n"},
	{"x.gz", "data d = idx(\"x.gz\", \"x.gz\")\nlayer b : LIF[4]\nexperiment { for x, y in d[0 ..< 2] { run 1 ms } }\n"},
	{"x.npy", "layer p : Poisson[4](rate = 500 Hz)\ndraws p.fires from \"x.npy\"\n" RUN},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const uint64_t MOST_BYTES = 1 << 20;

static void
run(Compilation *c)
{
	Engine engine;
	const char *why = NULL;
	snnrt *rt;
	if (c->plan->arena_bytes > MOST_BYTES || !engine_open(&engine, c, ENGINE_EVAL, &why))
		return;
	snnrt_program *p = program_of_plan(c->arena, c->plan, c->source_hash);
	p->entry = engine.entry;
	p->closure = &engine;
	snnrt_options o = {.program_dir = c->program_dir, .quiet = true, .silent = true, .no_results = true, .engine = "eval"};
	if (snnrt_open(p, &o, &rt) == SNNRT_OK)
		snnrt_run(rt);
	if (engine.why)
		abort();                                  /* the interpreter ran into a mistake of ours */
	snnrt_close(rt);
	engine_close(&engine);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	unsigned kind = data[0] % KINDS;
	const char *text = kinds[kind].text;
	fuzz_file(kinds[kind].name, data + 1, size - 1);
	Options o = {.command = COMMAND_RUN, .file = fuzz_file("x.snn", (const uint8_t *)text, strlen(text)), .no_results = true, .quiet = true};
	Compilation c;
	fuzz_compilation(&c, &o);
	if (pipeline_run(&c, NULL))
		run(&c);
	StrBuf out = strbuf_init(c.arena);
	diag_flush(c.diag, &out, false);
	return 0;
}
