/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "credential.h"

#include <string.h>

#include "felucca-names.h"

#include "options.h"

#define FIELD(key_, type_, home_, member_)                                                                             \
  {                                                                                                                    \
    key_, type_, home_, G_STRUCT_OFFSET (FelCredential, member_)                                                       \
  }

/* In the order in which the bus shows them. */
static const FelCredentialField fields[] = {
  FIELD (FEL_KEY_ID, 's', FEL_FIELD_OF_KEYRING, id),
  FIELD (FEL_KEY_BACKEND, 's', FEL_FIELD_OF_KEYRING, backend),
  FIELD (FEL_KEY_WORKSPACE, 's', FEL_FIELD_OF_KEYRING, workspace),
  FIELD (FEL_KEY_DATABASE, 's', FEL_FIELD_OF_KEYRING, database),
  FIELD (FEL_KEY_USER, 's', FEL_FIELD_OF_KEYRING, user),
  FIELD (FEL_KEY_HOST, 's', FEL_FIELD_OF_KEYRING, host),
  FIELD (FEL_KEY_PORT, 'q', FEL_FIELD_OF_KEYRING, port),
  FIELD (FEL_KEY_SSL_MODE, 's', FEL_FIELD_OF_KEYRING, ssl_mode),
  FIELD (FEL_KEY_PROTOCOL, 's', FEL_FIELD_OF_KEYRING, protocol),
  FIELD (FEL_KEY_CREATED, 'x', FEL_FIELD_OF_KEYRING, created_sec),
  FIELD (FEL_KEY_NOT_AFTER, 'x', FEL_FIELD_OF_KEYRING, not_after_sec),
  FIELD (FEL_KEY_RENEWABLE, 'b', FEL_FIELD_OF_KEYRING, renewable),
  FIELD (FEL_KEY_LOGIN_ONLY, 'b', FEL_FIELD_OF_KEYRING, login_only),
  FIELD (FEL_KEY_DATABASE_NAME, 's', FEL_FIELD_OF_KEYRING, database_name),
  FIELD (FEL_KEY_DATABASE_ID, 's', FEL_FIELD_OF_KEYRING, database_id),
  FIELD (FEL_KEY_TENANT_ID, 's', FEL_FIELD_OF_KEYRING, tenant_id),
  FIELD (FEL_KEY_LABEL, 's', FEL_FIELD_OF_LABEL, label),
  FIELD (FEL_KEY_INTERNAL, 'b', FEL_FIELD_OF_KEYRING, internal),
  FIELD (FEL_KEY_REGION, 's', FEL_FIELD_OF_MINT, region),
  FIELD (FEL_KEY_STATUS, 's', FEL_FIELD_OF_MINT, status),
  FIELD (FEL_KEY_API_HOST, 's', FEL_FIELD_OF_MINT, api_host),
  FIELD (FEL_KEY_SHARDED, 'b', FEL_FIELD_OF_MINT, sharded),
  FIELD (FEL_KEY_EXPANDABLE, 'b', FEL_FIELD_OF_MINT, expandable),
  FIELD ("request-id", 's', FEL_FIELD_OF_OURS, request_id),
  FIELD ("intent", 's', FEL_FIELD_OF_NOTHING, intent),
};

const FelCredentialField *
fel_credential_fields (gsize *ret_n)
{
  *ret_n = G_N_ELEMENTS (fields);
  return fields;
}

FelCredential *
fel_credential_new (void)
{
  FelCredential *self = g_new0 (FelCredential, 1);

  g_atomic_ref_count_init (&self->refs);
  return self;
}

