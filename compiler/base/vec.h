/* vec.h: typed growable arrays.
 *
 *   typedef VEC(PlanStmt *) PlanStmtVec;      struct { PlanStmt **at; uint32_t n, cap; }
 *   PlanStmtVec v = {0};
 *   VEC_PUSH(arena, &v, s);                   growth takes a new block from the arena
 *   for (uint32_t i = 0; i < v.n; i++) use(v.at[i]);
 *
 * Memory comes from an arena, so a vector is never freed; freezing it into a
 * slice means keeping .at and .n.
 */
#ifndef SNNC_BASE_VEC_H
#define SNNC_BASE_VEC_H

#include "base/arena.h"

#define VEC(T) struct { T *at; uint32_t n, cap; }

#define VEC_PUSH(arena, v, ...)                                                              \
	((v)->n == (v)->cap                                                                   \
	     ? (void)((v)->at = vec_grow((arena), (v)->at, sizeof(*(v)->at), (v)->n, &(v)->cap)) \
	     : (void)0,                                                                       \
	 (v)->at[(v)->n++] = __VA_ARGS__)

void *vec_grow(Arena *a, void *at, size_t size, uint32_t n, uint32_t *cap);

#endif
