/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SignIn with a token of the caller's; StartSignIn and FinishSignIn, which get one with a browser. */
#include "request.h"

#include "access.h"
#include "error.h"
#include "expiry.h"
#include "reconcile.h"
#include "secret-pipe.h"

/* What both ways share: probe → keyring */

static void
sign_in_probe (FelRequest *self)
{
  g_autoptr (GError) error = NULL;

  if (!fel_token_check_access (self->options->token, &error)
      || (self->refresh_token != NULL && !fel_token_check_refresh (self->refresh_token, &error)))
    {
      fel_request_fail (self, error);
      return;
    }
  fel_backend_call_unref (self->call);
  self->call = fel_request_new_call (self, FEL_VERB_PROBE);
  self->call->token = fel_token_new (self->options->token, self->refresh_token, 0, NULL, NULL);
  fel_backend_call_run (self->call, self->broker->work, fel_request_on_call, fel_request_ref (self));
}

static void
on_kept (FelToken *token, const GError *error, gpointer user_data)
{
  FelRequest *self = user_data;

  if (error == NULL)
    {
      fel_reconcile_kick (self->broker->reconcile);
      fel_expiry_kick (self->broker->expiry);
    }
  fel_request_on_outcome (NULL, error, self);
}

static void
sign_in_keep (FelRequest *self)
{
  const FelBackendCall *call = self->call;
  const char *account = call->account != NULL ? call->account : call->account_id;
  const char *const *workspaces = call->workspaces != NULL ? (const char *const *) call->workspaces->pdata : NULL;
  gint64 now_sec = g_get_real_time () / G_USEC_PER_SEC;
  gint64 said_sec = self->expires_sec != 0 ? self->expires_sec : call->expires_sec;
  gint64 expires_sec = fel_token_plausible_end (said_sec, now_sec);
  gboolean renews = (self->instance->backend.flags & FEL_BACKEND_RENEWS_TOKEN) != 0;

  if (account == NULL)
    account = "unknown";
  if (renews && self->refresh_token == NULL)
    self->token = fel_token_new_renewable (self->options->token, expires_sec, now_sec, account, workspaces);
  else
    self->token = fel_token_new (self->options->token, self->refresh_token, expires_sec, account, workspaces);
  fel_access_keep (self->broker, self->instance, self->token, on_kept, fel_request_ref (self));
}

static void
sign_in_end_refused (FelRequest *self, const char *what)
{
  g_autoptr (GError) error = g_error_new (FEL_ERROR, FEL_ERROR_SIGN_IN_REQUIRED,
                                          "the provider of backend '%s' does not accept %s: %s", self->instance->name,
                                          what, self->error->message);

  fel_request_fail (self, error);
}

/* verb: what makes it one that can be signed in to. */
static gboolean
has_sign_in (const FelInstance *instance, FelVerbKind verb, GError **error)
{
  if ((instance->backend.flags & FEL_BACKEND_NEEDS_TOKEN) == 0 || !fel_backend_has (instance, FEL_VERB_PROBE))
    g_set_error (error, FEL_ERROR, FEL_ERROR_UNSUPPORTED, "backend '%s' has no sign-in", instance->name);
  else if (!fel_backend_has (instance, verb))
    g_set_error (error, FEL_ERROR, FEL_ERROR_UNSUPPORTED,
                 "backend '%s' has no sign-in with a browser; give it a token instead", instance->name);
  else
    return TRUE;
  return FALSE;
}

/* SignIn: token from the caller → probe → keyring */

enum
{
  SIGN_IN_START,
  SIGN_IN_TOKEN,
  SIGN_IN_REFRESH_TOKEN,
  SIGN_IN_PROBED,
  SIGN_IN_KEPT,
};

static void
on_pipe_read (FelSecret *secret, const GError *error, gpointer user_data)
{
  FelRequest *self = user_data;

  if (secret != NULL && self->state == SIGN_IN_TOKEN)
    {
      fel_secret_unref (self->options->token);
      self->options->token = fel_secret_ref (secret);
    }
  else if (secret != NULL)
    self->refresh_token = fel_secret_ref (secret);
  fel_request_on_outcome (NULL, error, self);
}

