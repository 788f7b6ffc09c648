/* expressions.y: expressions and names. A part of the grammar, see snn.y. */
%type <id> name;
%type <ids> names;
%type <expr> element expr index_arg primary ref string;
%type <args> exprs args arg_list arguments tuple_parts index_args;

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
