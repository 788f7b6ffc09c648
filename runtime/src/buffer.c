/* buffer.c: buffers whose rows lie apart. The elements of a row lie side by side; behind them a buffer with a pitch leaves some room, which has no
 * meaning and is in no file. Without a pitch all elements are one row. */
#include "rt.h"

#include <string.h>

uint64_t
rt_rows(const snnrt_buffer *b)
{
	return b->pitch && b->bytes ? b->bytes / rt_row_bytes(b) : 1;
}

uint64_t
rt_row_bytes(const snnrt_buffer *b)
{
	return b->pitch ? b->axis[b->naxes - 1].extent * rt_type_size(b->type) : b->bytes;
}

uint64_t
rt_row_pitch(const snnrt_buffer *b)
{
	return b->pitch ? b->pitch * rt_type_size(b->type) : b->bytes;
}

uint64_t
rt_room(const snnrt_buffer *b)
{
	return rt_rows(b) * rt_row_pitch(b);
}

uint64_t
rt_place(const snnrt_buffer *b, uint64_t i)
{
	uint64_t row = b->pitch ? b->axis[b->naxes - 1].extent : 0;
	return b->pitch ? i / row * b->pitch + i % row : i;
}

void
rt_take_rows(const snnrt_buffer *b, void *to, const void *values)
{
	for (uint64_t r = 0; r < rt_rows(b); r++)
		memcpy((char *)to + r * rt_row_pitch(b), (const char *)values + r * rt_row_bytes(b), (size_t)rt_row_bytes(b));
}

bool
rt_is_kept(const snnrt_buffer *b)
{
	return b->role != SNNRT_CONST && b->role != SNNRT_WORK;
}
