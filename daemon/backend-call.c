/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend-call.h"

#include <string.h>

#include "error.h"
#include "failpoint.h"
#include "options.h"

#define SENTENCE_LEN_MAX 512
#define STRING_LEN_MAX 256
#define URL_LEN_MAX 4096
#define PASSWORD_LEN_MAX 1024
#define LIST_MAX 10000
#define WORKSPACES_MAX 256

/* FelOut is the call itself: backends see no more than a pointer. */
struct FelOut
{
  FelBackendCall call;
};

typedef struct
{
  FelBackendCall *call; /* owned */
  FelBackendCallDone done;
  gpointer user_data;
  gboolean ok;
} Run;

static const struct
{
  FelFailure failure;
  FelError error;
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
};

static const struct
{
  const char *name;
  gsize offset;
} verbs[] = {
  [FEL_VERB_MINT] = { "mint", G_STRUCT_OFFSET (FelBackend, mint) },
  [FEL_VERB_REVOKE] = { "revoke", G_STRUCT_OFFSET (FelBackend, revoke) },
  [FEL_VERB_LIST] = { "list", G_STRUCT_OFFSET (FelBackend, list) },
  [FEL_VERB_PROBE] = { "probe", G_STRUCT_OFFSET (FelBackend, probe) },
  [FEL_VERB_REFRESH] = { "refresh", G_STRUCT_OFFSET (FelBackend, refresh) },
  [FEL_VERB_RENEW] = { "renew", G_STRUCT_OFFSET (FelBackend, renew) },
  [FEL_VERB_AUTHORIZE_URL] = { "authorize-url", G_STRUCT_OFFSET (FelBackend, authorize_url) },
  [FEL_VERB_EXCHANGE] = { "exchange", G_STRUCT_OFFSET (FelBackend, exchange) },
};

/* Where the setters put what they are told. */
static const struct
{
  FelField field;
  char type; /* s, x, b */
  gsize offset;
} credential_fields[] = {
  { FEL_FIELD_ID, 's', G_STRUCT_OFFSET (FelCredential, id) },
  { FEL_FIELD_USER, 's', G_STRUCT_OFFSET (FelCredential, user) },
  { FEL_FIELD_HOST, 's', G_STRUCT_OFFSET (FelCredential, host) },
  { FEL_FIELD_PORT, 'x', G_STRUCT_OFFSET (FelCredential, port) },
  { FEL_FIELD_SSL_MODE, 's', G_STRUCT_OFFSET (FelCredential, ssl_mode) },
  { FEL_FIELD_DATABASE_ID, 's', G_STRUCT_OFFSET (FelCredential, database_id) },
  { FEL_FIELD_TENANT_ID, 's', G_STRUCT_OFFSET (FelCredential, tenant_id) },
  { FEL_FIELD_INTERNAL, 'b', G_STRUCT_OFFSET (FelCredential, internal) },
  { FEL_FIELD_CREATED, 'x', G_STRUCT_OFFSET (FelCredential, created_sec) },
  { FEL_FIELD_NOT_AFTER, 'x', G_STRUCT_OFFSET (FelCredential, not_after_sec) },
  { FEL_FIELD_REGION, 's', G_STRUCT_OFFSET (FelCredential, region) },
  { FEL_FIELD_STATUS, 's', G_STRUCT_OFFSET (FelCredential, status) },
  { FEL_FIELD_API_HOST, 's', G_STRUCT_OFFSET (FelCredential, api_host) },
  { FEL_FIELD_SHARDED, 'b', G_STRUCT_OFFSET (FelCredential, sharded) },
  { FEL_FIELD_EXPANDABLE, 'b', G_STRUCT_OFFSET (FelCredential, expandable) },
  { FEL_FIELD_DATABASE_NAME, 's', G_STRUCT_OFFSET (FelCredential, database_name) },
  { FEL_FIELD_RENEWABLE, 'b', G_STRUCT_OFFSET (FelCredential, renewable) },
  { FEL_FIELD_LOGIN_ONLY, 'b', G_STRUCT_OFFSET (FelCredential, login_only) },
  { FEL_FIELD_PROTOCOL, 's', G_STRUCT_OFFSET (FelCredential, protocol) },
  { FEL_FIELD_INTENT, 's', G_STRUCT_OFFSET (FelCredential, intent) },
};

