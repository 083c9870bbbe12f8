/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec-plan.h"

#include <string.h>

#include "exec-request.h"

#define SETTINGS_MAX 8

typedef struct
{
  const char *settings[SETTINGS_MAX * 2]; /* key, value */
  const char *problem;                    /* part of the sentence; NULL: it is right */
  const char *argv;                       /* joined by '|' */
} PlanCase;

static FelVerbRequest
request_of (const char *const *pairs, FelSetting *settings)
{
  FelVerbRequest request = { .struct_size = sizeof request, .instance = "tool", .settings = settings };

  for (gsize i = 0; i < SETTINGS_MAX && pairs[i * 2] != NULL; i++)
    settings[request.n_settings++] = (FelSetting){ pairs[i * 2], pairs[i * 2 + 1] };
  return request;
}

static const PlanCase plan_cases[] = {
  { { "command", "/bin/x" }, NULL, "/bin/x" },
  { { "command", "  /bin/x  a 'b c' \"d\\\"e\" f\\ g '' " }, NULL, "/bin/x|a|b c|d\"e|f g|" },
  { { "command", "/bin/x $HOME `id` $(id) ; > * ~ | &" }, NULL, "/bin/x|$HOME|`id`|$(id)|;|>|*|~|||&" },
  { { "command", "'/opt/my tools/x' --y" }, NULL, "/opt/my tools/x|--y" },
  { { "command", "/bin/x", "verbs", "mint" }, NULL, "/bin/x" },
  { { "command", "/bin/x", "verbs", " mint ; revoke;list;renew;" }, NULL, "/bin/x" },
  { { "command", "/bin/x", "port", "65535", "host", "::1", "ssl-mode", "require", "user", "u" }, NULL, "/bin/x" },
  { { NULL }, "command: it is missing", NULL },
  { { "command", " " }, "command: it is missing", NULL },
  { { "command", "x" }, "command: its first word is not an absolute path", NULL },
  { { "command", "./x" }, "command: its first word is not an absolute path", NULL },
  { { "command", "/bin/x 'y" }, "command: a quotation mark or a backslash has no end", NULL },
  { { "command", "/bin/x y\\" }, "command: a quotation mark or a backslash has no end", NULL },
  { { "command", "/bin/x", "verbs", "" }, "verbs: mint is missing", NULL },
  { { "command", "/bin/x", "verbs", "revoke" }, "verbs: mint is missing", NULL },
  { { "command", "/bin/x", "verbs", "mint;renew" }, "verbs: list and renew need revoke", NULL },
  { { "command", "/bin/x", "verbs", "mint,revoke" }, "verbs: there are only", NULL },
  { { "command", "/bin/x", "env", "A=1 B='x y' _c=" }, NULL, "/bin/x" },
  { { "command", "/bin/x", "env", "A-B=1" }, "env: a word is neither", NULL },
  { { "command", "/bin/x", "env", "=1" }, "env: a word is neither", NULL },
  { { "command", "/bin/x", "env", "1A" }, "env: a word is neither", NULL },
  { { "command", "/bin/x", "env", "A='x" }, "env: a quotation mark", NULL },
  { { "command", "/bin/x", "env", "GLIBC_TUNABLES" }, "env: GLIBC_TUNABLES is set for the daemon", NULL },
  { { "command", "/bin/x", "env", "NOTIFY_SOCKET" }, "is not passed on", NULL },
  { { "command", "/bin/x", "env", "LISTEN_FDS" }, "is not passed on", NULL },
  { { "command", "/bin/x", "port", "65536" }, "port:", NULL },
  { { "command", "/bin/x", "host", "" }, "host:", NULL },
  { { "command", "/bin/x", "user", "" }, "user:", NULL },
  { { "command", "/bin/x", "user", "a\nb" }, "user:", NULL },
  { { "command", "/bin/x", "database", "\x7f" }, "database:", NULL },
  { { "command", "/bin/x", "ssl-mode", "on" }, "ssl-mode:", NULL },
};

static void
test_plan (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (plan_cases); i++)
    {
      FelSetting settings[SETTINGS_MAX];
      FelVerbRequest request = request_of (plan_cases[i].settings, settings);
      g_autofree char *problem = NULL;
      g_autoptr (ExecPlan) plan = exec_plan_new (&request, &problem);
      g_autofree char *argv = plan != NULL ? g_strjoinv ("|", plan->argv) : NULL;

      g_test_message ("%" G_GSIZE_FORMAT ": %s", i, problem != NULL ? problem : "it is right");
      g_assert_cmpstr (argv, ==, plan_cases[i].argv);
      g_assert_true ((problem == NULL) == (plan_cases[i].problem == NULL));
      if (problem != NULL)
        g_assert_nonnull (strstr (problem, plan_cases[i].problem));
    }
}

