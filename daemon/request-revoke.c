/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include "error.h"
#include "verb.h"

enum
{
  REVOKE_FIND,
  REVOKE_ASK,
  REVOKE_ASKED,
  REVOKE_DELETED,
};

static void
revoke_mark (FelRequest *self, gboolean revoking)
{
  FelCatalogEntry *entry = fel_catalog_at (self->broker->catalog, self->path);

  if (entry != NULL)
    entry->revoking = revoking;
}

static void
revoke_aim (FelRequest *self, const FelCredential *credential)
{
  self->workspace = g_strdup (credential->workspace);
  self->database = g_strdup (credential->database);
}

static void
revoke_ask_provider (FelRequest *self)
{
  self->state = REVOKE_ASKED;
  revoke_mark (self, TRUE);
  self->call = fel_request_new_call (self, FEL_VERB_REVOKE);
  fel_verb_run (self->broker, self->call, fel_request_on_call, fel_request_ref (self));
}

static void
revoke_begin (FelRequest *self)
{
  FelCatalogEntry *entry = fel_request_find_stored (self);

  if (entry == NULL)
    return;
  self->path = g_strdup (entry->path);
  g_free (self->backend);
  self->backend = g_strdup (entry->credential->backend);
  if (fel_request_join (self, g_strconcat (self->options->local_only ? "forget\n" : "revoke\n", self->path, NULL)))
    return;
  revoke_aim (self, entry->credential);
  self->state = self->options->local_only ? REVOKE_ASKED : REVOKE_ASK;
  fel_request_step (self);
}

static void
revoke_delete (FelRequest *self)
{
  self->state = REVOKE_DELETED;
  fel_keyring_delete (self->broker->keyring, self->path, fel_request_on_outcome, fel_request_ref (self));
}

/* Is there another item of the same credential? Then that one goes, too. */
static gboolean
revoke_delete_next (FelRequest *self)
{
  FelCatalogQuery query = { .id = self->id, .backend = self->backend };
  FelCatalogEntry *entry = fel_catalog_newest (self->broker->catalog, &query);

  if (entry == NULL)
    return FALSE;
  g_free (self->path);
  self->path = g_strdup (entry->path);
  revoke_delete (self);
  return TRUE;
}

static void
revoke_step (FelRequest *self)
{
  switch (self->state)
    {
    case REVOKE_FIND:
      revoke_begin (self);
      return;

    case REVOKE_ASK:
      if (fel_request_resolve (self))
        revoke_ask_provider (self);
      return;

    case REVOKE_ASKED:
      if (self->error != NULL)
        {
          revoke_mark (self, FALSE);
          fel_request_finish (self);
          return;
        }
      revoke_delete (self);
      return;

    case REVOKE_DELETED:
      revoke_mark (self, FALSE);
      if (self->error == NULL)
        {
          fel_catalog_remove (self->broker->catalog, self->path);
          fel_endings_drop (self->broker->endings, self->backend, self->id);
          if (revoke_delete_next (self))
            return;
        }
      fel_request_finish (self);
      return;

    default:
      g_assert_not_reached ();
    }
}

const FelRequestKind fel_request_revoke = {
  .name = "RevokeCredential",
  .call = FEL_CALL_REVOKE,
  .unlocks = TRUE,
  .step = revoke_step,
};