static void
call_forget_said (FelBackendCall *self)
{
  g_clear_pointer (&self->credential, fel_credential_unref);
  g_clear_pointer (&self->secret, fel_secret_unref);
  g_clear_pointer (&self->refresh_secret, fel_secret_unref);
  g_clear_pointer (&self->list, g_ptr_array_unref);
  g_clear_pointer (&self->account_id, g_free);
  g_clear_pointer (&self->account, g_free);
  g_clear_pointer (&self->url, g_free);
  g_clear_pointer (&self->workspaces, g_ptr_array_unref);
  g_clear_error (&self->error);
  self->expires_sec = 0;
  self->maybe_minted = FALSE;
}

FelBackendCall *
fel_backend_call_new (FelInstance *instance, FelVerbKind verb)
{
  FelOut *out = g_new0 (FelOut, 1);
  FelBackendCall *self = &out->call;

  g_atomic_ref_count_init (&self->refs);
  self->instance = instance;
  self->verb = verb;
  return self;
}

FelBackendCall *
fel_backend_call_ref (FelBackendCall *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
fel_backend_call_unref (FelBackendCall *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  call_forget_said (self);
  g_free (self->workspace);
  g_free (self->database);
  g_free (self->tenant_id);
  g_free (self->id);
  g_free (self->label);
  fel_token_unref (self->token);
  fel_intent_unref (self->intent);
  g_free (self->redirect_uri);
  g_free (self->state);
  g_free (self->code_challenge);
  fel_secret_unref (self->code);
  fel_secret_unref (self->code_verifier);
  g_free (self);
}

/* The host's side of the ABI; all of it on the worker that runs the verb. */

/* Valid UTF-8 without control characters, cut to what a sentence may have. */
static char *
one_line (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) strnlen (text, SENTENCE_LEN_MAX));
  g_autoptr (GString) line = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (line->len + (gsize) g_unichar_to_utf8 (c, NULL) > SENTENCE_LEN_MAX)
        break;
      g_string_append_unichar (line, g_unichar_iscntrl (c) ? ' ' : c);
    }
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static bool
host_fail (FelOut *out, int failure, const char *sentence)
{
  FelBackendCall *self = &out->call;
  FelError code = FEL_ERROR_BACKEND_FAILED;
  g_autofree char *line = one_line (sentence != NULL ? sentence : "");
  const char *shown = *line != '\0' ? line : "it gave no reason";

  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    if ((int) failures[i].failure == (failure & ~FEL_FAILURE_MAYBE_MINTED))
      code = failures[i].error;
  g_clear_error (&self->error);
  /* What the provider said speaks for itself; what is broken is named. */
  if (code == FEL_ERROR_BACKEND_FAILED)
    self->error = g_error_new (FEL_ERROR, (int) code, "backend '%s': %s", self->instance->name, shown);
  else
    self->error = g_error_new_literal (FEL_ERROR, (int) code, shown);
  self->maybe_minted = (failure & FEL_FAILURE_MAYBE_MINTED) != 0;
  return false;
}

/* NULL: there is no such field of this type. */
static gpointer
credential_slot (FelBackendCall *self, FelField field, char type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (credential_fields); i++)
    if (credential_fields[i].field == field && credential_fields[i].type == type)
      {
        if (self->credential == NULL)
          self->credential = fel_credential_new ();
        return G_STRUCT_MEMBER_P (self->credential, credential_fields[i].offset);
      }
  return NULL;
}

static void
host_set_string (FelOut *out, FelField field, const char *value)
{
  FelBackendCall *self = &out->call;
  char **slot = NULL;
  gsize max = field == FEL_FIELD_URL ? URL_LEN_MAX : STRING_LEN_MAX;

  if (value == NULL || *value == '\0' || strnlen (value, max + 1) > max || !g_utf8_validate (value, -1, NULL)
      || fel_has_control_character (value) || (field == FEL_FIELD_ID && !fel_name_check ("id", value, NULL)))
    return;
  if (field == FEL_FIELD_WORKSPACE)
    {
      if (self->workspaces == NULL)
        self->workspaces = g_ptr_array_new_with_free_func (g_free);
      if (self->workspaces->len < WORKSPACES_MAX)
        g_ptr_array_add (self->workspaces, g_strdup (value));
      return;
    }
  if (field == FEL_FIELD_ACCOUNT)
    slot = &self->account;
  else if (field == FEL_FIELD_URL)
    slot = &self->url;
  else if (field == FEL_FIELD_ID && self->verb == FEL_VERB_PROBE)
    slot = &self->account_id;
  else
    slot = credential_slot (self, field, 's');
  if (slot != NULL)
    {
      g_free (*slot);
      *slot = g_strdup (value);
    }
}

