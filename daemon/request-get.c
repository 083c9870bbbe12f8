/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include "error.h"

enum
{
  GET_FIND,
  GET_FOUND,
  GET_READ,
};

static void
on_read (gpointer result, const GError *error, gpointer user_data)
{
  FelRequest *self = user_data;

  if (error == NULL)
    self->secret = fel_secret_ref (result);
  fel_request_on_outcome (NULL, error, self);
}

/* FALSE: the request has failed. */
static gboolean
get_query (FelRequest *self, FelCatalogQuery *query)
{
  const FelOptions *options = self->options;
  gboolean by_id = options->id != NULL;
  g_autoptr (GError) error = NULL;

  *query = (FelCatalogQuery){
    .id = options->id,
    .backend = options->backend,
    .workspace = *self->workspace != '\0' ? self->workspace : NULL,
    .database = *self->database != '\0' ? self->database : NULL,
    .tenant_id = options->tenant_id,
    .internal = options->internal,
    .exact = !by_id,
    .usable_until_sec = g_get_real_time () / G_USEC_PER_SEC + options->min_validity_sec,
  };
  if (by_id)
    return TRUE;
  self->instance = fel_request_find_instance (self, &error);
  if (self->instance == NULL)
    {
      fel_request_fail (self, error);
      return FALSE;
    }
  query->backend = self->instance->name;
  return TRUE;
}

/* There is none: mint one if that was asked for. Equal calls of one time mint once. */
static void
get_end_unfound (FelRequest *self)
{
  const FelOptions *options = self->options;
  g_autoptr (GError) error = NULL;

  if (self->asked == &fel_request_create)
    {
      /* A repeat of a request-id whose credential has gone just now: it is free again. */
      g_clear_pointer (&self->options->id, g_free);
      fel_request_become (self, &fel_request_create);
      return;
    }
  if (options->id != NULL)
    error = g_error_new (FEL_ERROR, FEL_ERROR_NOT_FOUND, "no usable credential '%s' is stored", options->id);
  else if (!options->create)
    error = g_error_new (FEL_ERROR, FEL_ERROR_NOT_FOUND,
                         "no usable credential for %s/%s%s%s%s is stored; `felucca create %s/%s` mints one",
                         self->workspace, self->database, options->tenant_id != NULL ? ", tenant " : "",
                         options->tenant_id != NULL ? options->tenant_id : "", options->internal ? ", internal" : "",
                         self->workspace, self->database);
  if (error != NULL)
    fel_request_fail (self, error);
  else if (options->request_id != NULL
           || !fel_request_join (
               self, g_strdup_printf ("mint\n%s\n%s\n%s\n%s\n%d", self->instance->name, self->workspace, self->database,
                                      options->tenant_id != NULL ? options->tenant_id : "", options->internal)))
    fel_request_become (self, &fel_request_create);
}

static void
get_find (FelRequest *self)
{
  FelCatalogQuery query;
  FelCatalogEntry *entry;

  if (!get_query (self, &query))
    return;
  entry = fel_catalog_newest (self->broker->catalog, &query);
  if (entry == NULL)
    {
      get_end_unfound (self);
      return;
    }
  g_free (self->path);
  self->path = g_strdup (entry->path);
  g_clear_pointer (&self->credential, fel_credential_unref);
  self->credential = fel_credential_ref (entry->credential);
  self->state = GET_FOUND;
  fel_request_step (self);
}

/* The item went away after we looked: look again, without it. */
static gboolean
get_has_vanished (FelRequest *self)
{
  if (!g_error_matches (self->error, FEL_ERROR, FEL_ERROR_NOT_FOUND))
    return FALSE;
  g_clear_error (&self->error);
  fel_catalog_remove (self->broker->catalog, self->path);
  return TRUE;
}

/* Not the item alone: what happens when it is gone depends on what was asked. */
static char *
get_key (const FelRequest *self)
{
  return g_strdup_printf ("read\n%s\n%d%d", self->path, self->options->id != NULL, self->options->create);
}

static void
get_step (FelRequest *self)
{
  for (;;)
    switch (self->state)
      {
      case GET_FIND:
        get_find (self);
        return;

      case GET_FOUND:
        if (fel_request_join (self, get_key (self)))
          return;
        self->state = GET_READ;
        fel_keyring_read (self->broker->keyring, self->path, self->options->interactive, on_read,
                          fel_request_ref (self));
        return;

      case GET_READ:
        if (get_has_vanished (self))
          {
            self->state = GET_FIND;
            break;
          }
        fel_request_finish (self);
        return;

      default:
        g_assert_not_reached ();
      }
}

const FelRequestKind fel_request_get = {
  .name = "GetCredential",
  .call = FEL_CALL_GET,
  .unlocks = TRUE,
  .step = get_step,
};
