/* unit.h: physical units and dimensions.
 *
 * Values are held in the coherent set ms, mV, pA, nS, pF, GΩ, kHz (mV = pA·GΩ,
 * pF·mV = pA·ms, …), so a literal is scaled once when it is read. A dimension
 * is a product of powers of time, voltage and current (all others of the closed
 * list follow from these) and, to be free for positions, length.
 */
#ifndef SNNC_AST_UNIT_H
#define SNNC_AST_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIM_TIME, DIM_VOLTAGE, DIM_CURRENT, DIM_LENGTH, DIM_COUNT };
typedef struct { int8_t twice[DIM_COUNT]; } Dim;          /* exponents times two, so that sqrt has one */

typedef struct { const char *name; double scale; Dim dim; } Unit;   /* value in coherent units = number * scale */

const Unit *unit_find(const char *name, size_t n);        /* "mV", "Hz", "mV/ms", "um" …; NULL if unknown */
uint32_t unit_count(void);
const Unit *unit_at(uint32_t i);                          /* of the closed list */
const char *unit_nearest(const char *name);               /* nearest known name, or NULL */
bool dim_equal(Dim a, Dim b);
bool dim_is_none(Dim a);
Dim dim_mul(Dim a, Dim b);
Dim dim_div(Dim a, Dim b);
bool dim_sqrt(Dim a, Dim *out);
const char *dim_noun(Dim d, char out[64]);                /* "a voltage", "a time", "a number", "mV/ms" */
const char *dim_usual(Dim d, char out[64]);               /* the one people write: "Hz" */
const char *dim_unit(Dim d, char out[64]);                /* coherent unit: "mV", "mV/ms", "" */

#endif
