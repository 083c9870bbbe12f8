/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The record on disk of one mint: it is there before the provider is asked and goes when the credential is stored or
 * known not to exist. It holds no secret. Its state is the end of its file's name, so that a step is one rename.
 * Never changed after it was made; `intent-folder` writes and reads it. */
#pragma once

#include <glib.h>

typedef enum
{
  FEL_INTENT_PREPARED, /* nothing was sent */
  FEL_INTENT_SENT,     /* perhaps something was minted; the id is not known */
  FEL_INTENT_MINTED,   /* the id is known */
} FelIntentState;

typedef struct FelIntent
{
  gatomicrefcount refs;
  char *uuid;
  char *backend;
  char *workspace;
  char *database;
  char *tenant_id;  /* (nullable) */
  char *request_id; /* (nullable) */
  char *id;         /* NULL until the provider has answered */
  char *boot_id;    /* of the system start that it was made in */
  gboolean internal;
  gint64 since_sec; /* wall clock, when it was prepared */
  FelIntentState state;
} FelIntent;

FelIntent *fel_intent_new (const char *backend, const char *workspace, const char *database, const char *tenant_id,
                           gboolean internal, const char *request_id, gint64 since_sec);
FelIntent *fel_intent_ref (FelIntent *self);
void fel_intent_unref (FelIntent *self); /* (nullable) */

/* The same intent, one step on. id: (nullable) */
FelIntent *fel_intent_advance (const FelIntent *self, FelIntentState state, const char *id);

/* After a restart of the system, a rename that was not flushed may be lost: a prepared one may have been sent. */
gboolean fel_intent_was_never_sent (const FelIntent *self);

const char *fel_intent_state_name (FelIntentState state);

char *fel_intent_serialize (const FelIntent *self, gsize *ret_len);

/* NULL: not a record of ours. */
FelIntent *fel_intent_parse (const char *text, gsize len, const char *uuid, FelIntentState state);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelIntent, fel_intent_unref)