static void
host_set_int64 (FelOut *out, FelField field, int64_t value)
{
  gint64 *slot = field == FEL_FIELD_EXPIRES ? &out->call.expires_sec : credential_slot (&out->call, field, 'x');

  if (slot != NULL && value > 0 && (field != FEL_FIELD_PORT || value <= G_MAXUINT16))
    *slot = value;
}

static void
host_set_bool (FelOut *out, FelField field, bool value)
{
  FelTristate *slot = credential_slot (&out->call, field, 'b');

  if (slot != NULL)
    *slot = value ? FEL_TRUE : FEL_FALSE;
}

static void
set_secret (FelSecret **slot, const char *bytes, size_t len)
{
  if (bytes == NULL || len > FEL_TOKEN_LEN_MAX)
    return;
  fel_secret_unref (*slot);
  *slot = fel_secret_new (bytes, len);
}

static void
host_set_secret (FelOut *out, const char *bytes, size_t len)
{
  set_secret (&out->call.secret, bytes, len);
}

static void
host_set_refresh_secret (FelOut *out, const char *bytes, size_t len)
{
  set_secret (&out->call.refresh_secret, bytes, len);
}

static void
host_next (FelOut *out)
{
  FelBackendCall *self = &out->call;

  if (self->list == NULL)
    self->list = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_credential_unref);
  if (self->credential != NULL && self->credential->id != NULL && self->list->len < LIST_MAX)
    g_ptr_array_add (self->list, g_steal_pointer (&self->credential));
  g_clear_pointer (&self->credential, fel_credential_unref);
}

static const FelHost host = {
  .struct_size = sizeof (FelHost),
  .fail = host_fail,
  .set_string = host_set_string,
  .set_int64 = host_set_int64,
  .set_bool = host_set_bool,
  .set_secret = host_set_secret,
  .set_refresh_secret = host_set_refresh_secret,
  .next = host_next,
};

static FelVerb
instance_verb (const FelInstance *instance, FelVerbKind verb)
{
  return G_STRUCT_MEMBER (FelVerb, &instance->backend, verbs[verb].offset);
}

gboolean
fel_backend_has (const FelInstance *instance, FelVerbKind verb)
{
  return instance->loaded && instance_verb (instance, verb) != NULL;
}

const char *
fel_verb_name (FelVerbKind verb)
{
  return verbs[verb].name;
}

static void
fill_request (const FelBackendCall *self, FelVerbRequest *request)
{
  *request = (FelVerbRequest){
    .struct_size = sizeof *request,
    .instance = self->instance->name,
    .workspace = self->workspace,
    .database = self->database,
    .tenant_id = self->tenant_id,
    .internal = self->internal,
    .id = self->id,
    .label = self->label,
    .token = self->token != NULL ? self->token->access->bytes : NULL,
    .refresh_token = self->token != NULL && self->token->refresh != NULL ? self->token->refresh->bytes : NULL,
    .settings = self->instance->settings,
    .n_settings = self->instance->n_settings,
    .timeout_sec = self->instance->config->timeout_sec,
    .ttl_sec = self->ttl_sec,
    .intent = self->intent != NULL ? self->intent->uuid : NULL,
    .redirect_uri = self->redirect_uri,
    .state = self->state,
    .code_challenge = self->code_challenge,
    .code = self->code != NULL ? self->code->bytes : NULL,
    .code_verifier = self->code_verifier != NULL ? self->code_verifier->bytes : NULL,
  };
}

