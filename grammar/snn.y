/* snn.y: the grammar of .snn programs; docs/language.md tells it to people.
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
 * asks for them and names everywhere else: see `name` at the end.
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

/* Reserved words. */
%token AND "and" OR "or" NOT "not" IF "if" ELSE "else" FOR "for" IN "in" TRUE "true" FALSE "false"
%token LET "let" AS "as" BY "by" TO "to" FROM "from"
%token <name> INF "inf"

/* Words that are names elsewhere. */
%token <name> PARAM "param" TUNABLE "tunable" CONST "const" DT "dt" SEED "seed" BATCH "batch" DATA "data" LAYER "layer" SIGNAL "signal"
%token <name> CONNECT "connect" EXPERIMENT "experiment" RECORD "record" PLOT "plot" DRAWS "draws"
%token <name> FUNCTION "function" TABLE "table" IMPORT "import"
%token <name> NEURON "neuron" FEATURE "feature" RULE "rule"
%token <name> STATE "state" TRACE "trace" STEP "step" LEARNS "learns" NEEDS "needs" EACH "each" ON "on"
%token <name> TAU "tau" INPUT "input" RANGE "range" NORM "norm" DECAY "decay" LEARN "learn" KEEP "keep"
%token <name> SPIKE "spike" RUN "run" RESET "reset" FREEZE "freeze" THAW "thaw" VOTE "vote"
%token <name> REPORT "report" SAVE "save" LOAD "load" PRESENT "present"
%token <name> SET "set" ADD "add" OF "of" PRE "pre" POST "post" PER "per" SIGNED "signed" ABSOLUTE "absolute" AFTER "after" SUM "sum"
%token <name> SIGN "sign" REDUCE "reduce" OVER "over" AVERAGE "average" SHARED "shared" KEPT "kept" ONE "one" AT "at"
%token <name> RANDOM "random" EVERY "every" SAMPLES "samples" STEPS "steps" DURING "during"
%token <name> BOOL "bool" TIME "time"
%token <name> METHOD "method" RECEIVE "receive" WHEN "when" REFRACTORY "refractory" HOLD "hold"
%token <name> PULSE "pulse" SHUFFLED "shuffled"
%token <name> CLAMP "clamp" SILENCE "silence" INJECT "inject" ZERO "zero" WHERE "where" INTO "into"
%token <name> TEST "test" EXPECT "expect" NEAR "near" WITHIN "within" RATE "rate" WITH "with" REPEAT "repeat" TIMES "times"
%token <name> SWEEP "sweep" GOLDEN "golden"

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

%type <id> name maybe_form readout maybe_phase maybe_of maybe_side
%type <name> setting side word
%type <ids> names readouts signal_of
%type <expr> element expr index_arg record_part primary ref string maybe_if maybe_every maybe_keep maybe_from rule_use
%type <args> maybe_shape exprs args arg_list record_args record_parts arguments tuple_parts index_args shape
%type <op> assign_op set_or_add
%type <yes> maybe_bool shuffled by_layer each_what of_signed steps_or_samples
%type <stmt> assign equation control if_stmt model_stmt protocol_stmt protocol_if
%type <stmts> present presented controls model_block model_stmts protocol_block protocol_stmts
%type <decl> decl layer layer_block layer_parts connect connect_head record plot draws table choice
%type <decls> decl_block decls
%type <args> turns table_dims function_params function_param_list function_lines
%type <expr> function_block function_if
%type <id> called
%type <trace> trace trace_parts
%type <part> feature_block feature_parts learn
%type <features> features
%type <model> spike_when
%type <id> maybe_into
%type <stmts> maybe_block
%type <model> signal_block signal_parts neuron_parts rule_parts params param_list feature_body feature_lines
%type <param> param maybe_type
%type <test> test
%type <stmts> test_stmts
%type <stmt> test_stmt expect
%type <expr> seen rate event times
%type <op> compared
%type <state> state

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

/* ---- declarations ------------------------------------------------------------------------ */

decl:
  "param" name[n] "=" expr[e]   { $$ = ast_value_decl(B, @$, ADECL_PARAM, $n, $e); }
| "const" name[n] "=" expr[e]   { $$ = ast_value_decl(B, @$, ADECL_CONST, $n, $e); }
| "tunable" name[n] "=" expr[e] { $$ = ast_tunable(B, @$, $n, $e); }
| setting[n] "=" expr[e]        { $$ = ast_value_decl(B, @$, ADECL_SETTING, id($n, @n), $e); }
| "data" name[n] "=" expr[e]    { $$ = ast_value_decl(B, @$, ADECL_DATA, $n, $e); }
| "signal" called[n] signal_of[o] "=" expr[e] signal_block[b]  { $$ = ast_signal(B, @$, $n, $o, $e, $b); }
| layer
| connect
| "experiment" protocol_block[body]  { $$ = ast_experiment(B, @$, $body); }
| record
| plot
| draws
| table
| "for" turns decl_block[body]  { $$ = ast_loop(B, @$, $turns, $body); }
| choice
| "sweep" turns                 { $$ = ast_sweep_decl(B, @$, $turns); }
| "import" string[path]         { $$ = ast_import(B, @$, $path); }
| test[t]                       { $$ = ast_test_decl(B, @$, $t); }
| "function" name[n] "(" function_params[ps] ")" "=" expr[e]        { $$ = ast_function(B, @$, $n, $ps, $e); }
| "function" name[n] "(" function_params[ps] ")" function_block[e]  { $$ = ast_function(B, @$, $n, $ps, $e); }
| "neuron" name[n] params[ps] "{" neuron_parts[m] "}"  { $$ = ast_model(B, @$, ADECL_NEURON, $n, $ps, $m); }
| "feature" name[n] params[ps] feature_body[m]         { $$ = ast_model(B, @$, ADECL_FEATURE, $n, $ps, $m); }
| "rule" name[n] params[ps] "{" rule_parts[m] "}"      { $$ = ast_model(B, @$, ADECL_RULE, $n, $ps, $m); }
;

