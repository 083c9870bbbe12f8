/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One call of one verb of a backend: what it is asked, and what it said through the host's functions. It runs on a
 * worker; before and after that it belongs to the main thread. What a backend says is checked here, once. */
#pragma once

#include "broker.h"
#include "intent-folder.h"

typedef enum
{
  FEL_VERB_MINT,
  FEL_VERB_REVOKE,
  FEL_VERB_LIST,
  FEL_VERB_PROBE,
  FEL_VERB_REFRESH,
  FEL_VERB_RENEW,
  FEL_VERB_AUTHORIZE_URL,
  FEL_VERB_EXCHANGE,
} FelVerbKind;

typedef struct FelBackendCall
{
  gatomicrefcount refs;
  FelVerbKind verb;
  FelInstance *instance;

  /* asked; all (nullable) */
  char *workspace;
  char *database;
  char *tenant_id;
  gboolean internal;
  char *id;
  char *label;
  guint64 ttl_sec;
  FelToken *token;
  gboolean interactive; /* the keyring may ask its user for the token */
  char *redirect_uri;
  char *state;
  char *code_challenge;
  FelSecret *code;
  FelSecret *code_verifier;
  FelIntentFolder *intents; /* mint: where it is marked as sent, right before the verb runs */
  FelIntent *intent;

  /* said; to be read when the call is done */
  FelCredential *credential; /* mint: perhaps no more than the id when it failed. list: the one being filled in */
  FelSecret *secret;
  FelSecret *refresh_secret;
  GPtrArray *list; /* of FelCredential */
  char *account_id;
  char *account;
  char *url;
  GPtrArray *workspaces; /* of char *, NULL at its end once done */
  gint64 expires_sec;
  gboolean maybe_minted; /* it failed, and that does not prove that nothing was minted */
  gboolean given_up;     /* the backend did not come back: the fields above may still be written */
  GError *error;
} FelBackendCall;

/* error: NULL on success. */
typedef void (*FelBackendCallDone) (FelBackendCall *call, const GError *error, gpointer user_data);

FelBackendCall *fel_backend_call_new (FelInstance *instance, FelVerbKind verb);
FelBackendCall *fel_backend_call_ref (FelBackendCall *self);
void fel_backend_call_unref (FelBackendCall *self); /* (nullable) */

/* On a worker: asks `check`, of a module that is not the instance's yet, about the instance's settings. */
gboolean fel_backend_call_judge_settings (FelBackendCall *self, FelVerb check, GCancellable *cancellable,
                                          GError **error);

/* Does the instance have this verb? */
gboolean fel_backend_has (const FelInstance *instance, FelVerbKind verb);
const char *fel_verb_name (FelVerbKind verb);

/* Takes a reference of its own. A call can run again after it is done: what was said before is dropped. */
void fel_backend_call_run (FelBackendCall *self, FelWork *work, FelBackendCallDone done, gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelBackendCall, fel_backend_call_unref)
