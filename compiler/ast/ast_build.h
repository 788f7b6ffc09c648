/* ast_build.h: one builder for each action of the grammar, in grammar/.
 *
 * A builder makes a node from parts that the parser has read and decides
 * nothing that needs a declared name. What it does check is what the text alone
 * shows: nesting that is too deep, a part written twice, a part that is missing;
 * then `failed` is set and the node is still sound. Span first, then parts in
 * the order of the text.
 *
 * Blocks are read before the node they belong to is complete. Their parts are
 * gathered in a half-filled node (ast_feature_parts, ast_model_parts …), which
 * the last builder completes.
 */
#ifndef SNNC_AST_AST_BUILD_H
#define SNNC_AST_AST_BUILD_H

#include "ast/ast.h"
#include "diag/diag.h"

typedef struct {
	Arena *arena;
	Diag *diag;
	bool library;                                     /* declarations come from the library's text */
	bool failed;                                      /* an error was reported */
	bool too_deep;                                    /* E0107 was reported; once is enough */
} AstBuild;

typedef struct { Name name; Span span; AstExpr *arg; /* of readouts; of a name that expand works out: L[k], p.name */ } AstId;
typedef VEC(AstId) AstIdVec;
typedef VEC(AstFeature) AstFeatureVec;

/* ---- names and expressions (ast_build.c) ---- */
AstIdVec *ast_ids(AstBuild *b, AstIdVec *ids, AstId id);           /* adds; NULL starts a list */
AstExpr *ast_number(AstBuild *b, Span at, double value, bool is_int);
AstExpr *ast_number_unit(AstBuild *b, Span at, AstExpr *number, const Unit *unit, Span unit_span);
AstExpr *ast_bool(AstBuild *b, Span at, bool truth);
AstExpr *ast_string(AstBuild *b, Span at, const char *text);
AstExpr *ast_name(AstBuild *b, Span at, Name name);
AstExpr *ast_member(AstBuild *b, Span at, AstExpr *base, AstId name);
AstExpr *ast_call(AstBuild *b, Span at, AstExpr *base, AstArgVec *args);
AstExpr *ast_index(AstBuild *b, Span at, AstExpr *base, AstArgVec *args);
AstExpr *ast_list(AstBuild *b, Span at, AstArgVec *items);
AstExpr *ast_tuple(AstBuild *b, Span at, AstArgVec *parts);
AstExpr *ast_row(AstBuild *b, Span at, AstExpr *first, AstArgVec *others);      /* (a, b) */
AstExpr *ast_range(AstBuild *b, Span at, AstExpr *first, AstExpr *last, bool exclusive);
AstExpr *ast_unary(AstBuild *b, Span at, AstOp op, AstExpr *x);
AstExpr *ast_binary(AstBuild *b, Span at, AstOp op, AstExpr *x, AstExpr *y);
AstExpr *ast_sum(AstBuild *b, Span at, AstId name, AstExpr *range, AstExpr *of);
AstExpr *ast_over(AstBuild *b, Span at, AstExpr *name, AstExpr *of, AstIdVec *over);
AstExpr *ast_if(AstBuild *b, Span at, AstExpr *then, AstExpr *cond, AstExpr *other);
AstExpr *ast_let_in(AstBuild *b, Span at, AstId name, AstExpr *value, AstExpr *of);
AstExpr *ast_error(AstBuild *b, Span at);
/* Lines of a function: a named one is a `let`; an `if` without `else` (other NULL) leaves the rest to the lines below. */
AstExpr *ast_if_line(AstBuild *b, Span at, AstExpr *cond, AstExpr *then, AstExpr *other);
AstExpr *ast_lines(AstBuild *b, Span at, AstArgVec *lines);        /* the value that they give; lines NULL: none */
AstExpr *ast_no_assignment(AstBuild *b, Span at, AstId name);      /* says so */
AstExpr *ast_range_by(AstBuild *b, Span at, AstExpr *range, AstExpr *step); /* a copy: 0 ..< 100 by 10 */
AstArgVec *ast_args(AstBuild *b, AstArgVec *args, AstId name, AstExpr *value);  /* adds; NULL starts a list; name may be {0} */

