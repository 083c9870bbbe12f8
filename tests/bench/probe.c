/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Does one thing for each line on standard input and answers with the microseconds it took: things that are compared
 * run in one process, in turn. Arguments: URL of the provider, access token.
 *
 *   ping            org.freedesktop.DBus.Peer.Ping to the daemon
 *   get DATABASE    GetCredential, inline
 *   private-ping    the same over the private socket
 *   private-get DATABASE
 *   create DATABASE CreateCredential, inline
 *   list            ListCredentials
 *   http DATABASE   the HTTP exchange of a create, by hand
 *   store NAME      one item into the default collection, by hand
 *   start COMMAND   another program, to its end; what it prints goes nowhere */
#include <stdio.h>
#include <string.h>

#include <libsecret/secret.h>
#include <libsoup/soup.h>
#include <systemd/sd-bus.h>

#include "felucca-names.h"

static sd_bus *bus;
static sd_bus *private_bus;
static SoupSession *session;
static const char *url;
static const char *token;

static const SecretSchema schema = {
  "org.felucca.Bench",
  SECRET_SCHEMA_NONE,
  { { "name", SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } },
};

static gboolean
call (sd_bus *to, const char *interface, const char *method, const char *database)
{
  sd_bus_message *message = NULL, *reply = NULL;
  sd_bus_error error = SD_BUS_ERROR_NULL;
  int r = sd_bus_message_new_method_call (to, &message, FEL_BUS_NAME, FEL_OBJECT_PATH, interface, method);

  if (r >= 0 && database != NULL)
    r = sd_bus_message_append (message, "ssa{sv}", "acme", database, 0);
  else if (r >= 0 && g_str_equal (method, "ListCredentials"))
    r = sd_bus_message_append (message, "a{sv}", 0);
  if (r >= 0)
    r = sd_bus_call (to, message, 60 * G_USEC_PER_SEC, &error, &reply);
  if (r < 0)
    fprintf (stderr, "%s: %s\n", method, error.message != NULL ? error.message : g_strerror (-r));
  sd_bus_message_unref (message);
  sd_bus_message_unref (reply);
  sd_bus_error_free (&error);
  return r >= 0;
}

static gboolean
do_ping (const char *argument)
{
  return call (bus, "org.freedesktop.DBus.Peer", "Ping", NULL);
}

static gboolean
do_get (const char *argument)
{
  return call (bus, FEL_IFACE_CREDENTIALS, "GetCredential", argument);
}

/* At the first use. */
static sd_bus *
private_socket (void)
{
  g_autofree char *address = NULL;

  if (private_bus != NULL)
    return private_bus;
  address = g_strdup_printf ("unix:path=%s/" FEL_SOCKET_FOLDER "/" FEL_SOCKET_NAME, g_getenv ("XDG_RUNTIME_DIR"));
  if (sd_bus_new (&private_bus) < 0 || sd_bus_set_address (private_bus, address) < 0 || sd_bus_start (private_bus) < 0)
    g_error ("%s cannot be reached", address);
  return private_bus;
}

static gboolean
do_private_ping (const char *argument)
{
  return call (private_socket (), "org.freedesktop.DBus.Peer", "Ping", NULL);
}

static gboolean
do_private_get (const char *argument)
{
  return call (private_socket (), FEL_IFACE_CREDENTIALS, "GetCredential", argument);
}

static gboolean
do_create (const char *argument)
{
  return call (bus, FEL_IFACE_CREDENTIALS, "CreateCredential", argument);
}

static gboolean
do_list (const char *argument)
{
  return call (bus, FEL_IFACE_CREDENTIALS, "ListCredentials", NULL);
}

static gboolean
do_http (const char *argument)
{
  g_autofree char *target = g_strdup_printf ("%s/workspaces/acme/databases/%s/credentials", url, argument);
  g_autofree char *bearer = g_strdup_printf ("Bearer %s", token);
  g_autoptr (SoupMessage) message = soup_message_new ("POST", target);
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;

  soup_message_add_flags (message, SOUP_MESSAGE_IDEMPOTENT); /* else the connection is not reused */
  soup_message_headers_append (soup_message_get_request_headers (message), "Authorization", bearer);
  body = soup_session_send_and_read (session, message, NULL, &error);
  if (body == NULL || soup_message_get_status (message) != 200)
    fprintf (stderr, "http: %s\n", error != NULL ? error->message : "not 200");
  return body != NULL && soup_message_get_status (message) == 200;
}

static gboolean
do_store (const char *argument)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = secret_password_store_sync (&schema, SECRET_COLLECTION_DEFAULT, argument, "0123456789abcdef", NULL,
                                            &error, "name", argument, NULL);

  if (!ok)
    fprintf (stderr, "store: %s\n", error->message);
  return ok;
}

static gboolean
do_start (const char *argument)
{
  g_auto (GStrv) words = g_strsplit (argument, " ", -1);
  g_autoptr (GError) error = NULL;
  int status = 0;

  if (g_spawn_sync (NULL, words, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                    &status, &error)
      && g_spawn_check_wait_status (status, &error))
    return TRUE;
  fprintf (stderr, "%s: %s\n", argument, error->message);
  return FALSE;
}

static const struct
{
  const char *name;
  gboolean (*run) (const char *argument);
} commands[] = {
  { "private-ping", do_private_ping },
  { "private-get", do_private_get },
  { "ping", do_ping },
  { "get", do_get },
  { "create", do_create },
  { "list", do_list },
  { "http", do_http },
  { "store", do_store },
  { "start", do_start },
};

int
main (int argc, char **argv)
{
  char line[256];

  if (argc != 3 || sd_bus_open_user (&bus) < 0)
    return 2;
  url = argv[1];
  token = argv[2];
  session = soup_session_new ();
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      g_auto (GStrv) words = g_strsplit (g_strchomp (line), " ", 2);
      gboolean ok = FALSE;
      gint64 start_usec = g_get_monotonic_time (), end_usec;

      for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
        if (g_str_equal (commands[i].name, words[0]))
          ok = commands[i].run (words[1]);
      end_usec = g_get_monotonic_time ();
      if (!ok)
        return 1;
      printf ("%" G_GINT64_FORMAT "\n", end_usec - start_usec);
      fflush (stdout);
    }
  g_object_unref (session);
  sd_bus_flush_close_unref (bus);
  sd_bus_flush_close_unref (private_bus);
  return 0;
}
