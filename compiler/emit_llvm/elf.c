/* elf.c: objects into memory without LLVM.
 *
 * ORC links our code, too (orc.c); but it lives in libLLVM, and loading that takes longer
 * than all the rest of a warm start. So this does what a linker does, for the little that our
 * objects have, on x86-64 Linux. Whatever it does not know is refused, and goes through ORC.
 *
 * All sections of all objects go into one mapping, code first, so that 32-bit distances reach
 * everything; a function outside is called through a stub.
 */
#define _GNU_SOURCE
#include "emit_llvm/backend.h"

#if defined(__linux__) && defined(__x86_64__)

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STUB = 16, SLOT = 8 }; /* bytes */

typedef struct {
	const char *at;
	const Elf64_Shdr *section;
	uint32_t nsections;
	const Elf64_Sym *symbol;
	uint32_t nsymbols;
	const char *name; /* of symbols */
	size_t nnames;
	size_t *place;   /* per section: offset in the image; SIZE_MAX: not loaded */
	uint64_t *value; /* per symbol: its address */
} Object;

typedef struct {
	const char *name;
	void *at;
} Export;

struct LlImage {
	char *base;
	size_t size;
	VEC(Export) exports;
};

typedef struct {
	Arena *a;
	Object *object;
	uint32_t n;
	const JitSymbol *symbols;
	uint32_t nsymbols;
	LlImage *image;
	size_t text, stubs, slots; /* ends of code; next stub, next slot */
	const char **why;
} Link;

static bool
fail(Link *l, const char *text)
{
	*l->why = text;
	return false;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool
section_fits(const LlObject *o, const Elf64_Shdr *s)
{
	return s->sh_type == SHT_NOBITS ||
	       (s->sh_offset <= o->n && s->sh_size <= o->n - s->sh_offset);
}

static bool
read_symbols(Link *l, Object *to, const Elf64_Shdr *s)
{
	if (s->sh_link >= to->nsections)
		return fail(l, "the object has no names of symbols");
	to->symbol = (const Elf64_Sym *)(to->at + s->sh_offset);
	to->nsymbols = (uint32_t)(s->sh_size / sizeof(Elf64_Sym));
	to->name = to->at + to->section[s->sh_link].sh_offset;
	to->nnames = to->section[s->sh_link].sh_size;
	to->value = ARENA_ARRAY(l->a, uint64_t, to->nsymbols + 1);
	for (uint32_t i = 0; i < to->nsymbols; i++) {
		if (to->symbol[i].st_name >= to->nnames)
			return fail(l, "the object has a symbol without a name");
	}
	return true;
}

static bool
read_object(Link *l, Object *to, const LlObject *o)
{
	/* A copy, because a cached file puts objects at odd places. */
	to->at = arena_copy(l->a, o->at, o->n);
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)to->at;
	if (o->n < sizeof *h || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
	    h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_type != ET_REL || h->e_shoff % 8 != 0 ||
	    h->e_shoff > o->n || h->e_shnum > (o->n - h->e_shoff) / sizeof(Elf64_Shdr))
		return fail(l, "this is no relocatable ELF object");
	if (h->e_machine != EM_X86_64)
		return fail(l, "code can be loaded into memory on x86-64 only");
	to->section = (const Elf64_Shdr *)(to->at + h->e_shoff);
	to->nsections = h->e_shnum;
	to->place = ARENA_ARRAY(l->a, size_t, to->nsections);
	for (uint32_t i = 0; i < to->nsections; i++) {
		const Elf64_Shdr *s = &to->section[i];
		to->place[i] = SIZE_MAX;
		if (!section_fits(o, s))
			return fail(l, "a section reaches beyond the object");
		if (s->sh_type == SHT_SYMTAB && !read_symbols(l, to, s))
			return false;
	}
	return true;
}

/* ---- layout ---------------------------------------------------------------------------------- */

static size_t
align_up(size_t n, size_t to)
{
	return to > 1 ? (n + to - 1) / to * to : n;
}

/* Unwind tables are left out: no code of ours is unwound through. */
static bool
is_loaded(const Elf64_Shdr *s)
{
	return (s->sh_flags & SHF_ALLOC) && s->sh_size > 0 && s->sh_type != SHT_X86_64_UNWIND;
}

