/* hash.h: SipHash-2-4 with 128 bits, for what must not be mistaken for something else but has no
 * enemies. */
#ifndef SNNC_EMIT_LLVM_HASH_H
#define SNNC_EMIT_LLVM_HASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct { uint64_t at[2]; } Hash;

Hash hash_bytes(const void *p, size_t n);

#endif
