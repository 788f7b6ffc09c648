/* end.y: where the parser meets scanner, filter and messages. The last part of the grammar, see snn.y. */
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