function_params:
  %empty                        { $$ = NULL; }
| function_param_list
;
function_param_list:
  name[n]                       { $$ = ast_args(B, NULL, $n, NULL); }
| name[n] "=" expr[e]           { $$ = ast_args(B, NULL, $n, $e); }
| function_param_list[ps] "," name[n]  { $$ = ast_args(B, $ps, $n, NULL); }
| function_param_list[ps] "," name[n] "=" expr[e]  { $$ = ast_args(B, $ps, $n, $e); }
;
/* Lines that give one value: names of parts (`let`), conditions, and the value itself. */
function_block:
  "{" function_lines[ls] "}"    { $$ = ast_lines(B, @$, $ls); }
;
function_lines:
  %empty                        { $$ = NULL; }
| function_lines[ls] "let" name[n] "=" expr[e] EOL  { $$ = ast_args(B, $ls, $n, $e); }
| function_lines[ls] expr[e] EOL         { $$ = ast_args(B, $ls, no_id, $e); }
| function_lines[ls] function_if[e] EOL  { $$ = ast_args(B, $ls, no_id, $e); }
| function_lines[ls] name[n] assign_op expr EOL
                                { $$ = ast_args(B, $ls, no_id, ast_no_assignment(B, span_join(@n, @4), $n)); }
| function_lines[ls] error EOL  { yyerrok; syntax_recovered(p); $$ = ast_args(B, $ls, no_id, ast_error(B, @2)); }
;
function_if:
  "if" expr[c] function_block[a]                         { $$ = ast_if_line(B, @$, $c, $a, NULL); }
| "if" expr[c] function_block[a] "else" function_block[b]  { $$ = ast_if_line(B, @$, $c, $a, $b); }
| "if" expr[c] function_block[a] "else" function_if[b]   { $$ = ast_if_line(B, @$, $c, $a, $b); }
;

/* Declarations made by a loop, or if something holds; their names may be worked out: `layer L[k]`, `layer p.name`. */
turns:
  name[n] "in" index_arg[e]     { $$ = ast_args(B, NULL, $n, $e); }
| turns[ts] "," name[n] "in" index_arg[e]  { $$ = ast_args(B, $ts, $n, $e); }
;
decl_block:
  "{" decls "}"                 { $$ = $decls; }
;
decls:
  %empty                        { $$ = ast_decls(B, NULL, NULL); }
| decls[ds] decl[d] EOL         { $$ = ast_decls(B, $ds, $d); }
| decls[ds] error EOL           { yyerrok; syntax_recovered(p); $$ = ast_decls(B, $ds, ast_bad_decl(B, @2)); }
;
choice:
  "if" expr[c] decl_block[a]                        { $$ = ast_choice(B, @$, $c, $a, NULL); }
| "if" expr[c] decl_block[a] "else" decl_block[b]   { $$ = ast_choice(B, @$, $c, $a, $b); }
| "if" expr[c] decl_block[a] "else" choice[b]       { $$ = ast_choice(B, @$, $c, $a, ast_decls(B, NULL, $b)); }
;
called:
  name
| element[e]                    { $$ = (AstId){.span = @$, .arg = $e}; }
| ref[r] "." name[n]            { $$ = (AstId){.span = @$, .arg = ast_member(B, @$, $r, $n)}; }
;

table:
  "table" name[n] "(" names[cs] ")" "=" expr[e]       { $$ = ast_table(B, @$, $n, $cs, NULL, $e); }
| "table" name[n] "[" table_dims[ds] "]" "=" expr[e]  { $$ = ast_table(B, @$, $n, NULL, $ds, $e); }
;
table_dims:
  expr[e]                       { $$ = ast_args(B, NULL, no_id, $e); }
| name[n] "in" index_arg[e]     { $$ = ast_args(B, NULL, $n, $e); }
| table_dims[ds] "," expr[e]    { $$ = ast_args(B, $ds, no_id, $e); }
| table_dims[ds] "," name[n] "in" index_arg[e]  { $$ = ast_args(B, $ds, $n, $e); }
;

signal_of:
  %empty                        { $$ = NULL; }
| "of" names                    { $$ = $names; }
| "of" "post" names             { $$ = $names; }
;
signal_block:
  %empty                        { $$ = NULL; }
| "{" signal_parts "}"          { $$ = $signal_parts; }
;
signal_parts:
  %empty                        { $$ = ast_model_parts(B); }
| signal_parts[m] state EOL     { $$ = ast_model_state(B, $m, $state); }
| signal_parts[m] "each" "step" model_block[body] EOL
                                { $$ = ast_model_handler(B, $m, AHANDLER_EACH_STEP, span_join(@2, @4), $body); }
| signal_parts[m] "on" ref[what] model_block[body] EOL
                                { $$ = ast_model_on(B, $m, span_join(@2, @4), $what, $body); }
| signal_parts[m] equation[s] EOL  { $$ = ast_model_equation(B, $m, @s, $s); }
| signal_parts[m] "method" "=" name[n] EOL  { $$ = ast_model_method(B, $m, span_join(@2, @n), $n); }
| signal_parts[m] error EOL     { yyerrok; syntax_recovered(p); $$ = $m; }
;

setting:
  "dt" | "seed" | "batch"
;

layer:
  "layer" called[n] ":" name[m] shape[s] arguments[as] layer_block[parts]
                                { $$ = ast_layer(B, @$, $parts, $n, $m, $s, $as); }
| "layer" called[n] ":" name[m] shape[s] arguments[as] "at"[at] maybe_form[f] "(" args[places] ")"[end] layer_block[parts]
                                { $$ = ast_layer_places(ast_layer(B, @$, $parts, $n, $m, $s, $as), span_join(@at, @end), $f, $places); }
