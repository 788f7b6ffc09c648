/* solve_inner.h: what the files of this folder share. */
#ifndef SNNC_SOLVE_SOLVE_INNER_H
#define SNNC_SOLVE_SOLVE_INNER_H

#include "solve/solve.h"

typedef VEC(NetStmt *) StmtVec;

/* Where the code stands that is worked on. */
typedef struct {
	SolveEnv *env;
	Net *net;
	Arena *a;
	uint32_t layer;      /* neuron code; NET_NONE in connections */
	const NetConn *conn; /* else: rules and features */
	NetLayer *owner;     /* neuron code: whose states these are; else NULL */
	NetCode *code;
	bool failed;
} Solve;

/* A number that is known now, in double: one, or one for each neuron of a layer. */
typedef struct {
	uint32_t n;
	const double *at;
	NetSide side;
} Fixed;

typedef struct {
	Solve *s;
	const NetStmt *stmt;
	const NetStmt *said;                              /* a copy: as the program said it */
	uint32_t n;
	uint32_t *state;       /* indices of the states */
	const char **name;
	Span *place;           /* of the equations */
	NetExpr **x;           /* the states themselves */
	NetExpr **rate;
	NetExpr **drift, **kick; /* of rates with noise: without it; what its normal numbers add up to. Else NULL */
	NetExpr **joint[2];    /* what noise of states that move together adds: while all move; while the held ones stand still. Else NULL */
	bool *held;            /* stands still unless `free` */
	NetExpr *free;         /* NULL: nothing is held */
	StmtVec out;           /* what takes its place */
} System;

/* ---- algebra.c: expressions ---- */
bool sol_fixed(Solve *s, const NetExpr *e, Fixed *out); /* false: it is not known now */
Fixed sol_number(Solve *s, double v);
Fixed sol_map(Solve *s, double (*f)(double a, double b), Fixed a, Fixed b);
NetExpr *sol_from_fixed(Solve *s, Fixed v, Span at);    /* rounded to the real type */
NetExpr *sol_const(Solve *s, double v, Span at);
NetExpr *sol_unary(Solve *s, NetOp op, NetExpr *a);
/* Also with 0 and 1 left away; for sums and products that are made here. */
NetExpr *sol_binary(Solve *s, NetOp op, NetExpr *a, NetExpr *b);
NetExpr *sol_scaled(Solve *s, NetExpr *e, Fixed k);     /* e * k, k joined with the factors that e has */
NetExpr *sol_select(Solve *s, NetExpr *then, NetExpr *cond, NetExpr *other);
NetExpr *sol_copy(Solve *s, const NetExpr *e);
bool sol_reads(const NetExpr *e, uint32_t state);
bool sol_reads_system(const System *y, const NetExpr *e);
/* With the states of the system replaced by by[i], where that is not NULL. */
NetExpr *sol_replaced(const System *y, const NetExpr *e, NetExpr *const *by);
NetExpr *sol_slope(const System *y, const NetExpr *e, uint32_t i); /* d e / d x_i if e is linear in it, else NULL */
double sol_mul(double a, double b);
double sol_div(double a, double b);
double sol_add(double a, double b);
double sol_sub(double a, double b);

/* ---- linear.c: rate_i = sum_j a_ij x_j + sum_k g_ik term_k + f_i with numbers a, g, f ---- */
typedef struct {
	VEC(NetExpr *) term;   /* what is free of the states, and constant over a step */
	Fixed *a;              /* [n * n]; n 0: nothing */
	Fixed *f;              /* [n] */
	VEC(Fixed) g;          /* by term * n + i */
	const NetExpr *bad;    /* why not: the part that is not linear */
	uint32_t bad_equation;
	uint32_t neurons;      /* 1, or as many as the lists among the coefficients have */
	NetSide side;
	bool mixed;            /* lists of both sides */
} Linear;
bool sol_linear(const System *y, Linear *out);
bool sol_is_finite(System *y, const Linear *lin); /* false after a message */

/* ---- settled.c: the same with coefficients that the program works out when it begins; NULL: none ---- */
typedef struct {
	VEC(NetExpr *) term;
	NetExpr **a, **f;      /* [n * n], [n] */
	VEC(NetExpr *) g;      /* by term * n + i */
	uint32_t bad_equation;
} Settled;
bool sol_settled(const System *y, Settled *out);
void sol_propagate(System *y, const Settled *m, NetExpr **next);
/* What the rate of state i, in which it has the factor a, brings over a step; NULL: a does not stand still. */
NetExpr *sol_settled_gain(System *y, uint32_t i, NetExpr *a);

/* ---- noise.c ---- */
typedef struct {
	uint32_t n, *site;
	bool of_states; /* some noise has a factor that reads the states */
} Noise;
bool sol_find_noise(System *y, Noise *out, uint32_t *bad); /* false: in equation *bad a noise is no plain summand */
NetExpr *sol_noise_factor(Solve *s, NetExpr *e, uint32_t site);   /* NULL: it has none */
NetExpr *sol_without_noise(Solve *s, NetExpr *e, const Noise *noise);
/* ---- joint.c: true if the states share noise or each other, in a system that is exact: then rates have none any more, y->joint has it, and
 * *lin is filled. ---- */
bool sol_joint_noise(System *y, const Noise *noise, Linear *lin);
void sol_draw_noise(System *y, const Noise *noise);        /* fills drift and kick; rates then have numbers in its place */

/* ---- expm.c ---- */
void sol_expm_minus_one(Arena *a, uint32_t n, const double *m, double *out); /* e^m - 1, n by n, rows first */
void sol_multiply(uint32_t n, const double *a, const double *b, bool turned, double *out);   /* a b, or a b^T */
double sol_norm(uint32_t n, const double *m);                               /* the largest row */
double sol_exprel(double z);                                                /* (e^z - 1) / z */

/* ---- exact.c, stages.c: the states after a step, in terms of those before it ---- */
void sol_exact(System *y, const Linear *lin, NetExpr **next);
/* The state of equation i, in whose rate it has the factor a and nothing else changes. */
NetExpr *sol_alone(System *y, uint32_t i, Fixed a, bool only_decays);
bool sol_is_alone(const System *y, const Linear *lin, uint32_t i); /* its rate reads no other state */
bool sol_only_decays(const System *y, const Linear *lin, uint32_t i);
bool sol_exponential(System *y, NetExpr **next, uint32_t *bad); /* false: equation *bad is not linear in its state */
void sol_euler(System *y, NetExpr **next);
void sol_heun(System *y, NetExpr **next);
void sol_midpoint(System *y, NetExpr **next);
void sol_rk4(System *y, NetExpr **next);
NetExpr *sol_let(System *y, const char *name, NetExpr *e);      /* a local with this value */
NetExpr *sol_held(const System *y, uint32_t i, NetExpr *moved, NetExpr *still);

#endif
