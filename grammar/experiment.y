/* experiment.y: statements of the experiment. A part of the grammar, see snn.y. */
%type <id> readout maybe_phase;
%type <ids> readouts;
%type <expr> maybe_every maybe_keep maybe_from;
%type <yes> shuffled by_layer;
%type <stmt> control protocol_stmt protocol_if;
%type <stmts> present presented controls protocol_block protocol_stmts;

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