/* It may become an argument of a program. */
static gboolean
is_for_browser (const char *url)
{
  if (url == NULL || (!g_str_has_prefix (url, "https://") && !g_str_has_prefix (url, "http://")))
    return FALSE;
  for (const char *p = url; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return FALSE;
  return TRUE;
}

/* Success has to be complete, whatever the backend says. */
static void
call_check_said (FelBackendCall *self)
{
  const FelCredential *credential = self->credential;

  if (self->verb == FEL_VERB_MINT
      && (credential == NULL || credential->id == NULL || self->secret == NULL
          || !fel_secret_is_printable (self->secret, 1, PASSWORD_LEN_MAX)))
    {
      self->error = g_error_new (FEL_ERROR, FEL_ERROR_BACKEND_FAILED, "backend '%s' reported a mint without %s",
                                 self->instance->name,
                                 credential == NULL || credential->id == NULL ? "an id" : "a usable password");
      self->maybe_minted = TRUE;
    }
  if ((self->verb == FEL_VERB_REFRESH || self->verb == FEL_VERB_EXCHANGE)
      && (self->secret == NULL || !fel_token_check_access (self->secret, NULL)))
    self->error = g_error_new (FEL_ERROR, FEL_ERROR_BACKEND_FAILED, "backend '%s' reported %s without a token",
                               self->instance->name, self->verb == FEL_VERB_REFRESH ? "a refresh" : "an exchange");
  if (self->verb == FEL_VERB_AUTHORIZE_URL && !is_for_browser (self->url))
    self->error = g_error_new (FEL_ERROR, FEL_ERROR_BACKEND_FAILED,
                               "backend '%s' reported no URL that a browser can open", self->instance->name);
}

static void
run_on_worker (gpointer data, GCancellable *cancellable)
{
  Run *run = data;
  FelBackendCall *self = run->call;
  FelVerbRequest request;

  if (self->intent != NULL && !fel_intent_folder_mark_sent (self->intents, self->intent->uuid, &self->error))
    return;
  if (self->intent != NULL)
    fel_failpoint ("mint-begin");
  fill_request (self, &request);
  request.cancellable = cancellable;
  fel_quarantine_enter (self->instance->name, fel_verb_name (self->verb));
  run->ok = instance_verb (self->instance, self->verb) (&host, &request, (FelOut *) self);
  fel_quarantine_leave ();
  if (run->ok)
    {
      g_clear_error (&self->error);
      self->maybe_minted = FALSE;
      call_check_said (self);
    }
  else if (self->error == NULL)
    {
      self->error = g_error_new (FEL_ERROR, FEL_ERROR_BACKEND_FAILED, "backend '%s' failed to %s and gave no reason",
                                 self->instance->name, fel_verb_name (self->verb));
      self->maybe_minted = self->verb == FEL_VERB_MINT;
    }
  if (self->intent != NULL)
    fel_failpoint ("mint-end");
  /* What is not there needs no ending. */
  if (self->verb == FEL_VERB_REVOKE && g_error_matches (self->error, FEL_ERROR, FEL_ERROR_NOT_FOUND))
    g_clear_error (&self->error);
  if (self->workspaces != NULL)
    g_ptr_array_add (self->workspaces, NULL);
}

static void
run_free (gpointer data)
{
  Run *run = data;

  fel_backend_call_unref (run->call);
  g_free (run);
}

static void
on_run_done (gpointer data, FelWorkOutcome outcome, gpointer user_data)
{
  Run *run = data;
  FelBackendCall *call = run->call;
  g_autoptr (GError) late = NULL;

  call->given_up = outcome == FEL_WORK_GIVEN_UP;
  if (outcome == FEL_WORK_SKIPPED)
    late = g_error_new (FEL_ERROR, FEL_ERROR_TIMED_OUT, "backend '%s' is busy: its turn to %s did not come in time",
                        call->instance->name, fel_verb_name (call->verb));
  else if (call->given_up)
    late = g_error_new (FEL_ERROR, call->verb == FEL_VERB_MINT ? FEL_ERROR_OUTCOME_UNKNOWN : FEL_ERROR_BACKEND_FAILED,
                        "backend '%s' did not come back from '%s' in time", call->instance->name,
                        fel_verb_name (call->verb));
  run->done (call, late != NULL ? late : call->error, run->user_data);
}

void
fel_backend_call_run (FelBackendCall *self, FelWork *work, FelBackendCallDone done, gpointer user_data)
{
  Run *run;

  if (!fel_backend_has (self->instance, self->verb))
    {
      g_autoptr (GError) error = g_error_new (FEL_ERROR, FEL_ERROR_UNSUPPORTED, "backend '%s' cannot %s",
                                              self->instance->name, fel_verb_name (self->verb));

      done (self, error, user_data);
      return;
    }
  call_forget_said (self);
  run = g_new0 (Run, 1);
  run->call = fel_backend_call_ref (self);
  run->done = done;
  run->user_data = user_data;
  fel_work_run (work, self->instance->name, self->instance->config->timeout_sec, run_on_worker, run, run_free,
                on_run_done, NULL);
}

gboolean
fel_backend_call_judge_settings (FelBackendCall *self, FelVerb check, GCancellable *cancellable, GError **error)
{
  const FelInstance *instance = self->instance;
  const char *problem;
  FelVerbRequest request;
  gboolean ok;

  fill_request (self, &request);
  request.cancellable = cancellable;
  fel_quarantine_enter (instance->name, "check");
  ok = check (&host, &request, (FelOut *) self);
  fel_quarantine_leave ();
  problem = self->error != NULL ? self->error->message : "the settings are not usable";
  if (!ok)
    g_set_error (error, FEL_ERROR, FEL_ERROR_BACKEND_FAILED, "%s: [backend %s] %s",
                 fel_config_file_of (instance->config, problem), instance->name, problem);
  return ok;
}
