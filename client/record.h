/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A dictionary as it came over the bus: a credential's metadata, an account, the properties of the daemon.
 * Keeps the order and the keys that it does not know, so that JSON shows what the daemon said. Holds no secret. */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#include "buffer.h"

typedef struct FelRecord FelRecord;

FelRecord *fel_record_new (void);
void fel_record_free (FelRecord *self);

FelRecord *fel_record_read (sd_bus_message *message, GError **error);       /* a{s…} */
GPtrArray *fel_record_read_array (sd_bus_message *message, GError **error); /* aa{s…}; of FelRecord */

void fel_record_set_text (FelRecord *self, const char *key, const char *text);
void fel_record_set_number (FelRecord *self, const char *key, gint64 number);
void fel_record_set_flag (FelRecord *self, const char *key, gboolean flag);
void fel_record_set_list (FelRecord *self, const char *key, char **list /* (transfer full) */);
void fel_record_set_record (FelRecord *self, const char *key, FelRecord *record /* (transfer full) */);
void fel_record_set_records (FelRecord *self, const char *key, GPtrArray *records /* (transfer full) */);

/* Getters give NULL or FALSE for a key that is absent or of another type. */
const char *fel_record_text (const FelRecord *self, const char *key);
gboolean fel_record_number (const FelRecord *self, const char *key, gint64 *ret_number);
gboolean fel_record_flag (const FelRecord *self, const char *key);
char **fel_record_list (const FelRecord *self, const char *key); /* (transfer none) */
const FelRecord *fel_record_record (const FelRecord *self, const char *key);
GPtrArray *fel_record_records (const FelRecord *self, const char *key); /* (transfer none) */

FelRecord *fel_record_steal_record (FelRecord *self, const char *key); /* (transfer full) */

gboolean fel_record_has (const FelRecord *self, const char *key);
guint fel_record_size (const FelRecord *self);
const char *fel_record_key (const FelRecord *self, guint i);

void fel_record_fields_to_json (const FelRecord *self, FelBuffer *out); /* without the braces */
void fel_record_to_json (const FelRecord *self, FelBuffer *out);
void fel_record_array_to_json (GPtrArray *records, FelBuffer *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelRecord, fel_record_free)
