/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend-call.h"

#include <string.h>

#include <gmodule.h>

#include "error.h"

G_MODULE_EXPORT guint __wrap_g_timeout_add_seconds (guint interval_sec, GSourceFunc func, gpointer data);

static guint last_deadline_id;

guint
__wrap_g_timeout_add_seconds (guint interval_sec, GSourceFunc func, gpointer data)
{
  last_deadline_id = g_timeout_add (interval_sec * 1000, func, data);
  return last_deadline_id;
}

/* The last deadline that was set is over now. */
static void
let_pass (void)
{
  g_source_set_ready_time (g_main_context_find_source_by_id (NULL, last_deadline_id), 0);
}

typedef enum
{
  RETURN_FALSE,
  RETURN_TRUE,
  FAIL,
  STRING,
  INT64,
  BOOL,
  SECRET,
  REFRESH,
  NEXT,
} Op;

/* What the fake backend does; its verbs all play the script. */
typedef struct
{
  Op op;
  int what; /* a FelField or FelFailure */
  const char *text;
  gint64 number; /* of bytes for a secret */
} Step;

static const Step *script;
static void (*look_at) (const FelVerbRequest *request);

#define SECRET_OF(text) SECRET, 0, text, sizeof text - 1

static bool
play (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  if (look_at != NULL)
    look_at (request);
  for (const Step *step = script;; step++)
    switch (step->op)
      {
      case RETURN_FALSE:
        return false;
      case RETURN_TRUE:
        return true;
      case FAIL:
        g_assert_false (host->fail (out, step->what, step->text));
        break;
      case STRING:
        host->set_string (out, (FelField) step->what, step->text);
        break;
      case INT64:
        host->set_int64 (out, (FelField) step->what, step->number);
        break;
      case BOOL:
        host->set_bool (out, (FelField) step->what, step->number != 0);
        break;
      case SECRET:
        host->set_secret (out, step->text, (size_t) step->number);
        break;
      case REFRESH:
        host->set_refresh_secret (out, step->text, (size_t) step->number);
        break;
      case NEXT:
        host->next (out);
        break;
      }
}

typedef struct
{
  FelConfigInstance config;
  FelInstance instance;
  FelWork *work;
  FelBackendCall *call;
  GMainLoop *loop;
  GError *error;
} Fixture;

static void
fixture_init (Fixture *self, FelVerbKind verb)
{
  memset (self, 0, sizeof *self);
  self->config = (FelConfigInstance){ .name = (char *) "fake", .module = (char *) "fake", .timeout_sec = 30 };
  self->instance = (FelInstance){ .config = &self->config, .name = "fake", .loaded = TRUE };
  self->instance.backend = (FelBackend){
    .struct_size = sizeof (FelBackend), .mint = play, .revoke = play, .list = play, .probe = play, .refresh = play
  };
  self->work = fel_work_new ();
  self->loop = g_main_loop_new (NULL, FALSE);
  self->call = fel_backend_call_new (&self->instance, verb);
}

