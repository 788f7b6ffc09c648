/* Each pass alone, from plan text to plan text: tests/opt/PASS/NAME.plan and NAME.out.plan. */
#include "suites.h"

#include "opt/opt.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
slurp(Arena *a, const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	StrBuf b = strbuf_init(a);
	for (int c; (c = fgetc(f)) != EOF;)
		strbuf_putc(&b, (char)c);
	fclose(f);
	return arena_strdup(a, strbuf_text(&b));
}

static void
check_case(Arena *a, const char *pass, const char *dir, const char *file)
{
	const char *why = NULL;
	Plan *p = plan_read(a, intern_open(a), slurp(a, arena_printf(a, "%s/%s", dir, file)), &why);
	if (!p) {
		printf("%s/%s: %s\n", dir, file, why);
		CU_FAIL("the plan does not read");
		return;
	}
	CU_ASSERT_TRUE(opt_pass(p, pass));
	const char *wrong = plan_verify(p, a);
	if (wrong)
		printf("%s/%s: %s\n", dir, file, wrong);
	CU_ASSERT_PTR_NULL(wrong);
	StrBuf out = strbuf_init(a);
	plan_print(&out, p);
	const char *want = slurp(a, arena_printf(a, "%s/%.*s.out.plan", dir, (int)(strlen(file) - 5), file));
	bool same = want && !strcmp(want, strbuf_text(&out));
	if (!same)
		printf("%s/%s gives\n%s", dir, file, strbuf_text(&out));
	CU_ASSERT_TRUE(same);
}

static void
passes_keep_their_goldens(void)
{
	Arena *a = arena_open();
	uint32_t found = 0;
	for (uint32_t k = 0; k <= opt_pass_count(); k++) {
		const char *pass = k < opt_pass_count() ? opt_pass_name(k) : "team";
		const char *dir = arena_printf(a, "%s/tests/opt/%s", SNNC_SOURCE_DIR, pass);
		DIR *d = opendir(dir);
		for (struct dirent *e; d && (e = readdir(d));) {
			size_t n = strlen(e->d_name);
			if (n > 5 && !strcmp(e->d_name + n - 5, ".plan") && !strstr(e->d_name, ".out.")) {
				check_case(a, pass, dir, e->d_name);
				found++;
			}
		}
		if (d)
			closedir(d);
	}
	CU_ASSERT_TRUE(found > opt_pass_count());
	arena_close(a);
}

CU_TestInfo test_opt[] = {
    {"every pass turns its example into its golden", passes_keep_their_goldens},
    CU_TEST_INFO_NULL,
};
