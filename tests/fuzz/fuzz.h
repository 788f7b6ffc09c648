/* fuzz.h: what the targets share. Each defines LLVMFuzzerTestOneInput; replay.c stands in for libFuzzer where it is not linked. */
#ifndef SNNC_FUZZ_FUZZ_H
#define SNNC_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "driver/pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as a file of this process below a folder of memory; written anew each time. */
const char *fuzz_folder(void);
const char *fuzz_file(const char *name, const uint8_t *data, size_t size);

/* A compilation that has read the library, as the first one of this process did; what the one before it had is gone. */
void fuzz_compilation(Compilation *c, const Options *o);

#endif