/* ---- statements (ast_build.c) ---- */
AstStmtVec *ast_stmts(AstBuild *b, AstStmtVec *stmts, AstStmt *s); /* adds s unless NULL; stmts NULL starts a list */
AstStmt *ast_plain_stmt(AstBuild *b, Span at, AstStmtKind kind);   /* spike reset freeze thaw, and what did not parse */
AstStmt *ast_assign(AstBuild *b, Span at, AstExpr *target, AstOp op, AstExpr *value);
AstStmt *ast_equation(AstBuild *b, Span at, AstId state, AstExpr *e);
AstStmt *ast_let(AstBuild *b, Span at, AstId name, AstExpr *value);
AstStmt *ast_if_stmt(AstBuild *b, Span at, AstExpr *cond, AstStmtVec *body, AstStmtVec *other);
AstStmt *ast_keep_one(AstBuild *b, Span at, AstExpr *cond);
AstStmt *ast_for(AstBuild *b, Span at, AstIdVec *names, AstExpr *data, bool shuffled, AstId phase, AstStmtVec *body);
AstStmt *ast_pulse(AstBuild *b, Span at, AstExpr *target, AstExpr *value);
AstStmt *ast_spike(AstBuild *b, Span at, AstExpr *value);
AstStmt *ast_run(AstBuild *b, Span at, AstExpr *time, bool by_layer, AstStmtVec *controls);   /* controls NULL: none */
AstStmt *ast_control(AstBuild *b, Span at, AstControl control, AstExpr *what, AstExpr *value);
AstStmt *ast_vote(AstBuild *b, Span at, AstExpr *layer, AstId label, AstIdVec *readouts, AstExpr *every, AstExpr *keep, AstExpr *from);
AstStmt *ast_report(AstBuild *b, Span at, AstId what, AstId phase);
AstStmt *ast_save(AstBuild *b, Span at, AstExpr *what, AstExpr *path);
AstStmt *ast_load(AstBuild *b, Span at, AstExpr *what, AstExpr *path);
AstStmt *ast_present(AstBuild *b, Span at, AstExpr *to, AstExpr *what);      /* to layer.parameter: an assignment */
AstStmtVec *ast_present_run(AstBuild *b, Span at, AstStmtVec *what, AstStmt *run);
AstStmtVec *ast_append(AstBuild *b, AstStmtVec *stmts, const AstStmtVec *more);

/* ---- declarations (ast_build_decl.c) ---- */
AstDecl *ast_value_decl(AstBuild *b, Span at, AstDeclKind kind, AstId name, AstExpr *value);
AstDecl *ast_tunable(AstBuild *b, Span at, AstId name, AstExpr *value);
AstDecl *ast_signal(AstBuild *b, Span at, AstId name, AstIdVec *of, AstExpr *value, AstModel *block);   /* of, block: or NULL */
AstDecl *ast_function(AstBuild *b, Span at, AstId name, AstArgVec *params, AstExpr *body);   /* params NULL: none */
AstDecl *ast_bad_decl(AstBuild *b, Span at);
AstDecl *ast_table(AstBuild *b, Span at, AstId name, AstIdVec *columns, AstArgVec *dims, AstExpr *value);
AstDecl *ast_loop(AstBuild *b, Span at, AstArgVec *turns, AstDeclVec *body);
AstDecl *ast_choice(AstBuild *b, Span at, AstExpr *cond, AstDeclVec *body, AstDeclVec *other);  /* other NULL: none */
AstDecl *ast_sweep_decl(AstBuild *b, Span at, AstArgVec *turns);
AstDecl *ast_import(AstBuild *b, Span at, AstExpr *path);
AstDeclVec *ast_decls(AstBuild *b, AstDeclVec *decls, AstDecl *d); /* adds; decls NULL starts a list, d NULL adds nothing */

