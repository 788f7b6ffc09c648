/* table.h: what commands and options there are; --help, the man page and completions of shells are made from it. */
#ifndef SNNC_DRIVER_TABLE_H
#define SNNC_DRIVER_TABLE_H

#include "driver/options.h"

typedef enum {
#define OPTION(id, name, letter, arg, maybe, commands, help) OPTION_##id,
#include "driver/options.def"
#undef OPTION
	OPTION_COUNT
} OptionId;

typedef struct {
	const char *name;
	int letter;
	const char *arg;
	bool maybe;                                       /* the argument may be left away */
	int commands;                                     /* bits of Command */
	const char *help;
} OptionRow;

typedef struct { const char *name; Command command; const char *usage, *help; } CommandRow;

extern const OptionRow option_rows[];                     /* OPTION_COUNT of them */
extern const CommandRow command_rows[];
extern const int command_count;

/* "run, build, emit:" for rows of these commands. */
const char *table_title(Arena *a, int commands);
/* True for the first row of its commands; then those of the same commands belong to it. */
bool table_is_first(int row);

#endif
