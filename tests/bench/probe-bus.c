/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>

#include <systemd/sd-bus.h>

#include "felucca-names.h"

#define TIMEOUT_USEC (120 * (guint64) G_USEC_PER_SEC)

static sd_bus *bus;
static sd_bus *private_bus;
static sd_bus *callers[PROBE_CALLERS];
static gint n_left;

static int
append_arguments (sd_bus_message *message, const char *method, const char *argument)
{
  if (g_str_equal (method, "Ping"))
    return 0;
  if (!g_str_equal (method, "ListCredentials"))
    return sd_bus_message_append (message, "ssa{sv}", "acme", argument, 0);
  if (argument == NULL || *argument == '\0')
    return sd_bus_message_append (message, "a{sv}", 0);
  return sd_bus_message_append (message, "a{sv}", 2, "workspace", "s", "acme", "database", "s", argument);
}

/* ret_id: (nullable) of the credential in the reply */
static gboolean
call (sd_bus *to, const char *interface, const char *method, const char *argument, char **ret_id)
{
  sd_bus_message *message = NULL, *reply = NULL;
  sd_bus_error error = SD_BUS_ERROR_NULL;
  const char *key, *id;
  int r = sd_bus_message_new_method_call (to, &message, FEL_BUS_NAME, FEL_OBJECT_PATH, interface, method);

  if (r >= 0)
    r = append_arguments (message, method, argument);
  if (r >= 0)
    r = sd_bus_call (to, message, TIMEOUT_USEC, &error, &reply);
  if (r >= 0 && ret_id != NULL) /* it is the first entry */
    {
      r = sd_bus_message_enter_container (reply, 'a', "{sv}");
      if (r >= 0)
        r = sd_bus_message_read (reply, "{sv}", &key, "s", &id);
      *ret_id = r >= 0 ? g_strdup (id) : NULL;
    }
  if (r < 0)
    fprintf (stderr, "%s: %s\n", method, error.message != NULL ? error.message : g_strerror (-r));
  sd_bus_message_unref (message);
  sd_bus_message_unref (reply);
  sd_bus_error_free (&error);
  return r >= 0;
}

gboolean
probe_open (void)
{
  return sd_bus_open_user (&bus) >= 0;
}

gboolean
probe_ping (const char *argument)
{
  return call (bus, "org.freedesktop.DBus.Peer", "Ping", NULL, NULL);
}

gboolean
probe_get (const char *argument)
{
  return call (bus, FEL_IFACE_CREDENTIALS, "GetCredential", argument, NULL);
}

gboolean
probe_create (const char *argument)
{
  return call (bus, FEL_IFACE_CREDENTIALS, "CreateCredential", argument, NULL);
}

gboolean
probe_list (const char *argument)
{
  return call (bus, FEL_IFACE_CREDENTIALS, "ListCredentials", argument, NULL);
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

gboolean
probe_ping_private (const char *argument)
{
  return call (private_socket (), "org.freedesktop.DBus.Peer", "Ping", NULL, NULL);
}

gboolean
probe_get_private (const char *argument)
{
  return call (private_socket (), FEL_IFACE_CREDENTIALS, "GetCredential", argument, NULL);
}

static gboolean
turn_over (sd_bus *to, const char *database)
{
  g_autofree char *id = NULL;
  sd_bus_error error = SD_BUS_ERROR_NULL;
  int r;

  if (!call (to, FEL_IFACE_CREDENTIALS, "CreateCredential", database, &id))
    return FALSE;
  r = sd_bus_call_method (to, FEL_BUS_NAME, FEL_OBJECT_PATH, FEL_IFACE_CREDENTIALS, "RevokeCredential", &error, NULL,
                          "sa{sv}", id, 0);
  if (r < 0)
    fprintf (stderr, "RevokeCredential: %s\n", error.message);
  sd_bus_error_free (&error);
  return r >= 0;
}

/* Many callers, each with a connection of its own and one call at a time */

typedef struct
{
  sd_bus *bus;
  gboolean (*run) (sd_bus *bus, const char *database);
} Caller;

static gpointer
caller_main (gpointer data)
{
  const Caller *self = data;

  int number;

  while ((number = g_atomic_int_add (&n_left, -1)) > 0)
    {
      g_autofree char *database = g_strdup_printf ("db%d", number);

      if (!self->run (self->bus, database))
        return GINT_TO_POINTER (TRUE);
    }
  return NULL;
}

static gboolean
run_many (const char *argument, gboolean (*run) (sd_bus *bus, const char *database))
{
  GThread *threads[PROBE_CALLERS];
  Caller each[PROBE_CALLERS];
  gboolean failed = FALSE;

  g_atomic_int_set (&n_left, atoi (argument));
  for (guint i = 0; i < PROBE_CALLERS; i++)
    {
      if (callers[i] == NULL && sd_bus_open_user (&callers[i]) < 0)
        return FALSE;
      each[i] = (Caller){ callers[i], run };
      threads[i] = g_thread_new ("caller", caller_main, &each[i]);
    }
  for (guint i = 0; i < PROBE_CALLERS; i++)
    failed |= g_thread_join (threads[i]) != NULL;
  return !failed;
}

static gboolean
create_one (sd_bus *to, const char *database)
{
  return call (to, FEL_IFACE_CREDENTIALS, "CreateCredential", database, NULL);
}

gboolean
probe_create_many (const char *argument)
{
  return run_many (argument, create_one);
}

gboolean
probe_turn_over (const char *argument)
{
  return run_many (argument, turn_over);
}
