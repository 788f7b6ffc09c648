/* elab_sparse: the synapses that a file lists: the entries of a matrix [pre, post], or pairs (pre, post), which may have a value each;
 * and files that say values of them. The run reads them again. */
#include "elab/elab_inner.h"

#include <inttypes.h>
#include <string.h>

static const char *
help_of(ElabDataStatus status, const NetPattern *p)
{
	if (status == ELAB_DATA_TWICE)
		return p->pairs ? "list each pair once, or allow several synapses of a pair: `multapses = true`" : "list each pair once";
	return p->pairs ? "`edges` takes pairs (source, target), or a matrix of scipy.sparse.save_npz"
			: "`sparse` takes a matrix [sources, targets], also of scipy.sparse.save_npz";
}

static bool
read(Elab *el, Span at, const NetLayer *pre, const NetLayer *post, const char *value, NetPattern *p, double **values)
{
	const ElabWorld *world = &el->env->world;
	const char *why = NULL;
	ElabDataStatus status = ELAB_DATA_BAD;
	if (!world->edges) {
		elab_not_yet(el, at, "synapses from a file, where nothing can be read,");
		return false;
	}
	if (world->edges(world->env, pre->n, post->n, value, p, values, &why, &status))
		return true;
	el->env->world_errors++;
	DiagCode code = status == ELAB_DATA_MISSING ? E0701 : status == ELAB_DATA_OUTSIDE ? E0704 : status == ELAB_DATA_SHAPE ? E0407
			: status == ELAB_DATA_RANGE ? E0408 : status == ELAB_DATA_TWICE ? E0414 : E0702;
	elab_error(el, code, at, "%s", why && *why ? why : "the file cannot be read");
	diag_help(el->diag, "%s", help_of(status, p));
	diag_end(el->diag);
	return false;
}

bool
elab_synapses(Elab *el, Span at, const NetLayer *pre, const NetLayer *post, NetPattern *p)
{
	if (!read(el, at, pre, post, NULL, p, NULL))
		return false;
	if (p->nsynapses)
		return true;
	elab_error(el, E0414, at, "`%s` lists no synapse", p->path);
	diag_help(el->diag, "%s", help_of(ELAB_DATA_SHAPE, p));
	diag_end(el->diag);
	return false;
}

bool
elab_given(Elab *el, const NetConn *c, NetFeature *f)
{
	const NetPattern *p = &c->pattern;
	const ElabWorld *world = &el->env->world;
	if (p->kind != NPAT_SPARSE || p->drawn || f->of_post || !p->path || !f->init.file || !world->says || !world->says(p->path, f->init.file))
		return true;
	if (!p->row)
		return false;                             /* was told */
	if (!strcmp(p->path, f->init.file) && p->weight) {
		f->init.given = p->weight;
		return true;
	}
	return read(el, f->init.span, &el->net->layers.at[c->pre], &el->net->layers.at[c->post], f->init.file, &el->net->conns.at[c - el->net->conns.at].pattern,
		    &f->init.given);
}
