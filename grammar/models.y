/* models.y: neurons, features, rules: their parts and their statements. A part of the grammar, see snn.y. */
%type <id> maybe_of maybe_side;
%type <name> side;
%type <expr> maybe_if;
%type <args> maybe_shape;
%type <op> assign_op set_or_add;
%type <yes> maybe_bool;
%type <stmt> assign equation if_stmt model_stmt;
%type <stmts> model_block model_stmts maybe_block;
%type <trace> trace trace_parts;
%type <model> spike_when neuron_parts rule_parts params param_list feature_body feature_lines;
%type <param> param maybe_type;
%type <state> state;

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
