/* scan.h: what the actions of grammar/snn.l call. `s`, `n` is the match; the token goes to p->raw and its kind is
 * returned. */
#ifndef SNNC_PARSE_SCAN_H
#define SNNC_PARSE_SCAN_H

#include "parse/parser.h"

void scan_advance(Parse *p, uint32_t n);
void scan_give_back(Parse *p, uint32_t n);
int scan_word(Parse *p, const char *s, uint32_t n);
int scan_prime(Parse *p, const char *s, uint32_t n);      /* v' */
int scan_number(Parse *p, const char *s, uint32_t n, bool is_int);
int scan_bad_number(Parse *p, const char *s, uint32_t n); /* reports; a number all the same */
int scan_unit(Parse *p, const char *s, uint32_t n, uint32_t *keep); /* 0: no unit stands here; *keep bytes are done with */
int scan_string(Parse *p, const char *s, uint32_t n);     /* with both quotes */
uint32_t scan_open_string(Parse *p, const char *s, uint32_t n); /* never closed; how many bytes belong to it */
int scan_quoted(Parse *p, const char *s, uint32_t n);     /* 'text' */
int scan_bad(Parse *p, const char *s, uint32_t n);        /* 0: pass over it */

#endif
