/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec-answer.h"

#include <signal.h>
#include <string.h>

#include "fake-host.h"

#define INTENT "018f2f2e-7d3a-7b1c-8d2e-1f2a3b4c5d6e"
#define NONSENSE (FEL_FAILURE_PROTOCOL | FEL_FAILURE_MAYBE_MINTED)
#define LOST (FEL_FAILURE_NO_ANSWER | FEL_FAILURE_MAYBE_MINTED)
#define FULL "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\"}"
#define ENDING "{\"user\":\"u\",\"password\":\"p\",\"notAfter\":1800000000}"

typedef struct
{
  const char *name;
  const char *body;
  int failure; /* 0: success */
  const char *said;
} BodyCase;

typedef struct
{
  const char *name;
  const char *body;
  ExecOutcome outcome;
  int status;
  gboolean stopped;
  int failure;
  const char *said;
  const char *words; /* part of the sentence */
} EndCase;

static ExecPlan
plan_of (gboolean can_all)
{
  static char *argv[] = { (char *) "/usr/bin/tool", NULL };
  ExecPlan plan = { .argv = argv, .instance = (char *) "tool", .can[EXEC_MINT] = TRUE };

  plan.can[EXEC_REVOKE] = plan.can[EXEC_LIST] = plan.can[EXEC_RENEW] = can_all;
  return plan;
}

static ExecAnswer *
answer_new (ExecOutcome outcome, int status, const char *body)
{
  ExecAnswer *answer = g_new0 (ExecAnswer, 1);

  answer->outcome = outcome;
  answer->status = status;
  answer->len = strlen (body);
  g_assert_cmpuint (answer->len, <=, sizeof answer->body);
  memcpy (answer->body, body, answer->len);
  if (outcome == EXEC_NOT_STARTED)
    answer->why = g_strdup ("there is none");
  return answer;
}

static void
check_said (const char *name, bool ok, const FelOut *out, int failure, const char *said)
{
  g_test_message ("%s: %s", name, out->sentence != NULL ? out->sentence : "success");
  g_assert_true (ok == (failure == 0));
  g_assert_cmpuint (out->n_fails, ==, ok ? 0 : 1);
  g_assert_cmpint (out->failure, ==, failure);
  g_assert_cmpstr (out->said->str, ==, said);
}

static void
check_bodies (const BodyCase *cases, gsize n, ExecOperation operation, const ExecPlan *plan)
{
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (ExecAnswer) answer = answer_new (EXEC_EXITED, 0, cases[i].body);
      g_autoptr (FelOut) out = fake_out_new ();
      ExecCall call = { plan, operation, INTENT, 0 };

      check_said (cases[i].name, exec_answer_read (&fake_host, out, &call, answer), out, cases[i].failure,
                  cases[i].said);
    }
}

/* Mint */