static void
sign_in_read_pipe (FelRequest *self, int fd, const char *what)
{
  fel_secret_pipe_free (self->pipe);
  self->pipe = fel_secret_pipe_read (fd, what, FEL_TOKEN_LEN_MAX, on_pipe_read, fel_request_ref (self));
}

/* FALSE: the request has failed. */
static gboolean
sign_in_check_backend (FelRequest *self)
{
  g_autoptr (GError) error = NULL;

  if (!fel_request_resolve (self))
    return FALSE;
  if ((self->options->token != NULL) == (self->options->token_fd >= 0))
    error = g_error_new (FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "one of the options 'token-fd' and 'token' is needed");
  if (error == NULL && has_sign_in (self->instance, FEL_VERB_PROBE, &error))
    return TRUE;
  fel_request_fail (self, error);
  return FALSE;
}

static void
sign_in_step (FelRequest *self)
{
  for (;;)
    {
      if (g_error_matches (self->error, FEL_ERROR, FEL_ERROR_SIGN_IN_REQUIRED) && self->state == SIGN_IN_PROBED)
        {
          sign_in_end_refused (self, "this token");
          return;
        }
      if (self->error != NULL)
        {
          fel_request_finish (self);
          return;
        }
      switch (self->state)
        {
        case SIGN_IN_START:
          if (!sign_in_check_backend (self))
            return;
          self->state = SIGN_IN_TOKEN;
          if (self->options->token_fd < 0)
            break;
          sign_in_read_pipe (self, self->options->token_fd, "option 'token-fd'");
          return;

        case SIGN_IN_TOKEN:
          self->state = SIGN_IN_REFRESH_TOKEN;
          if (self->options->refresh_token_fd < 0)
            break;
          sign_in_read_pipe (self, self->options->refresh_token_fd, "option 'refresh-token-fd'");
          return;

        case SIGN_IN_REFRESH_TOKEN:
          self->state = SIGN_IN_PROBED;
          sign_in_probe (self);
          return;

        case SIGN_IN_PROBED:
          self->state = SIGN_IN_KEPT;
          sign_in_keep (self);
          return;

        case SIGN_IN_KEPT:
          fel_request_finish (self);
          return;

        default:
          g_assert_not_reached ();
        }
    }
}

const FelRequestKind fel_request_sign_in = {
  .name = "SignIn",
  .call = FEL_CALL_SIGN_IN,
  .unlocks = TRUE,
  .step = sign_in_step,
};

/* StartSignIn: open the door → the URL that leads back to it. The keyring is asked for first, so that nobody comes back
 * from the browser in vain. */

enum
{
  START_OPEN,
  START_URL,
};

static void
start_open (FelRequest *self)
{
  g_autoptr (GError) error = NULL;
  FelSignIn *sign_in = NULL;

  if (!fel_request_resolve (self))
    return;
  if (has_sign_in (self->instance, FEL_VERB_AUTHORIZE_URL, &error)
      && has_sign_in (self->instance, FEL_VERB_EXCHANGE, &error))
    sign_in = fel_sign_ins_begin (self->broker->sign_ins, self->instance->name, &error);
  if (sign_in == NULL)
    {
      fel_request_fail (self, error);
      return;
    }
  self->handle = g_strdup (sign_in->handle);
  self->call = fel_request_new_call (self, FEL_VERB_AUTHORIZE_URL);
  self->call->redirect_uri = g_strdup (sign_in->redirect_uri);
  self->call->state = g_strdup (sign_in->state);
  self->call->code_challenge = g_strdup (sign_in->challenge);
  self->state = START_URL;
  fel_backend_call_run (self->call, self->broker->work, fel_request_on_call, fel_request_ref (self));
}

static void
start_answer (FelRequest *self)
{
  FelSignIn *sign_in = fel_sign_ins_find (self->broker->sign_ins, self->handle, NULL);

  if (self->error == NULL)
    self->url = g_strdup (self->call->url);
  /* Of no use to anybody: it goes with the request. */
  if (self->error != NULL || self->orphaned)
    self->sign_in = sign_in;
  fel_request_finish (self);
}