static size_t
place_sections(Link *l, size_t end, bool code)
{
	for (uint32_t i = 0; i < l->n; i++) {
		Object *o = &l->object[i];
		for (uint32_t k = 0; k < o->nsections; k++) {
			const Elf64_Shdr *s = &o->section[k];
			if (!is_loaded(s) || !!(s->sh_flags & SHF_EXECINSTR) != code)
				continue;
			o->place[k] = align_up(end, s->sh_addralign);
			end = o->place[k] + s->sh_size;
		}
	}
	return end;
}

/* At most one stub and slot for each undefined symbol and each access through a slot. */
static size_t
count_outside(const Link *l)
{
	size_t n = 0;
	for (uint32_t i = 0; i < l->n; i++) {
		const Object *o = &l->object[i];
		for (uint32_t k = 1; k < o->nsymbols; k++)
			n += o->symbol[k].st_shndx == SHN_UNDEF;
		for (uint32_t k = 0; k < o->nsections; k++)
			n += o->section[k].sh_type == SHT_RELA
				     ? o->section[k].sh_size / sizeof(Elf64_Rela)
				     : 0;
	}
	return n;
}

static bool
map_image(Link *l)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n = count_outside(l);
	l->stubs = align_up(place_sections(l, 0, true), STUB);
	l->text = align_up(l->stubs + n * STUB, page);
	l->slots = l->text;
	l->image->size = align_up(place_sections(l, l->slots + n * SLOT, false) + 1, page);
	void *at = mmap(NULL, l->image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	if (at == MAP_FAILED)
		return fail(l, "there is no memory for code");
	l->image->base = at;
	for (uint32_t i = 0; i < l->n; i++) {
		const Object *o = &l->object[i];
		for (uint32_t k = 0; k < o->nsections; k++) {
			if (o->place[k] != SIZE_MAX && o->section[k].sh_type != SHT_NOBITS)
				memcpy(l->image->base + o->place[k],
				       o->at + o->section[k].sh_offset, o->section[k].sh_size);
		}
	}
	return true;
}

/* ---- symbols --------------------------------------------------------------------------------- */

static uint64_t
new_slot(Link *l, uint64_t value)
{
	char *slot = l->image->base + l->slots;
	memcpy(slot, &value, SLOT);
	l->slots += SLOT;
	return (uint64_t)(uintptr_t)slot;
}

/* jmp *slot(%rip) */
static uint64_t
new_stub(Link *l, uint64_t target)
{
	char *stub = l->image->base + l->stubs;
	int32_t distance = (int32_t)((int64_t)new_slot(l, target) - (int64_t)(uintptr_t)stub - 6);
	memcpy(stub, "\xff\x25", 2);
	memcpy(stub + 2, &distance, sizeof distance);
	l->stubs += STUB;
	return (uint64_t)(uintptr_t)stub;
}

static bool
resolve_defined(Link *l, Object *o)
{
	for (uint32_t i = 1; i < o->nsymbols; i++) {
		const Elf64_Sym *s = &o->symbol[i];
		if (s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS ||
		    ELF64_ST_TYPE(s->st_info) == STT_FILE)
			continue;
		if (s->st_shndx >= o->nsections)
			return fail(l, "the object has a symbol of a strange kind");
		if (o->place[s->st_shndx] == SIZE_MAX)
			continue;
		char *at = l->image->base + o->place[s->st_shndx] + s->st_value;
		o->value[i] = (uint64_t)(uintptr_t)at;
		if (ELF64_ST_BIND(s->st_info) == STB_GLOBAL)
			VEC_PUSH(l->a, &l->image->exports, (Export){o->name + s->st_name, at});
	}
	return true;
}

static bool
resolve_undefined(Link *l, Object *o)
{
	for (uint32_t i = 1; i < o->nsymbols; i++) {
		const char *name = o->name + o->symbol[i].st_name;
		if (o->symbol[i].st_shndx != SHN_UNDEF)
			continue;
		o->value[i] = (uint64_t)(uintptr_t)ll_image_find(l->image, name);
		for (uint32_t k = 0; k < l->nsymbols && !o->value[i]; k++) {
			if (strcmp(l->symbols[k].name, name) == 0)
				o->value[i] =
					new_stub(l, (uint64_t)(uintptr_t)l->symbols[k].address);
		}
		if (!o->value[i])
			return fail(l, arena_printf(l->a, "nobody gave the symbol %s", name));
	}
	return true;
}

/* ---- relocations ----------------------------------------------------------------------------- */

static bool
put32(Link *l, char *at, int64_t v)
{
	int32_t narrow = (int32_t)v;
	if (narrow != v)
		return fail(l, "a distance in the code is too long");
	memcpy(at, &narrow, sizeof narrow);
	return true;
}

