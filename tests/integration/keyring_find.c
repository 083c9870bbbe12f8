/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * fel_keyring_find() as a program. Arguments: NAME VALUE … of the attributes. Prints `found PATH`, `none` or
 * `error MESSAGE`. */
#include <stdio.h>

#include "keyring.h"

static GMainLoop *loop;

static void
on_state (FelKeyringState state, gpointer user_data)
{
}

static void
on_put (const FelKeyringItem *item, gpointer user_data)
{
}

static void
on_removed (const char *path, gpointer user_data)
{
}

static void
on_found (gpointer result, const GError *error, gpointer user_data)
{
  if (error != NULL)
    printf ("error %s\n", error->message);
  else if (result != NULL)
    printf ("found %s\n", (const char *) result);
  else
    printf ("none\n");
  g_main_loop_quit (loop);
}

int
main (int argc, char **argv)
{
  static const FelKeyringListener listener = { on_state, on_put, on_removed, on_removed };
  g_autoptr (GHashTable) attributes = g_hash_table_new (g_str_hash, g_str_equal);
  FelKeyring *keyring = fel_keyring_new (&listener, NULL);

  for (int i = 1; i + 1 < argc; i += 2)
    g_hash_table_insert (attributes, argv[i], argv[i + 1]);
  loop = g_main_loop_new (NULL, FALSE);
  fel_keyring_find (keyring, attributes, on_found, NULL);
  g_main_loop_run (loop);
  fel_keyring_close (keyring);
  g_main_loop_unref (loop);
  return 0;
}
