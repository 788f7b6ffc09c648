/* memory.c: what a run needs against what there is, before anything is allocated. */
#define _GNU_SOURCE
#include "rt.h"

#include <stdlib.h>
#include <string.h>

/* First number of a small file, or of the line that begins with key; UINT64_MAX if there is none ("max"). */
static uint64_t
read_number(const char *path, const char *key)
{
	FILE *f = fopen(path, "re");
	char line[256];
	uint64_t v = UINT64_MAX;
	size_t n = strlen(key);
	if (!f)
		return v;
	while (fgets(line, sizeof line, f)) {
		if (strncmp(line, key, n) != 0)
			continue;
		char *end;
		unsigned long long read = strtoull(line + n, &end, 10);
		if (end != line + n)
			v = read;
		break;
	}
	fclose(f);
	return v;
}

/* What the group at /sys/fs/cgroup/<group> may still take. Cached files are given back when needed. */
static uint64_t
group_free(const char *group)
{
	char path[512];
	snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", group);
	uint64_t most = read_number(path, "");
	if (most == UINT64_MAX)
		return most;
	snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.current", group);
	uint64_t used = read_number(path, "");
	snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.stat", group);
	uint64_t cached = read_number(path, "file ");
	if (used == UINT64_MAX)
		return most;
	if (cached != UINT64_MAX)
		used -= cached < used ? cached : used;
	return most > used ? most - used : 0;
}

static uint64_t
groups_free(void)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[400];
	uint64_t least = UINT64_MAX;
	if (!f)
		return least;
	while (fgets(line, sizeof line, f)) {
		if (strncmp(line, "0::", 3) != 0)
			continue;
		char *group = line + 3;
		group[strcspn(group, "\n")] = 0;
		for (;;) {                                    /* a limit above holds too */
			uint64_t v = group_free(strcmp(group, "/") == 0 ? "" : group);
			least = v < least ? v : least;
			char *slash = strrchr(group, '/');
			if (!slash || !*group)
				break;
			*slash = 0;
		}
	}
	fclose(f);
	return least;
}

uint64_t
rt_memory_free(void)
{
	uint64_t kib = read_number("/proc/meminfo", "MemAvailable:");
	uint64_t free_bytes = kib == UINT64_MAX ? kib : kib * 1024, group = groups_free();
	return group < free_bytes ? group : free_bytes;
}

static void
name_largest(const snnrt_program *p, RtText *t)
{
	uint32_t taken[3], n = 0;
	for (; n < 3 && n < p->nbuffers; n++) {
		uint32_t best = UINT32_MAX;
		for (uint32_t i = 0; i < p->nbuffers; i++) {
			bool was = (n > 0 && taken[0] == i) || (n > 1 && taken[1] == i);
			if (!was && (best == UINT32_MAX || rt_room(&p->buffers[i]) > rt_room(&p->buffers[best])))
				best = i;
		}
		taken[n] = best;
		const snnrt_buffer *b = &p->buffers[best];
		uint64_t extent[6];
		for (uint32_t a = 0; a < b->naxes; a++)
			extent[a] = b->axis[a].extent;
		rt_text_printf(t, "%s`%s` %s ", n ? ", " : "", b->name, rt_type_name(b->type));
		rt_text_shape(t, b->naxes, extent);
		rt_text_printf(t, " ");
		rt_text_bytes(t, rt_room(b));
	}
}

bool
rt_memory_check(snnrt *rt, uint64_t own)
{
	uint64_t need = rt->p->arena_bytes, given = rt->o.memory ? rt->o.memory : rt_memory_free();
	if (__builtin_add_overflow(need, own, &need))
		need = UINT64_MAX;
	if (need <= given)
		return true;
	RtText t = {0};
	rt_text_printf(&t, "the network needs ");
	rt_text_bytes(&t, need);
	rt_text_printf(&t, ", %s is ", rt->o.memory ? "--memory" : "free");
	rt_text_bytes(&t, given);
	if (rt->p->nbuffers) {
		rt_text_printf(&t, "; the largest buffers are ");
		name_largest(rt->p, &t);
	}
	rt_fail(rt, "%s", t.s ? t.s : "not enough memory");
	rt_text_fini(&t);
	return false;
}
