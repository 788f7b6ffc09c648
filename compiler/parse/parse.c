/* parse: opens scanner and parser for one text. */
#include "parse/parser.h"

#include "base/panic.h"
#include "snn.tab.h"

#include <string.h>

static Parse
parse_init(ParseEnv *env, const SourceFile *f)
{
	Parse p = {.env = env, .file = f};
	p.build = (AstBuild){.arena = env->arena, .diag = env->diag, .library = f->library};
	return p;
}

/* True if nothing was reported. */
static bool
run(Parse *p, int start)
{
	p->start = start;
	scanner_open(p);
	int status = snn_yyparse(p);
	scanner_close(p);
	ASSERT(status == 0 || p->build.failed);
	return !p->build.failed;
}

bool
parse_file(ParseEnv *env, const SourceFile *f, AstProgram *into)
{
	Parse p = parse_init(env, f);
	p.program = into;
	return run(&p, TOK_START_PROGRAM);
}

AstExpr *
parse_expr_text(ParseEnv *env, const char *what, const char *text)
{
	const SourceFile *f = source_add(env->sources, what, text, strlen(text), false);
	Parse p = parse_init(env, f);
	return run(&p, TOK_START_EXPR) ? p.expr : NULL;
}
