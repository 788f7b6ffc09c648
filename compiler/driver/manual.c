/* manual: see manual.h. */
#include "driver/manual.h"

#include "driver/output.h"
#include "driver/table.h"
#include "snnc_config.h"

#include <string.h>

/* ---- man ---------------------------------------------------------------------------------------- */

/* roff: a dot or a quote that begins a line, a backslash and a minus mean something there. */
static void
put_roff(StrBuf *out, const char *s)
{
	if (*s == '.' || *s == '\'')
		strbuf_puts(out, "\\&");
	for (; *s; s++) {
		if (*s == '\\')
			strbuf_puts(out, "\\e");
		else if (*s == '-')
			strbuf_puts(out, "\\-");
		else
			strbuf_putc(out, *s);
	}
	strbuf_putc(out, '\n');
}

static void
put_option(StrBuf *out, Arena *a, const OptionRow *r)
{
	const char *letter = r->letter ? arena_printf(a, "-%c, ", r->letter) : "";
	const char *arg = !r->arg ? "" : arena_printf(a, r->maybe ? "[=%s]" : " %s", r->arg);
	strbuf_puts(out, ".TP\n.B ");
	put_roff(out, arena_printf(a, "%s--%s%s", letter, r->name, arg));
	put_roff(out, r->help);
}

int
manual_page(Arena *a)
{
	StrBuf out = strbuf_init(a);
	strbuf_printf(&out, ".TH SNNC 1 \"\" \"snnc %s\"\n.SH NAME\nsnnc \\- compile spiking neural networks\n.SH SYNOPSIS\n", SNNC_VERSION);
	for (int i = 0; i < command_count; i++) {
		strbuf_puts(&out, i ? ".br\n.B " : ".B ");
		put_roff(&out, command_rows[i].usage);
	}
	strbuf_puts(&out, ".SH COMMANDS\n");
	for (int i = 0; i < command_count; i++) {
		strbuf_puts(&out, ".TP\n.B ");
		put_roff(&out, command_rows[i].name);
		put_roff(&out, command_rows[i].help);
	}
	strbuf_puts(&out, ".SH OPTIONS\n");
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (!table_is_first(i))
			continue;
		strbuf_puts(&out, ".SS ");
		put_roff(&out, table_title(a, option_rows[i].commands));
		for (int k = i; k < OPTION_COUNT; k++) {
			if (option_rows[k].commands == option_rows[i].commands)
				put_option(&out, a, &option_rows[k]);
		}
	}
	strbuf_puts(&out, ".SH EXIT STATUS\n0 fine, 1 the program has errors, 2 wrong usage, 3 a file, the system or snnc itself, 130 interrupted.\n");
	return output_write(a, NULL, &out) ? EXIT_FINE : EXIT_WORLD;
}

/* ---- shells ------------------------------------------------------------------------------------- */

static void
put_command_names(StrBuf *out)
{
	for (int i = 0; i < command_count; i++)
		strbuf_printf(out, "%s%s", i ? " " : "", command_rows[i].name);
}

/* The words to choose from, of "snnc completions bash|zsh|fish" or "jit|eval|c", with blanks between; "": there are none. */
static const char *
choices(Arena *a, const char *text)
{
	for (; text && *text; text += strspn(text, " ")) {
		size_t n = strcspn(text, " "), small = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789|");
		if (n == small && memchr(text, '|', n)) {
			char *words = arena_strndup(a, text, n);
			for (char *c = words; *c; c++)
				*c = *c == '|' ? ' ' : *c;
			return words;
		}
		text += n;
	}
	return "";
}

static void
put_bash(StrBuf *out, Arena *a)
{
	strbuf_puts(out, "# bash completion of snnc: source <(snnc completions bash)\n_snnc()\n{\n"
			 "\tlocal word=${COMP_WORDS[COMP_CWORD]} options= words=\n\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W '");
	put_command_names(out);
	strbuf_puts(out, "' -- \"$word\") $(compgen -f -X '!*.snn' -- \"$word\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n");
	for (int i = 0; i < command_count; i++) {
		strbuf_printf(out, "\t%s) words='%s' options='", command_rows[i].name, choices(a, command_rows[i].usage));
		for (int k = 0; k < OPTION_COUNT; k++) {
			if (option_rows[k].commands & (int)command_rows[i].command)
				strbuf_printf(out, "--%s ", option_rows[k].name);
		}
		strbuf_puts(out, "' ;;\n");
	}
	strbuf_puts(out, "\tesac\n\tcase ${COMP_WORDS[COMP_CWORD-1]} in\n");
	for (int k = 0; k < OPTION_COUNT; k++)
		if (*choices(a, option_rows[k].arg))
			strbuf_printf(out, "\t--%s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", option_rows[k].name,
				      choices(a, option_rows[k].arg));
	strbuf_puts(out, "\tesac\n\tcase $word in\n\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
			 "\t*) [ -n \"$words\" ] && COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) || COMPREPLY=($(compgen -f -- \"$word\")) ;;\n\tesac\n}\ncomplete -o filenames -F _snnc snnc\n");
}