static void
start_step (FelRequest *self)
{
  switch (self->state)
    {
    case START_OPEN:
      start_open (self);
      return;

    case START_URL:
      start_answer (self);
      return;

    default:
      g_assert_not_reached ();
    }
}

const FelRequestKind fel_request_start_sign_in = {
  .name = "StartSignIn",
  .unlocks = TRUE,
  .step = start_step,
};

/* FinishSignIn: wait for the browser → trade the code for a token → probe → keyring */

enum
{
  FINISH_START,
  FINISH_RETURNED,
  FINISH_UNLOCKED,
  FINISH_EXCHANGED,
  FINISH_PROBED,
  FINISH_KEPT,
};

static void
on_returned (FelSignIn *sign_in, const GError *error, gpointer user_data)
{
  fel_request_on_outcome (NULL, error, user_data);
}

static void
finish_begin (FelRequest *self)
{
  g_autoptr (GError) error = NULL;
  FelSignIn *sign_in = fel_sign_ins_find (self->broker->sign_ins, self->handle, &error);

  if (sign_in != NULL && fel_sign_in_wait (sign_in, on_returned, self, &error))
    {
      self->sign_in = sign_in;
      self->backend = g_strdup (sign_in->backend);
      self->state = FINISH_RETURNED;
      fel_request_ref (self); /* the wait's */
      if (self->orphaned)
        self->kind->abandon (self);
    }
  else
    fel_request_fail (self, error);
}

/* A wish that was withdrawn must not come true behind somebody's back. */
static void
finish_abandon (FelRequest *self)
{
  if (self->sign_in != NULL)
    fel_sign_in_cancel (self->sign_in, "the one who asked for the sign-in has left");
}

static void
finish_exchange (FelRequest *self)
{
  self->call = fel_request_new_call (self, FEL_VERB_EXCHANGE);
  self->call->redirect_uri = g_strdup (self->sign_in->redirect_uri);
  self->call->code = fel_secret_ref (self->sign_in->code);
  self->call->code_verifier = fel_secret_ref (self->sign_in->verifier);
  fel_backend_call_run (self->call, self->broker->work, fel_request_on_call, fel_request_ref (self));
}

static void
finish_take_token (FelRequest *self)
{
  self->options->token = g_steal_pointer (&self->call->secret);
  self->refresh_token = g_steal_pointer (&self->call->refresh_secret);
  self->expires_sec = self->call->expires_sec;
}

static void
finish_step (FelRequest *self)
{
  if (self->error != NULL)
    {
      if (!g_error_matches (self->error, FEL_ERROR, FEL_ERROR_SIGN_IN_REQUIRED))
        fel_request_finish (self);
      else
        sign_in_end_refused (self, self->state == FINISH_EXCHANGED ? "what the browser brought" : "its own token");
      return;
    }
  switch (self->state)
    {
    case FINISH_START:
      finish_begin (self);
      return;

    case FINISH_RETURNED:
      if (!fel_request_resolve (self))
        return;
      /* It may have been locked meanwhile. */
      self->state = FINISH_UNLOCKED;
      fel_keyring_unlock (self->broker->keyring, TRUE, fel_request_on_outcome, fel_request_ref (self));
      return;

    case FINISH_UNLOCKED:
      self->state = FINISH_EXCHANGED;
      finish_exchange (self);
      return;

    case FINISH_EXCHANGED:
      self->state = FINISH_PROBED;
      finish_take_token (self);
      sign_in_probe (self);
      return;

    case FINISH_PROBED:
      self->state = FINISH_KEPT;
      sign_in_keep (self);
      return;

    case FINISH_KEPT:
      fel_request_finish (self);
      return;

    default:
      g_assert_not_reached ();
    }
}

const FelRequestKind fel_request_finish_sign_in = {
  .name = "FinishSignIn",
  .unlocks = TRUE,
  .step = finish_step,
  .abandon = finish_abandon,
};
