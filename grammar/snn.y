/* snn.y: the grammar of .snn programs; docs/language.md tells it to people.
 *
 * The first part. declarations.y, models.y, experiment.y, tests.y, expressions.y and end.y follow; the tokens of words and the
 * rule `word` come from compiler/parse/words.def (cmake/grammar.cmake puts all of it together, for bison).
 *
 * Laws for actions: one builder call (ast/ast_build.h), no look-ups, no folding,
 * no decision that needs a declared name, no message except through Parse.
 *
 * The layout filter (parse/layout.c) stands between scanner and parser: every
 * line ends in exactly one EOL token (also before `}` and after a block), braces
 * always match, and after an error the blocks of the broken line are skipped.
 * So each kind of block needs one `error EOL` rule and nothing cascades.
 *
 * Words such as `weight` or `state` are tokens of their own where the grammar
 * asks for them and names everywhere else: see `name` in expressions.y.
 */
%require "3.8"
%define api.pure full
%define api.prefix {snn_yy}
%define api.token.prefix {TOK_}
%define api.location.type {Span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param { struct Parse *p }
%initial-action { @$ = (Span){0, 0}; }

%code requires {
#include "ast/ast_build.h"
#include "parse/token.h"

struct Parse;
}

%union {
	Name name;
	const char *string;
	Number number;
	const Unit *unit;
	AstId id;
	AstIdVec *ids;
	AstExpr *expr;
	AstArgVec *args;
	AstOp op;
	bool yes;
	AstStmt *stmt;
	AstStmtVec *stmts;
	AstDecl *decl;
	AstDeclVec *decls;
	AstTrace *trace;
	AstFeature *part;
	AstFeatureVec *features;
	AstModel *model;
	AstParam param;
	AstState *state;
	AstTest *test;
}

%code {
#include "parse/parser.h"

/* From the first's lo to the last's hi; what is empty sits at the end of what came before. */
#define YYLLOC_DEFAULT(at, rhs, n)                                                             \
	((at) = (n) ? (Span){YYRHSLOC(rhs, 1).lo, YYRHSLOC(rhs, n).hi}                         \
		    : (Span){YYRHSLOC(rhs, 0).hi, YYRHSLOC(rhs, 0).hi})

/* Deep enough for AST_DEEPEST nested brackets with everything around them. */
#define YYMAXDEPTH 8000

#define B (&p->build)

static const AstId no_id;

static AstId
id(Name name, Span at)
{
	return (AstId){.name = name, .span = at};
}

static int snn_yylex(SNN_YYSTYPE *value, Span *at, Parse *p);
static void snn_yyerror(const Span *at, Parse *p, const char *what);
}

%token END 0 "the end of the file"
%token EOL "the end of the line"
%token START_PROGRAM "a program" START_EXPR "an expression"
%token <number> NUMBER "a number"
%token <string> STRING "a string"
%token <unit> UNIT "a unit"
%token <name> NAME "a name"
%token <name> PRIMED "an equation"

%token LBRACE "{" RBRACE "}" LPAREN "(" RPAREN ")" LBRACKET "[" RBRACKET "]"
%token COMMA "," COLON ":" DOT "." ARROW "->" RANGE_TO ".." RANGE_BELOW "..<"
%token ASSIGN "=" PLUS_ASSIGN "+=" MINUS_ASSIGN "-=" STAR_ASSIGN "*=" SLASH_ASSIGN "/="
%token PLUS "+" MINUS "-" STAR "*" SLASH "/"
%token PERCENT "%"
%token EQ "==" NE "!=" LT "<" LE "<=" GT ">" GE ">="

/* From low to high. */
%right "if" "else"
%nonassoc "after"
%left "or"
%left "and"
%precedence "not"
%nonassoc "==" "!=" "<" "<=" ">" ">="
%left "+" "-"
%left "*" "/"
%precedence NEGATIVE

%%

start:
  START_PROGRAM program
| START_EXPR expr[e] EOL        { p->expr = $e; }
;

program:
  %empty
| program decl[d] EOL           { ast_program_add(B, p->program, $d); }
| program error EOL             { yyerrok; syntax_recovered(p); ast_program_add(B, p->program, ast_bad_decl(B, @2)); }
;