/* A text between single quotes; zsh's own brackets and colons are escaped. */
static void
put_quoted(StrBuf *out, const char *s, bool zsh)
{
	for (; *s; s++) {
		if (*s == '\'')
			strbuf_puts(out, zsh ? "'\\''" : "\\'");
		else if (zsh && strchr("[]:", *s))
			strbuf_printf(out, "\\%c", *s);
		else
			strbuf_putc(out, *s);
	}
}

static void
put_zsh(StrBuf *out, Arena *a)
{
	strbuf_puts(out, "#compdef snnc\n# zsh completion of snnc: source <(snnc completions zsh)\n_snnc()\n{\n\tlocal -a commands options\n\tlocal rest='*:file:_files'\n"
			 "\tcommands=(\n");
	for (int i = 0; i < command_count; i++) {
		strbuf_printf(out, "\t\t'%s:", command_rows[i].name);
		put_quoted(out, command_rows[i].help, true);
		strbuf_puts(out, "'\n");
	}
	strbuf_puts(out, "\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\t_files -g '*.snn'\n\t\treturn\n\tfi\n"
			 "\tcase $words[2] in\n");
	for (int i = 0; i < command_count; i++) {
		strbuf_printf(out, "\t%s)\n\t\toptions=(\n", command_rows[i].name);
		for (int k = 0; k < OPTION_COUNT; k++) {
			if (!(option_rows[k].commands & (int)command_rows[i].command))
				continue;
			strbuf_printf(out, "\t\t\t'--%s%s[", option_rows[k].name, !option_rows[k].arg ? "" : option_rows[k].maybe ? "=-" : "=");
			put_quoted(out, option_rows[k].help, true);
			const char *words = choices(a, option_rows[k].arg);
			if (*words)
				strbuf_printf(out, "]:value:(%s)'\n", words);
			else
				strbuf_puts(out, option_rows[k].arg ? "]:value:_files'\n" : "]'\n");
		}
		strbuf_puts(out, "\t\t)\n");
		if (*choices(a, command_rows[i].usage))
			strbuf_printf(out, "\t\trest='*:word:(%s)'\n", choices(a, command_rows[i].usage));
		strbuf_puts(out, "\t\t;;\n");
	}
	strbuf_puts(out, "\tesac\n\t_arguments $options $rest\n}\ncompdef _snnc snnc\n");
}

static void
put_fish(StrBuf *out, Arena *a)
{
	strbuf_puts(out, "# fish completion of snnc: snnc completions fish | source\n");
	for (int i = 0; i < command_count; i++) {
		strbuf_printf(out, "complete -c snnc -n __fish_use_subcommand -a %s -d '", command_rows[i].name);
		put_quoted(out, command_rows[i].help, false);
		strbuf_puts(out, "'\n");
		if (*choices(a, command_rows[i].usage))
			strbuf_printf(out, "complete -c snnc -f -n '__fish_seen_subcommand_from %s' -a '%s'\n", command_rows[i].name,
				      choices(a, command_rows[i].usage));
	}
	for (int k = 0; k < OPTION_COUNT; k++) {
		const OptionRow *r = &option_rows[k];
		strbuf_puts(out, "complete -c snnc -n '__fish_seen_subcommand_from");
		for (int i = 0; i < command_count; i++) {
			if (r->commands & (int)command_rows[i].command)
				strbuf_printf(out, " %s", command_rows[i].name);
		}
		strbuf_printf(out, "' -l %s%s -d '", r->name, r->arg && !r->maybe ? " -r" : "");
		put_quoted(out, r->help, false);
		if (*choices(a, r->arg))
			strbuf_printf(out, "' -f -a '%s", choices(a, r->arg));
		strbuf_puts(out, "'\n");
	}
}

int
manual_completions(Arena *a, const char *shell)
{
	StrBuf out = strbuf_init(a);
	if (strcmp(shell, "bash") == 0) {
		put_bash(&out, a);
	} else if (strcmp(shell, "zsh") == 0) {
		put_zsh(&out, a);
	} else if (strcmp(shell, "fish") == 0) {
		put_fish(&out, a);
	} else {
		output_say("there are completions for bash, zsh and fish, not for `%s`", shell);
		return EXIT_USAGE;
	}
	return output_write(a, NULL, &out) ? EXIT_FINE : EXIT_WORLD;
}
