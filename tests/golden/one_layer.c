/* one_layer.c: the network `one_layer`, made by snnc from one_layer.snn.
 *
 * The file is yours, to use as you like. The runtime that it calls (libsnnrt)
 * is under Apache-2.0 WITH LLVM-exception, which asks nothing of the programs
 * made with it.
 *
 * Build with
 *   cc -std=c11 -O3 -march=native -ffp-contract=off -fwrapv
 *      -fno-math-errno -fno-trapping-math
 * and link with -lsnnrt -lz -lpng -lpthread -lm. The first two -f are part of
 * the meaning: with them every compiler and CPU gives the same bits. The last
 * two let loops become vectors.
 */
#include "snnrt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __FAST_MATH__
#error "-ffast-math changes results"
#endif
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

/* The turns of the loop that follows do not depend on each other. */
#if defined(__GNUC__) && !defined(__clang__)
#define INDEPENDENT _Pragma("GCC ivdep")
#elif defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#pragma clang diagnostic ignored "-Wpass-failed"
#else
#define INDEPENDENT
#endif

/* gcc 12 can lose sight of what a loop stores, take its function for one without effects, and leave
 * out the calls: ivopts folds addresses of two element sizes into one that points nowhere. */
#if defined(__GNUC__) && !defined(__clang__)
#define STORED __asm__ volatile("" : : : "memory")
#define APART __asm__ volatile("")        /* the turns of the loop around are not run together */
#else
#define STORED ((void)0)
#define APART ((void)0)
#endif

/* What the host keeps for the protocol; see `objects`. */
enum { CELLS_INPUT, CELLS_SPIKES, CELLS_V };

/* All that the network is: one block of memory, zeroed by the host. */
struct one_layer {
	void *host;
	_Alignas(64) uint64_t seed;             /* state */
	_Alignas(64) uint64_t step;             /* state */
	_Alignas(64) uint8_t learning;          /* state; 0 or 1 */
	_Alignas(64) uint8_t resuming;          /* derived; 0 or 1 */
	_Alignas(64) int64_t place;             /* derived */
	_Alignas(64) uint64_t began;            /* derived */
	_Alignas(64) float cells_constant[4];   /* constant by neuron */
	_Alignas(64) float cells_v[4];          /* state by neuron */
	_Alignas(64) uint8_t cells_spikes[4];   /* state by neuron; 0 or 1 */
	_Alignas(64) float cells_drive[4];      /* scratch by neuron */
};

