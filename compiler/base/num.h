/* num.h: numbers to text and back, exactly and without locale.
 *
 * Writers give the shortest decimal text that reads back to the same bits
 * ("inf", "-inf" and "nan" for the rest). Readers accept decimal and hex floats.
 */
#ifndef SNNC_BASE_NUM_H
#define SNNC_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUM_TEXT = 40 };                                   /* room for any number, with its NUL */

const char *num_write_f64(char out[NUM_TEXT], double v);
const char *num_write_f32(char out[NUM_TEXT], float v);   /* shortest for float */
const char *num_write_hex(char out[NUM_TEXT], double v);  /* C hex float, exact: 0x1.99999ap-4 */
bool num_read_f64(const char *s, size_t n, double *out);  /* whole text must be a number */
bool num_read_i64(const char *s, size_t n, int64_t *out);
bool num_read_u64(const char *s, size_t n, uint64_t *out);

#endif
