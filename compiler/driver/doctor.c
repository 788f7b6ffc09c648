/* doctor: one line for each part: whether it is there, what it is for, and how to get it. */
#define _POSIX_C_SOURCE 200809L
#include "driver/doctor.h"

#include "driver/toolchain.h"
#include "emit_llvm/emit_llvm.h"
#include "snnc_config.h"
#include "snnrt.h"
#include "source/embedded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int missing;

static void
tell(bool there, const char *what, const char *is, const char *otherwise)
{
	missing += !there;
	printf("%-8s %-16s %s\n", there ? "yes" : "MISSING", what, there ? is : otherwise);
}

static uint32_t
count_texts(const EmbeddedText *t)
{
	uint32_t n = 0;
	for (; t[n].name; n++)
		;
	return n;
}

static bool
builtin_cpu(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
	return true;
#endif
}

int
command_doctor(Compilation *c)
{
	const char *tmp = getenv("TMPDIR"), *why = NULL;
	missing = 0;
	tmp = tmp && *tmp ? tmp : "/tmp";
	printf("snnc %s%s%s\n\n", SNNC_VERSION, *SNNC_SANITIZE_FLAGS ? ", with " : "", SNNC_SANITIZE_FLAGS);
	tell(library_read(c), "library", arena_printf(c->arena, "%u files of models, built in", count_texts(snnc_embedded_lib)),
	     "the models cannot be read: build snnc anew");
	tell(count_texts(snnc_embedded_pages) > 0, "pages", arena_printf(c->arena, "%u messages explained", count_texts(snnc_embedded_pages)),
	     "no page is built in");
	tell(llvm_available(), "LLVM 19", "`snnc run` compiles in memory", "`snnc run` compiles by C: build snnc where llvm-19-dev is installed");
	const char *cc = toolchain_compiler(c->arena, &why);
	tell(cc != NULL, "C compiler", arena_printf(c->arena, "%s, for `snnc build` and `--engine c`", cc), why);
	tell(toolchain_has_runtime(c->arena), "runtime", "libsnnrt.a and snnrt.h, for programs by C",
	     "libsnnrt.a or snnrt.h is not beside snnc: `snnc build` cannot link; install snnc whole");
	tell(snnrt_has_blas(), "OpenBLAS", "batches of values are products of matrices",
	     "batches of values are added up row by row: install libopenblas0 (Debian, Ubuntu), or one that is right on this processor");
	tell(builtin_cpu(), "AVX2 and FMA", "code for x86-64-v3 runs here", "code for x86-64-v3 does not run here: say `--cpu native`");
	tell(access(tmp, W_OK) == 0, "temporary files", arena_printf(c->arena, "in `%s`", tmp),
	     arena_printf(c->arena, "`%s` cannot be written: name another folder by TMPDIR", tmp));
	printf("\n%s\n", missing ? "What is missing is needed only for what its line says." : "Nothing is missing.");
	return missing ? EXIT_WORLD : EXIT_FINE;
}
