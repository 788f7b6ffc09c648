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

static void
put_bash(StrBuf *out)
{
	strbuf_puts(out, "# bash completion of snnc: source <(snnc completions bash)\n_snnc()\n{\n"
			 "\tlocal word=${COMP_WORDS[COMP_CWORD]} options=\n\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W '");
	put_command_names(out);
	strbuf_puts(out, "' -- \"$word\") $(compgen -f -X '!*.snn' -- \"$word\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n");
	for (int i = 0; i < command_count; i++) {
		strbuf_printf(out, "\t%s) options='", command_rows[i].name);
		for (int k = 0; k < OPTION_COUNT; k++) {
			if (option_rows[k].commands & (int)command_rows[i].command)
				strbuf_printf(out, "--%s ", option_rows[k].name);
		}
		strbuf_puts(out, "' ;;\n");
	}
	strbuf_puts(out, "\tesac\n\tcase $word in\n\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
			 "\t*) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n\tesac\n}\ncomplete -o filenames -F _snnc snnc\n");
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
put_zsh(StrBuf *out)
{
	strbuf_puts(out, "#compdef snnc\n# zsh completion of snnc: source <(snnc completions zsh)\n_snnc()\n{\n\tlocal -a commands options\n"
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
			strbuf_puts(out, option_rows[k].arg ? "]:value:_files'\n" : "]'\n");
		}
		strbuf_puts(out, "\t\t)\n\t\t;;\n");
	}
	strbuf_puts(out, "\tesac\n\t_arguments $options '*:file:_files'\n}\ncompdef _snnc snnc\n");
}

static void
put_fish(StrBuf *out)
{
	strbuf_puts(out, "# fish completion of snnc: snnc completions fish | source\n");
	for (int i = 0; i < command_count; i++) {
		strbuf_printf(out, "complete -c snnc -n __fish_use_subcommand -a %s -d '", command_rows[i].name);
		put_quoted(out, command_rows[i].help, false);
		strbuf_puts(out, "'\n");
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
		strbuf_puts(out, "'\n");
	}
}

int
manual_completions(Arena *a, const char *shell)
{
	StrBuf out = strbuf_init(a);
	if (strcmp(shell, "bash") == 0) {
		put_bash(&out);
	} else if (strcmp(shell, "zsh") == 0) {
		put_zsh(&out);
	} else if (strcmp(shell, "fish") == 0) {
		put_fish(&out);
	} else {
		output_say("there are completions for bash, zsh and fish, not for `%s`", shell);
		return EXIT_USAGE;
	}
	return output_write(a, NULL, &out) ? EXIT_FINE : EXIT_WORLD;
}
