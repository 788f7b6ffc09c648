/* test_verify: --verify finds one wrong bit, names its variable, place and step, and says nothing where there is none. */
#define _GNU_SOURCE
#include "driver/pipeline.h"
#include "driver/verify.h"
#include "emit_llvm/emit_llvm.h"

#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char program[] = "layer a : Poisson[20](rate = 100 Hz)\n"
			      "layer b : LIF[5]\n"
			      "connect a -> b as ab { weight = uniform(0, 4) { range [0, 5] ; learn PostPre() } }\n"
			      "experiment { run 100 ms ; reset ; run 50 ms }\n";

typedef struct {
	const char *buffer;
	uint64_t step, byte;
	unsigned char bits;
} Fault;

static void
corrupt(void *env, const Plan *p, void *arena, uint64_t step)
{
	const Fault *f = env;
	if (step != f->step)
		return;
	const PlanBuf *b = &p->bufs.at[plan_find_buf(p, f->buffer)];
	((unsigned char *)arena)[b->offset + f->byte] ^= f->bits;
}

/* The plan of another program, which has the same buffers, as the code: a wrong translation of one statement. */
static int
verify_against(const char *file, const char *other, VerifyResult *r, char text[4096])
{
	Arena *a = arena_open();
	Options o = {.command = COMMAND_RUN, .file = file, .quiet = true, .no_results = true, .no_cache = true}, o2 = o;
	Compilation c, c2;
	o2.file = other;
	compilation_open(&c, &o, a);
	compilation_open(&c2, &o2, a);
	CU_ASSERT_FATAL(pipeline_run(&c, NULL) && pipeline_run(&c2, NULL));
	VerifyOptions v = {.code = c2.plan};
	int code = verify_plan(&c, &v, r);
	StrBuf out = strbuf_init(a);
	diag_flush(c.diag, &out, false);
	snprintf(text, 4096, "%s", strbuf_text(&out));
	arena_close(a);
	return code;
}

static int
verify(const char *file, Fault *fault, uint64_t every, bool f64, bool exact, VerifyResult *r, char text[4096])
{
	Arena *a = arena_open();
	Options o = {.command = COMMAND_RUN, .file = file, .quiet = true, .no_results = true, .f64 = f64, .exact = exact, .no_cache = true};
	Compilation c;
	compilation_open(&c, &o, a);
	CU_ASSERT_FATAL(pipeline_run(&c, NULL));
	VerifyOptions v = {.every = every, .after_step = fault ? corrupt : NULL, .env = fault};
	int code = verify_plan(&c, &v, r);
	StrBuf out = strbuf_init(a);
	diag_flush(c.diag, &out, false);
	snprintf(text, 4096, "%s", strbuf_text(&out));
	arena_close(a);
	return code;
}

static void
write_program(char path[64], const char *text)
{
	strcpy(path, "/tmp/snnc-verify-XXXXXX");
	int fd = mkstemp(path);
	CU_ASSERT_FATAL(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void
with_program(char path[64])
{
	write_program(path, program);
}

static void
same_bits(void)
{
	char path[64], text[4096];
	VerifyResult r;
	if (!llvm_available())
		return;
	with_program(path);
	for (int k = 0; k < 4; k++) {
		CU_ASSERT_EQUAL(verify(path, NULL, 1, k & 1, k & 2, &r, text), 0);
		CU_ASSERT_FALSE(r.differs);
		CU_ASSERT_EQUAL(r.steps, 150);
		CU_ASSERT(r.variables >= 5);
		CU_ASSERT_STRING_EQUAL(text, "");
	}
	unlink(path);
}

static void
one_wrong_bit(void)
{
	char path[64], text[4096];
	VerifyResult r;
	if (!llvm_available())
		return;
	Fault f = {"b.v", 37, 4 * 3, 1}; /* the last bit of neuron 3 */
	with_program(path);
	CU_ASSERT_EQUAL(verify(path, &f, 1, false, false, &r, text), EXIT_WORLD);
	CU_ASSERT(r.differs);
	CU_ASSERT_EQUAL(r.steps, 37);
	CU_ASSERT(strstr(text, "`b.v[batch 0, neuron 3]` differs after step 37: the interpreter has -6") != NULL);
	CU_ASSERT(strstr(text, "(0xc2") != NULL);
	CU_ASSERT(strstr(text, "state v = rest") != NULL); /* the line of the declaration */
	unlink(path);
}

/* The first statement of a step that went wrong is named, though other variables differ behind it. */
static void
the_statement(void)
{
	static const char text_of[] = "neuron N(k = 2 mV) {\n    state v = 0 mV\n    state u = 0 mV\n    step {\n        v += 1 mV + input\n"
				      "        %s\n        if v > 5 mV { spike ; v = 0 mV }\n    }\n}\n"
				      "rule R() {\n    learns w\n    state n of post = 0\n    on post {\n        %s\n        w += n\n    }\n}\n"
				      "layer a : N[3]\nlayer b : N[3]\nconnect a -> b as c { weight = 0 { learn R() } }\n"
				      "experiment { run 20 ms }\nrecord a.u\nrecord b.u\n";
	char one[64], two[64], three[64], text[4096], program_of[1024];
	VerifyResult r;
	if (!llvm_available())
		return;
	snprintf(program_of, sizeof program_of, text_of, "u += k", "n += 1");
	write_program(one, program_of);
	snprintf(program_of, sizeof program_of, text_of, "u -= k", "n += 1");
	write_program(two, program_of);
	snprintf(program_of, sizeof program_of, text_of, "u += k", "n += 2");
	write_program(three, program_of);
	CU_ASSERT_EQUAL(verify_against(one, two, &r, text), EXIT_WORLD);
	CU_ASSERT(strstr(text, ":6:9: error[E1003]: `a.u[batch 0, neuron 0]` differs after step 1: the interpreter has 2 ") != NULL);
	CU_ASSERT(strstr(text, "so do `b.u`") != NULL);
	CU_ASSERT_EQUAL(verify_against(one, three, &r, text), EXIT_WORLD);
	CU_ASSERT(strstr(text, ":14:9: error[E1003]: `c.weight.n[post 0]` differs after step 6") != NULL);
	CU_ASSERT(strstr(text, "so do `c.weight`") != NULL);
	unlink(one);
	unlink(two);
	unlink(three);
}

/* Seen at the next comparison, and at the end if there is none. */
static void
seldom(void)
{
	char path[64], text[4096];
	VerifyResult r;
	if (!llvm_available())
		return;
	Fault f = {"ab.weight", 37, 0, 1}, late = {"ab.weight", 149, 0, 1};
	with_program(path);
	verify(path, &f, 25, false, false, &r, text);
	CU_ASSERT(r.differs);
	CU_ASSERT_EQUAL(r.steps, 50);
	verify(path, &late, 100, false, false, &r, text);
	CU_ASSERT(r.differs);
	CU_ASSERT_EQUAL(r.steps, 150);
	unlink(path);
}

CU_TestInfo test_verify[] = {
	{"without a fault both hold the same bits", same_bits},
	{"one wrong bit is found and named", one_wrong_bit},
	{"the statement that made it is named", the_statement},
	{"also where only some steps are compared", seldom},
	CU_TEST_INFO_NULL,
};
