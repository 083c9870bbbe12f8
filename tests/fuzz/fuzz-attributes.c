/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The input is an item of the keyring: its label, then its attributes, key and value by turns, each with a NUL behind
 * it. What can be read is the same when it was written and read once more. */
#include "fuzz.h"

#include <string.h>

#include "credential.h"
#include "felucca-names.h"
#include "options.h"

#define STORED_SEC 1700000000

static void
check_written (GHashTable *attributes)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, attributes);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      g_assert_cmpstr (value, !=, "");
      g_assert_true (g_utf8_validate (value, -1, NULL));
    }
}

static void
check_same (GHashTable *a, GHashTable *b)
{
  GHashTableIter iter;
  gpointer key, value;

  g_assert_cmpuint (g_hash_table_size (a), ==, g_hash_table_size (b));
  g_hash_table_iter_init (&iter, a);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_assert_cmpstr (value, ==, g_hash_table_lookup (b, key));
}

static void
check_read (const FelCredential *read)
{
  g_autoptr (GHashTable) written = fel_credential_to_attributes (read);
  g_autoptr (GHashTable) again = NULL;
  g_autoptr (FelCredential) back = fel_credential_from_attributes (written, read->label, STORED_SEC);

  g_assert_cmpint (read->port, >=, 0);
  g_assert_cmpint (read->port, <=, G_MAXUINT16);
  g_assert_true (read->label == NULL || g_utf8_validate (read->label, -1, NULL));
  check_written (written);
  g_assert_nonnull (back);
  g_assert_true (fel_credential_equal (read, back));
  g_assert_cmpint (back->stored_sec, ==, read->stored_sec);
  again = fel_credential_to_attributes (back);
  check_same (written, again);
}

static gboolean
is_ours (GHashTable *attributes)
{
  static const char *const names[] = { FEL_KEY_ID, FEL_KEY_WORKSPACE, FEL_KEY_DATABASE };
  const char *backend = g_hash_table_lookup (attributes, FEL_KEY_BACKEND);

  if (g_strcmp0 (g_hash_table_lookup (attributes, "xdg:schema"), FEL_SCHEMA_CREDENTIAL) != 0)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *value = g_hash_table_lookup (attributes, names[i]);

      if (value == NULL || !fel_name_check ("it", value, NULL))
        return FALSE;
    }
  return backend != NULL && *backend != '\0' && g_utf8_validate (backend, -1, NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, data + size };
  g_autofree char *label = fuzz_take_string (&input);
  g_autoptr (GHashTable) attributes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (FelCredential) read = NULL;

  while (!fuzz_is_over (&input))
    {
      char *key = fuzz_take_string (&input);

      g_hash_table_replace (attributes, key, fuzz_take_string (&input));
    }
  read = fel_credential_from_attributes (attributes, label, STORED_SEC);
  g_assert_true (is_ours (attributes) == (read != NULL));
  if (read != NULL)
    check_read (read);
  return 0;
}