;
maybe_form:
  %empty                        { $$ = no_id; }
| name
;
shape:
  "[" exprs "]"                 { $$ = $exprs; }
;
layer_block:
  %empty                        { $$ = NULL; }
| "{" layer_parts "}"           { $$ = $layer_parts; }
;
layer_parts:
  %empty                        { $$ = ast_layer_parts(B); }
| layer_parts[l] trace EOL      { $$ = ast_layer_trace(B, $l, $trace); }
| layer_parts[l] "input" expr[e] maybe_into[p] EOL  { $$ = ast_layer_input(B, $l, span_join(@2, @p), $e, $p); }
| layer_parts[l] "method" "=" name[n] EOL  { $$ = ast_layer_method(B, $l, span_join(@2, @n), $n); }
| layer_parts[l] error EOL      { yyerrok; syntax_recovered(p); $$ = $l; }
;

maybe_into:
  %empty                        { $$ = no_id; }
| "into" name[n]                { $$ = $n; }
;

connect:
  connect_head
| connect_head[c] "{" features[fs] "}"  { $$ = ast_connect_block(B, $c, @$, $fs); }
;
connect_head:
  "connect" ref[from] "->" ref[to]      { $$ = ast_connect(B, @$, $from, $to); }
| connect_head[c] "by" expr[e]          { $$ = ast_connect_by(B, $c, span_join(@2, @3), $e); }
| connect_head[c] "as" called[n]        { $$ = ast_connect_as(B, $c, span_join(@2, @3), $n); }
;
features:
  %empty                        { $$ = ast_features(B, NULL, @$, no_id, no_id, NULL, NULL); }
| features[fs] name[n] "=" expr[e] feature_block[f] EOL
                                { $$ = ast_features(B, $fs, span_join(@n, @f), $n, $n, $e, $f); }
| features[fs] name[n] ":" name[m] "=" expr[e] feature_block[f] EOL
                                { $$ = ast_features(B, $fs, span_join(@n, @f), $n, $m, $e, $f); }
| features[fs] name[n] "=" "shared" NAME[of] feature_block[f] EOL
                                { $$ = ast_features_shared(B, $fs, span_join(@n, @f), $n, $n, id($of, @of), $f); }
| features[fs] name[n] ":" name[m] "=" "shared" NAME[of] feature_block[f] EOL
                                { $$ = ast_features_shared(B, $fs, span_join(@n, @f), $n, $m, id($of, @of), $f); }
| features[fs] error EOL        { yyerrok; syntax_recovered(p); $$ = $fs; }
;
feature_block:
  %empty                        { $$ = NULL; }
| "{" feature_parts "}"         { $$ = $feature_parts; }
;
feature_parts:
  %empty                        { $$ = ast_feature_parts(B); }
| feature_parts[f] "range" "[" expr[lo] "," expr[hi] "]" EOL
                                { $$ = ast_feature_range(B, $f, span_join(@2, @7), $lo, $hi); }
| feature_parts[f] "norm" expr[e] "per" name[per] "each" each_what[step] of_signed[s] EOL
                                { $$ = ast_feature_norm(B, $f, span_join(@2, @s), $e, $per, $step, $s); }
| feature_parts[f] "decay" expr[e] EOL  { $$ = ast_feature_decay(B, $f, span_join(@2, @3), $e); }
| feature_parts[f] "keep" "sign" EOL    { $$ = ast_feature_keep_sign(B, $f, span_join(@2, @3), no_id, no_id, NULL); }
| feature_parts[f] "keep" "sign" "per" name[per] EOL
                                { $$ = ast_feature_keep_sign(B, $f, span_join(@2, @per), $per, no_id, NULL); }
| feature_parts[f] "keep" "sign" NAME[side] "where" expr[e] EOL
                                { $$ = ast_feature_keep_sign(B, $f, span_join(@2, @e), no_id, id($side, @side), $e); }
| feature_parts[f] "learn" learn[l] EOL  { $$ = ast_feature_learn(B, $f, span_join(@2, @3), $l); }
| feature_parts[f] name[n] "=" expr[e] EOL  { $$ = ast_feature_param(B, $f, $n, $e); }
| feature_parts[f] error EOL    { yyerrok; syntax_recovered(p); $$ = $f; }
;
learn:
  rule_use[r]                   { $$ = ast_learn(B, $r); }
| learn[l] "reduce" name[how] "over" "batch"  { $$ = ast_learn_reduce(B, $l, span_join(@2, @5), $how); }
| learn[l] "average" "over" expr[e] "steps"   { $$ = ast_learn_average(B, $l, span_join(@2, @5), $e, false); }
| learn[l] "average" "over" expr[e] "steps" "each" "step"
                                { $$ = ast_learn_average(B, $l, span_join(@2, @7), $e, true); }
;
each_what:
  "run"                         { $$ = false; }
| "step"                        { $$ = true; }
;
of_signed:
  %empty                        { $$ = false; }
| "of" "signed" "sum"           { $$ = true; }
| "of" "absolute" "sum"         { $$ = false; }
;
rule_use:
  name[n]                       { $$ = ast_name(B, @$, $n.name); }
| name[n] "(" args ")"          { $$ = ast_call(B, @$, ast_name(B, @n, $n.name), $args); }
;

record:
  "record" ref[what]            { $$ = ast_record(B, @$, no_id, $what, NULL, NULL); }
| "record" ref[o] "." name[n] "[" record_parts[part] "]"
                                { $$ = ast_record(B, @$, no_id, ast_member(B, span_join(@o, @n), $o, $n), $part, NULL); }
