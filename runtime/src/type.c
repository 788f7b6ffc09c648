/* type.c: the element types of buffers and files, and how values go from one to the other. */
#include "rt.h"

#include <string.h>

static const struct { uint8_t size; const char *name, *numpy; } types[] = {
	[SNNRT_BOOL] = {1, "bool", "|b1"}, [SNNRT_I8] = {1, "i8", "|i1"}, [SNNRT_I16] = {2, "i16", "<i2"},
	[SNNRT_I32] = {4, "i32", "<i4"}, [SNNRT_I64] = {8, "i64", "<i8"}, [SNNRT_U8] = {1, "u8", "|u1"},
	[SNNRT_U16] = {2, "u16", "<u2"}, [SNNRT_U32] = {4, "u32", "<u4"}, [SNNRT_U64] = {8, "u64", "<u8"},
	[SNNRT_F16] = {2, "f16", "<f2"},
	[SNNRT_BF16] = {2, "bf16", "<f4"},                    /* NumPy has no name for it: files hold f32 */
	[SNNRT_F32] = {4, "f32", "<f4"}, [SNNRT_F64] = {8, "f64", "<f8"},
};

bool
rt_type_is_valid(uint32_t type)
{
	return type >= SNNRT_BOOL && type <= SNNRT_F64;
}

bool
rt_type_is_float(uint32_t type)
{
	return type >= SNNRT_F16 && type <= SNNRT_F64;
}

bool
rt_type_is_int(uint32_t type)
{
	return type >= SNNRT_I8 && type <= SNNRT_U64;
}

uint32_t
rt_type_size(uint32_t type)
{
	return types[type].size;
}

const char *
rt_type_name(uint32_t type)
{
	return rt_type_is_valid(type) ? types[type].name : "?";
}

const char *
rt_type_numpy(uint32_t type)
{
	return types[type].numpy;
}

static float
float_of_bits(uint32_t bits)
{
	float f;
	memcpy(&f, &bits, 4);
	return f;
}

static uint32_t
bits_of_float(float f)
{
	uint32_t bits;
	memcpy(&bits, &f, 4);
	return bits;
}

static float
float_of_half(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, e = h >> 10 & 31, m = h & 0x3FF;
	if (e == 0) {
		float f = (float)m * 0x1p-24f;
		return sign ? -f : f;
	}
	if (e == 31)
		return float_of_bits(sign | 0x7F800000 | m << 13);
	return float_of_bits(sign | (e + 112) << 23 | m << 13);
}

/* To nearest, ties to even. */
static uint16_t
half_of_float(float f)
{
	uint32_t x = bits_of_float(f), sign = x >> 16 & 0x8000;
	x &= 0x7FFFFFFF;
	if (x >= 0x7F800000)
		return (uint16_t)(sign | 0x7C00 | (x > 0x7F800000 ? 0x200 : 0));
	if (x >= 0x477FF000)                                  /* 65520 and above */
		return (uint16_t)(sign | 0x7C00);
	if (x < 0x38800000)                                   /* subnormal: 0.5 has the ulp that is the unit there */
		return (uint16_t)(sign | (bits_of_float(float_of_bits(x) + 0.5f) - 0x3F000000));
	x += 0xC8000FFF + (x >> 13 & 1);
	return (uint16_t)(sign | x >> 13);
}

static uint16_t
bfloat_of_float(float f)
{
	uint32_t x = bits_of_float(f);
	if ((x & 0x7FFFFFFF) > 0x7F800000)
		return (uint16_t)(x >> 16 | 0x40);
	return (uint16_t)((x + 0x7FFF + (x >> 16 & 1)) >> 16);
}

#define LOAD(T) do { T v_; memcpy(&v_, at, sizeof v_); return v_; } while (0)

double
rt_load_float(uint32_t type, const void *base, uint64_t i)
{
	const char *at = (const char *)base + i * types[type].size;
	uint16_t h;
	switch ((snnrt_type)type) {
	case SNNRT_F16:
		memcpy(&h, at, 2);
		return float_of_half(h);
	case SNNRT_BF16:
		memcpy(&h, at, 2);
		return float_of_bits((uint32_t)h << 16);
	case SNNRT_F32: LOAD(float);
	case SNNRT_F64: LOAD(double);
	case SNNRT_U64: {
		uint64_t v;
		memcpy(&v, at, 8);
		return (double)v;
	}
	case SNNRT_BOOL: case SNNRT_I8: case SNNRT_I16: case SNNRT_I32: case SNNRT_I64:
	case SNNRT_U8: case SNNRT_U16: case SNNRT_U32:
		break;
	}
	return (double)rt_load_int(type, base, i);
}