AstTrace *ast_trace_parts(AstBuild *b);
AstTrace *ast_trace_tau(AstBuild *b, AstTrace *t, Span at, AstExpr *tau);
AstTrace *ast_trace_on_spike(AstBuild *b, AstTrace *t, Span at, AstOp op, AstExpr *value);  /* AOP_UNSET: set */
AstTrace *ast_trace(AstBuild *b, Span at, AstTrace *parts, AstId name, AstId of);

AstDecl *ast_layer_parts(AstBuild *b);
AstDecl *ast_layer_trace(AstBuild *b, AstDecl *layer, AstTrace *t);
AstDecl *ast_layer_input(AstBuild *b, AstDecl *layer, Span at, AstExpr *input, AstId port);
AstDecl *ast_layer_method(AstBuild *b, AstDecl *layer, Span at, AstId method);
AstDecl *ast_layer_places(AstDecl *layer, Span at, AstId form, AstArgVec *places);
AstDecl *ast_layer(AstBuild *b, Span at, AstDecl *parts, AstId name, AstId model, AstArgVec *shape, AstArgVec *args);

AstFeature *ast_feature_parts(AstBuild *b);
AstFeature *ast_feature_range(AstBuild *b, AstFeature *f, Span at, AstExpr *lo, AstExpr *hi);
AstFeature *ast_feature_norm(AstBuild *b, AstFeature *f, Span at, AstExpr *norm, AstId per, bool each_step,
			     bool is_signed);
AstFeature *ast_feature_decay(AstBuild *b, AstFeature *f, Span at, AstExpr *decay);
AstFeature *ast_feature_stored(AstBuild *b, AstFeature *f, Span at, AstId how);
AstFeature *ast_feature_keep_sign(AstBuild *b, AstFeature *f, Span at, AstId per, AstId side, AstExpr *where);
AstFeature *ast_feature_learn(AstBuild *b, AstFeature *f, Span at, AstFeature *learn);
/* What stands behind `learn` is kept in a feature of its own until the line is whole. */
AstFeature *ast_learn(AstBuild *b, AstExpr *rule);
AstFeature *ast_learn_reduce(AstBuild *b, AstFeature *l, Span at, AstId how);
AstFeature *ast_learn_average(AstBuild *b, AstFeature *l, Span at, AstExpr *steps, bool each);
AstFeature *ast_feature_param(AstBuild *b, AstFeature *f, AstId name, AstExpr *value);
/* parts NULL: none; features NULL starts a list */
AstFeatureVec *ast_features(AstBuild *b, AstFeatureVec *features, Span at, AstId name, AstId model, AstExpr *value,
			    AstFeature *parts);
AstFeatureVec *ast_features_shared(AstBuild *b, AstFeatureVec *features, Span at, AstId name, AstId model, AstId of,
				   AstFeature *parts);

AstDecl *ast_connect(AstBuild *b, Span at, AstExpr *from, AstExpr *to);
AstDecl *ast_connect_by(AstBuild *b, AstDecl *c, Span at, AstExpr *pattern);
AstDecl *ast_connect_as(AstBuild *b, AstDecl *c, Span at, AstId name);
AstDecl *ast_connect_block(AstBuild *b, AstDecl *c, Span at, AstFeatureVec *features);

AstDecl *ast_experiment(AstBuild *b, Span at, AstStmtVec *body);
AstDecl *ast_record(AstBuild *b, Span at, AstId gather, AstExpr *what, AstArgVec *part, AstArgVec *args);
AstDecl *ast_record_window(AstBuild *b, AstDecl *r, Span at, AstExpr *from, AstExpr *to);
AstDecl *ast_record_as(AstBuild *b, AstDecl *r, Span at, AstId form);
AstDecl *ast_record_every(AstBuild *b, AstDecl *r, Span at, AstExpr *every, bool samples);
AstDecl *ast_record_during(AstBuild *b, AstDecl *r, Span at, AstId phase);
AstDecl *ast_plot(AstBuild *b, Span at, AstExpr *what, AstId form, AstArgVec *dims);
AstDecl *ast_draws(AstBuild *b, Span at, AstExpr *site, AstExpr *path);