static void
fixture_clear (Fixture *self)
{
  fel_backend_call_unref (self->call);
  fel_work_free (self->work);
  g_main_loop_unref (self->loop);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static void
on_done (FelBackendCall *call, const GError *error, gpointer user_data)
{
  Fixture *self = user_data;

  g_assert_true (call == self->call);
  g_clear_error (&self->error);
  self->error = error != NULL ? g_error_copy (error) : NULL;
  g_main_loop_quit (self->loop);
}

static void
start (Fixture *self, const Step *steps)
{
  script = steps;
  fel_backend_call_run (self->call, self->work, on_done, self);
}

static void
run (Fixture *self, const Step *steps)
{
  start (self, steps);
  g_main_loop_run (self->loop);
}

static const struct
{
  int failure;
  FelError code;
} failures[] = {
  { FEL_FAILURE_INTERNAL, FEL_ERROR_BACKEND_FAILED },
  { FEL_FAILURE_INVALID, FEL_ERROR_INVALID_ARGUMENTS },
  { FEL_FAILURE_UNAUTHENTICATED, FEL_ERROR_SIGN_IN_REQUIRED },
  { FEL_FAILURE_DENIED, FEL_ERROR_ACCESS_DENIED },
  { FEL_FAILURE_NOT_FOUND, FEL_ERROR_NOT_FOUND },
  { FEL_FAILURE_CONFLICT, FEL_ERROR_CONFLICT },
  { FEL_FAILURE_QUOTA, FEL_ERROR_QUOTA_EXCEEDED },
  { FEL_FAILURE_RATE_LIMITED, FEL_ERROR_RATE_LIMITED },
  { FEL_FAILURE_UNREACHABLE, FEL_ERROR_UNREACHABLE },
  { FEL_FAILURE_TIMED_OUT, FEL_ERROR_TIMED_OUT },
  { FEL_FAILURE_CANCELLED, FEL_ERROR_CANCELLED },
  { FEL_FAILURE_PROVIDER, FEL_ERROR_PROVIDER_ERROR },
  { FEL_FAILURE_PROTOCOL, FEL_ERROR_PROTOCOL_VIOLATION },
  { FEL_FAILURE_UNSUPPORTED, FEL_ERROR_UNSUPPORTED },
  { FEL_FAILURE_NO_ANSWER, FEL_ERROR_OUTCOME_UNKNOWN },
  { 0, FEL_ERROR_BACKEND_FAILED }, /* none that we know of */
  { FEL_FAILURE_NO_ANSWER + 1, FEL_ERROR_BACKEND_FAILED },
  { 0x40000000, FEL_ERROR_BACKEND_FAILED },
};

static void
test_failures (void)
{
  for (gsize i = 0; i < 2 * G_N_ELEMENTS (failures); i++)
    {
      gboolean maybe = i % 2 == 1;
      const Step steps[] = { { FAIL, failures[i / 2].failure | (maybe ? FEL_FAILURE_MAYBE_MINTED : 0), "no such luck" },
                             { RETURN_FALSE } };
      g_auto (Fixture) f;

      fixture_init (&f, FEL_VERB_MINT);
      run (&f, steps);
      g_test_message ("failure %d", steps[0].what);
      g_assert_error (f.error, FEL_ERROR, (int) failures[i / 2].code);
      /* What is broken is named; what a provider says speaks for itself. */
      g_assert_cmpstr (f.error->message, ==,
                       failures[i / 2].code == FEL_ERROR_BACKEND_FAILED ? "backend 'fake': no such luck"
                                                                        : "no such luck");
      g_assert_cmpint (f.call->maybe_minted, ==, maybe);
      g_assert_false (f.call->given_up);
    }
}

/* What is not there needs no ending: to revoke, that is success; to list, it is not. */
static void
test_revoke_of_nothing (void)
{
  const Step steps[] = { { FAIL, FEL_FAILURE_NOT_FOUND, "gone" }, { RETURN_FALSE } };
  g_auto (Fixture) revoke;
  g_auto (Fixture) list;

  fixture_init (&revoke, FEL_VERB_REVOKE);
  run (&revoke, steps);
  g_assert_no_error (revoke.error);
  fixture_init (&list, FEL_VERB_LIST);
  run (&list, steps);
  g_assert_error (list.error, FEL_ERROR, FEL_ERROR_NOT_FOUND);
}

#define ID                                                                                                             \
  {                                                                                                                    \
    STRING, FEL_FIELD_ID, "1"                                                                                          \
  }
#define PASSWORD                                                                                                       \
  {                                                                                                                    \
    SECRET_OF ("secret")                                                                                               \
  }

typedef struct
{
  FelVerbKind verb;
  Step steps[4];   /* ends with RETURN_FALSE by itself */
  const char *why; /* the error's message has it; NULL: success */
  gboolean maybe_minted;
} CompleteCase;

static const CompleteCase completes[] = {
  { FEL_VERB_MINT, { ID, PASSWORD, { RETURN_TRUE } }, NULL },
  { FEL_VERB_MINT, { { RETURN_TRUE } }, "an id", TRUE },
  { FEL_VERB_MINT, { PASSWORD, { RETURN_TRUE } }, "an id", TRUE },
  { FEL_VERB_MINT, { { STRING, FEL_FIELD_USER, "u" }, PASSWORD, { RETURN_TRUE } }, "an id", TRUE },
  { FEL_VERB_MINT, { ID, { RETURN_TRUE } }, "a usable password", TRUE },
  { FEL_VERB_MINT, { ID, { SECRET_OF ("") }, { RETURN_TRUE } }, "a usable password", TRUE },
  { FEL_VERB_MINT, { ID, { SECRET, 0, NULL, 5 }, { RETURN_TRUE } }, "a usable password", TRUE },
  { FEL_VERB_MINT, { ID, { SECRET_OF ("a\nb") }, { RETURN_TRUE } }, "a usable password", TRUE },
  { FEL_VERB_MINT, { ID, { SECRET_OF ("a\0b") }, { RETURN_TRUE } }, "a usable password", TRUE },
  { FEL_VERB_MINT, { ID, { SECRET_OF ("a\177") }, { RETURN_TRUE } }, "a usable password", TRUE },
  { FEL_VERB_MINT, { ID, { SECRET_OF ("\303\266 b") }, { RETURN_TRUE } }, NULL },
  { FEL_VERB_MINT, { { RETURN_FALSE } }, "no reason", TRUE },
  { FEL_VERB_MINT, { ID, PASSWORD, { RETURN_FALSE } }, "no reason", TRUE },
  { FEL_VERB_MINT, { { FAIL, FEL_FAILURE_DENIED, "x" }, ID, PASSWORD, { RETURN_TRUE } }, NULL },
  { FEL_VERB_REVOKE, { { RETURN_TRUE } }, NULL },
  { FEL_VERB_REVOKE, { { RETURN_FALSE } }, "failed to revoke and gave no reason", FALSE },
  { FEL_VERB_LIST, { { RETURN_TRUE } }, NULL },
  { FEL_VERB_LIST, { { RETURN_FALSE } }, "failed to list", FALSE },
  { FEL_VERB_PROBE, { { RETURN_TRUE } }, NULL },
  { FEL_VERB_PROBE, { { RETURN_FALSE } }, "failed to probe", FALSE },
  { FEL_VERB_REFRESH, { { SECRET_OF ("a.b-c") }, { RETURN_TRUE } }, NULL },
  { FEL_VERB_REFRESH, { { RETURN_TRUE } }, "without a token", FALSE },
  { FEL_VERB_REFRESH, { { SECRET_OF ("") }, { RETURN_TRUE } }, "without a token", FALSE },
  { FEL_VERB_REFRESH, { { SECRET_OF ("a b") }, { RETURN_TRUE } }, "without a token", FALSE },
  { FEL_VERB_REFRESH, { { RETURN_FALSE } }, "failed to refresh", FALSE },
};

static void
test_success_is_complete (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (completes); i++)
    {
      const CompleteCase *c = &completes[i];
      g_auto (Fixture) f;

      fixture_init (&f, c->verb);
      run (&f, c->steps);
      g_test_message ("%zu", i);
      g_assert_cmpint (f.call->maybe_minted, ==, c->maybe_minted);
      if (c->why == NULL)
        {
          g_assert_no_error (f.error);
          continue;
        }
      g_assert_error (f.error, FEL_ERROR, FEL_ERROR_BACKEND_FAILED);
      g_assert_nonnull (strstr (f.error->message, c->why));
      g_assert_null (strstr (f.error->message, "secret"));
    }
}