int64_t
rt_load_int(uint32_t type, const void *base, uint64_t i)
{
	const char *at = (const char *)base + i * types[type].size;
	switch ((snnrt_type)type) {
	case SNNRT_BOOL: return *at != 0;
	case SNNRT_I8: LOAD(int8_t);
	case SNNRT_I16: LOAD(int16_t);
	case SNNRT_I32: LOAD(int32_t);
	case SNNRT_I64: LOAD(int64_t);
	case SNNRT_U8: LOAD(uint8_t);
	case SNNRT_U16: LOAD(uint16_t);
	case SNNRT_U32: LOAD(uint32_t);
	case SNNRT_U64: {
		uint64_t v;
		memcpy(&v, at, 8);
		return v > INT64_MAX ? INT64_MAX : (int64_t)v;
	}
	case SNNRT_F16: case SNNRT_BF16: case SNNRT_F32: case SNNRT_F64:
		break;
	}
	double v = rt_load_float(type, base, i);
	return v >= -0x1p62 && v <= 0x1p62 ? (int64_t)v : 0;
}

void
rt_store_float(uint32_t type, void *base, uint64_t i, double v)
{
	char *at = (char *)base + i * types[type].size;
	float f = (float)v;
	uint16_t h;
	switch ((snnrt_type)type) {
	case SNNRT_F16:
		h = half_of_float(f);
		memcpy(at, &h, 2);
		return;
	case SNNRT_BF16:
		h = bfloat_of_float(f);
		memcpy(at, &h, 2);
		return;
	case SNNRT_F32:
		memcpy(at, &f, 4);
		return;
	case SNNRT_F64:
		memcpy(at, &v, 8);
		return;
	case SNNRT_BOOL: case SNNRT_I8: case SNNRT_I16: case SNNRT_I32: case SNNRT_I64:
	case SNNRT_U8: case SNNRT_U16: case SNNRT_U32: case SNNRT_U64:
		rt_store_int(type, base, i, v >= -0x1p62 && v <= 0x1p62 ? (int64_t)v : 0);
		return;
	}
}

bool
rt_store_int(uint32_t type, void *base, uint64_t i, int64_t v)
{
	uint32_t size = types[type].size;
	char *at = (char *)base + i * size;
	bool fits = true;
	switch ((snnrt_type)type) {
	case SNNRT_BOOL: v = v != 0; break;
	case SNNRT_I8: fits = v == (int8_t)v; break;
	case SNNRT_I16: fits = v == (int16_t)v; break;
	case SNNRT_I32: fits = v == (int32_t)v; break;
	case SNNRT_I64: break;
	case SNNRT_U8: fits = v == (uint8_t)v; break;
	case SNNRT_U16: fits = v == (uint16_t)v; break;
	case SNNRT_U32: fits = v == (uint32_t)v; break;
	case SNNRT_U64: fits = v >= 0; break;
	case SNNRT_F16: case SNNRT_BF16: case SNNRT_F32: case SNNRT_F64:
		if (type == SNNRT_F32) {                      /* rounded once, not by way of double */
			float f = (float)v;
			memcpy(at, &f, 4);
		} else {
			rt_store_float(type, base, i, (double)v);
		}
		return true;
	}
	memcpy(at, &v, size);
	return fits;
}

/* Whole numbers and flags become floats, floats another width; floats never become whole numbers or flags.
 * Whether whole numbers fit is seen value by value. */
bool
rt_can_convert(uint32_t from, uint32_t to)
{
	if (!rt_type_is_valid(from) || !rt_type_is_valid(to))
		return false;
	return from == to || rt_type_is_float(to) || !rt_type_is_float(from);
}

bool
rt_convert(uint32_t to, void *dst, uint32_t from, const void *src, uint64_t n, uint64_t *bad)
{
	if (from == to && from != SNNRT_BOOL) {
		memcpy(dst, src, n * types[to].size);
		return true;
	}
	if (to == SNNRT_BOOL && types[from].size == 1) {      /* spikes, a row in every step */
		for (uint64_t i = 0; i < n; i++)
			((uint8_t *)dst)[i] = ((const uint8_t *)src)[i] != 0;
		return true;
	}
	if (rt_type_is_float(from)) {
		for (uint64_t i = 0; i < n; i++)
			rt_store_float(to, dst, i, rt_load_float(from, src, i));
		return true;
	}
	if (from == SNNRT_U64 && rt_type_is_float(to)) {
		for (uint64_t i = 0; i < n; i++)
			rt_store_float(to, dst, i, rt_load_float(from, src, i));
		return true;
	}
	for (uint64_t i = 0; i < n; i++) {
		int64_t v = rt_load_int(from, src, i);
		bool huge = from == SNNRT_U64 && v == INT64_MAX;
		if ((huge && to != SNNRT_BOOL) || !rt_store_int(to, dst, i, v)) {
			*bad = i;
			return false;
		}
	}
	return true;
}

void
rt_swap_bytes(void *p, uint64_t n, uint32_t size)
{
	unsigned char *b = p;
	for (uint64_t i = 0; i < n; i++, b += size)
		for (uint32_t j = 0; j < size / 2; j++) {
			unsigned char t = b[j];
			b[j] = b[size - 1 - j];
			b[size - 1 - j] = t;
		}
}

bool
rt_mul(uint64_t a, uint64_t b, uint64_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}