| "record" name[f] "(" ref[what] record_args[more] ")"  { $$ = ast_record(B, @$, $f, $what, NULL, $more); }
| record[r] "every" expr[e] steps_or_samples[s]  { $$ = ast_record_every(B, $r, span_join(@2, @s), $e, $s); }
| record[r] "during" name[n]    { $$ = ast_record_during(B, $r, span_join(@2, @n), $n); }
| record[r] "from" expr[a] "to" expr[z]  { $$ = ast_record_window(B, $r, span_join(@2, @z), $a, $z); }
| record[r] "as" name[n]        { $$ = ast_record_as(B, $r, span_join(@2, @n), $n); }
;
record_parts:
  record_part[e]                { $$ = ast_args(B, NULL, no_id, $e); }
| record_parts[ps] "," record_part[e]  { $$ = ast_args(B, $ps, no_id, $e); }
;
record_part:
  index_arg
| index_arg[e] "by" expr[step]  { $$ = ast_range_by(B, @$, $e, $step); }
;
record_args:
  %empty                        { $$ = NULL; }
| record_args[as] "," name[n] "=" expr[e]  { $$ = ast_args(B, $as, $n, $e); }
;
steps_or_samples:
  %empty                        { $$ = false; }
| "steps"                       { $$ = false; }
| "samples"                     { $$ = true; }
;

plot:
  "plot" ref[what] "as" name[form]           { $$ = ast_plot(B, @$, $what, $form, NULL); }
| "plot" ref[what] "as" name[form] shape[s]  { $$ = ast_plot(B, @$, $what, $form, $s); }
;

draws:
  "draws" ref[site] "from" string[path]      { $$ = ast_draws(B, @$, $site, $path); }
;

/* ---- models ------------------------------------------------------------------------------ */

params:
  %empty                        { $$ = NULL; }
| "(" ")"                       { $$ = NULL; }
| "(" param_list ")"            { $$ = $param_list; }
;
param_list:
  param                         { $$ = ast_model_param(B, ast_model_parts(B), @1, $1); }
| param_list[m] "," param       { $$ = ast_model_param(B, $m, @param, $param); }
;
param:
  name[n] maybe_type[t]         { $$ = $t; $$.name = $n.name; }
| name[n] shape[s]              { $$ = ast_table_param($n, $s); }
| name[n] maybe_type[t] "=" expr[e]  { $$ = $t; $$.name = $n.name; $$.value = $e; }
;
maybe_type:
  %empty                        { $$ = (AstParam){0}; }
| ":" "bool"                    { $$ = (AstParam){.is_bool = true}; }
| ":" "time"                    { $$ = (AstParam){.is_time = true}; }
| "of" "post"                   { $$ = (AstParam){.of_post = true}; }
;

neuron_parts:
  %empty                        { $$ = ast_model_parts(B); }
| neuron_parts[m] state EOL     { $$ = ast_model_state(B, $m, $state); }
| neuron_parts[m] trace EOL     { $$ = ast_model_trace(B, $m, $trace); }
| neuron_parts[m] "step" model_block[body] EOL
                                { $$ = ast_model_handler(B, $m, AHANDLER_STEP, span_join(@2, @3), $body); }
| neuron_parts[m] equation[s] EOL  { $$ = ast_model_equation(B, $m, @s, $s); }
| neuron_parts[m] "method" "=" name[n] EOL  { $$ = ast_model_method(B, $m, span_join(@2, @n), $n); }
| neuron_parts[m] "receive" model_block[body] EOL
                                { $$ = ast_model_receive(B, $m, span_join(@2, @3), no_id, $body); }
| neuron_parts[m] "receive" name[n] model_block[body] EOL
                                { $$ = ast_model_receive(B, $m, span_join(@2, @4), $n, $body); }
| neuron_parts[m] spike_when[f] EOL  { $$ = ast_model_fire(B, $m, @f, $f); }
| neuron_parts[m] "on" "spike" model_block[body] EOL
                                { $$ = ast_model_handler(B, $m, AHANDLER_ON_SPIKE, span_join(@2, @4), $body); }
| neuron_parts[m] test EOL      { $$ = ast_model_test(B, $m, $test); }
| neuron_parts[m] error EOL     { yyerrok; syntax_recovered(p); $$ = $m; }
;

spike_when:
  "spike" "when" expr[c] maybe_block[b]       { $$ = ast_fire(B, @$, $c, $b); }
| spike_when[f] "refractory" expr[e]          { $$ = ast_fire_refractory(B, $f, @$, $e); }
| spike_when[f] "hold" names[ns]              { $$ = ast_fire_hold(B, $f, @$, $ns); }
;
maybe_block:
  %empty                        { $$ = NULL; }
| model_block
;

rule_parts:
  %empty                        { $$ = ast_model_parts(B); }
| rule_parts[m] "learns" name[n] maybe_bool[t] EOL    { $$ = ast_model_learns(B, $m, span_join(@2, @3), $n, $t); }
| rule_parts[m] "needs" names[ns] EOL   { $$ = ast_model_needs(B, $m, $ns); }
| rule_parts[m] state EOL       { $$ = ast_model_state(B, $m, $state); }
| rule_parts[m] trace EOL       { $$ = ast_model_trace(B, $m, $trace); }
| rule_parts[m] "on" "pre" model_block[body] EOL
                                { $$ = ast_model_handler(B, $m, AHANDLER_ON_PRE, span_join(@2, @4), $body); }
| rule_parts[m] "on" "post" model_block[body] EOL
                                { $$ = ast_model_handler(B, $m, AHANDLER_ON_POST, span_join(@2, @4), $body); }
| rule_parts[m] "on" NAME[n] model_block[body] EOL
                                { $$ = ast_model_on_signal(B, $m, span_join(@2, @4), id($n, @n), $body); }
| rule_parts[m] "each" "step" model_block[body] EOL
                                { $$ = ast_model_handler(B, $m, AHANDLER_EACH_STEP, span_join(@2, @4), $body); }
| rule_parts[m] equation[s] EOL  { $$ = ast_model_equation(B, $m, @s, $s); }
| rule_parts[m] "method" "=" name[n] EOL  { $$ = ast_model_method(B, $m, span_join(@2, @n), $n); }
| rule_parts[m] test EOL        { $$ = ast_model_test(B, $m, $test); }
| rule_parts[m] error EOL       { yyerrok; syntax_recovered(p); $$ = $m; }
;

