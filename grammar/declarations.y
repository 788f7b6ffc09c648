/* declarations.y: what a program declares: layers, connections, records and the rest. A part of the grammar, see snn.y. */
%type <id> maybe_form called maybe_into;
%type <name> setting;
%type <ids> signal_of;
%type <expr> record_part rule_use function_block function_if;
%type <args> record_args record_parts shape turns table_dims function_params function_param_list function_lines;
%type <yes> each_what of_signed steps_or_samples;
%type <decl> decl layer layer_block layer_parts connect connect_head record plot draws table choice;
%type <decls> decl_block decls;
%type <part> feature_block feature_parts learn;
%type <features> features;
%type <model> signal_block signal_parts;

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
| feature_parts[f] "stored" NAME[how] EOL
                                { $$ = ast_feature_stored(B, $f, span_join(@2, @how), id($how, @how)); }
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
