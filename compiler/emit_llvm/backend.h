/* backend.h: between the compiler, which knows no LLVM, and libsnnc-llvm, which is loaded when
 * it is first wanted.
 *
 * Loading libLLVM takes more than ten times as long as all else that `snnc check` does. So
 * whatever needs it is a shared library of its own, with one symbol: a table of functions.
 *
 * Objects get into memory by elf.c, which knows x86-64 alone but needs no LLVM, so a warm start
 * never loads it; else by LLVM's ORC (orc.c, in the library).
 */
#ifndef SNNC_EMIT_LLVM_BACKEND_H
#define SNNC_EMIT_LLVM_BACKEND_H

#include "emit_llvm/emit_llvm.h"

enum { LL_PARTS = 8 };                          /* objects that a plan becomes, at most */

typedef struct { const char *at; size_t n; } LlObject; /* a relocatable ELF file */
typedef struct { LlObject at[LL_PARTS]; uint32_t n; } LlObjects;

/* Objects that are linked in memory by ORC. */
typedef struct LlOrc LlOrc;

typedef struct {
	const char *id;           /* SNNC_EMIT_LLVM_ID of the library: must be that of the caller */
	bool (*emit_ir)(StrBuf *out, const Plan *p, const LlvmOptions *o, bool optimised,
	                const char **why);
	bool (*emit_asm)(StrBuf *out, const Plan *p, const LlvmOptions *o, const char **why);
	/* Objects, in the arena, of the procs and all that they use; or of one kernel with open
	 * bounds. */
	bool (*compile)(Arena *a, const Plan *p, const LlvmOptions *o, const PlanCode *kernel,
	                LlObjects *out, JitTimes *times, const char **why);
	/* Links the objects with each other and with the symbols when something is first found in
	 * them. NULL: *why. */
	LlOrc *(*link)(Arena *a, const LlObjects *objects, const JitSymbol *symbols, uint32_t nsymbols,
	               const char **why);
	void *(*find)(LlOrc *code, const char *name, const char **why);
	void (*unlink)(LlOrc *code);            /* NULL is fine */
} LlBackend;

#define LL_BACKEND_FILE "libsnnc-llvm.so"
#define LL_BACKEND_SYMBOL "snnc_llvm_backend"
extern const LlBackend snnc_llvm_backend;

/* The table, with the library loaded for good; NULL and *why (in the arena). (load.c) */
const LlBackend *ll_backend(Arena *a, const char **why);

/* The symbol of a kernel with open bounds: NAME:range. */
#define LL_KERNEL_SYMBOL "%s:range"

/* ---- the cache (cache.c) --------------------------------------------------------------------- */

/* Key of the objects of a plan or (part) of one kernel: hex text, in the arena. */
const char *ll_cache_key(Arena *a, const Plan *p, const LlvmOptions *o, const char *part);
/* False if there are none that are whole. */
bool ll_cache_read(Arena *a, const char *dir, const char *key, LlObjects *out);
/* failure is no matter */
void ll_cache_write(Arena *a, const char *dir, const char *key, const LlObjects *objects);

/* ---- objects in memory without LLVM (elf.c) --------------------------------------------------- */

typedef struct LlImage LlImage;

/* Links the objects with each other and with the symbols. NULL: *why, then ORC is the way. */
LlImage *ll_image_open(Arena *a, const LlObjects *objects, const JitSymbol *symbols,
                       uint32_t nsymbols, const char **why);
void *ll_image_find(const LlImage *image, const char *name); /* NULL: no such symbol */
void ll_image_close(LlImage *image);

#endif