AstModel *ast_model_parts(AstBuild *b);
AstModel *ast_model_param(AstBuild *b, AstModel *m, Span at, AstParam param);
AstModel *ast_model_state(AstBuild *b, AstModel *m, AstState *s);
AstModel *ast_model_trace(AstBuild *b, AstModel *m, AstTrace *t);
AstModel *ast_model_handler(AstBuild *b, AstModel *m, AstHandlerKind kind, Span at, AstStmtVec *body);
AstModel *ast_model_equation(AstBuild *b, AstModel *m, Span at, AstStmt *s);  /* or a `let` of equations */
AstModel *ast_model_receive(AstBuild *b, AstModel *m, Span at, AstId port, AstStmtVec *body);
/* `spike when` is gathered in a model of its own until it is whole. */
AstModel *ast_fire(AstBuild *b, Span at, AstExpr *cond, AstStmtVec *body);   /* body NULL: none */
AstModel *ast_fire_refractory(AstBuild *b, AstModel *f, Span at, AstExpr *time);
AstModel *ast_fire_hold(AstBuild *b, AstModel *f, Span at, AstIdVec *states);
AstModel *ast_model_fire(AstBuild *b, AstModel *m, Span at, AstModel *f);
AstModel *ast_model_method(AstBuild *b, AstModel *m, Span at, AstId method);
AstModel *ast_model_on_signal(AstBuild *b, AstModel *m, Span at, AstId signal, AstStmtVec *body);
AstModel *ast_model_learns(AstBuild *b, AstModel *m, Span at, AstId name, bool is_bool);
AstModel *ast_model_on(AstBuild *b, AstModel *m, Span at, AstExpr *what, AstStmtVec *body);
AstModel *ast_model_needs(AstBuild *b, AstModel *m, AstIdVec *signals);
AstState *ast_state(AstBuild *b, Span at, AstId name, AstId of, AstExpr *init);
AstModel *ast_model_compute(AstBuild *b, AstModel *m, Span at, AstStmt *s);   /* one more statement; NULL: the end */
AstParam ast_table_param(AstId name, AstArgVec *shape);
AstState *ast_state_shape(AstState *s, AstArgVec *shape);
AstState *ast_state_shared(AstState *s, Span at);
AstState *ast_state_kept(AstState *s, Span at);
/* params holds parameters only, parts the rest; either may be NULL. */
AstDecl *ast_model(AstBuild *b, Span at, AstDeclKind kind, AstId name, AstModel *params, AstModel *parts);

/* ---- tests (ast_build_test.c) ---- */
AstStmt *ast_expect(AstBuild *b, Span at, AstExpr *what);
AstStmt *ast_expect_at(AstBuild *b, AstStmt *s, Span at, AstExpr *times);
AstStmt *ast_expect_near(AstBuild *b, AstStmt *s, Span at, AstExpr *value, AstExpr *within, bool percent);
/* name: what is done (`input`, `receive`), or {0}; times: a time, a list, or a RANGE */
AstStmt *ast_event(AstBuild *b, Span at, AstId name, AstExpr *target, AstExpr *value, AstExpr *times);
AstStmt *ast_event_assign(AstBuild *b, Span at, AstStmt *assign, AstExpr *times);
AstStmt *ast_with(AstBuild *b, Span at, AstArgVec *args);
AstStmt *ast_set(AstBuild *b, Span at, AstId name, AstExpr *value);
AstStmt *ast_repeat(AstBuild *b, Span at, AstExpr *times, AstExpr *every);
AstStmt *ast_sweep(AstBuild *b, Span at, AstExpr *what, AstExpr *range, AstExpr *by);
AstStmt *ast_golden(AstBuild *b, Span at, AstExpr *path, AstExpr *of);
AstTest *ast_test(AstBuild *b, Span at, const char *name, Span name_span, AstStmtVec *body);
AstModel *ast_model_test(AstBuild *b, AstModel *m, AstTest *t);
AstDecl *ast_test_decl(AstBuild *b, Span at, AstTest *t);

void ast_program_add(AstBuild *b, AstProgram *program, AstDecl *d);

#endif
