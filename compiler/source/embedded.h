/* embedded.h: the texts of lib/ (models, functions of plans, and the files that tests of models compare with) and the pages of
 * messages, as they were when snnc was built.
 *
 * The arrays are written by cmake/EmbedText.cmake. Names are relative to lib/
 * ("neurons/lif.snn") or docs/errors/ ("E0214.md"), in alphabetical order; text has a NUL behind its size
 * bytes; a row of zeros ends the array.
 */
#ifndef SNNC_SOURCE_EMBEDDED_H
#define SNNC_SOURCE_EMBEDDED_H

typedef struct {
	const char *name;
	const char *text;
	unsigned size;
} EmbeddedText;

extern const EmbeddedText snnc_embedded_lib[], snnc_embedded_pages[];

#endif
