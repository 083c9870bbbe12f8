/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A Secret Service that answers at once and never writes a file, for what a real one would take minutes to hold: ten
 * thousand items. Argument: how many credentials it has from the start, of the databases db1, db2, … (Secret Service API
 * draft 0.2, as far as felucca uses it, with the algorithm `plain`.) It ends with its bus. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>
#include <systemd/sd-bus.h>

#define ROOT "/org/freedesktop/secrets"
#define LOGIN ROOT "/collection/login"
#define SESSION ROOT "/session/s1"
#define ITEM_IFACE "org.freedesktop.Secret.Item"
#define COLLECTION_IFACE "org.freedesktop.Secret.Collection"

typedef struct
{
  GHashTable *attributes;
  char *label;
  char *secret;
} Item;

static GHashTable *items; /* path → Item */
static guint n_made;

static void
item_free (gpointer data)
{
  Item *item = data;

  g_hash_table_unref (item->attributes);
  g_free (item->label);
  g_free (item->secret);
  g_free (item);
}

static const char *
item_add (GHashTable *attributes, char *label, char *secret)
{
  char *path = g_strdup_printf (LOGIN "/%u", ++n_made);
  Item *item = g_new (Item, 1);

  *item = (Item){ attributes, label, secret };
  g_hash_table_insert (items, path, item);
  return path;
}

static GHashTable *
table_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
fill (guint n)
{
  for (guint i = 1; i <= n; i++)
    {
      const char *const pairs[][2] = {
        { "xdg:schema", "org.felucca.Credential" },
        { "backend", "nile" },
        { "workspace", "acme" },
        { "host", "us-west-2.db.nile.invalid" },
        { "port", "5432" },
        { "ssl-mode", "require" },
        { "created", "1700000000" },
      };
      GHashTable *attributes = table_new ();

      for (gsize k = 0; k < G_N_ELEMENTS (pairs); k++)
        g_hash_table_insert (attributes, g_strdup (pairs[k][0]), g_strdup (pairs[k][1]));
      g_hash_table_insert (attributes, g_strdup ("database"), g_strdup_printf ("db%u", i));
      g_hash_table_insert (attributes, g_strdup ("id"), g_strdup_printf ("01a207cc-ab19-7bda-88aa-%012u", i));
      g_hash_table_insert (attributes, g_strdup ("user"), g_strdup_printf ("01a207cc-ab19-7bda-88aa-%012u", i));
      item_add (attributes, g_strdup_printf ("acme/db%u (nile)", i), g_strdup_printf ("password-of-%u", i));
    }
}

static int
read_attributes (sd_bus_message *message, GHashTable *attributes)
{
  const char *key, *value;
  int r = sd_bus_message_enter_container (message, 'a', "{ss}");

  while (r >= 0 && (r = sd_bus_message_read (message, "{ss}", &key, &value)) > 0)
    g_hash_table_insert (attributes, g_strdup (key), g_strdup (value));
  return r < 0 ? r : sd_bus_message_exit_container (message);
}

static gboolean
has_all (const Item *item, GHashTable *wanted)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, wanted);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (g_strcmp0 (g_hash_table_lookup (item->attributes, key), value) != 0)
      return FALSE;
  return TRUE;
}

/* The service */

static int
method_open_session (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  const char *algorithm;

  if (sd_bus_message_read (message, "s", &algorithm) < 0 || !g_str_equal (algorithm, "plain"))
    return sd_bus_error_set (ret_error, SD_BUS_ERROR_NOT_SUPPORTED, "plain, please");
  return sd_bus_reply_method_return (message, "vo", "s", "", SESSION);
}

static int
method_read_alias (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  return sd_bus_reply_method_return (message, "o", LOGIN);
}

static int
method_search (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  g_autoptr (GHashTable) wanted = table_new ();
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  sd_bus_message *reply = NULL;
  GHashTableIter iter;
  gpointer path, item;
  int r = read_attributes (message, wanted);

  g_hash_table_iter_init (&iter, items);
  while (g_hash_table_iter_next (&iter, &path, &item))
    if (has_all (item, wanted))
      g_ptr_array_add (found, path);
  if (r >= 0)
    r = sd_bus_message_new_method_return (message, &reply);
  if (r >= 0)
    r = sd_bus_message_open_container (reply, 'a', "o");
  for (guint i = 0; r >= 0 && i < found->len; i++)
    r = sd_bus_message_append (reply, "o", found->pdata[i]);
  if (r >= 0)
    r = sd_bus_message_close_container (reply);
  if (r >= 0)
    r = sd_bus_message_append (reply, "ao", 0);
  if (r >= 0)
    r = sd_bus_message_send (reply);
  sd_bus_message_unref (reply);
  return r;
}