maybe_bool:
  %empty                        { $$ = false; }
| ":" "bool"                    { $$ = true; }
;

state:
  "state" name[n] maybe_shape[s] maybe_of[o]               { $$ = ast_state_shape(ast_state(B, @$, $n, $o, NULL), $s); }
| "state" name[n] maybe_shape[s] maybe_of[o] "=" expr[e]   { $$ = ast_state_shape(ast_state(B, @$, $n, $o, $e), $s); }
| state[s] maybe_comma "shared" "over" "batch"  { $$ = ast_state_shared($s, @$); }
| state[s] maybe_comma "kept" "on" "reset"      { $$ = ast_state_kept($s, @$); }
;
maybe_comma: %empty | ",";
maybe_shape:
  %empty                        { $$ = NULL; }
| shape
;
maybe_of:
  %empty                        { $$ = no_id; }
| "of" name[n]                  { $$ = $n; }
;

trace:
  "trace" name[n] maybe_side[s] "{" trace_parts[t] "}"  { $$ = ast_trace(B, @$, $t, $n, $s); }
;
maybe_side:
  %empty                        { $$ = no_id; }
| "of" side                     { $$ = id($side, @side); }
;
side:
  "pre" | "post"
;
trace_parts:
  %empty                        { $$ = ast_trace_parts(B); }
| trace_parts[t] "tau" "=" expr[e] EOL  { $$ = ast_trace_tau(B, $t, span_join(@2, @e), $e); }
| trace_parts[t] "on" "spike" set_or_add[op] expr[e] EOL
                                { $$ = ast_trace_on_spike(B, $t, span_join(@2, @e), $op, $e); }
| trace_parts[t] error EOL      { yyerrok; syntax_recovered(p); $$ = $t; }
;
set_or_add:
  "set"                         { $$ = AOP_UNSET; }
| "add"                         { $$ = AOP_ADD; }
;

/* v' = e; lines of them that follow each other are one system. A `let` among the parts of a model names a part of them. */
equation:
  PRIMED[n] "=" expr[e]         { $$ = ast_equation(B, @$, id($n, (Span){@n.lo, @n.hi - 1}), $e); }
| "let" name[n] "=" expr[e]     { $$ = ast_let(B, @$, $n, $e); }
;

/* ---- statements of models ---------------------------------------------------------------- */

model_block:
  "{" model_stmts "}"           { $$ = $model_stmts; }
;
feature_body:
  "{" feature_lines[m] "}"      { $$ = ast_model_compute(B, $m, @$, NULL); }
;
feature_lines:
  %empty                        { $$ = ast_model_parts(B); }
| feature_lines[m] state EOL    { $$ = ast_model_state(B, $m, $state); }
| feature_lines[m] test EOL     { $$ = ast_model_test(B, $m, $test); }
| feature_lines[m] model_stmt[s] EOL  { $$ = ast_model_compute(B, $m, @s, $s); }
| feature_lines[m] error EOL
  { yyerrok; syntax_recovered(p); $$ = ast_model_compute(B, $m, @2, ast_plain_stmt(B, @2, ASTMT_ERROR)); }
;
model_stmts:
  %empty                        { $$ = ast_stmts(B, NULL, NULL); }
| model_stmts[ss] model_stmt[s] EOL  { $$ = ast_stmts(B, $ss, $s); }
| model_stmts[ss] error EOL
  { yyerrok; syntax_recovered(p); $$ = ast_stmts(B, $ss, ast_plain_stmt(B, @2, ASTMT_ERROR)); }
;
model_stmt:
  assign
| equation
| if_stmt
| "spike"                       { $$ = ast_plain_stmt(B, @$, ASTMT_SPIKE); }
| "spike" expr[e]               { $$ = ast_spike(B, @$, $e); }
| "keep" "one" "spike" "at" "random" maybe_if[c]  { $$ = ast_keep_one(B, @$, $c); }
;
maybe_if:
  %empty                        { $$ = NULL; }
| "if" expr[e]                  { $$ = $e; }
;
if_stmt:
  "if" expr[c] model_block[a]                        { $$ = ast_if_stmt(B, @$, $c, $a, NULL); }
| "if" expr[c] model_block[a] "else" model_block[b]  { $$ = ast_if_stmt(B, @$, $c, $a, $b); }
| "if" expr[c] model_block[a] "else" if_stmt[b]
                                { $$ = ast_if_stmt(B, @$, $c, $a, ast_stmts(B, NULL, $b)); }
;
assign:
  ref[r] assign_op[op] expr[e]  { $$ = ast_assign(B, @$, $r, $op, $e); }
;
assign_op:
  "="                           { $$ = AOP_UNSET; }
| "+="                          { $$ = AOP_ADD; }
| "-="                          { $$ = AOP_SUB; }
| "*="                          { $$ = AOP_MUL; }
| "/="                          { $$ = AOP_DIV; }
;

/* ---- statements of the experiment -------------------------------------------------------- */

protocol_block:
  "{" protocol_stmts "}"        { $$ = $protocol_stmts; }
;
protocol_stmts:
  %empty                        { $$ = ast_stmts(B, NULL, NULL); }
| protocol_stmts[ss] protocol_stmt[s] EOL  { $$ = ast_stmts(B, $ss, $s); }
| protocol_stmts[ss] present[v] EOL        { $$ = ast_append(B, $ss, $v); }
| protocol_stmts[ss] error EOL
  { yyerrok; syntax_recovered(p); $$ = ast_stmts(B, $ss, ast_plain_stmt(B, @2, ASTMT_ERROR)); }
;
protocol_stmt:
  assign