static bool
relocate(Link *l, const Object *o, const Elf64_Shdr *target, char *section, const Elf64_Rela *r)
{
	uint32_t type = (uint32_t)ELF64_R_TYPE(r->r_info);
	uint64_t index = ELF64_R_SYM(r->r_info);
	if (index >= o->nsymbols || r->r_offset > target->sh_size ||
	    target->sh_size - r->r_offset < 4)
		return fail(l, "a relocation reaches beyond its section");
	char *at = section + r->r_offset;
	int64_t here = (int64_t)(uintptr_t)at, v = (int64_t)o->value[index] + r->r_addend;
	switch (type) {
	case R_X86_64_NONE:
		return true;
	case R_X86_64_64:
		memcpy(at, &v, sizeof v);
		return true;
	case R_X86_64_PC64:
		v -= here;
		memcpy(at, &v, sizeof v);
		return true;
	case R_X86_64_PC32: case R_X86_64_PLT32:
		return put32(l, at, v - here);
	case R_X86_64_GOTPCREL: case R_X86_64_GOTPCRELX: case R_X86_64_REX_GOTPCRELX:
		return put32(l, at, (int64_t)new_slot(l, o->value[index]) + r->r_addend - here);
	}
	return fail(l, arena_printf(l->a, "relocations of type %u are not known", type));
}

static bool
relocate_object(Link *l, const Object *o)
{
	for (uint32_t i = 0; i < o->nsections; i++) {
		const Elf64_Shdr *s = &o->section[i];
		if (s->sh_type != SHT_RELA || s->sh_info >= o->nsections ||
		    o->place[s->sh_info] == SIZE_MAX)
			continue;
		const Elf64_Rela *r = (const Elf64_Rela *)(o->at + s->sh_offset);
		char *section = l->image->base + o->place[s->sh_info];
		for (size_t k = 0; k < s->sh_size / sizeof *r; k++) {
			if (!relocate(l, o, &o->section[s->sh_info], section, &r[k]))
				return false;
		}
	}
	return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool
link_all(Link *l, const LlObjects *objects)
{
	bool ok = true;
	for (uint32_t i = 0; i < l->n && ok; i++)
		ok = read_object(l, &l->object[i], &objects->at[i]);
	ok = ok && map_image(l);
	for (uint32_t i = 0; i < l->n && ok; i++)
		ok = resolve_defined(l, &l->object[i]);
	for (uint32_t i = 0; i < l->n && ok; i++)
		ok = resolve_undefined(l, &l->object[i]);
	for (uint32_t i = 0; i < l->n && ok; i++)
		ok = relocate_object(l, &l->object[i]);
	if (!ok)
		return false;
	char *base = l->image->base;
	if (mprotect(base, l->text, PROT_READ | PROT_EXEC) != 0 ||
	    mprotect(base + l->text, l->image->size - l->text, PROT_READ) != 0)
		return fail(l, "this system lets no memory be executed");
	return true;
}

LlImage *
ll_image_open(Arena *a, const LlObjects *objects, const JitSymbol *symbols, uint32_t nsymbols,
	      const char **why)
{
	Link l = {.a = a, .n = objects->n, .symbols = symbols, .nsymbols = nsymbols, .why = why};
	l.object = ARENA_ARRAY(a, Object, l.n);
	l.image = ARENA_NEW(a, LlImage);
	if (link_all(&l, objects))
		return l.image;
	ll_image_close(l.image);
	return NULL;
}

void *
ll_image_find(const LlImage *image, const char *name)
{
	for (uint32_t i = 0; i < image->exports.n; i++) {
		if (strcmp(image->exports.at[i].name, name) == 0)
			return image->exports.at[i].at;
	}
	return NULL;
}

void
ll_image_close(LlImage *image)
{
	if (image && image->base)
		munmap(image->base, image->size);
}

#else

LlImage *
ll_image_open(Arena *a, const LlObjects *objects, const JitSymbol *symbols, uint32_t nsymbols,
	      const char **why)
{
	(void)a, (void)objects, (void)symbols, (void)nsymbols;
	*why = "without LLVM code is loaded into memory on x86-64 Linux only";
	return NULL;
}

void *
ll_image_find(const LlImage *image, const char *name)
{
	(void)image, (void)name;
	return NULL;
}

void
ll_image_close(LlImage *image)
{
	(void)image;
}

#endif