static const struct
{
  gsize len;
  gboolean good;
} passwords[] = { { 1, TRUE }, { 1024, TRUE }, { 1025, FALSE }, { 8192, FALSE }, { 8193, FALSE } };

static void
test_password_lengths (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (passwords); i++)
    {
      g_autofree char *bytes = g_strnfill (passwords[i].len, 'p');
      const Step steps[] = { ID, { SECRET, 0, bytes, (gint64) passwords[i].len }, { RETURN_TRUE } };
      g_auto (Fixture) f;

      fixture_init (&f, FEL_VERB_MINT);
      run (&f, steps);
      g_assert_cmpint (f.error == NULL, ==, passwords[i].good);
      g_assert_cmpstr (f.call->credential->id, ==, "1"); /* known even when it failed */
    }
}

/* The longest token is taken, one byte more counts as not sent. */
static void
test_token_lengths (void)
{
  g_autofree char *bytes = g_strnfill (8193, 't');
  const Step at[] = { { SECRET, 0, bytes, 8192 }, { REFRESH, 0, bytes, 8192 }, { RETURN_TRUE } };
  const Step past[]
      = { { SECRET_OF ("kept") }, { SECRET, 0, bytes, 8193 }, { REFRESH, 0, bytes, 8193 }, { RETURN_TRUE } };
  g_auto (Fixture) f;

  fixture_init (&f, FEL_VERB_REFRESH);
  run (&f, at);
  g_assert_no_error (f.error);
  g_assert_cmpuint (f.call->secret->len, ==, 8192);
  g_assert_cmpuint (f.call->refresh_secret->len, ==, 8192);
  run (&f, past);
  g_assert_no_error (f.error);
  g_assert_cmpstr (f.call->secret->bytes, ==, "kept");
  g_assert_null (f.call->refresh_secret);
}

