/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include "error.h"
#include "expiry.h"
#include "lifetime.h"
#include "log.h"

enum
{
  ROTATE_FIND,
  ROTATE_MINTED,
  ROTATE_RECORDED,
  ROTATE_ENDED,
};

static gint64
now_sec (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

/* What the new one is to be like: the same but for what the caller says. */
static FelOptions *
rotate_wish (const FelRequest *self, const FelCredential *old)
{
  g_autofree char *default_label = fel_credential_default_label (old);
  FelOptions *wish = fel_options_new ();

  wish->backend = g_strdup (old->backend);
  wish->tenant_id = g_strdup (old->tenant_id);
  wish->internal = old->internal == FEL_TRUE;
  wish->interactive = self->options->interactive;
  wish->ttl_sec = self->options->ttl_sec;
  if (self->options->label != NULL)
    wish->label = g_strdup (self->options->label);
  else if (g_strcmp0 (old->label, default_label) != 0)
    wish->label = g_strdup (old->label);
  /* One that was rotated away already has an end that says nothing about its life. */
  if (wish->ttl_sec == 0 && fel_lifetime_judge (old, now_sec (), NULL) == FEL_LIFETIME_ACTIVE
      && old->renewable != FEL_TRUE)
    wish->ttl_sec = fel_lifetime_sec (old);
  return wish;
}

static gboolean
is_same_rotation (const FelOptions *a, const FelOptions *b)
{
  return a->overlap_sec == b->overlap_sec && a->ttl_sec == b->ttl_sec && g_strcmp0 (a->label, b->label) == 0;
}

static void
on_minted (FelRequest *mint, gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;

  if (mint->error != NULL)
    self->error = g_error_copy (mint->error);
  else
    {
      self->credential = fel_credential_ref (mint->credential);
      self->secret = fel_secret_ref (mint->secret);
    }
  fel_request_step (self);
}

/* FALSE: the request is one with another, or has failed. */
static gboolean
rotate_is_first (FelRequest *self)
{
  g_autofree char *key = g_strconcat ("rotate\n", self->path, NULL);
  const FelRequest *leader = g_hash_table_lookup (self->broker->flights, key);
  g_autoptr (GError) error = NULL;

  if (leader == NULL || is_same_rotation (leader->options, self->options))
    return !fel_request_join (self, g_steal_pointer (&key));
  error
      = g_error_new (FEL_ERROR, FEL_ERROR_CONFLICT,
                     "credential '%s' is being rotated with another overlap, ttl or label; try again when that is done",
                     self->options->id);
  fel_request_fail (self, error);
  return FALSE;
}

static void
rotate_begin (FelRequest *self)
{
  FelCatalogEntry *entry = fel_request_find_stored (self);
  FelRequest *mint;

  if (entry == NULL)
    return;
  self->path = g_strdup (entry->path);
  if (!rotate_is_first (self))
    return;
  self->workspace = g_strdup (entry->credential->workspace);
  self->database = g_strdup (entry->credential->database);
  self->state = ROTATE_MINTED;
  mint = fel_request_new (self->broker, &fel_request_create, rotate_wish (self, entry->credential));
  mint->caller = g_strdup (self->caller);
  mint->workspace = g_strdup (self->workspace);
  mint->database = g_strdup (self->database);
  fel_request_start (mint, on_minted, fel_request_ref (self));
  fel_request_unref (mint);
}

/* The backend has just minted, so it is loaded. */
static gboolean
rotate_can_end (FelRequest *self, const FelCatalogEntry *entry)
{
  const FelInstance *instance = fel_registry_find (self->broker->registry, entry->credential->backend);

  return instance == NULL || fel_backend_has (instance, FEL_VERB_REVOKE);
}

/* Its end is to come whoever is the daemon then. It belongs in the keyring, which may refuse it, or die over it, and so it
 * is on the disk first. */
static void
rotate_record (FelRequest *self)
{
  FelCatalogEntry *entry = fel_catalog_at (self->broker->catalog, self->path);
  gint64 end_sec = now_sec () + self->options->overlap_sec;

  /* What cannot be revoked lives until its own end, whatever we write down. */
  if (entry == NULL || !rotate_can_end (self, entry)
      || (entry->credential->not_after_sec != 0 && entry->credential->not_after_sec <= end_sec))
    {
      self->state = ROTATE_ENDED;
      fel_request_step (self);
      return;
    }
  self->state = ROTATE_RECORDED;
  g_free (self->backend);
  self->backend = g_strdup (entry->credential->backend);
  fel_endings_put (self->broker->endings, self->backend, entry->credential->id, end_sec, fel_request_on_outcome,
                   fel_request_ref (self));
}

static void
rotate_end_old (FelRequest *self)
{
  FelCatalogEntry *entry = fel_catalog_at (self->broker->catalog, self->path);
  g_autoptr (GError) error = fel_request_take_outcome (self);
  gint64 end_sec = fel_endings_find (self->broker->endings, self->backend, self->id);
  g_autoptr (FelCredential) ending = NULL;

  if (error != NULL)
    fel_log_problem (error->message); /* then the keyring alone has to hold it */
  self->state = ROTATE_ENDED;
  if (entry == NULL || end_sec == 0)
    {
      fel_request_step (self);
      return;
    }
  ending = fel_lifetime_with_end (entry->credential, end_sec);
  fel_request_change (self, self->path, ending);
}

static void
rotate_step (FelRequest *self)
{
  switch (self->state)
    {
    case ROTATE_FIND:
      rotate_begin (self);
      return;

    case ROTATE_MINTED:
      if (self->error != NULL)
        fel_request_finish (self);
      else
        rotate_record (self);
      return;

    case ROTATE_RECORDED:
      rotate_end_old (self);
      return;

    case ROTATE_ENDED:
      fel_expiry_announce (self->broker->expiry, self->path);
      fel_request_finish (self);
      return;

    default:
      g_assert_not_reached ();
    }
}

const FelRequestKind fel_request_rotate = {
  .name = "RotateCredential",
  .call = FEL_CALL_ROTATE,
  .unlocks = TRUE,
  .step = rotate_step,
};
