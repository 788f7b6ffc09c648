/* unit: the closed list of units, and arithmetic of dimensions.
 *
 * Lookup is linear: a program has a few dozen literals with units, and most are
 * among the first of the table.
 */
#include "ast/unit.h"

#include "diag/diag.h"

#include <stdio.h>
#include <string.h>

/* Exponents of time, voltage, current, length; the type holds them doubled. */
#define DIM(t, v, i, l) {{2 * (t), 2 * (v), 2 * (i), 2 * (l)}}
#define TIME DIM(1, 0, 0, 0)
#define RATE DIM(-1, 0, 0, 0)
#define VOLTAGE DIM(0, 1, 0, 0)
#define CURRENT DIM(0, 0, 1, 0)
#define CONDUCTANCE DIM(0, -1, 1, 0)
#define RESISTANCE DIM(0, 1, -1, 0)
#define CAPACITANCE DIM(1, -1, 1, 0)
#define CHARGE DIM(1, 0, 1, 0)
#define LENGTH DIM(0, 0, 0, 1)

static const Unit units[] = {
	{"ms", 1, TIME}, {"mV", 1, VOLTAGE}, {"Hz", 1e-3, RATE}, {"s", 1e3, TIME},
	{"us", 1e-3, TIME}, {"ns", 1e-6, TIME}, {"min", 6e4, TIME}, {"h", 3.6e6, TIME},
	{"kHz", 1, RATE}, {"MHz", 1e3, RATE},
	{"V", 1e3, VOLTAGE}, {"uV", 1e-3, VOLTAGE}, {"nV", 1e-6, VOLTAGE},
	{"A", 1e12, CURRENT}, {"mA", 1e9, CURRENT}, {"uA", 1e6, CURRENT}, {"nA", 1e3, CURRENT},
	{"pA", 1, CURRENT}, {"fA", 1e-3, CURRENT},
	{"S", 1e9, CONDUCTANCE}, {"mS", 1e6, CONDUCTANCE}, {"uS", 1e3, CONDUCTANCE},
	{"nS", 1, CONDUCTANCE}, {"pS", 1e-3, CONDUCTANCE},
	{"ohm", 1e-9, RESISTANCE}, {"kohm", 1e-6, RESISTANCE}, {"Mohm", 1e-3, RESISTANCE}, {"kOhm", 1e-6, RESISTANCE}, {"MOhm", 1e-3, RESISTANCE},
	{"Gohm", 1, RESISTANCE}, {"GOhm", 1, RESISTANCE}, {"kΩ", 1e-6, RESISTANCE}, {"MΩ", 1e-3, RESISTANCE},
	{"GΩ", 1, RESISTANCE},
	{"F", 1e12, CAPACITANCE}, {"mF", 1e9, CAPACITANCE}, {"uF", 1e6, CAPACITANCE},
	{"nF", 1e3, CAPACITANCE}, {"pF", 1, CAPACITANCE}, {"fF", 1e-3, CAPACITANCE},
	{"fC", 1, CHARGE}, {"pC", 1e3, CHARGE}, {"nC", 1e6, CHARGE},
	{"um", 1, LENGTH}, {"nm", 1e-3, LENGTH}, {"mm", 1e3, LENGTH}, {"cm", 1e4, LENGTH},
	{"m", 1e6, LENGTH},
	{"µs", 1e-3, TIME}, {"µV", 1e-3, VOLTAGE}, {"µA", 1e6, CURRENT}, {"µS", 1e3, CONDUCTANCE},
	{"µF", 1e6, CAPACITANCE}, {"µm", 1, LENGTH},
	{"mV/ms", 1, DIM(-1, 1, 0, 0)}, {"mV/s", 1e-3, DIM(-1, 1, 0, 0)},
	{"V/s", 1, DIM(-1, 1, 0, 0)},
	{"pA/ms", 1, DIM(-1, 0, 1, 0)}, {"pA/s", 1e-3, DIM(-1, 0, 1, 0)},
	{"nA/ms", 1e3, DIM(-1, 0, 1, 0)},
	{"nA/s", 1, DIM(-1, 0, 1, 0)}, {"pA/mV", 1, CONDUCTANCE}, {"nA/mV", 1e3, CONDUCTANCE},
	{"mV/pA", 1, RESISTANCE}, {"mV/nA", 1e-3, RESISTANCE},
	{"nS/ms", 1, DIM(-1, -1, 1, 0)}, {"nS/s", 1e-3, DIM(-1, -1, 1, 0)},
	{"Hz/s", 1e-6, DIM(-2, 0, 0, 0)}, {"Hz/ms", 1e-3, DIM(-2, 0, 0, 0)},
	{"kHz/ms", 1, DIM(-2, 0, 0, 0)},
	{"Hz/mV", 1e-3, DIM(-1, -1, 0, 0)}, {"kHz/mV", 1, DIM(-1, -1, 0, 0)},
	{"Hz/pA", 1e-3, DIM(-1, 0, -1, 0)},
	{"um/ms", 1, DIM(-1, 0, 0, 1)}, {"um/s", 1e-3, DIM(-1, 0, 0, 1)},
	{"mm/ms", 1e3, DIM(-1, 0, 0, 1)},
	{"mm/s", 1, DIM(-1, 0, 0, 1)}, {"m/s", 1e3, DIM(-1, 0, 0, 1)},
};

