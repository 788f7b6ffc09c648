/* c_name: plan names as C names.
 *
 * A member or local only has to keep clear of words (keywords, macros, functions that the emitted
 * expressions call); a function or variable of the file also of the functions that compilers and
 * headers know.
 */
#include "emit_c/c_name.h"

#include <ctype.h>
#include <string.h>

/* Keywords of C11 and C23, macros that are not in capitals, what emitted expressions and
 * statements call. */
static const char *const words[] = {
	"auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else",
	"enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register",
	"restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef",
	"union", "unsigned", "void", "volatile", "while", "alignas", "alignof", "asm", "bool",
	"constexpr", "false", "nullptr", "static_assert", "thread_local", "true", "typeof",
	"typeof_unqual", "complex", "imaginary", "I", "NULL", "NAN", "INFINITY", "EOF", "errno",
	"stdin", "stdout", "stderr", "assert", "offsetof", "noreturn", "linux", "unix", "i386",
	"INDEPENDENT", "ALWAYS_INLINE", "STORED", "APART", "AT", "fabs", "fabsf", "sqrt", "sqrtf", "floor", "floorf",
	"ceil", "ceilf", "fma", "fmaf", "memcpy", "f32_of_f16", "f32_of_bf16", "f16_of_f32",
	"bf16_of_f32", "f32_of_bits", "bits_of_f32", "f64_of_bits", "bits_of_f64", "negated_f32", "mask_of", "part_begin", "event_at", "event_begin", "trailing_zeros",
	"negated_f64",
};

/* Functions of the library that compilers know without a declaration or that included headers
 * declare, and the emitted file's own names. */
static const char *const functions[] = {
	"main", "entry", "buffers", "objects",
	"abort", "abs", "acos", "acosh", "alloca", "asin", "asinh", "atan", "atan2", "atanh",
	"atexit", "bcmp", "bcopy", "bzero", "cabs", "calloc", "carg", "cbrt", "ccos", "cexp",
	"cimag", "clog", "clock", "conj", "copysign", "cos", "cosh", "cpow", "creal", "csin",
	"csqrt", "ctan", "div", "drem", "erf", "erfc", "exit", "exp", "exp10", "exp2", "expm1",
	"fdim", "ffs", "fmax", "fmin", "fmod", "fork", "fprintf", "fputc", "fputs", "free", "frexp",
	"fscanf", "fwrite", "gamma", "getc", "getenv", "hypot", "ilogb", "index", "isalnum",
	"isalpha", "iscntrl", "isdigit", "isfinite", "isgreater", "isinf", "isless", "isnan",
	"isnormal", "isprint", "isspace", "isupper", "j0", "j1", "jn", "labs", "ldexp", "lgamma",
	"link", "llabs", "llrint", "llround", "log", "log10", "log1p", "log2", "logb", "lrint",
	"lround", "malloc", "memchr", "memcmp", "memmove", "memset", "modf", "nan", "nearbyint",
	"nextafter", "nexttoward", "pipe", "pow", "pow10", "powi", "printf", "putc", "putchar",
	"puts", "qsort", "raise", "rand", "random", "read", "realloc", "remainder", "remove",
	"remquo", "rename", "rindex", "rint", "round", "scalb", "scalbln", "scalbn", "scanf",
	"select", "setjmp", "signal", "signbit", "significand", "sin", "sincos", "sinh", "sleep",
	"snprintf", "sprintf", "srand", "sscanf", "stpcpy", "strcat", "strchr", "strcmp", "strcpy",
	"strcspn", "strdup", "strlen", "strncat", "strncmp", "strncpy", "strpbrk", "strrchr",
	"strspn", "strstr", "system", "tan", "tanh", "tgamma", "time", "tolower", "toupper",
	"trunc", "vprintf", "vsnprintf", "vsprintf", "wait", "write", "y0", "y1", "yn",
};

static bool
starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool
ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && strcmp(s + n - m, suffix) == 0;
}

static bool
is_listed(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(name, list[i]) == 0)
			return true;
	}
	return false;
}

static bool
is_reserved(const CNames *s, const char *name)
{
	if (is_listed(name, words, sizeof words / sizeof *words))
		return true;
	if (s->file_scope && is_listed(name, functions, sizeof functions / sizeof *functions))
		return true;
	/* int32_t, and the casts that saturate: i32_from_f32 */
	return ends_with(name, "_t") || ends_with(name, "_from_f32") ||
	       ends_with(name, "_from_f64");
}

CNames
c_names_init(Arena *a, bool file_scope)
{
	return (CNames){.arena = a, .file_scope = file_scope};
}

void
c_names_take(CNames *s, const char *name)
{
	VEC_PUSH(s->arena, &s->taken, name);
}

static bool
is_taken(const CNames *s, const char *name)
{
	for (uint32_t i = 0; i < s->taken.n; i++) {
		if (strcmp(s->taken.at[i], name) == 0)
			return true;
	}
	return false;
}

/* Letters, digits and underscores; in front nothing that C, <stdint.h> or the runtime keeps for
 * itself. */
static const char *
identifier(Arena *a, const char *name, bool upper)
{
	bool plain = isalpha((unsigned char)*name) && !starts_with(name, "snnrt") &&
		     !starts_with(name, "SNNRT") && !starts_with(name, "INT") &&
		     !starts_with(name, "UINT");
	char *out = arena_printf(a, "%s%s", plain ? "" : upper ? "X_" : "x_", name);
	for (char *s = out; *s; s++) {
		if (!isalnum((unsigned char)*s))
			*s = '_';
		else if (upper)
			*s = (char)toupper((unsigned char)*s);
	}
	return out;
}

static const char *
add(CNames *s, const char *base)
{
	const char *name = base;
	/* A number behind a digit would read as part of it: v1 becomes v1_2, not v12. */
	const char *gap = isdigit((unsigned char)base[strlen(base) - 1]) ? "_" : "";
	if (is_reserved(s, base) && !is_reserved(s, arena_printf(s->arena, "%s_", base)))
		name = base = arena_printf(s->arena, "%s_", base);
	for (uint32_t i = 2; is_taken(s, name) || is_reserved(s, name); i++)
		name = arena_printf(s->arena, "%s%s%u", base, gap, i);
	c_names_take(s, name);
	return name;
}

const char *
c_names_add(CNames *s, const char *name)
{
	return add(s, identifier(s->arena, name, false));
}

const char *
c_names_upper(CNames *s, const char *name)
{
	return add(s, identifier(s->arena, name, true));
}
