/* ast_build_connect: makes connections and their features. See ast_build.h. */
#include "ast/ast_build_inner.h"

AstFeature *
ast_feature_parts(AstBuild *b)
{
	return ARENA_NEW(b->arena, AstFeature);
}

AstFeature *
ast_feature_range(AstBuild *b, AstFeature *f, Span at, AstExpr *lo, AstExpr *hi)
{
	if (f->lo) {
		report_twice(b, f->range_span, at, "range");
		return f;
	}
	f->lo = lo;
	f->hi = hi;
	f->range_span = at;
	return f;
}

AstFeature *
ast_feature_norm(AstBuild *b, AstFeature *f, Span at, AstExpr *norm, AstId per, bool each_step,
		 bool is_signed)
{
	if (f->norm) {
		report_twice(b, f->norm_span, at, "norm");
		return f;
	}
	f->norm = norm;
	f->norm_span = at;
	f->norm_per = per.name;
	f->norm_per_span = per.span;
	f->norm_each_step = each_step;
	f->norm_signed = is_signed;
	return f;
}

AstFeature *
ast_feature_decay(AstBuild *b, AstFeature *f, Span at, AstExpr *decay)
{
	if (f->decay) {
		report_twice(b, f->decay_span, at, "decay");
		return f;
	}
	f->decay = decay;
	f->decay_span = at;
	return f;
}

AstFeature *
ast_feature_stored(AstBuild *b, AstFeature *f, Span at, AstId how)
{
	if (f->stored) {
		report_twice(b, f->stored_span, at, "stored");
		return f;
	}
	f->stored = how.name;
	f->stored_span = at;
	return f;
}

AstFeature *
ast_feature_keep_sign(AstBuild *b, AstFeature *f, Span at, AstId per, AstId side, AstExpr *where)
{
	if (f->keep_sign) {
		report_twice(b, f->keep_sign_span, at, "keep sign");
		return f;
	}
	f->keep_sign = true;
	f->keep_sign_span = at;
	f->keep_sign_per = per.name;
	f->keep_sign_per_span = per.span;
	f->keep_sign_side = side.name;
	f->keep_sign_side_span = side.span;
	f->keep_sign_where = where;
	return f;
}

AstFeature *
ast_feature_learn(AstBuild *b, AstFeature *f, Span at, AstFeature *learn)
{
	if (f->learn) {
		report_twice(b, f->learn->span, at, "learn");
		return f;
	}
	f->learn = learn->learn;
	f->reduce = learn->reduce;
	f->reduce_span = learn->reduce_span;
	f->average = learn->average;
	f->average_span = learn->average_span;
	f->average_each = learn->average_each;
	return f;
}

AstFeature *
ast_learn(AstBuild *b, AstExpr *rule)
{
	AstFeature *l = ARENA_NEW(b->arena, AstFeature);
	l->learn = rule;
	return l;
}

AstFeature *
ast_learn_reduce(AstBuild *b, AstFeature *l, Span at, AstId how)
{
	if (l->reduce) {
		report_twice(b, l->reduce_span, at, "reduce");
		return l;
	}
	l->reduce = how.name;
	l->reduce_span = how.span;
	return l;
}

AstFeature *
ast_learn_average(AstBuild *b, AstFeature *l, Span at, AstExpr *steps, bool each)
{
	if (l->average) {
		report_twice(b, l->average_span, at, "average");
		return l;
	}
	l->average = steps;
	l->average_span = at;
	l->average_each = each;
	return l;
}

AstFeature *
ast_feature_param(AstBuild *b, AstFeature *f, AstId name, AstExpr *value)
{
	AstArg arg = {name.name, name.span, value};
	VEC_PUSH(b->arena, &f->args, arg);
	return f;
}

static AstFeature *
named_feature(AstBuild *b, Span at, AstId name, AstId model, AstFeature *parts)
{
	AstFeature *f = parts ? parts : ast_feature_parts(b);
	f->name = name.name;
	f->name_span = name.span;
	f->model = model.name;
	f->model_span = model.span;
	f->span = at;
	return f;
}

AstFeatureVec *
ast_features(AstBuild *b, AstFeatureVec *features, Span at, AstId name, AstId model, AstExpr *value,
	     AstFeature *parts)
{
	if (!features)
		features = ARENA_NEW(b->arena, AstFeatureVec);
	if (!value)
		return features;
	AstFeature *f = named_feature(b, at, name, model, parts);
	f->value = value;
	VEC_PUSH(b->arena, features, *f);
	return features;
}

AstFeatureVec *
ast_features_shared(AstBuild *b, AstFeatureVec *features, Span at, AstId name, AstId model,
		    AstId of, AstFeature *parts)
{
	AstFeature *f = named_feature(b, at, name, model, parts);
	f->shared = of.name;
	f->shared_span = of.span;
	VEC_PUSH(b->arena, features, *f);
	return features;
}

AstDecl *
ast_connect(AstBuild *b, Span at, AstExpr *from, AstExpr *to)
{
	AstDecl *d = new_decl(b, at, ADECL_CONNECT);
	d->connect.from = from;
	d->connect.to = to;
	return d;
}

AstDecl *
ast_connect_by(AstBuild *b, AstDecl *d, Span at, AstExpr *pattern)
{
	if (d->connect.pattern)
		report_twice(b, d->connect.pattern->span, at, "by");
	else
		d->connect.pattern = pattern;
	d->span = span_join(d->span, at);
	return d;
}

AstDecl *
ast_connect_as(AstBuild *b, AstDecl *d, Span at, AstId name)
{
	if (d->name || d->called)
		report_twice(b, d->name_span, at, "as");
	else
		set_name(d, name);
	d->span = span_join(d->span, at);
	return d;
}

AstDecl *
ast_connect_block(AstBuild *b, AstDecl *d, Span at, AstFeatureVec *features)
{
	(void)b;
	TAKE(&d->connect.features, features);
	d->span = at;
	return d;
}