static const BodyCase minted_cases[] = {
  { "the full answer",
    "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"host\":\"db.x\",\"port\":5433,\"database\":\"d\","
    "\"sslMode\":\"verify-full\",\"created\":1714826096,\"notAfter\":\"2027-01-15T08:00:00Z\",\"loginOnly\":true}",
    0,
    "id=7\nuser=u\nhost=db.x\nport=5433\ndatabase-name=d\nssl-mode=verify-full\ncreated=1714826096\n"
    "not-after=1800000000\nlogin-only=true\nrenewable=true\nsecret=p\n" },
  { "no more than is required", "{\"user\":\"u\",\"password\":\"p\"}", 0, "id=" INTENT "\nuser=u\nsecret=p\n" },
  { "null and empty are absent",
    "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"host\":null,\"port\":null,\"database\":\"\",\"notAfter\":\"\"}",
    0, "id=7\nuser=u\nsecret=p\n" },
  { "unknown members", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"x\":[{}]}", 0, "id=7\nuser=u\nsecret=p\n" },
  { "an end with an offset",
    "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"notAfter\":\"2027-01-15T10:00:00+02:00\"}", 0,
    "id=7\nuser=u\nnot-after=1800000000\nrenewable=true\nsecret=p\n" },
  { "the first port", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"port\":1}", 0,
    "id=7\nuser=u\nport=1\nsecret=p\n" },
  { "the last port", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"port\":65535}", 0,
    "id=7\nuser=u\nport=65535\nsecret=p\n" },
  { "a socket", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"host\":\"/run/postgresql\"}", 0,
    "id=7\nuser=u\nhost=/run/postgresql\nsecret=p\n" },

  { "port 0", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"port\":0}", NONSENSE, "id=7\n" },
  { "port 65536", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"port\":65536}", NONSENSE, "id=7\n" },
  { "a port in words", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"port\":\"5432\"}", NONSENSE, "id=7\n" },
  { "a fraction of a port", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"port\":5432.5}", NONSENSE, "id=7\n" },
  { "an end without an offset", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"notAfter\":\"2027-01-15T08:00:00\"}",
    NONSENSE, "id=7\n" },
  { "an end in milliseconds", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"notAfter\":1800000000000}", NONSENSE,
    "id=7\n" },
  { "an end before all", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"notAfter\":0}", NONSENSE, "id=7\n" },
  { "an end that is true", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"notAfter\":true}", NONSENSE, "id=7\n" },
  { "login-only in words", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"loginOnly\":\"true\"}", NONSENSE,
    "id=7\n" },
  { "an unknown mode", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"sslMode\":\"on\"}", NONSENSE, "id=7\n" },
  { "two hosts", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"host\":\"a,b\"}", NONSENSE, "id=7\n" },
  { "a line break in the user", "{\"id\":\"7\",\"user\":\"u\\n\",\"password\":\"p\"}", NONSENSE, "id=7\n" },
  { "a delete in the database", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"database\":\"\\u007f\"}", NONSENSE,
    "id=7\n" },
  { "a control of the upper half", "{\"id\":\"7\",\"user\":\"\\u0085\",\"password\":\"p\"}", NONSENSE, "id=7\n" },
  { "no user", "{\"id\":\"7\",\"password\":\"p\"}", NONSENSE, "id=7\n" },
  { "no password", "{\"id\":\"7\",\"user\":\"u\"}", NONSENSE, "id=7\n" },
  { "an empty password", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"\"}", NONSENSE, "id=7\n" },
  { "a password that is a number", "{\"id\":\"7\",\"user\":\"u\",\"password\":1}", NONSENSE, "id=7\n" },
  { "a carriage return in it", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\\r\"}", NONSENSE, "id=7\n" },
  { "a NUL in it", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\\u0000\"}", NONSENSE, "" },

  /* The intent stands for an id that was not said, never for one that was said badly. */
  { "an empty id", "{\"id\":\"\",\"user\":\"u\",\"password\":\"p\"}", NONSENSE, "" },
  { "an id that is null", "{\"id\":null,\"user\":\"u\",\"password\":\"p\"}", NONSENSE, "" },
  { "an id that is a number", "{\"id\":7,\"user\":\"u\",\"password\":\"p\"}", NONSENSE, "" },
  { "an id with a line break", "{\"id\":\"7\\n\",\"user\":\"u\",\"password\":\"p\"}", NONSENSE, "" },
  { "an id that is no name", "{\"id\":\"..\",\"user\":\"u\",\"password\":\"p\"}", NONSENSE, "" },
  { "neither id nor password", "{\"user\":\"u\"}", NONSENSE, "" },

  { "nothing", "", NONSENSE, "" },
  { "half of it", "{\"id\":\"7\",\"user\":\"u\",\"passw", NONSENSE, "" },
  { "two of it", FULL FULL, NONSENSE, "" },
  { "an id twice", "{\"id\":\"7\",\"id\":\"8\",\"user\":\"u\",\"password\":\"p\"}", NONSENSE, "" },
  { "a list", "[" FULL "]", NONSENSE, "" },
  { "null", "null", NONSENSE, "" },
  { "words", "Password: p", NONSENSE, "" },
};

static void
test_minted (void)
{
  ExecPlan plan = plan_of (TRUE);

  check_bodies (minted_cases, G_N_ELEMENTS (minted_cases), EXEC_MINT, &plan);
}

/* What a helper says that can do no more than mint. */
static const BodyCase mint_only_cases[] = {
  { "an end", ENDING, 0, "id=" INTENT ".1800000000\nuser=u\nnot-after=1800000000\nsecret=p\n" },
  { "no end", "{\"user\":\"u\",\"password\":\"p\"}", 0, "id=" INTENT "\nuser=u\nsecret=p\n" },
  { "an id of its own", "{\"id\":\"7\",\"user\":\"u\",\"password\":\"p\",\"notAfter\":1800000000}", 0,
    "id=" INTENT ".1800000000\nuser=u\nnot-after=1800000000\nsecret=p\n" },
  { "no password", "{\"user\":\"u\",\"notAfter\":1800000000}", NONSENSE, "id=" INTENT ".1800000000\n" },
  { "neither password nor end", "{\"user\":\"u\"}", NONSENSE, "" },
};

