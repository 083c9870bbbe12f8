/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The struct that holds the parts of the daemon: one for a process, made and freed by main.
 * No logic lives here; whoever has it may use the parts, on the main thread. */
#pragma once

#include "catalog.h"
#include "config.h"
#include "endings.h"
#include "file-marks.h"
#include "keyring.h"
#include "ledger.h"
#include "mint-queue.h"
#include "quarantine.h"
#include "registry.h"
#include "sandbox.h"
#include "secret-cache.h"
#include "sign-in.h"
#include "token-cache.h"
#include "work.h"

/* What the bus has to know without having asked. */
typedef struct FelBrokerListener
{
  void (*credential_event) (FelCatalogEvent event, FelCredential *credential, gpointer user_data);
  void (*keyring_changed) (gpointer user_data);
  void (*credential_expiring) (const FelCredential *credential, gpointer user_data);
  void (*sign_in_required) (const char *backend, gpointer user_data);
  void (*needs_decision) (const FelLedgerEntry *entry, gpointer user_data);
  void (*became_idle) (gpointer user_data);
} FelBrokerListener;

typedef struct FelBroker
{
  FelConfig *config;
  FelSandbox *sandbox;      /* (nullable) */
  FelFileMarks *file_marks; /* (nullable): no file is closed to us */
  FelRegistry *registry;
  FelCatalog *catalog;
  FelKeyring *keyring;
  FelTokenCache *token_cache;
  FelSecretCache *secret_cache;
  FelWork *work;
  FelMintQueue *mint_queue;
  FelSignIns *sign_ins;
  struct FelMirror *mirror;
  FelLedger *ledger;
  struct FelReconcile *reconcile;
  struct FelExpiry *expiry;
  FelEndings *endings;
  FelQuarantine *quarantine;
  GHashTable *loads;    /* instance name → what is being found out about it */
  GHashTable *probed;   /* path of a module → what a probe said of it */
  GHashTable *accesses; /* instance name → FelAccess under way */
  GHashTable *flights;  /* key of an equal call → the FelRequest that leads it */
  guint open_requests;  /* machines that have not come to their end, answered or not */
  FelBrokerListener listener;
  gpointer listener_data;
} FelBroker;

FelBroker *fel_broker_new (FelConfig *config /* (transfer full) */, const char *backend_directory,
                           const char *state_folder);
void fel_broker_free (FelBroker *self); /* (nullable) */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelBroker, fel_broker_free)