/* The host and checkpoints know these places. */
#define AT(member, place) \
	_Static_assert(offsetof(struct one_layer, member) == (place), #member)
AT(seed, 64);
AT(step, 128);
AT(learning, 192);
AT(resuming, 256);
AT(place, 320);
AT(began, 384);
AT(cells_constant, 448);
AT(cells_v, 512);
AT(cells_spikes, 576);
AT(cells_drive, 640);
_Static_assert(sizeof(struct one_layer) == 704, "size");

static void
cells_init(struct one_layer *restrict n, int64_t lo, int64_t hi)
{
	INDEPENDENT
	for (int64_t j = lo; j < hi; j++)
		n->cells_v[j] = -65.0f;
	STORED;
}

static void
cells_update(struct one_layer *restrict n, int64_t lo, int64_t hi)
{
	INDEPENDENT
	for (int64_t j = lo; j < hi; j++) {
		float sum = 0.0f;
		sum += n->cells_drive[j];
		float v = n->cells_v[j];
		const float input = sum;
		bool spike = false;
		/* one_layer.snn:5: v = (v - rest) * exp(-dt / tau) + rest + input */
		v = (v + 65.0f) * 0.95122945f - 65.0f + input;
		/* one_layer.snn:6: if v >= threshold { */
		const bool on = v >= n->cells_constant[j];
		/* one_layer.snn:7: spike */
		spike |= on;
		/* one_layer.snn:8: v = rest */
		v = on ? -65.0f : v;
		n->cells_v[j] = v;
		n->cells_spikes[j] = spike;
	}
	STORED;
}

static int64_t
step(struct one_layer *n)
{
	int64_t status;
	if ((status = snnrt_stream(n->host, CELLS_INPUT, n->cells_drive)) < 0)
		return status;

	/* A: deliver the spikes of the previous step */

	/* B: update the layers */
	cells_update(n, 0, 4);

	/* C: learn */

	/* D: record */
	if ((status = snnrt_record(n->host, CELLS_SPIKES, (int64_t)n->step, n->cells_spikes)) < 0)
		return status;
	if ((status = snnrt_record(n->host, CELLS_V, (int64_t)n->step, n->cells_v)) < 0)
		return status;
	n->step++;
	if ((status = snnrt_poll(n->host)) < 0)
		return status;
	return 0;
}

static int64_t
program(struct one_layer *n)
{
	int64_t status;
	if (!n->resuming) {
		cells_init(n, 0, 4);
		n->learning = true;
	}
	if ((status = snnrt_begin(n->host)) < 0)
		return status;
	if (!n->resuming) {
		n->place = 0;
		n->began = n->step;
	}
	for (int64_t t = (int64_t)(n->step - n->began); t < 3; t++) {
		if ((status = step(n)) < 0)
			return status;
	}
	n->resuming = false;
	return 0;
}

static const float cells_constant_data[4] = {
	-52.0f, -53.0f, -54.0f, -55.0f,
};

/* name, type, role, axes, place and bytes in the struct, values */
static const snnrt_buffer buffers[] = {
	{"seed", SNNRT_U64, SNNRT_STATE, 0, {{0, 0}}, 64, 8, 0, NULL},
	{"step", SNNRT_U64, SNNRT_STATE, 0, {{0, 0}}, 128, 8, 0, NULL},
	{"learning", SNNRT_BOOL, SNNRT_STATE, 0, {{0, 0}}, 192, 1, 0, NULL},
	{"resuming", SNNRT_BOOL, SNNRT_DERIVED, 0, {{0, 0}}, 256, 1, 0, NULL},
	{"place", SNNRT_I64, SNNRT_DERIVED, 0, {{0, 0}}, 320, 8, 0, NULL},
	{"began", SNNRT_U64, SNNRT_DERIVED, 0, {{0, 0}}, 384, 8, 0, NULL},
	{"cells.constant", SNNRT_F32, SNNRT_CONST, 1, {{SNNRT_NEURON, 4}}, 448, 16, 0,
	    cells_constant_data},
	{"cells.v", SNNRT_F32, SNNRT_STATE, 2, {{SNNRT_BATCH, 1}, {SNNRT_NEURON, 4}}, 512, 16, 0,
	    NULL},
	{"cells.spikes", SNNRT_BOOL, SNNRT_STATE, 2, {{SNNRT_BATCH, 1}, {SNNRT_NEURON, 4}}, 576, 4,
	    0, NULL},
	{"cells.drive", SNNRT_F32, SNNRT_SCRATCH, 2, {{SNNRT_BATCH, 1}, {SNNRT_NEURON, 4}}, 640, 16,
	    0, NULL},
};

/* kind, name, how many texts, buffers and numbers, and which */
static const snnrt_object objects[] = {
	{SNNRT_OBJ_STREAM, "cells.input", 1, 1, 0, (const char *const[]){"drive.npy"},
	    (const uint32_t[]){9}, NULL},
	{SNNRT_OBJ_RECORD, "cells.spikes", 1, 1, 1, (const char *const[]){"events"},
	    (const uint32_t[]){8}, (const int64_t[]){1}},
	{SNNRT_OBJ_RECORD, "cells.v", 1, 1, 1, (const char *const[]){"dense"},
	    (const uint32_t[]){7}, (const int64_t[]){1}},
};

static int64_t
entry(void *arena, void *closure)
{
	(void)closure;
	return program(arena);
}

static const snnrt_program one_layer = {
	.version = SNNRT_VERSION,
	.name = "one_layer",
	.source_hash = "(hash)",
	.plan_hash = "(hash)",
	.real = SNNRT_F32,
	.dt = 1.0,
	.seed = 0u,
	.arena_bytes = sizeof(struct one_layer),
	.nbuffers = 10,
	.buffers = buffers,
	.nobjects = 3,
	.objects = objects,
	.entry = entry,
};

int
main(int argc, char **argv)
{
	return snnrt_main(argc, argv, &one_layer);
}
