/* program: plan tables to runtime tables. Kinds, types, roles and axes have the same numbers on both
 * sides; emit_c writes the same tables as text. */
#include "driver/program.h"

#include "base/panic.h"

#include <string.h>

_Static_assert((int)SNNRT_F64 == (int)PT_F64 && (int)SNNRT_WORK == (int)ROLE_WORK &&
		       (int)SNNRT_ITEM == (int)AXIS_ITEM && (int)SNNRT_OBJ_PRODUCT == (int)POBJ_PRODUCT,
	       "snnrt.h and plan.h list the same kinds in the same order");

static void
store_value(PlanType t, PlanValue v, void *out)
{
	switch (t) {
	case PT_BOOL:
	case PT_U8:
	case PT_I8: {
		uint8_t x = (uint8_t)v.i;
		memcpy(out, &x, sizeof x);
		return;
	}
	case PT_U16:
	case PT_I16: {
		uint16_t x = (uint16_t)v.i;
		memcpy(out, &x, sizeof x);
		return;
	}
	case PT_U32:
	case PT_I32: {
		uint32_t x = (uint32_t)v.i;
		memcpy(out, &x, sizeof x);
		return;
	}
	case PT_U64:
	case PT_I64:
		memcpy(out, &v.i, sizeof v.i);
		return;
	case PT_F16:
	case PT_BF16: {
		uint16_t x = plan_half_bits(t, v.f);
		memcpy(out, &x, sizeof x);
		return;
	}
	case PT_F32: {
		float x = (float)v.f;
		memcpy(out, &x, sizeof x);
		return;
	}
	case PT_F64:
		memcpy(out, &v.f, sizeof v.f);
		return;
	case PT_UNSET:
	case PT_COUNT:
		break;
	}
	UNREACHABLE();
}

static const void *
const_bytes(Arena *a, const PlanBuf *b)
{
	uint32_t size = plan_type_size(b->type);
	uint64_t n = plan_buf_count(b);
	char *bytes = arena_alloc(a, n * size + 1);
	for (uint64_t i = 0; i < n; i++)
		store_value(b->type, b->data[i], bytes + i * size);
	return bytes;
}

static snnrt_buffer
buffer(Arena *a, const PlanBuf *b)
{
	snnrt_buffer r = {.name = b->name,
			  .type = b->type,
			  .role = b->role,
			  .naxes = b->naxes,
			  .offset = b->offset,
			  .bytes = plan_buf_count(b) * plan_type_size(b->type),
			  .pitch = b->pitch};
	for (uint32_t i = 0; i < b->naxes; i++)
		r.axis[i] = (snnrt_axis){b->axis[i].kind, b->axis[i].extent};
	if (b->role == ROLE_CONST && b->data)
		r.data = const_bytes(a, b);
	return r;
}

snnrt_program *
program_of_plan(Arena *a, const Plan *p, const char *source_hash)
{
	snnrt_program *r = ARENA_NEW(a, snnrt_program);
	snnrt_buffer *bufs = ARENA_ARRAY(a, snnrt_buffer, p->bufs.n + 1);
	snnrt_object *objects = ARENA_ARRAY(a, snnrt_object, p->objects.n + 1);
	for (uint32_t i = 0; i < p->bufs.n; i++)
		bufs[i] = buffer(a, &p->bufs.at[i]);
	for (uint32_t i = 0; i < p->objects.n; i++) {
		const PlanObject *o = &p->objects.at[i];
		objects[i] = (snnrt_object){o->kind,  o->name,  o->ntexts, o->nbufs,
					    o->nnums, o->texts, o->bufs,   o->nums};
	}
	*r = (snnrt_program){.version = SNNRT_VERSION,
			     .name = p->name,
			     .source_hash = source_hash,
			     .plan_hash = plan_hash(p),
			     .real = p->real,
			     .dt = p->dt,
			     .seed = p->seed,
			     .arena_bytes = p->arena_bytes,
			     .nbuffers = p->bufs.n,
			     .nobjects = p->objects.n,
			     .buffers = bufs,
			     .objects = objects};
	return r;
}