/* A failure that the backend takes back is none: nobody may go and revoke what it minted. */
static void
test_success_after_maybe_minted (void)
{
  static const Step steps[]
      = { { FAIL, FEL_FAILURE_TIMED_OUT | FEL_FAILURE_MAYBE_MINTED, "x" }, ID, PASSWORD, { RETURN_TRUE } };
  g_auto (Fixture) f;

  fixture_init (&f, FEL_VERB_MINT);
  run (&f, steps);
  g_assert_no_error (f.error);
  g_assert_false (f.call->maybe_minted);
}

static void
test_twice_forgets (void)
{
  static const Step first[] = { ID,
                                PASSWORD,
                                { REFRESH, 0, "r", 1 },
                                { INT64, FEL_FIELD_EXPIRES, NULL, 5 },
                                { STRING, FEL_FIELD_ACCOUNT, "me" },
                                { STRING, FEL_FIELD_WORKSPACE, "w" },
                                { NEXT },
                                { FAIL, FEL_FAILURE_UNAUTHENTICATED | FEL_FAILURE_MAYBE_MINTED, "x" },
                                { RETURN_FALSE } };
  static const Step second[] = { { STRING, FEL_FIELD_ID, "2" }, { SECRET_OF ("other") }, { RETURN_TRUE } };
  g_auto (Fixture) f;

  fixture_init (&f, FEL_VERB_MINT);
  run (&f, first);
  g_assert_error (f.error, FEL_ERROR, FEL_ERROR_SIGN_IN_REQUIRED);
  run (&f, second);
  g_assert_no_error (f.error);
  g_assert_cmpstr (f.call->credential->id, ==, "2");
  g_assert_cmpstr (f.call->secret->bytes, ==, "other");
  g_assert_null (f.call->refresh_secret);
  g_assert_null (f.call->list);
  g_assert_null (f.call->account);
  g_assert_null (f.call->workspaces);
  g_assert_cmpint (f.call->expires_sec, ==, 0);
  g_assert_false (f.call->maybe_minted);
}

static guint looks;

static void
look_at_all (const FelVerbRequest *request)
{
  looks++;
  g_assert_cmpuint (request->struct_size, ==, sizeof *request);
  g_assert_cmpstr (request->instance, ==, "fake");
  g_assert_cmpstr (request->workspace, ==, "w");
  g_assert_cmpstr (request->database, ==, "d");
  g_assert_cmpstr (request->tenant_id, ==, "t");
  g_assert_true (request->internal);
  g_assert_cmpstr (request->id, ==, "i");
  g_assert_cmpstr (request->label, ==, "l");
  g_assert_cmpstr (request->token, ==, "access");
  g_assert_cmpstr (request->refresh_token, ==, "refresh");
  g_assert_cmpuint (request->n_settings, ==, 1);
  g_assert_cmpstr (request->settings[0].value, ==, "blue");
  g_assert_cmpuint (request->timeout_sec, ==, 30);
  g_assert_false (g_cancellable_is_cancelled ((GCancellable *) request->cancellable));
}

static void
look_at_nothing (const FelVerbRequest *request)
{
  looks++;
  g_assert_true (request->workspace == NULL && request->database == NULL && request->tenant_id == NULL);
  g_assert_true (request->id == NULL && request->label == NULL);
  g_assert_true (request->token == NULL && request->refresh_token == NULL);
  g_assert_false (request->internal);
}

static void
test_what_is_asked (void)
{
  static const Step steps[] = { { RETURN_TRUE } };
  static FelSetting settings[] = { { "color", "blue" } };
  g_autoptr (FelSecret) access = fel_secret_new ("access", 6);
  g_autoptr (FelSecret) refresh = fel_secret_new ("refresh", 7);
  g_auto (Fixture) f;

  fixture_init (&f, FEL_VERB_REVOKE);
  looks = 0;
  look_at = look_at_nothing;
  run (&f, steps);
  f.instance.settings = settings;
  f.instance.n_settings = 1;
  f.call->workspace = g_strdup ("w");
  f.call->database = g_strdup ("d");
  f.call->tenant_id = g_strdup ("t");
  f.call->internal = TRUE;
  f.call->id = g_strdup ("i");
  f.call->label = g_strdup ("l");
  f.call->token = fel_token_new (access, refresh, 0, NULL, NULL);
  look_at = look_at_all;
  run (&f, steps);
  look_at = NULL;
  g_assert_cmpuint (looks, ==, 2);
}

