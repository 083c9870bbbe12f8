/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsecret/secret.h>
#include <libsoup/soup.h>

static SoupSession *session;
static const char *url;
static const char *token;
static guint n_stored;

#define STRING SECRET_SCHEMA_ATTRIBUTE_STRING

/* What a create stores: what is stored by hand has as much in it, since gnome-keyring writes all that it has each time. */
#define ATTRIBUTES                                                                                                     \
  {                                                                                                                    \
    { "backend", STRING }, { "workspace", STRING }, { "database", STRING }, { "database-id", STRING },                 \
        { "id", STRING }, { "internal", STRING }, { "user", STRING }, { "host", STRING }, { "port", STRING },          \
        { "ssl-mode", STRING }, { "created", STRING }, { NULL, 0 },                                                    \
  }

static const SecretSchema schema = { "org.felucca.Credential", SECRET_SCHEMA_NONE, ATTRIBUTES };
static const SecretSchema bench_schema = { "org.felucca.Bench", SECRET_SCHEMA_NONE,
                                           ATTRIBUTES }; /* no business of felucca's */

static gboolean
tell (gboolean ok, const char *what, const GError *error)
{
  if (!ok)
    fprintf (stderr, "%s: %s\n", what, error != NULL ? error->message : "not there");
  return ok;
}

void
probe_set_provider (const char *provider_url, const char *provider_token)
{
  url = provider_url;
  token = provider_token;
}

gboolean
probe_http (const char *argument)
{
  g_autofree char *target = g_strdup_printf ("%s/workspaces/acme/databases/%s/credentials", url, argument);
  g_autofree char *bearer = g_strdup_printf ("Bearer %s", token);
  g_autoptr (SoupMessage) message = soup_message_new ("POST", target);
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;

  if (session == NULL)
    session = soup_session_new ();
  soup_message_add_flags (message, SOUP_MESSAGE_IDEMPOTENT); /* else the connection is not reused */
  soup_message_headers_append (soup_message_get_request_headers (message), "Authorization", bearer);
  body = soup_session_send_and_read (session, message, NULL, &error);
  return tell (body != NULL && soup_message_get_status (message) == 200, "http", error);
}

static GHashTable *
new_attributes (const char *database)
{
  char *name = g_strdup_printf ("01a207cc-ab47-78f8-9dd5-%012u", ++n_stored);
  GHashTable *attributes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  const char *const same[][2] = {
    { "backend", "nile" },
    { "workspace", "acme" },
    { "database-id", "01a207cc-ab19-7bda-88aa-4afb310d0e87" },
    { "internal", "false" },
    { "host", "us-west-2.db.nile.invalid" },
    { "port", "5432" },
    { "ssl-mode", "require" },
    { "created", "1767225600" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (same); i++)
    g_hash_table_insert (attributes, (char *) same[i][0], g_strdup (same[i][1]));
  g_hash_table_insert (attributes, (char *) "database", g_strdup (database));
  g_hash_table_insert (attributes, (char *) "user", g_strdup (name));
  g_hash_table_insert (attributes, (char *) "id", name);
  return attributes;
}

gboolean
probe_store (const char *argument)
{
  g_autoptr (GHashTable) attributes = new_attributes (argument);
  g_autoptr (GError) error = NULL;

  return tell (secret_password_storev_sync (&bench_schema, attributes, SECRET_COLLECTION_DEFAULT, "acme/orders (nile)",
                                            "7bdb325e-0679-41be-a477-c6f767e8fa6d", NULL, &error),
               "store", error);
}

typedef struct
{
  GMainLoop *loop;
  int number; /* of the database, when credentials are stored; 0: they are none */
  int left;   /* to be begun */
  int under;  /* way */
  gboolean failed;
} Many;

static void many_begin (Many *self);

static void
on_stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Many *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!tell (secret_password_store_finish (result, &error), "store", error))
    self->failed = TRUE;
  self->under--;
  many_begin (self);
  if (self->under == 0)
    g_main_loop_quit (self->loop);
}

static void
many_begin (Many *self)
{
  g_autofree char *database = NULL;
  g_autoptr (GHashTable) attributes = NULL;

  if (self->left == 0)
    return;
  self->left--;
  self->under++;
  database = self->number != 0 ? g_strdup_printf ("db%d", self->number++) : g_strdup ("orders");
  attributes = new_attributes (database);
  secret_password_storev (self->number != 0 ? &schema : &bench_schema, attributes, SECRET_COLLECTION_DEFAULT,
                          "acme/orders (nile)", "7bdb325e-0679-41be-a477-c6f767e8fa6d", NULL, on_stored, self);
}

/* As fast as the keyring takes them: always so many under way. */
static gboolean
store_many (int n, int number)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Many many = { .loop = loop, .left = n, .number = number };

  for (guint i = 0; i < PROBE_CALLERS; i++)
    many_begin (&many);
  if (many.under > 0)
    g_main_loop_run (loop);
  return !many.failed;
}

gboolean
probe_store_many (const char *argument)
{
  return store_many (atoi (argument), 0);
}

gboolean
probe_fill (const char *argument)
{
  int from, to;

  return sscanf (argument, "%d %d", &from, &to) == 2 && store_many (to - from + 1, from);
}

gboolean
probe_lookup (const char *argument)
{
  g_autoptr (GError) error = NULL;
  char *password = secret_password_lookup_sync (&schema, NULL, &error, "workspace", "acme", "database", argument, NULL);
  gboolean ok = tell (password != NULL, "lookup", error);

  secret_password_free (password);
  return ok;
}

gboolean
probe_search (const char *argument)
{
  g_autoptr (GError) error = NULL;
  GList *found = secret_password_search_sync (&schema, SECRET_SEARCH_ALL, NULL, &error, "workspace", "acme", NULL);
  gboolean ok = tell (found != NULL, "search", error);

  g_list_free_full (found, g_object_unref);
  return ok;
}

/* The least that makes a note outlive the machine's end: a file, on the disk. */
gboolean
probe_fsync (const char *argument)
{
  static const char note[] = "{\"workspace\":\"acme\",\"database\":\"orders\"}";
  g_autofree char *path = g_build_filename (argument, "note", NULL);
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  gboolean ok = fd >= 0 && write (fd, note, sizeof note) > 0 && fsync (fd) == 0;

  close (fd);
  unlink (path);
  return tell (ok, path, NULL);
}

gboolean
probe_start (const char *argument)
{
  g_auto (GStrv) words = g_strsplit (argument, " ", -1);
  g_autoptr (GError) error = NULL;
  int status = 0;

  return tell (g_spawn_sync (NULL, words, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                             NULL, &status, &error)
                   && g_spawn_check_wait_status (status, &error),
               argument, error);
}
