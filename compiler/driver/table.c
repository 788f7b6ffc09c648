/* table: see table.h. */
#include "driver/table.h"

#include <string.h>

enum {
	RUN = COMMAND_RUN,
	BUILD = COMMAND_BUILD,
	EMIT = COMMAND_EMIT,
	INFO = COMMAND_INFO,
	TEST = COMMAND_TEST,
	EXPLAIN = COMMAND_EXPLAIN,
	FMT = COMMAND_FMT,
	ALL = COMMAND_RUN | COMMAND_BUILD | COMMAND_EMIT | COMMAND_CHECK | COMMAND_TEST | COMMAND_EXPLAIN,
	EVERY = ALL | INFO | FMT | COMMAND_DOCTOR | COMMAND_COMPLETIONS | COMMAND_MAN
};

const OptionRow option_rows[] = {
#define OPTION(id, name, letter, arg, maybe, commands, help)                                       \
	{name, letter, arg, maybe, commands, help},
#include "driver/options.def"
#undef OPTION
};

const CommandRow command_rows[] = {
	{"run", COMMAND_RUN, "snnc run FILE [OPTION...]",
	 "compile and run; results go to a folder"},
	{"build", COMMAND_BUILD, "snnc build FILE -o OUT [OPTION...]",
	 "make an executable by the system's C compiler"},
	{"emit", COMMAND_EMIT, "snnc emit --c|--llvm|--asm|--plan|--net|--ast FILE [-o OUT]",
	 "print what becomes of a program"},
	{"check", COMMAND_CHECK, "snnc check FILE", "look for errors only"},
	{"explain", COMMAND_EXPLAIN, "snnc explain FILE|CODE [OPTION...]",
	 "what was made of a program: equations, order, states, loops and their costs; or what a message means"},
	{"info", COMMAND_INFO, "snnc info [FILE] [MODEL...]",
	 "what models there are, or all about some: equations, parameters, references"},
	{"test", COMMAND_TEST, "snnc test [FILE|FOLDER...] [OPTION...]",
	 "run the tests that programs and models hold; without files those of the library"},
	{"fmt", COMMAND_FMT, "snnc fmt [FILE...] [--check]",
	 "lay out programs anew, in place; without files from stdin to stdout"},
	{"doctor", COMMAND_DOCTOR, "snnc doctor", "what is built in, what of the system is used, and what is missing"},
	{"completions", COMMAND_COMPLETIONS, "snnc completions bash|zsh|fish", "completions for a shell, to be sourced"},
	{"man", COMMAND_MAN, "snnc man", "the manual page, for man -l"},
};
const int command_count = sizeof command_rows / sizeof *command_rows;

const char *
table_title(Arena *a, int commands)
{
	const char *title = "";
	if (commands == EVERY)
		return "every command:";
	for (int i = 0; i < command_count; i++) {
		if (commands & (int)command_rows[i].command)
			title = arena_printf(a, "%s%s%s", title, *title ? ", " : "", command_rows[i].name);
	}
	return arena_printf(a, "%s:", title);
}

bool
table_is_first(int row)
{
	for (int i = 0; i < row; i++) {
		if (option_rows[i].commands == option_rows[row].commands)
			return false;
	}
	return true;
}