static int
append_secret (sd_bus_message *reply, const char *path, const Item *item)
{
  int r = sd_bus_message_open_container (reply, 'e', "o(oayays)");

  if (r >= 0)
    r = sd_bus_message_append (reply, "o", path);
  if (r >= 0)
    r = sd_bus_message_open_container (reply, 'r', "oayays");
  if (r >= 0)
    r = sd_bus_message_append (reply, "oay", SESSION, 0);
  if (r >= 0)
    r = sd_bus_message_append_array (reply, 'y', item->secret, strlen (item->secret));
  if (r >= 0)
    r = sd_bus_message_append (reply, "s", "text/plain");
  if (r >= 0)
    r = sd_bus_message_close_container (reply);
  return r < 0 ? r : sd_bus_message_close_container (reply);
}

static int
method_get_secrets (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  sd_bus_message *reply = NULL;
  const char *path;
  int r = sd_bus_message_new_method_return (message, &reply);

  if (r >= 0)
    r = sd_bus_message_open_container (reply, 'a', "{o(oayays)}");
  if (r >= 0)
    r = sd_bus_message_enter_container (message, 'a', "o");
  while (r >= 0 && (r = sd_bus_message_read (message, "o", &path)) > 0)
    {
      const Item *item = g_hash_table_lookup (items, path);

      if (item != NULL)
        r = append_secret (reply, path, item);
    }
  if (r >= 0)
    r = sd_bus_message_close_container (reply);
  if (r >= 0)
    r = sd_bus_message_send (reply);
  sd_bus_message_unref (reply);
  return r;
}

/* The collection */

static int
read_item_properties (sd_bus_message *message, GHashTable *attributes, char **ret_label)
{
  const char *key, *label;
  int r = sd_bus_message_enter_container (message, 'a', "{sv}");

  while (r >= 0 && (r = sd_bus_message_enter_container (message, 'e', "sv")) > 0)
    {
      r = sd_bus_message_read (message, "s", &key);
      if (r >= 0 && g_str_equal (key, ITEM_IFACE ".Attributes"))
        {
          r = sd_bus_message_enter_container (message, 'v', "a{ss}");
          if (r >= 0)
            r = read_attributes (message, attributes);
          if (r >= 0)
            r = sd_bus_message_exit_container (message);
        }
      else if (r >= 0 && (r = sd_bus_message_read (message, "v", "s", &label)) >= 0)
        *ret_label = g_strdup (label);
      if (r >= 0)
        r = sd_bus_message_exit_container (message);
    }
  return r < 0 ? r : sd_bus_message_exit_container (message);
}

static int
method_create_item (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  g_autoptr (GHashTable) attributes = table_new ();
  g_autofree char *label = NULL;
  const char *session, *type, *path;
  const void *parameters, *secret;
  size_t n_parameters, n_secret;
  int r = read_item_properties (message, attributes, &label);

  if (r >= 0)
    r = sd_bus_message_enter_container (message, 'r', "oayays");
  if (r >= 0)
    r = sd_bus_message_read (message, "o", &session);
  if (r >= 0)
    r = sd_bus_message_read_array (message, 'y', &parameters, &n_parameters);
  if (r >= 0)
    r = sd_bus_message_read_array (message, 'y', &secret, &n_secret);
  if (r >= 0)
    r = sd_bus_message_read (message, "s", &type);
  if (r < 0)
    return r;
  path = item_add (g_steal_pointer (&attributes), g_steal_pointer (&label), g_strndup (secret, n_secret));
  sd_bus_emit_signal (sd_bus_message_get_bus (message), LOGIN, COLLECTION_IFACE, "ItemCreated", "o", path);
  return sd_bus_reply_method_return (message, "oo", path, "/");
}