static void
test_mint_only (void)
{
  ExecPlan plan = plan_of (FALSE);

  check_bodies (mint_only_cases, G_N_ELEMENTS (mint_only_cases), EXEC_MINT, &plan);
}

static void
test_defaults (void)
{
  static const BodyCase cases[] = {
    { "all of them", "{\"id\":\"7\",\"password\":\"p\"}", 0,
      "id=7\nuser=app\nhost=db\nport=6432\ndatabase-name=main\nssl-mode=require\nsecret=p\n" },
    { "none of them",
      "{\"id\":\"7\",\"password\":\"p\",\"user\":\"u\",\"host\":\"h\",\"port\":1,\"database\":\"d\",\"sslMode\":"
      "\"allow\"}",
      0, "id=7\nuser=u\nhost=h\nport=1\ndatabase-name=d\nssl-mode=allow\nsecret=p\n" },
  };
  ExecPlan plan = plan_of (TRUE);

  plan.user = (char *) "app";
  plan.host = (char *) "db";
  plan.port = 6432;
  plan.database = (char *) "main";
  plan.ssl_mode = (char *) "require";
  check_bodies (cases, G_N_ELEMENTS (cases), EXEC_MINT, &plan);
}

/* The longest that passes, and one more. */
static void
test_limits (void)
{
  static const struct
  {
    gsize password, user;
    int failure;
  } cases[] = { { 1024, 256, 0 }, { 1025, 256, NONSENSE }, { 1024, 257, NONSENSE } };
  ExecPlan plan = plan_of (TRUE);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *password = g_strnfill (cases[i].password, 'p');
      g_autofree char *user = g_strnfill (cases[i].user, 'u');
      g_autofree char *body = g_strdup_printf ("{\"id\":\"7\",\"user\":\"%s\",\"password\":\"%s\"}", user, password);
      g_autofree char *all = g_strdup_printf ("id=7\nuser=%s\nsecret=%s\n", user, password);
      BodyCase one = { "a length", body, cases[i].failure, cases[i].failure == 0 ? all : "id=7\n" };

      check_bodies (&one, 1, EXEC_MINT, &plan);
    }
}