| "let" name[n] "=" expr[e]     { $$ = ast_let(B, @$, $n, $e); }
| protocol_if
| "pulse" ref[r] "=" expr[e]    { $$ = ast_pulse(B, @$, $r, $e); }
| "for" names[ns] "in" index_arg[e] shuffled[s] maybe_phase[ph] protocol_block[body]
                                { $$ = ast_for(B, @$, $ns, $e, $s, $ph, $body); }
| "run" expr[e] by_layer[l]     { $$ = ast_run(B, @$, $e, $l, NULL); }
| "run" expr[e] by_layer[l] "{" controls[c] "}"  { $$ = ast_run(B, @$, $e, $l, $c); }
| "reset"                       { $$ = ast_plain_stmt(B, @$, ASTMT_RESET); }
| "freeze"                      { $$ = ast_plain_stmt(B, @$, ASTMT_FREEZE); }
| "thaw"                        { $$ = ast_plain_stmt(B, @$, ASTMT_THAW); }
| "vote" ref[layer_] "for" name[label] "by" readouts[rs] maybe_every[e] maybe_keep[k] maybe_from[f]
                                { $$ = ast_vote(B, @$, $layer_, $label, $rs, $e, $k, $f); }
| "report" name[what] maybe_of[phase]  { $$ = ast_report(B, @$, $what, $phase); }
| "save" string[path]           { $$ = ast_save(B, @$, NULL, $path); }
| "save" ref[what] "to" string[path]   { $$ = ast_save(B, @$, $what, $path); }
| "load" string[path]           { $$ = ast_load(B, @$, NULL, $path); }
| "load" ref[what] "from" string[path] { $$ = ast_load(B, @$, $what, $path); }
;
/* What is shown, the run, and its end. */
present:
  "present" presented[ps] "for" expr[e] by_layer[l]  { $$ = ast_present_run(B, @$, $ps, ast_run(B, @$, $e, $l, NULL)); }
| "present" presented[ps] "for" expr[e] by_layer[l] "{" controls[c] "}"
                                { $$ = ast_present_run(B, @$, $ps, ast_run(B, @$, $e, $l, $c)); }
;
presented:
  expr[e] "to" ref[r]           { $$ = ast_stmts(B, NULL, ast_present(B, @$, $r, $e)); }
| presented[ps] "," expr[e] "to" ref[r]  { $$ = ast_stmts(B, $ps, ast_present(B, span_join(@e, @r), $r, $e)); }
;
protocol_if:
  "if" expr[c] protocol_block[a]                           { $$ = ast_if_stmt(B, @$, $c, $a, NULL); }
| "if" expr[c] protocol_block[a] "else" protocol_block[b]  { $$ = ast_if_stmt(B, @$, $c, $a, $b); }
| "if" expr[c] protocol_block[a] "else" protocol_if[b]
                                { $$ = ast_if_stmt(B, @$, $c, $a, ast_stmts(B, NULL, $b)); }
;
shuffled:
  %empty                        { $$ = false; }
| "shuffled"                    { $$ = true; }
;
by_layer:
  %empty                        { $$ = false; }
| "layer" "by" "layer"          { $$ = true; }
;
controls:
  %empty                        { $$ = ast_stmts(B, NULL, NULL); }
| controls[ss] control[s] EOL   { $$ = ast_stmts(B, $ss, $s); }
| controls[ss] error EOL
  { yyerrok; syntax_recovered(p); $$ = ast_stmts(B, $ss, ast_plain_stmt(B, @2, ASTMT_ERROR)); }
;
control:
  "clamp" ref[what] "where" expr[e]    { $$ = ast_control(B, @$, ACONTROL_CLAMP, $what, $e); }
| "silence" ref[what] "where" expr[e]  { $$ = ast_control(B, @$, ACONTROL_SILENCE, $what, $e); }
| "zero" ref[what] "where" expr[e]     { $$ = ast_control(B, @$, ACONTROL_ZERO, $what, $e); }
| "inject" expr[e] "into" ref[what]    { $$ = ast_control(B, @$, ACONTROL_INJECT, $what, $e); }
;
maybe_phase:
  %empty                        { $$ = no_id; }
| "as" name[n]                  { $$ = $n; }
;
readouts:
  readout[r]                    { $$ = ast_ids(B, NULL, $r); }
| readouts[rs] "," readout[r]   { $$ = ast_ids(B, $rs, $r); }
;
readout:
  name
| name[n] "(" expr[e] ")"       { $$ = $n; $$.arg = $e; }
;
maybe_keep:
  %empty                        { $$ = NULL; }
| "keep" expr[e]                { $$ = $e; }
;
maybe_from:
  %empty                        { $$ = NULL; }
| "from" string[path]           { $$ = $path; }
;
maybe_every:
  %empty                        { $$ = NULL; }
| "every" expr[e]               { $$ = $e; }
;

/* ---- tests ------------------------------------------------------------------------------- */

test:
  "test" STRING[n] "{" test_stmts "}"  { $$ = ast_test(B, @$, $n, @n, $test_stmts); }
;
test_stmts:
  %empty                        { $$ = ast_stmts(B, NULL, NULL); }
| test_stmts[ss] test_stmt[s] EOL  { $$ = ast_stmts(B, $ss, $s); }
| test_stmts[ss] error EOL
  { yyerrok; syntax_recovered(p); $$ = ast_stmts(B, $ss, ast_plain_stmt(B, @2, ASTMT_ERROR)); }
;
test_stmt:
  protocol_stmt
| expect
| event[what] "at" times        { $$ = ast_event(B, @$, no_id, $what, NULL, $times); }
| assign[a] "at" times          { $$ = ast_event_assign(B, @$, $a, $times); }
| assign[a] "during" expr[lo] ".." expr[hi]
                                { $$ = ast_event_assign(B, @$, $a, ast_range(B, span_join(@lo, @hi), $lo, $hi, false)); }
