/* suggest: the name that was probably meant.
 *
 * Edit distance with neighbouring letters swapped as one edit (optimal string
 * alignment). Capitals and small letters count as equal: `lif` finds `LIF`. What
 * stands behind a whole name counts little.
 */
#include "diag/diag.h"

#include <string.h>

enum { LONGEST = 64 };                                    /* longer names get no advice */

static char
fold(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
distance(const char *a, uint32_t na, const char *b, uint32_t nb)
{
	uint32_t rows[3][LONGEST + 1];
	uint32_t *before = rows[0], *above = rows[1], *row = rows[2];
	for (uint32_t j = 0; j <= nb; j++)
		above[j] = j;
	for (uint32_t i = 1; i <= na; i++) {
		row[0] = i;
		for (uint32_t j = 1; j <= nb; j++) {
			char x = fold(a[i - 1]), y = fold(b[j - 1]);
			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == fold(b[j - 2]) && y == fold(a[i - 2]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
		uint32_t *spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[nb];
}

/* `PoissonGroup` begins with `Poisson`: what another simulator hangs on is two edits, however long. */
static bool
begins_with(const char *name, const char *other, size_t len)
{
	enum { WORD = 5 };
	for (size_t i = 0; i < len; i++)
		if (fold(name[i]) != fold(other[i]))
			return false;
	return len >= WORD;
}

const char *
suggest(const char *name, const char *const *names, uint32_t n)
{
	size_t len = strlen(name);
	if (len == 0 || len > LONGEST)
		return NULL;
	const char *best = NULL;
	uint32_t limit = len < 3 ? 1 : (uint32_t)len / 3;
	for (uint32_t i = 0; i < n; i++) {
		size_t other = strlen(names[i]);
		if (other > LONGEST || strcmp(name, names[i]) == 0)
			continue;
		uint32_t d = distance(name, (uint32_t)len, names[i], (uint32_t)other);
		if (other < len && begins_with(name, names[i], other))
			d = least(d, 2);
		if (len == 1 && other == 1 && d > 0)
			continue;                                 /* any letter is one edit from any other */
		if (best ? d < limit : d <= limit) {
			best = names[i];
			limit = d;
		}
	}
	return best;
}
