/* tests.y: tests. A part of the grammar, see snn.y. */
%type <test> test;
%type <stmts> test_stmts;
%type <stmt> test_stmt expect;
%type <expr> seen rate event times;
%type <op> compared;

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
