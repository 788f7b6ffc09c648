/* net_inner.h: what the files that print share, and those that verify. */
#ifndef SNNC_NET_NET_INNER_H
#define SNNC_NET_NET_INNER_H

#include "net/net.h"

/* Where code stands, for its names: a layer, or a connection's feature, or its rule. */
typedef struct {
	StrBuf *out;
	const Net *net;
	const NetLayer *layer; /* neuron code; NULL in connections and the protocol */
	const NetConn *conn;
	const NetFeature *feature; /* its states and tables have names; NULL: they are not named */
	const NetRule *rule;
	const NetSignal *signal;
	const NetCode *code;
	bool protocol;
} NetPlace;

void net_print_seen(StrBuf *out, const Net *n, uint32_t index);   /* net_print_test.c */
void net_print_expects(StrBuf *out, const Net *n);
void net_print_var(StrBuf *out, const Net *n, const NetVar *v);
const char *net_verify_expects(const Net *n);             /* net_verify_test.c; NULL: sound */
void net_print_number(StrBuf *out, const Net *n, double v);
void net_print_expr(const NetPlace *at, const NetExpr *e);
void net_print_code(const NetPlace *at, const char *head, const NetCode *c,
		    int depth); /* nothing if it is empty */

/* ---- verification (net_verify.c, net_verify_code.c) ------------------------------------------ */

/* What code is checked against, and the first thing that is wrong. */
typedef struct {
	const Net *net;
	Arena *arena;
	const char *wrong;
	const char *place; /* "layer exc, step" */
	const NetLayer *layer;
	const NetConn *conn;
	const NetRule *rule;
	const NetFeature *feature;
	const NetSignal *signal;
	uint32_t neurons;  /* signals, protocol: how many `own` may be; 0: there is none */
	const NetCode *code;
	bool init;         /* constants and arrays only */
	bool layer_init;   /* indices and draws too */
	bool in_system;    /* the rate of an equation */
	bool feature_init; /* indices and draws too */
	bool protocol;
} NetCheck;

bool net_fail(NetCheck *c, const char *what);             /* false; keeps the first */
bool net_need(NetCheck *c, bool cond, const char *what);
uint64_t net_array_size(const Net *n, const NetArray *a);
bool net_check_expr(NetCheck *c, const NetExpr *e);
bool net_check_typed(NetCheck *c, const NetExpr *e, NetType t);
bool net_check_code(NetCheck *c, const char *place, const NetCode *code);
bool net_check_var(NetCheck *c, const NetVar *v);

#endif