static void
check_words_max (const char *key, const char *word, guint max)
{
  for (guint n = max; n <= max + 1; n++)
    {
      g_autoptr (GString) text = g_string_new (g_str_equal (key, "command") ? "/bin/x" : "A=1");
      g_autofree char *problem = NULL;
      g_autoptr (ExecPlan) plan = NULL;
      FelSetting settings[] = { { "command", "/bin/x" }, { key, NULL } };
      FelVerbRequest request = { .struct_size = sizeof request, .instance = "tool", .settings = settings };

      for (guint i = 1; i < n; i++)
        g_string_append_printf (text, " %s", word);
      settings[1].value = text->str;
      if (g_str_equal (key, "command"))
        settings[0] = settings[1];
      request.n_settings = g_str_equal (key, "command") ? 1 : 2;
      plan = exec_plan_new (&request, &problem);
      g_assert_true ((plan != NULL) == (n <= max));
    }
}

static void
test_words_max (void)
{
  check_words_max ("command", "x", 64);
  check_words_max ("env", "A=1", 64);
}

static ExecPlan *
plan_with_env (const char *env)
{
  const char *pairs[SETTINGS_MAX * 2] = { "command", "/bin/x", "env", env };
  FelSetting settings[SETTINGS_MAX];
  FelVerbRequest request = request_of (pairs, settings);
  g_autofree char *problem = NULL;
  ExecPlan *plan = exec_plan_new (&request, &problem);

  g_assert_cmpstr (problem, ==, NULL);
  return plan;
}

static void
test_environment (void)
{
  g_auto (GStrv) names = g_listenv ();
  g_autoptr (ExecPlan) plan = NULL;
  g_autofree char *all = NULL;

  for (char **name = names; *name != NULL; name++)
    g_unsetenv (*name);
  g_setenv ("HOME", "/home/me", TRUE);
  g_setenv ("LANG", "C.UTF-8", TRUE);
  g_setenv ("LD_PRELOAD_X", "x", TRUE);
  g_setenv ("SECRET", "x", TRUE);
  g_setenv ("WANTED", "w", TRUE);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x", TRUE);
  plan = plan_with_env ("WANTED ABSENT PATH=/opt:/bin LANG=xx 'TWO=a b' LD_LIBRARY_PATH=/opt/lib EMPTY=");
  all = g_strjoinv ("|", plan->env);
  g_assert_cmpstr (all, ==, "PATH=/opt:/bin|HOME=/home/me|LANG=xx|WANTED=w|TWO=a b|LD_LIBRARY_PATH=/opt/lib|EMPTY=");
}

/* What a helper reads */

static void
test_request (void)
{
  const char *pairs[SETTINGS_MAX * 2] = { "command", "/bin/x", "user", "u", "port", "6432", "ssl-mode", "require" };
  FelSetting settings[SETTINGS_MAX];
  FelVerbRequest request = request_of (pairs, settings);
  g_autofree char *problem = NULL;
  g_autoptr (ExecPlan) plan = exec_plan_new (&request, &problem);
  g_autofree char *mint = NULL;
  g_autofree char *revoke = NULL;

  request.workspace = "tool";
  request.database = "or\"ders\n";
  request.token = "never";
  mint = exec_request_to_json (plan, &request, EXEC_MINT);
  g_assert_cmpstr (mint, ==,
                   "{\"operation\":\"mint\",\"instance\":\"tool\",\"database\":\"or\\\"ders\\n\",\"internal\":false,"
                   "\"defaults\":{\"user\":\"u\",\"port\":6432,\"sslMode\":\"require\"}}");
  request.id = "7";
  request.tenant_id = "t";
  request.ttl_sec = G_MAXUINT64;
  request.intent = "i";
  request.label = "l";
  revoke = exec_request_to_json (plan, &request, EXEC_REVOKE);
  g_assert_cmpstr (revoke, ==,
                   "{\"operation\":\"revoke\",\"instance\":\"tool\",\"database\":\"or\\\"ders\\n\",\"tenantId\":\"t\","
                   "\"label\":\"l\",\"id\":\"7\",\"ttl\":9223372036854775807,\"intent\":\"i\","
                   "\"defaults\":{\"user\":\"u\",\"port\":6432,\"sslMode\":\"require\"}}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/exec-plan/plan", test_plan);
  g_test_add_func ("/exec-plan/words-max", test_words_max);
  g_test_add_func ("/exec-plan/request", test_request);
  g_test_add_func ("/exec-plan/environment", test_environment);
  return g_test_run ();
}