/* sd-bus wants all that is at a path and below it to be found in the same way. */
static int
find_collection (sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                 sd_bus_error *ret_error)
{
  return g_str_equal (path, LOGIN);
}

/* Items */

static int
find_item (sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
           sd_bus_error *ret_error)
{
  *ret_found = g_hash_table_lookup (items, path);
  return *ret_found != NULL;
}

static int
method_delete (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  const char *path = sd_bus_message_get_path (message);

  sd_bus_emit_signal (sd_bus_message_get_bus (message), LOGIN, COLLECTION_IFACE, "ItemDeleted", "o", path);
  g_hash_table_remove (items, path);
  return sd_bus_reply_method_return (message, "o", "/");
}

static int
get_unlocked (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
              void *userdata, sd_bus_error *ret_error)
{
  return sd_bus_message_append (reply, "b", FALSE);
}

static int
get_time (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
          void *userdata, sd_bus_error *ret_error)
{
  return sd_bus_message_append (reply, "t", (guint64) 1700000000);
}

static int
get_label (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
           void *userdata, sd_bus_error *ret_error)
{
  return sd_bus_message_append (reply, "s", ((Item *) userdata)->label);
}

static int
get_attributes (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                void *userdata, sd_bus_error *ret_error)
{
  GHashTableIter iter;
  gpointer key, value;
  int r = sd_bus_message_open_container (reply, 'a', "{ss}");

  g_hash_table_iter_init (&iter, ((Item *) userdata)->attributes);
  while (r >= 0 && g_hash_table_iter_next (&iter, &key, &value))
    r = sd_bus_message_append (reply, "{ss}", key, value);
  return r < 0 ? r : sd_bus_message_close_container (reply);
}

#define OPEN SD_BUS_VTABLE_UNPRIVILEGED

static const sd_bus_vtable service_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD ("OpenSession", "sv", "vo", method_open_session, OPEN),
  SD_BUS_METHOD ("ReadAlias", "s", "o", method_read_alias, OPEN),
  SD_BUS_METHOD ("SearchItems", "a{ss}", "aoao", method_search, OPEN),
  SD_BUS_METHOD ("GetSecrets", "aoo", "a{o(oayays)}", method_get_secrets, OPEN),
  SD_BUS_VTABLE_END,
};

static const sd_bus_vtable collection_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD ("CreateItem", "a{sv}(oayays)b", "oo", method_create_item, OPEN),
  SD_BUS_PROPERTY ("Locked", "b", get_unlocked, 0, 0),
  SD_BUS_VTABLE_END,
};

static const sd_bus_vtable item_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD ("Delete", "", "o", method_delete, OPEN),
  SD_BUS_PROPERTY ("Locked", "b", get_unlocked, 0, 0),
  SD_BUS_PROPERTY ("Label", "s", get_label, 0, 0),
  SD_BUS_PROPERTY ("Attributes", "a{ss}", get_attributes, 0, 0),
  SD_BUS_PROPERTY ("Created", "t", get_time, 0, 0),
  SD_BUS_PROPERTY ("Modified", "t", get_time, 0, 0),
  SD_BUS_VTABLE_END,
};

int
main (int argc, char **argv)
{
  sd_bus *bus = NULL;
  int r = sd_bus_open_user (&bus);

  items = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, item_free);
  fill (argc > 1 ? (guint) atoi (argv[1]) : 0);
  if (r >= 0)
    r = sd_bus_add_object_vtable (bus, NULL, ROOT, "org.freedesktop.Secret.Service", service_vtable, NULL);
  if (r >= 0)
    r = sd_bus_add_fallback_vtable (bus, NULL, LOGIN, COLLECTION_IFACE, collection_vtable, find_collection, NULL);
  if (r >= 0)
    r = sd_bus_add_fallback_vtable (bus, NULL, LOGIN, ITEM_IFACE, item_vtable, find_item, NULL);
  if (r >= 0)
    r = sd_bus_request_name (bus, "org.freedesktop.secrets", 0);
  while (r >= 0)
    {
      r = sd_bus_process (bus, NULL);
      if (r == 0)
        r = sd_bus_wait (bus, G_MAXUINT64);
    }
  fprintf (stderr, "secret-service: %s\n", g_strerror (-r));
  return 1;
}
