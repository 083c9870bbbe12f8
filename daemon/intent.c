/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "intent.h"

#include <string.h>

#include "error.h"
#include "options.h"

#define GROUP "intent"
#define VERSION 1
#define SINCE_MAX_SEC G_GINT64_CONSTANT (253402300799) /* the year 9999: times can be added to it */

typedef struct
{
  const char *key;
  gsize offset;
  gboolean required;
} IntentField;

static const IntentField fields[] = {
  { "backend", G_STRUCT_OFFSET (FelIntent, backend), TRUE },
  { "workspace", G_STRUCT_OFFSET (FelIntent, workspace), TRUE },
  { "database", G_STRUCT_OFFSET (FelIntent, database), TRUE },
  { "tenant-id", G_STRUCT_OFFSET (FelIntent, tenant_id), FALSE },
  { "request-id", G_STRUCT_OFFSET (FelIntent, request_id), FALSE },
  { "id", G_STRUCT_OFFSET (FelIntent, id), FALSE },
  { "boot-id", G_STRUCT_OFFSET (FelIntent, boot_id), FALSE },
};

static FelIntent *
intent_alloc (const char *uuid, FelIntentState state)
{
  FelIntent *self = g_new0 (FelIntent, 1);

  g_atomic_ref_count_init (&self->refs);
  self->uuid = g_strdup (uuid);
  self->state = state;
  return self;
}

/* random(4) of this system start; NULL where the kernel does not say. */
static char *
boot_id_read (void)
{
  char *text = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
    return NULL;
  return g_strchomp (text);
}

FelIntent *
fel_intent_new (const char *backend, const char *workspace, const char *database, const char *tenant_id,
                gboolean internal, const char *request_id, gint64 since_sec)
{
  g_autofree char *uuid = g_uuid_string_random ();
  FelIntent *self = intent_alloc (uuid, FEL_INTENT_PREPARED);

  self->backend = g_strdup (backend);
  self->workspace = g_strdup (workspace);
  self->database = g_strdup (database);
  self->tenant_id = g_strdup (tenant_id);
  self->internal = internal;
  self->request_id = g_strdup (request_id);
  self->since_sec = since_sec;
  self->boot_id = boot_id_read ();
  return self;
}

FelIntent *
fel_intent_ref (FelIntent *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
fel_intent_unref (FelIntent *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    g_free (G_STRUCT_MEMBER (char *, self, fields[i].offset));
  g_free (self->uuid);
  g_free (self);
}

FelIntent *
fel_intent_advance (const FelIntent *self, FelIntentState state, const char *id)
{
  FelIntent *next = intent_alloc (self->uuid, state);

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    G_STRUCT_MEMBER (char *, next, fields[i].offset) = g_strdup (G_STRUCT_MEMBER (char *, self, fields[i].offset));
  next->internal = self->internal;
  next->since_sec = self->since_sec;
  if (id != NULL)
    {
      g_free (next->id);
      next->id = g_strdup (id);
    }
  return next;
}

gboolean
fel_intent_was_never_sent (const FelIntent *self)
{
  g_autofree char *boot_id = boot_id_read ();

  return self->state == FEL_INTENT_PREPARED && boot_id != NULL && g_strcmp0 (self->boot_id, boot_id) == 0;
}

const char *
fel_intent_state_name (FelIntentState state)
{
  static const char *const names[] = { "prepared", "sent", "minted" };

  return names[state];
}

char *
fel_intent_serialize (const FelIntent *self, gsize *ret_len)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();

  g_key_file_set_integer (keys, GROUP, "version", VERSION);
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      const char *value = G_STRUCT_MEMBER (char *, self, fields[i].offset);

      if (value != NULL)
        g_key_file_set_string (keys, GROUP, fields[i].key, value);
    }
  g_key_file_set_boolean (keys, GROUP, "internal", self->internal);
  g_key_file_set_int64 (keys, GROUP, "since", self->since_sec);
  return g_key_file_to_data (keys, ret_len, NULL);
}

static gboolean
parse_fields (FelIntent *self, GKeyFile *keys)
{
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      g_autoptr (GError) error = NULL;
      char *value;

      if (!fields[i].required && !g_key_file_has_key (keys, GROUP, fields[i].key, NULL))
        continue;
      value = g_key_file_get_string (keys, GROUP, fields[i].key, &error); /* something, even when it has an error */
      G_STRUCT_MEMBER (char *, self, fields[i].offset) = value;
      if (error != NULL || !fel_name_check (fields[i].key, value, NULL))
        return FALSE;
    }
  return TRUE;
}

/* As many lines as keys and their group, each with its end: nothing is cut off, said twice or beside them. Keys that a
 * later version adds are fine. */
static gboolean
is_whole (GKeyFile *keys, const char *text, gsize len)
{
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);
  g_auto (GStrv) names = g_key_file_get_keys (keys, GROUP, NULL, NULL);
  gsize n_lines = 1; /* the group's */

  if (names == NULL || g_strv_length (groups) != 1 || text[len - 1] != '\n')
    return FALSE;
  for (char **name = names; *name != NULL; name++, n_lines++)
    if (g_strv_contains ((const char *const *) name + 1, *name))
      return FALSE;
  for (gsize i = 0; i < len; i++)
    n_lines -= text[i] == '\n';
  return n_lines == 0;
}

/* Not GLib's own: that takes what does not fit for the nearest that does. */
static gboolean
parse_number (GKeyFile *keys, const char *key, gint64 max, gint64 *ret_number)
{
  g_autofree char *value = g_key_file_get_value (keys, GROUP, key, NULL);

  return value != NULL && g_ascii_string_to_signed (value, 10, 1, max, ret_number, NULL);
}

static gboolean
parse_internal (GKeyFile *keys, gboolean *ret_internal)
{
  g_autoptr (GError) error = NULL;

  *ret_internal = g_key_file_get_boolean (keys, GROUP, "internal", &error);
  return error == NULL;
}

FelIntent *
fel_intent_parse (const char *text, gsize len, const char *uuid, FelIntentState state)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (FelIntent) self = NULL;
  gint64 version;

  if (!g_uuid_string_is_valid (uuid) || !g_utf8_validate_len (text, len, NULL)
      || !g_key_file_load_from_data (keys, text, len, G_KEY_FILE_NONE, NULL) || !is_whole (keys, text, len)
      || !parse_number (keys, "version", VERSION, &version))
    return NULL;
  self = intent_alloc (uuid, state);
  if (!parse_fields (self, keys) || !parse_internal (keys, &self->internal)
      || !parse_number (keys, "since", SINCE_MAX_SEC, &self->since_sec)
      || (state == FEL_INTENT_MINTED && self->id == NULL))
    return NULL;
  return g_steal_pointer (&self);
}
