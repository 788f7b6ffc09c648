/* idx.c: the header of an IDX file (the format of MNIST): two zero bytes, a type, the number of axes, then
 * big-endian extents. */
#include "rt.h"

#include <math.h>

bool
rt_array_bytes(const RtArray *a, uint64_t *out)
{
	uint64_t n = rt_type_size(a->type);
	for (uint32_t i = 0; i < a->rank; i++)
		if (!rt_mul(n, a->extent[i], &n))
			return false;
	*out = n;
	return n <= INT64_MAX / 2;
}

bool
rt_idx_header(RtFile *f, RtArray *out, char *why)
{
	static const uint8_t type_of[16] = {[8] = SNNRT_U8, [9] = SNNRT_I8, [11] = SNNRT_I16,
	                                    [12] = SNNRT_I32, [13] = SNNRT_F32, [14] = SNNRT_F64};
	uint8_t b[4];
	*out = (RtArray){0};
	if (!rt_file_read(f, 0, 4, b, why))
		return false;
	if (b[0] || b[1])
		return rt_say(why, "`%s` is not an IDX file: it begins with %02x %02x %02x %02x", f->name,
		              b[0], b[1], b[2], b[3]);
	out->type = b[2] < 16 ? type_of[b[2]] : 0;
	if (!out->type)
		return rt_say(why, "`%s`: IDX has no element type 0x%02x", f->name, b[2]);
	out->rank = b[3];
	if (out->rank < 1 || out->rank > 7)
		return rt_say(why, "`%s` has %u axes; 1 to 7 can be read", f->name, out->rank);
	for (uint32_t i = 0; i < out->rank; i++) {
		if (!rt_file_read(f, 4 + 4 * i, 4, b, why))
			return false;
		out->extent[i] = (uint64_t)b[0] << 24 | (uint64_t)b[1] << 16 | (uint64_t)b[2] << 8 | b[3];
	}
	out->offset = 4 + 4 * (uint64_t)out->rank;
	out->swap = rt_type_size(out->type) > 1;
	uint64_t bytes;
	if (!rt_array_bytes(out, &bytes))
		return rt_say(why, "`%s`: its header promises more bytes than there can be", f->name);
	return rt_file_expect(f, out->offset + bytes, why);
}

uint64_t
rt_find_not_finite(uint32_t type, const void *numbers, uint64_t n)
{
	const float *f = numbers;
	const double *d = numbers;
	for (uint64_t i = 0; i < n; i++)
		if (type == SNNRT_F32 ? !isfinite(f[i]) : type == SNNRT_F64 ? !isfinite(d[i]) : false)
			return i;
	return n;
}

bool
rt_array_read(RtFile *f, const RtArray *a, uint64_t first, uint64_t n, void *dst, char *why)
{
	uint32_t size = rt_type_size(a->type);
	if (!rt_file_read(f, a->offset + first * size, n * size, dst, why))
		return false;
	if (a->swap)
		rt_swap_bytes(dst, n, size);
	return true;
}
