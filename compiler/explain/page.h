/* page.h: a page with headings, code and tables, as Markdown or as plain text. */
#ifndef SNNC_EXPLAIN_PAGE_H
#define SNNC_EXPLAIN_PAGE_H

#include "base/strbuf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum { PAGE_MOST_COLUMNS = 8 };

typedef struct { const char *cell[PAGE_MOST_COLUMNS]; } PageRow;
typedef struct { uint32_t columns; VEC(PageRow) rows; } PageTable;   /* the first row is the head */

void page_title(StrBuf *out, bool markdown, const char *text);
void page_code(StrBuf *out, bool markdown, const char *text);
void page_table(StrBuf *out, bool markdown, const PageTable *t);
const char *page_bytes(Arena *a, double n);               /* "3.1 KiB" */
const char *page_count(Arena *a, double n);               /* "78 400" */

#endif