/* The daemon always has one; felucca-backend.h does not promise it. */
static void
test_without_intent (void)
{
  static const BodyCase cases[] = {
    { "an id", FULL, 0, "id=7\nuser=u\nsecret=p\n" },
    { "no id", "{\"user\":\"u\",\"password\":\"p\"}", NONSENSE, "" },
    { "an end", ENDING, NONSENSE, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ExecPlan plan = plan_of (i == 0);
      g_autoptr (ExecAnswer) answer = answer_new (EXEC_EXITED, 0, cases[i].body);
      g_autoptr (FelOut) out = fake_out_new ();
      ExecCall call = { &plan, EXEC_MINT, NULL, 0 };

      check_said (cases[i].name, exec_answer_read (&fake_host, out, &call, answer), out, cases[i].failure,
                  cases[i].said);
    }
}

/* A lifetime that was wished, and what the helper says of it. */
static void
test_wished_end (void)
{
  static const struct
  {
    const char *name;
    gboolean can_all;
    const char *body;
    int failure;
    const char *said;
  } cases[] = {
    { "no end", FALSE, "{\"user\":\"u\",\"password\":\"p\"}", 0,
      "id=" INTENT ".1700000009\nuser=u\nnot-after=1700000009\nsecret=p\n" },
    { "an end of its own", FALSE, "{\"user\":\"u\",\"password\":\"p\",\"notAfter\":1800000000}", 0,
      "id=" INTENT ".1800000000\nuser=u\nnot-after=1800000000\nsecret=p\n" },
    { "it can revoke", TRUE, "{\"user\":\"u\",\"password\":\"p\"}", 0, "id=" INTENT "\nuser=u\nsecret=p\n" },
    { "no password", FALSE, "{\"user\":\"u\"}", NONSENSE, "id=" INTENT ".1700000009\n" },
    { "an end that is none", FALSE, "{\"user\":\"u\",\"password\":\"p\",\"notAfter\":\"soon\"}", NONSENSE, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ExecPlan plan = plan_of (cases[i].can_all);
      g_autoptr (ExecAnswer) answer = answer_new (EXEC_EXITED, 0, cases[i].body);
      g_autoptr (FelOut) out = fake_out_new ();
      ExecCall call = { &plan, EXEC_MINT, INTENT, 1700000009 };

      check_said (cases[i].name, exec_answer_read (&fake_host, out, &call, answer), out, cases[i].failure,
                  cases[i].said);
    }
}

/* The other verbs */

static const BodyCase list_cases[] = {
  { "none", "{\"credentials\":[]}", 0, "" },
  { "two",
    "{\"credentials\":[{\"id\":\"1\",\"created\":1714826096,\"intent\":\"" INTENT
    "\"},{\"id\":\"2\",\"intent\":\"\"}]}",
    0, "id=1\ncreated=1714826096\nintent=" INTENT "\n--\nid=2\n--\n" },
  { "no list", "{}", FEL_FAILURE_PROTOCOL, "" },
  { "a list alone", "[]", FEL_FAILURE_PROTOCOL, "" },
  { "one without an id", "{\"credentials\":[{\"id\":\"1\"},{}]}", FEL_FAILURE_PROTOCOL, "" },
  { "one that is no object", "{\"credentials\":[{\"id\":\"1\"},\"2\"]}", FEL_FAILURE_PROTOCOL, "" },
  { "a time that is none", "{\"credentials\":[{\"id\":\"1\",\"created\":\"now\"}]}", FEL_FAILURE_PROTOCOL, "" },
};

static const BodyCase renew_cases[] = {
  { "a new end", "{\"notAfter\":1800000000}", 0, "not-after=1800000000\n" },
  { "the last one", "{\"notAfter\":1800000000,\"renewable\":false}", 0, "not-after=1800000000\nrenewable=false\n" },
  { "no end", "{}", FEL_FAILURE_PROTOCOL, "" },
  { "an end that is none", "{\"notAfter\":-1}", FEL_FAILURE_PROTOCOL, "" },
};

static const BodyCase revoke_cases[] = {
  { "done", "{}", 0, "" },
  { "done, with words", "{\"message\":\"done\"}", 0, "" },
  { "gone", "{\"error\":{\"code\":\"not-found\"}}", FEL_FAILURE_NOT_FOUND, "" },
  { "nothing", "", FEL_FAILURE_PROTOCOL, "" },
  { "an error without a word", "{\"error\":{}}", FEL_FAILURE_PROVIDER, "" },
};

static void
test_other_verbs (void)
{
  ExecPlan plan = plan_of (TRUE);

  check_bodies (list_cases, G_N_ELEMENTS (list_cases), EXEC_LIST, &plan);
  check_bodies (renew_cases, G_N_ELEMENTS (renew_cases), EXEC_RENEW, &plan);
  check_bodies (revoke_cases, G_N_ELEMENTS (revoke_cases), EXEC_REVOKE, &plan);
}

/* How it ended */

static const EndCase end_cases[] = {
  { "not started", "", EXEC_NOT_STARTED, 0, FALSE, FEL_FAILURE_INTERNAL, "", "/usr/bin/tool, was not started" },
  { "denied", "{\"error\":{\"code\":\"denied\",\"message\":\"no\"}}", EXEC_EXITED, 0, FALSE, FEL_FAILURE_DENIED, "",
    "says: no" },
  { "denied, status 1", "{\"error\":{\"code\":\"denied\"}}", EXEC_EXITED, 1, FALSE, FEL_FAILURE_DENIED, "", "denied" },
  { "denied, in time's end", "{\"error\":{\"code\":\"denied\"}}", EXEC_EXITED, 1, TRUE, FEL_FAILURE_DENIED, "",
    "denied" },
  { "denied and killed", "{\"error\":{\"code\":\"denied\"}}", EXEC_SIGNALLED, SIGKILL, FALSE, LOST, "", "signal 9" },
  { "unknown", "{\"error\":{\"code\":\"unknown\",\"message\":\"stuck\"}}", EXEC_EXITED, 1, FALSE, LOST, "",
    "says: stuck" },
  { "unknown, with an id", "{\"id\":\"7\",\"error\":{\"code\":\"unknown\"}}", EXEC_EXITED, 1, FALSE, LOST, "id=7\n",
    "gave no reason" },
  { "denied, with an id", "{\"id\":\"7\",\"error\":{\"code\":\"denied\"}}", EXEC_EXITED, 1, FALSE, LOST, "id=7\n", "" },
  { "an error that is a string", "{\"error\":\"denied\"}", EXEC_EXITED, 0, FALSE, NONSENSE, "",
    "an error that is none" },
  { "a code in capitals", "{\"error\":{\"code\":\"DENIED\"}}", EXEC_EXITED, 0, FALSE, LOST, "", "" },
  { "all is there, status 1", FULL, EXEC_EXITED, 1, FALSE, LOST, "id=7\n", "status 1" },
  { "all is there, killed", FULL, EXEC_SIGNALLED, SIGSEGV, FALSE, LOST, "id=7\n", "signal 11" },
  { "all is there, too late", FULL, EXEC_SIGNALLED, SIGTERM, TRUE, LOST, "id=7\n", "not done in time" },
  { "all is there, just in time", FULL, EXEC_EXITED, 0, TRUE, 0, "id=7\nuser=u\nsecret=p\n", NULL },
  { "too long", FULL, EXEC_TOO_LONG, 0, FALSE, NONSENSE, "", "more than 64 KiB" },
  { "nothing, status 127", "", EXEC_EXITED, 127, FALSE, LOST, "", "status 127" },
  { "nothing", "", EXEC_EXITED, 0, FALSE, NONSENSE, "", "printed nothing" },
  { "nothing in time", "", EXEC_EXITED, 0, TRUE, LOST, "", "not done in time" },
};

static void
test_ends (void)
{
  ExecPlan plan = plan_of (TRUE);

  for (gsize i = 0; i < G_N_ELEMENTS (end_cases); i++)
    {
      const EndCase *one = &end_cases[i];
      g_autoptr (ExecAnswer) answer = answer_new (one->outcome, one->status, one->body);
      g_autoptr (FelOut) out = fake_out_new ();
      ExecCall call = { &plan, EXEC_MINT, INTENT, 0 };

      answer->stopped = one->stopped;
      check_said (one->name, exec_answer_read (&fake_host, out, &call, answer), out, one->failure, one->said);
      if (one->words != NULL)
        g_assert_nonnull (strstr (out->sentence, one->words));
    }
}

/* A verb that mints nothing leaves nothing open. */
static void
test_ends_of_revoke (void)
{
  static const struct
  {
    ExecOutcome outcome;
    int status;
    gboolean stopped;
    int failure;
  } cases[] = {
    { EXEC_EXITED, 1, FALSE, FEL_FAILURE_PROVIDER },          { EXEC_SIGNALLED, SIGKILL, FALSE, FEL_FAILURE_PROVIDER },
    { EXEC_SIGNALLED, SIGTERM, TRUE, FEL_FAILURE_TIMED_OUT }, { EXEC_TOO_LONG, 0, FALSE, FEL_FAILURE_PROTOCOL },
    { EXEC_NOT_STARTED, 0, FALSE, FEL_FAILURE_INTERNAL },
  };
  ExecPlan plan = plan_of (TRUE);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (ExecAnswer) answer = answer_new (cases[i].outcome, cases[i].status, FULL);
      g_autoptr (FelOut) out = fake_out_new ();
      ExecCall call = { &plan, EXEC_REVOKE, NULL };

      answer->stopped = cases[i].stopped;
      check_said ("revoke", exec_answer_read (&fake_host, out, &call, answer), out, cases[i].failure, "");
    }
}

static void
test_id_end (void)
{
  static const struct
  {
    const char *id;
    gint64 end_sec;
  } cases[] = {
    { INTENT ".1800000000", 1800000000 },
    { INTENT ".1", 1 },
    { INTENT ".253402300799", G_GINT64_CONSTANT (253402300799) },
    { INTENT ".253402300800", 0 },
    { INTENT ".0", 0 },
    { INTENT ".", 0 },
    { INTENT ".-5", 0 },
    { INTENT ".18x", 0 },
    { INTENT, 0 },
    { INTENT "1800000000", 0 },
    { "role.1800000000", 0 }, /* of a helper that could revoke once */
    { "", 0 },
    { ".1800000000", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (exec_id_end_sec (cases[i].id), ==, cases[i].end_sec);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/exec-answer/minted", test_minted);
  g_test_add_func ("/exec-answer/mint-only", test_mint_only);
  g_test_add_func ("/exec-answer/defaults", test_defaults);
  g_test_add_func ("/exec-answer/limits", test_limits);
  g_test_add_func ("/exec-answer/no-intent", test_without_intent);
  g_test_add_func ("/exec-answer/wished-end", test_wished_end);
  g_test_add_func ("/exec-answer/other-verbs", test_other_verbs);
  g_test_add_func ("/exec-answer/ends", test_ends);
  g_test_add_func ("/exec-answer/ends-of-revoke", test_ends_of_revoke);
  g_test_add_func ("/exec-answer/id-end", test_id_end);
  return g_test_run ();
}
