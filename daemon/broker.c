/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker.h"

#include "backend-load.h"
#include "ledger.h"
#include "expiry.h"
#include "mirror.h"
#include "reconcile.h"

static void
on_catalog_event (FelCatalogEvent event, FelCredential *credential, gpointer user_data)
{
  FelBroker *self = user_data;

  /* What never ends is nothing to it; what has changed may have had an end before. */
  if (event == FEL_CATALOG_CHANGED || credential->not_after_sec != 0)
    fel_expiry_touch (self->expiry);
  if (self->listener.credential_event != NULL)
    self->listener.credential_event (event, credential, self->listener_data);
}

FelBroker *
fel_broker_new (FelConfig *config, const char *backend_directory, const char *state_folder)
{
  g_autofree char *intents = g_build_filename (state_folder, "intents", NULL);
  g_autofree char *crashes = g_build_filename (state_folder, "crashes", NULL);
  g_autofree char *endings = g_build_filename (state_folder, "endings", NULL);
  FelBroker *self = g_new0 (FelBroker, 1);

  self->config = config;
  self->registry = fel_registry_new (config, backend_directory);
  self->catalog = fel_catalog_new (on_catalog_event, self);
  self->token_cache = fel_token_cache_new ();
  self->secret_cache = fel_secret_cache_new ();
  self->work = fel_work_new ();
  self->mint_queue = fel_mint_queue_new ();
  self->quarantine = fel_quarantine_new (crashes);
  self->loads = g_hash_table_new (g_str_hash, g_str_equal);
  self->probed = fel_backend_probed_new ();
  self->sign_ins = fel_sign_ins_new ();
  self->accesses = g_hash_table_new (g_str_hash, g_str_equal);
  self->flights = g_hash_table_new (g_str_hash, g_str_equal);
  self->ledger = fel_ledger_new (intents, self->work);
  self->endings = fel_endings_new (endings, self->work);
  self->reconcile = fel_reconcile_new (self);
  self->expiry = fel_expiry_new (self);
  self->mirror = fel_mirror_new (self);
  self->keyring = fel_keyring_new (fel_mirror_keyring_listener (), self->mirror);
  return self;
}

void
fel_broker_free (FelBroker *self)
{
  if (self == NULL)
    return;
  fel_sandbox_free (self->sandbox);
  fel_file_marks_free (self->file_marks);
  fel_keyring_close (self->keyring);
  fel_mirror_free (self->mirror);
  fel_expiry_free (self->expiry);
  fel_reconcile_free (self->reconcile);
  fel_endings_free (self->endings);
  fel_ledger_free (self->ledger);
  g_hash_table_unref (self->flights);
  g_hash_table_unref (self->accesses);
  g_hash_table_unref (self->probed);
  g_hash_table_unref (self->loads);
  fel_quarantine_free (self->quarantine);
  fel_sign_ins_free (self->sign_ins);
  fel_mint_queue_free (self->mint_queue);
  fel_work_free (self->work);
  fel_secret_cache_free (self->secret_cache);
  fel_token_cache_free (self->token_cache);
  fel_catalog_free (self->catalog);
  fel_registry_free (self->registry);
  fel_config_free (self->config);
  g_free (self);
}