| "input"[w] expr[e]            { $$ = ast_event(B, @$, id($w, @w), ast_name(B, @w, $w), $e, NULL); }
| "input"[w] expr[e] "at" times { $$ = ast_event(B, @$, id($w, @w), ast_name(B, @w, $w), $e, $times); }
| "input"[w] expr[e] "during" expr[a] ".." expr[z]
                                { $$ = ast_event(B, @$, id($w, @w), ast_name(B, @w, $w), $e, ast_range(B, span_join(@a, @z), $a, $z, false)); }
| "receive"[w] name[port] expr[e]  { $$ = ast_event(B, @$, id($w, @w), ast_name(B, @port, $port.name), $e, NULL); }
| "receive"[w] name[port] expr[e] "at" times
                                { $$ = ast_event(B, @$, id($w, @w), ast_name(B, @port, $port.name), $e, $times); }
| "receive"[w] name[port] expr[e] "during" expr[a] ".." expr[z]
                                { $$ = ast_event(B, @$, id($w, @w), ast_name(B, @port, $port.name), $e, ast_range(B, span_join(@a, @z), $a, $z, false)); }
| "with" "(" args ")"           { $$ = ast_with(B, @$, $args); }
| "set" name[n] "=" expr[e]     { $$ = ast_set(B, @$, $n, $e); }
| "repeat" expr[n] "times" "every" expr[e]  { $$ = ast_repeat(B, @$, $n, $e); }
| "sweep" expr[what] "in" expr[a] ".." expr[z] "by" expr[by]
                                { $$ = ast_sweep(B, @$, $what, ast_range(B, span_join(@a, @z), $a, $z, false), $by); }
| "golden" string               { $$ = ast_golden(B, @$, $string, NULL); }
| "golden" string "of" seen     { $$ = ast_golden(B, @$, $string, $seen); }
;
/* pre, pre[3]: whose spikes */
event:
  side[s]                       { $$ = ast_name(B, @s, $s); }
| side[s] "[" exprs "]"         { $$ = ast_index(B, @$, ast_name(B, @s, $s), $exprs); }
;
times: expr;
expect:
  "expect" seen                 { $$ = ast_expect(B, @$, $seen); }
| expect[x] "at" times          { $$ = ast_expect_at(B, $x, span_join(@2, @times), $times); }
| expect[x] "near" expr[e] "within" expr[w]  { $$ = ast_expect_near(B, $x, span_join(@2, @w), $e, $w, false); }
| expect[x] "near" expr[e] "within" NUMBER[n] "%"
                                { $$ = ast_expect_near(B, $x, @$, $e, ast_number(B, @n, $n.value, $n.is_int), true); }
;
seen:
  expr
| rate
| rate[x] compared[op] expr[y]  { $$ = ast_binary(B, @$, $op, $x, $y); }
;
rate:
  "rate" "of" ref[r]            { $$ = ast_call(B, @$, ast_name(B, @1, $1), ast_args(B, NULL, no_id, $r)); }
;
compared:
  "=="                          { $$ = AOP_EQ; }
| "!="                          { $$ = AOP_NE; }
| "<"                           { $$ = AOP_LT; }
| "<="                          { $$ = AOP_LE; }
| ">"                           { $$ = AOP_GT; }
| ">="                          { $$ = AOP_GE; }
;

/* ---- expressions ------------------------------------------------------------------------- */

expr:
  primary
| "-" expr[x] %prec NEGATIVE    { $$ = ast_unary(B, @$, AOP_NEG, $x); }
| "not" expr[x]                 { $$ = ast_unary(B, @$, AOP_NOT, $x); }
| expr[x] "+" expr[y]           { $$ = ast_binary(B, @$, AOP_ADD, $x, $y); }
| expr[x] "-" expr[y]           { $$ = ast_binary(B, @$, AOP_SUB, $x, $y); }
| expr[x] "*" expr[y]           { $$ = ast_binary(B, @$, AOP_MUL, $x, $y); }
| expr[x] "/" expr[y]           { $$ = ast_binary(B, @$, AOP_DIV, $x, $y); }
| expr[x] "==" expr[y]          { $$ = ast_binary(B, @$, AOP_EQ, $x, $y); }
| expr[x] "!=" expr[y]          { $$ = ast_binary(B, @$, AOP_NE, $x, $y); }
| expr[x] "<" expr[y]           { $$ = ast_binary(B, @$, AOP_LT, $x, $y); }
| expr[x] "<=" expr[y]          { $$ = ast_binary(B, @$, AOP_LE, $x, $y); }
| expr[x] ">" expr[y]           { $$ = ast_binary(B, @$, AOP_GT, $x, $y); }
| expr[x] ">=" expr[y]          { $$ = ast_binary(B, @$, AOP_GE, $x, $y); }
| expr[x] "and" expr[y]         { $$ = ast_binary(B, @$, AOP_AND, $x, $y); }
| expr[x] "or" expr[y]          { $$ = ast_binary(B, @$, AOP_OR, $x, $y); }
| expr[x] "if" expr[c] "else" expr[y]  { $$ = ast_if(B, @$, $x, $c, $y); }
| expr[x] "after" expr[y]       { $$ = ast_call(B, @$, ast_name(B, @2, $2), ast_args(B, ast_args(B, NULL, no_id, $x), no_id, $y)); }
| "sum" NAME[n] "in" expr[a] ".." expr[z] "of" expr[x] %prec "if"
                                { $$ = ast_sum(B, @$, id($n, @n), ast_range(B, span_join(@a, @z), $a, $z, false), $x); }
| "sum" NAME[n] "in" expr[a] "..<" expr[z] "of" expr[x] %prec "if"
                                { $$ = ast_sum(B, @$, id($n, @n), ast_range(B, span_join(@a, @z), $a, $z, true), $x); }
;
primary:
  NUMBER[n]                     { $$ = ast_number(B, @$, $n.value, $n.is_int); }
