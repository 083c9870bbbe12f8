/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keeps the catalog and the token cache true to the keyring: loads both when the keyring opens or unlocks, then follows
 * its signals, whoever caused them. */
#pragma once

#include "broker.h"

typedef struct FelMirror FelMirror;

typedef void (*FelMirrorReady) (gpointer user_data);

FelMirror *fel_mirror_new (FelBroker *broker);
void fel_mirror_free (FelMirror *self); /* (nullable) */

const FelKeyringListener *fel_mirror_keyring_listener (void);

/* FALSE: the keyring has not shown yet what is in it, and this is why; then nothing known is not nothing there. */
gboolean fel_mirror_check (const FelMirror *self, GError **error);

/* This credential was revoked while the keyring had not said whether it keeps it: should it turn up, it is deleted. */
void fel_mirror_bury (FelMirror *self, const char *backend, const char *id);

/* What was rotated away has its end in the catalog, also where the keyring has not taken it. */
void fel_mirror_apply_endings (FelMirror *self);

/* A password that was read for a call: held for the next one, see secret-cache.h. */
void fel_mirror_keep_secret (FelMirror *self, const char *path, FelSecret *secret, gint64 modified_sec, guint64 epoch);

/* The item is gone, whatever the keyring says of it later. */
void fel_mirror_forget (FelMirror *self, const char *path);

/* Is no load under way? */
gboolean fel_mirror_is_ready (const FelMirror *self);

/* Calls ready when no load is under way, at once if none is now; where all have failed, tries another one first. */
void fel_mirror_when_ready (FelMirror *self, FelMirrorReady ready, gpointer user_data);
