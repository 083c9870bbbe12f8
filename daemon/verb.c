/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verb.h"

#include "access.h"
#include "error.h"

typedef struct
{
  FelBroker *broker;
  FelBackendCall *call; /* owned */
  FelBackendCallDone done;
  gpointer user_data;
  gboolean again; /* this is the second try */
} Verb;

static void
verb_finish (Verb *self, const GError *error)
{
  self->done (self->call, error, self->user_data);
  fel_backend_call_unref (self->call);
  g_free (self);
}

static void verb_get_access (Verb *self, FelToken *rejected);

static void
on_called (FelBackendCall *call, const GError *error, gpointer user_data)
{
  Verb *self = user_data;
  g_autoptr (FelToken) rejected = NULL;
  g_autoptr (GError) refused = NULL;

  /* Never a second try of what may have been done. */
  if (call->token == NULL || call->maybe_minted || !g_error_matches (error, FEL_ERROR, FEL_ERROR_SIGN_IN_REQUIRED))
    verb_finish (self, error);
  else if (self->again)
    {
      refused = fel_access_error (call->instance, error);
      fel_access_refuse (self->broker, call->instance, call->token);
      verb_finish (self, refused);
    }
  else
    {
      self->again = TRUE;
      rejected = g_steal_pointer (&call->token);
      verb_get_access (self, rejected);
    }
}

static void
on_access (FelToken *token, const GError *error, gpointer user_data)
{
  Verb *self = user_data;

  if (error != NULL)
    {
      verb_finish (self, error);
      return;
    }
  g_clear_pointer (&self->call->token, fel_token_unref);
  self->call->token = fel_token_ref (token);
  fel_backend_call_run (self->call, self->broker->work, on_called, self);
}

static void
verb_get_access (Verb *self, FelToken *rejected)
{
  fel_access_get (self->broker, self->call->instance, rejected, self->call->interactive, on_access, self);
}

void
fel_verb_run (FelBroker *broker, FelBackendCall *call, FelBackendCallDone done, gpointer user_data)
{
  Verb *self = g_new0 (Verb, 1);

  self->broker = broker;
  self->call = fel_backend_call_ref (call);
  self->done = done;
  self->user_data = user_data;
  if (call->token == NULL && (call->instance->backend.flags & FEL_BACKEND_NEEDS_TOKEN) != 0)
    verb_get_access (self, NULL);
  else
    fel_backend_call_run (call, broker->work, on_called, self);
}