| NUMBER[n] UNIT[u]             { $$ = ast_number_unit(B, @$, ast_number(B, @n, $n.value, $n.is_int), $u, @u); }
| string
| "true"                        { $$ = ast_bool(B, @$, true); }
| "false"                       { $$ = ast_bool(B, @$, false); }
| "inf"                         { $$ = ast_name(B, @$, $1); }
| name[n]                       { $$ = ast_name(B, @$, $n.name); }
| primary[b] "." name[n]        { $$ = ast_member(B, @$, $b, $n); }
| primary[b] "(" args ")"       { $$ = ast_call(B, @$, $b, $args); }
| primary[b] "(" expr[e] "over" names[ns] ")"  { $$ = ast_over(B, @$, $b, $e, $ns); }
| primary[b] "[" index_args[as] "]"  { $$ = ast_index(B, @$, $b, $as); }
| "[" exprs "]"                 { $$ = ast_list(B, @$, $exprs); }
| "(" expr[e] ")"               { $$ = $e; }
| "(" tuple_parts[ps] ")"       { $$ = ast_tuple(B, @$, $ps); }
| "(" expr[e] "," exprs[es] ")" { $$ = ast_row(B, @$, $e, $es); }
;
string:
  STRING[s]                     { $$ = ast_string(B, @$, $s); }
;
exprs:
  expr[e]                       { $$ = ast_args(B, NULL, no_id, $e); }
| exprs[es] "," expr[e]         { $$ = ast_args(B, $es, no_id, $e); }
;
tuple_parts:
  name[n] ":" expr[e]                   { $$ = ast_args(B, NULL, $n, $e); }
| tuple_parts[ps] "," name[n] ":" expr[e]  { $$ = ast_args(B, $ps, $n, $e); }
;
arguments:
  %empty                        { $$ = NULL; }
| "(" args ")"                  { $$ = $args; }
;
args:
  %empty                        { $$ = NULL; }
| arg_list[as]                  { $$ = $as; }
;
index_args:
  index_arg[e]                  { $$ = ast_args(B, NULL, no_id, $e); }
| index_args[as] "," index_arg[e]  { $$ = ast_args(B, $as, no_id, $e); }
;
index_arg:
  expr
| expr[a] ".." expr[z]          { $$ = ast_range(B, @$, $a, $z, false); }
| expr[a] "..<" expr[z]         { $$ = ast_range(B, @$, $a, $z, true); }
;
arg_list:
  expr[e]                       { $$ = ast_args(B, NULL, no_id, $e); }
| name[n] "=" expr[e]           { $$ = ast_args(B, NULL, $n, $e); }
| arg_list[as] "," expr[e]      { $$ = ast_args(B, $as, no_id, $e); }
| arg_list[as] "," name[n] "=" expr[e]  { $$ = ast_args(B, $as, $n, $e); }
;

/* ---- names ------------------------------------------------------------------------------- */

/* Something declared, or a part of it. */
ref:
  name[n]                       { $$ = ast_name(B, @$, $n.name); }
| ref[b] "." name[n]            { $$ = ast_member(B, @$, $b, $n); }
| element
;
/* One of a list; words of the grammar are no lists, since their lines may go on with a list. */
element:
  NAME[n] "[" exprs "]"         { $$ = ast_index(B, @$, ast_name(B, @n, $n), $exprs); }
;
names:
  name[n]                       { $$ = ast_ids(B, NULL, $n); }
| names[ns] "," name[n]         { $$ = ast_ids(B, $ns, $n); }
;
name:
  NAME                          { $$ = id($1, @1); }
| word                          { $$ = id($1, @1); }
;
word:
  "param" | "const" | "dt" | "seed" | "batch" | "data" | "layer" | "signal" | "connect" | "experiment"
| "record" | "plot" | "draws" | "function" | "table" | "import" | "neuron" | "feature" | "rule" | "state" | "trace" | "step"
| "learns" | "needs" | "each" | "on" | "tau" | "input" | "range" | "norm" | "decay" | "learn"
| "keep" | "spike" | "run" | "reset" | "freeze" | "thaw" | "vote" | "report" | "save" | "load" | "present" | "tunable" | "set"
| "add" | "of" | "pre" | "post" | "per" | "signed" | "absolute" | "after" | "sum" | "sign" | "reduce" | "over" | "average" | "shared"
| "method" | "receive" | "when" | "refractory" | "hold" | "pulse" | "shuffled" | "clamp" | "silence" | "inject" | "zero" | "where" | "into" | "kept" | "one" | "at" | "random" | "every" | "samples" | "steps" | "during" | "bool" | "time"
| "test" | "expect" | "near" | "within" | "rate" | "with" | "repeat" | "times" | "sweep" | "golden"
;

%%

/* Scanner and filter know nothing of bison's types; here they meet. */
static int
snn_yylex(SNN_YYSTYPE *value, Span *at, Parse *p)
{
	Token t = layout_next(p);
	*at = t.span;
	if (t.kind == TOK_NUMBER)
		value->number = t.number;
	else if (t.kind == TOK_STRING)
		value->string = t.string;
	else if (t.kind == TOK_UNIT)
		value->unit = t.unit;
	else
		value->name = t.name;
	return t.kind;
}

static int
yyreport_syntax_error(const yypcontext_t *context, Parse *p)
{
	yysymbol_kind_t kinds[YYNTOKENS];
	const char *texts[YYNTOKENS];
	int n = yypcontext_expected_tokens(context, kinds, YYNTOKENS);
	for (int i = 0; i < n; i++)
		texts[i] = yysymbol_name(kinds[i]);
	syntax_error(p, texts, n > 0 ? n : 0);
	return 0;
}

/* Called for one thing only: the parser's stack has reached YYMAXDEPTH. */
static void
snn_yyerror(const Span *at, Parse *p, const char *what)
{
	(void)what;
	syntax_too_deep(p, *at);
}