FelCredential *
fel_credential_ref (FelCredential *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
fel_credential_unref (FelCredential *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (fields[i].type == 's')
      g_free (G_STRUCT_MEMBER (char *, self, fields[i].offset));
  g_free (self);
}

FelCredential *
fel_credential_copy (const FelCredential *self)
{
  FelCredential *copy = g_new (FelCredential, 1);

  *copy = *self;
  g_atomic_ref_count_init (&copy->refs);
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (fields[i].type == 's')
      G_STRUCT_MEMBER (char *, copy, fields[i].offset) = g_strdup (G_STRUCT_MEMBER (char *, self, fields[i].offset));
  return copy;
}

static gboolean
field_is_equal (const FelCredential *a, const FelCredential *b, const FelCredentialField *field)
{
  switch (field->type)
    {
    case 's':
      return g_strcmp0 (G_STRUCT_MEMBER (char *, a, field->offset), G_STRUCT_MEMBER (char *, b, field->offset)) == 0;
    case 'b':
      return G_STRUCT_MEMBER (FelTristate, a, field->offset) == G_STRUCT_MEMBER (FelTristate, b, field->offset);
    default:
      return G_STRUCT_MEMBER (gint64, a, field->offset) == G_STRUCT_MEMBER (gint64, b, field->offset);
    }
}

gboolean
fel_credential_equal (const FelCredential *a, const FelCredential *b)
{
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (!field_is_equal (a, b, &fields[i]))
      return FALSE;
  return TRUE;
}

gboolean
fel_credential_get_string (const FelCredential *self, const FelCredentialField *field, const char **ret_value)
{
  const char *value = G_STRUCT_MEMBER (const char *, self, field->offset);

  g_assert (field->type == 's');
  if (value == NULL)
    return FALSE;
  *ret_value = value;
  return TRUE;
}

gboolean
fel_credential_get_number (const FelCredential *self, const FelCredentialField *field, gint64 *ret_value)
{
  gint64 value = G_STRUCT_MEMBER (gint64, self, field->offset);

  g_assert (field->type == 'q' || field->type == 'x');
  if (value == 0)
    return FALSE;
  *ret_value = value;
  return TRUE;
}

gboolean
fel_credential_get_boolean (const FelCredential *self, const FelCredentialField *field, gboolean *ret_value)
{
  FelTristate value = G_STRUCT_MEMBER (FelTristate, self, field->offset);

  g_assert (field->type == 'b');
  if (value == FEL_UNSET)
    return FALSE;
  *ret_value = value == FEL_TRUE;
  return TRUE;
}

static char *
field_to_text (const FelCredential *self, const FelCredentialField *field)
{
  const char *string;
  gint64 number;
  gboolean boolean;

  if (field->type == 's')
    return fel_credential_get_string (self, field, &string) ? g_strdup (string) : NULL;
  if (field->type == 'b')
    return fel_credential_get_boolean (self, field, &boolean) ? g_strdup (boolean ? "true" : "false") : NULL;
  return fel_credential_get_number (self, field, &number) ? g_strdup_printf ("%" G_GINT64_FORMAT, number) : NULL;
}

/* What does not parse counts as absent: the item may have been edited by hand. */
static void
field_from_text (FelCredential *self, const FelCredentialField *field, const char *text)
{
  gint64 max = field->type == 'q' ? G_MAXUINT16 : G_MAXINT64;
  gint64 number;

  if (field->type == 's')
    G_STRUCT_MEMBER (char *, self, field->offset) = g_strdup (text);
  else if (field->type == 'b')
    G_STRUCT_MEMBER (FelTristate, self, field->offset) = g_str_equal (text, "true")    ? FEL_TRUE
                                                         : g_str_equal (text, "false") ? FEL_FALSE
                                                                                       : FEL_UNSET;
  else if (g_ascii_string_to_signed (text, 10, 1, max, &number, NULL))
    G_STRUCT_MEMBER (gint64, self, field->offset) = number;
}

static gboolean
field_is_attribute (const FelCredentialField *field)
{
  return field->home == FEL_FIELD_OF_KEYRING || field->home == FEL_FIELD_OF_OURS;
}

GHashTable *
fel_credential_to_attributes (const FelCredential *self)
{
  GHashTable *attributes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);

  g_hash_table_insert (attributes, (char *) "xdg:schema", g_strdup (FEL_SCHEMA_CREDENTIAL));
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      char *text = field_is_attribute (&fields[i]) ? field_to_text (self, &fields[i]) : NULL;

      if (text != NULL)
        g_hash_table_insert (attributes, (char *) fields[i].key, text);
    }
  return attributes;
}

/* Any program can store an item: its names go into URLs like those of a caller. */
static gboolean
is_name (const char *value)
{
  return value != NULL && fel_name_check ("", value, NULL);
}

FelCredential *
fel_credential_from_attributes (GHashTable *attributes, const char *label, gint64 stored_sec)
{
  g_autoptr (FelCredential) self = fel_credential_new ();

  if (g_strcmp0 (g_hash_table_lookup (attributes, "xdg:schema"), FEL_SCHEMA_CREDENTIAL) != 0)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      const char *text = field_is_attribute (&fields[i]) ? g_hash_table_lookup (attributes, fields[i].key) : NULL;

      if (text != NULL && *text != '\0' && g_utf8_validate (text, -1, NULL))
        field_from_text (self, &fields[i], text);
    }
  if (self->backend == NULL || !is_name (self->id) || !is_name (self->workspace) || !is_name (self->database))
    return NULL;
  self->label = label != NULL && *label != '\0' ? g_utf8_make_valid (label, -1) : NULL;
  self->stored_sec = stored_sec;
  return g_steal_pointer (&self);
}

char *
fel_credential_default_label (const FelCredential *self)
{
  return g_strdup_printf ("%s/%s (%s)", self->workspace, self->database, self->backend);
}

static gint64
credential_age_key (const FelCredential *self)
{
  return self->created_sec != 0 ? self->created_sec : self->stored_sec;
}

/* What has no end ends after all others. */
static gint64
credential_end_key (const FelCredential *self)
{
  return self->not_after_sec != 0 ? self->not_after_sec : G_MAXINT64;
}

int
fel_credential_compare_age (const FelCredential *a, const FelCredential *b)
{
  gint64 a_sec = credential_age_key (a), b_sec = credential_age_key (b);

  if (a_sec != b_sec)
    return a_sec > b_sec ? -1 : 1;
  /* Made and rotated away within a second: it was given an end, the new one lives on. Not all ids tell their time. */
  a_sec = credential_end_key (a);
  b_sec = credential_end_key (b);
  if (a_sec != b_sec)
    return a_sec > b_sec ? -1 : 1;
  return strcmp (b->id, a->id);
}

gboolean
fel_credential_is_expired (const FelCredential *self, gint64 now_sec)
{
  return self->not_after_sec != 0 && self->not_after_sec <= now_sec;
}
