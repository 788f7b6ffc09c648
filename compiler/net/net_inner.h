/* net_inner.h: what the printing files share. */
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

#endif