enum { UNIT_COUNT = sizeof units / sizeof *units };

/* The dimensions that have a word of their own, with the coherent unit. */
static const struct { Dim dim; const char *noun, *unit; } nouns[] = {
	{DIM(0, 0, 0, 0), "a number", ""},
	{TIME, "a time", "ms"},
	{VOLTAGE, "a voltage", "mV"},
	{RATE, "a rate", "kHz"},
	{CURRENT, "a current", "pA"},
	{CONDUCTANCE, "a conductance", "nS"},
	{RESISTANCE, "a resistance", "GΩ"},
	{CAPACITANCE, "a capacitance", "pF"},
	{CHARGE, "a charge", "fC"},
	{LENGTH, "a length", "um"},
};

const Unit *
unit_find(const char *name, size_t n)
{
	for (size_t i = 0; i < UNIT_COUNT; i++) {
		if (strncmp(units[i].name, name, n) == 0 && units[i].name[n] == 0)
			return &units[i];
	}
	return NULL;
}

uint32_t
unit_count(void)
{
	return UNIT_COUNT;
}

const Unit *
unit_at(uint32_t i)
{
	return &units[i];
}

const char *
unit_nearest(const char *name)
{
	const char *names[UNIT_COUNT];
	for (size_t i = 0; i < UNIT_COUNT; i++)
		names[i] = units[i].name;
	return suggest(name, names, UNIT_COUNT);
}

bool
dim_equal(Dim a, Dim b)
{
	return memcmp(a.twice, b.twice, sizeof a.twice) == 0;
}

bool
dim_is_none(Dim a)
{
	return dim_equal(a, (Dim){{0}});
}

/* Exponents are kept within the type: who multiplies what users wrote checks before (sema does). */
static int8_t
clamp(int x)
{
	return (int8_t)(x > INT8_MAX ? INT8_MAX : x < -INT8_MAX ? -INT8_MAX : x);
}

Dim
dim_mul(Dim a, Dim b)
{
	for (int i = 0; i < DIM_COUNT; i++)
		a.twice[i] = clamp(a.twice[i] + b.twice[i]);
	return a;
}

Dim
dim_div(Dim a, Dim b)
{
	for (int i = 0; i < DIM_COUNT; i++)
		a.twice[i] = clamp(a.twice[i] - b.twice[i]);
	return a;
}

bool
dim_sqrt(Dim a, Dim *out)
{
	for (int i = 0; i < DIM_COUNT; i++) {
		if (a.twice[i] % 2)
			return false;
		a.twice[i] /= 2;
	}
	*out = a;
	return true;
}

/* Appends one power, "mV^2", after `join` if something stands before it. */
static int
put_power(char out[64], int at, const char *join, const char *unit, int twice)
{
	int room = at < 64 ? 64 - at : 0;
	char *to = room ? out + at : out;
	if (twice == 2)
		return snprintf(to, (size_t)room, "%s%s", join, unit);
	return twice % 2 ? snprintf(to, (size_t)room, "%s%s^%d.5", join, unit, twice / 2)
	                 : snprintf(to, (size_t)room, "%s%s^%d", join, unit, twice / 2);
}

const char *
dim_unit(Dim d, char out[64])
{
	static const char *const base[DIM_COUNT] = {"ms", "mV", "pA", "um"};
	static const int order[DIM_COUNT] = {DIM_LENGTH, DIM_VOLTAGE, DIM_CURRENT, DIM_TIME};
	for (size_t i = 0; i < sizeof nouns / sizeof *nouns; i++) {
		if (dim_equal(d, nouns[i].dim)) {
			snprintf(out, 64, "%s", nouns[i].unit);
			return out;
		}
	}
	int at = 0;
	for (int k = 0; k < DIM_COUNT; k++) {
		int i = order[k];
		if (d.twice[i] > 0)
			at += put_power(out, at, at ? "*" : "", base[i], d.twice[i]);
	}
	if (at == 0)
		at = snprintf(out, 64, "1");
	for (int k = 0; k < DIM_COUNT; k++) {
		int i = order[k];
		if (d.twice[i] < 0)
			at += put_power(out, at, "/", base[i], -d.twice[i]);
	}
	return out;
}

const char *
dim_usual(Dim d, char out[64])
{
	if (!dim_equal(d, (Dim)RATE))
		return dim_unit(d, out);
	snprintf(out, 64, "Hz");
	return out;
}

const char *
dim_noun(Dim d, char out[64])
{
	for (size_t i = 0; i < sizeof nouns / sizeof *nouns; i++) {
		if (dim_equal(d, nouns[i].dim)) {
			snprintf(out, 64, "%s", nouns[i].noun);
			return out;
		}
	}
	for (size_t i = 1; i < sizeof nouns / sizeof *nouns; i++) {       /* "a voltage per time" */
		if (dim_equal(dim_mul(d, (Dim)TIME), nouns[i].dim) && !dim_equal(nouns[i].dim, (Dim)TIME)) {
			snprintf(out, 64, "%s per time", nouns[i].noun);
			return out;
		}
	}
	return dim_unit(d, out);
}