static gint entered;

static void
look_away_until_cancelled (const FelVerbRequest *request)
{
  g_atomic_int_set (&entered, TRUE);
  while (!g_cancellable_is_cancelled ((GCancellable *) request->cancellable))
    g_thread_yield ();
  while (g_atomic_int_get ((int *) &looks) == 0)
    g_thread_yield ();
}

static const struct
{
  FelVerbKind verb;
  FelError code;
} given_up[] = {
  { FEL_VERB_MINT, FEL_ERROR_OUTCOME_UNKNOWN },
  { FEL_VERB_REVOKE, FEL_ERROR_BACKEND_FAILED },
  { FEL_VERB_REFRESH, FEL_ERROR_BACKEND_FAILED },
};

static void
test_given_up (void)
{
  static const Step steps[] = { ID, PASSWORD, { RETURN_TRUE } };

  for (gsize i = 0; i < G_N_ELEMENTS (given_up); i++)
    {
      g_auto (Fixture) f;
      guint deadline_id;

      fixture_init (&f, given_up[i].verb);
      g_atomic_int_set (&entered, FALSE);
      g_atomic_int_set ((int *) &looks, 0);
      look_at = look_away_until_cancelled;
      start (&f, steps);
      while (!g_atomic_int_get (&entered))
        g_thread_yield ();
      deadline_id = last_deadline_id;
      let_pass ();
      while (last_deadline_id == deadline_id) /* it was told to stop; the grace goes by, too */
        g_main_context_iteration (NULL, TRUE);
      let_pass ();
      g_main_loop_run (f.loop);
      g_assert_error (f.error, FEL_ERROR, (int) given_up[i].code);
      g_assert_true (f.call->given_up);
      g_atomic_int_set ((int *) &looks, 1);
      while (g_atomic_int_get ((int *) &f.call->refs) > 1) /* the worker still writes into it */
        g_main_context_iteration (NULL, FALSE);
      look_at = NULL;
    }
}

static void
on_unsupported (FelBackendCall *call, const GError *error, gpointer user_data)
{
  Fixture *self = user_data;

  self->error = g_error_copy (error);
}

static void
test_unsupported (void)
{
  static const char *const names[] = { "mint", "revoke", "list", "probe", "refresh" };

  for (guint verb = FEL_VERB_MINT; verb <= FEL_VERB_REFRESH; verb++)
    {
      g_auto (Fixture) f;

      fixture_init (&f, (FelVerbKind) verb);
      g_assert_cmpstr (fel_verb_name ((FelVerbKind) verb), ==, names[verb]);
      g_assert_true (fel_backend_has (&f.instance, (FelVerbKind) verb));
      f.instance.loaded = FALSE;
      g_assert_false (fel_backend_has (&f.instance, (FelVerbKind) verb));
      f.instance.loaded = TRUE;
      f.instance.backend = (FelBackend){ .struct_size = sizeof (FelBackend) };
      fel_backend_call_run (f.call, f.work, on_unsupported, &f); /* answers at once */
      g_assert_error (f.error, FEL_ERROR, FEL_ERROR_UNSUPPORTED);
      g_assert_nonnull (strstr (f.error->message, names[verb]));
    }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_true (g_main_context_acquire (NULL)); /* all the time, as the daemon's loop does */
  g_test_add_func ("/backend-call/failures", test_failures);
  g_test_add_func ("/backend-call/revoke-of-nothing", test_revoke_of_nothing);
  g_test_add_func ("/backend-call/success-is-complete", test_success_is_complete);
  g_test_add_func ("/backend-call/password-lengths", test_password_lengths);
  g_test_add_func ("/backend-call/token-lengths", test_token_lengths);
  g_test_add_func ("/backend-call/twice-forgets", test_twice_forgets);
  g_test_add_func ("/backend-call/what-is-asked", test_what_is_asked);
  g_test_add_func ("/backend-call/given-up", test_given_up);
  g_test_add_func ("/backend-call/unsupported", test_unsupported);
  g_test_add_func ("/backend-call/success-after-maybe-minted", test_success_after_maybe_minted);
  status = g_test_run ();
  g_main_context_release (NULL);
  return status;
}
