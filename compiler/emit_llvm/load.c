/* load.c: finds and loads libsnnc-llvm, and hands on to it. */
#define _GNU_SOURCE
#include "emit_llvm/backend.h"

#include "snnc_config.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUILT SNNC_BUILD_LIB_DIR "/" LL_BACKEND_FILE

/* Beside the program, as it is installed and as it is built: PREFIX/bin/snnc,
 * PREFIX/lib/libsnnc-llvm.so; or where this was built. */
static const char *
library_path(Arena *a)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	exe[n > 0 ? n : 0] = 0;
	char *slash = strrchr(exe, '/');
	if (!slash)
		return BUILT;
	*slash = 0;
	const char *path = arena_printf(a, "%s/../lib/" LL_BACKEND_FILE, exe);
	return access(path, R_OK) == 0 ? path : BUILT;
}

const LlBackend *
ll_backend(Arena *a, const char **why)
{
	void *lib = dlopen(library_path(a), RTLD_NOW | RTLD_LOCAL);
	if (!lib) {
		*why = arena_printf(a, "the LLVM back end cannot be loaded: %s", dlerror());
		return NULL;
	}
	const LlBackend *b = dlsym(lib, LL_BACKEND_SYMBOL);
	if (!b || strcmp(b->id, SNNC_EMIT_LLVM_ID) != 0) {
		*why = LL_BACKEND_FILE " is of another build than this program";
		return NULL;
	}
	return b;
}

/* Not by loading it, which would cost every run what only some need. */
bool
llvm_available(void)
{
	Arena *a = arena_open();
	bool yes = access(library_path(a), R_OK) == 0;
	arena_close(a);
	return yes;
}

bool
llvm_emit_ir(StrBuf *out, const Plan *p, const LlvmOptions *o, bool optimised, const char **why)
{
	const LlBackend *b = ll_backend(out->arena, why);
	return b && b->emit_ir(out, p, o, optimised, why);
}

bool
llvm_emit_asm(StrBuf *out, const Plan *p, const LlvmOptions *o, const char **why)
{
	const LlBackend *b = ll_backend(out->arena, why);
	return b && b->emit_asm(out, p, o, why);
}

static bool
write_object(const char *path, LlObject object)
{
	FILE *f = fopen(path, "wb");
	if (!f)
		return false;
	bool ok = fwrite(object.at, 1, object.n, f) == object.n;
	return fclose(f) == 0 && ok;
}

bool
llvm_emit_object(const Plan *p, const LlvmOptions *o, const char *path, const char **why)
{
	const LlBackend *b = ll_backend(p->arena, why);
	LlObjects objects;
	LlvmOptions one = *o;
	JitTimes times;
	one.threads = 1; /* one part is one object */
	if (!b || !b->compile(p->arena, p, &one, NULL, &objects, &times, why))
		return false;
	if (write_object(path, objects.at[0]))
		return true;
	*why = arena_printf(p->arena, "%s cannot be written: %s", path, strerror(errno));
	return false;
}
