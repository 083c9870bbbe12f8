/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "caller.h"

#include <unistd.h>

#include <systemd/sd-login.h>

struct FelCallers
{
  sd_bus *bus;
  GHashTable *by_name; /* unique name → FelCaller */
  GHashTable *by_peer; /* sd_bus of a connection without a bus → FelCaller */
  FelCallerLeft left;
  gpointer user_data;
};

typedef struct
{
  FelCallerKnown known;
  gpointer user_data;
} Waiting;

static void
caller_free (gpointer data)
{
  FelCaller *self = data;

  sd_bus_slot_unref (self->departure);
  sd_bus_slot_unref (self->question);
  g_ptr_array_unref (self->waiting);
  g_free (self->name);
  g_free (self->label);
  g_free (self);
}

FelCallers *
fel_callers_new (sd_bus *bus, FelCallerLeft left, gpointer user_data)
{
  FelCallers *self = g_new0 (FelCallers, 1);

  self->bus = bus;
  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, caller_free);
  self->by_peer = g_hash_table_new_full (NULL, NULL, NULL, caller_free);
  self->left = left;
  self->user_data = user_data;
  return self;
}

void
fel_callers_free (FelCallers *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_name);
  g_hash_table_unref (self->by_peer);
  g_free (self);
}

static void
caller_leave (FelCaller *self)
{
  FelCallers *callers = self->callers;

  callers->left (self, callers->user_data);
  g_hash_table_remove (callers->by_name, self->name);
}

static int
on_name_lost (sd_bus_message *signal, void *userdata, sd_bus_error *ret_error)
{
  caller_leave (userdata);
  return 0;
}

/* Its unit, else the name of its program. */
static char *
label_of (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/comm", (int) pid);
  g_autofree char *program = NULL;
  char *unit = NULL, *label;

  if (sd_pid_get_user_unit (pid, &unit) < 0 && sd_pid_get_unit (pid, &unit) < 0)
    unit = NULL;
  if (unit == NULL && g_file_get_contents (path, &program, NULL, NULL))
    return g_utf8_make_valid (g_strchomp (program), -1);
  label = g_strdup (unit);
  free (unit);
  return label;
}

/* GetConnectionCredentials answers a{sv} (D-Bus Specification, "Message Bus Messages"). */
static void
caller_read_credentials (FelCaller *self, sd_bus_message *reply)
{
  const char *key, *contents;
  guint32 uid = G_MAXUINT32, pid = 0;
  char type;

  if (sd_bus_message_enter_container (reply, 'a', "{sv}") < 0)
    return;
  while (sd_bus_message_enter_container (reply, 'e', "sv") > 0)
    {
      if (sd_bus_message_read (reply, "s", &key) < 0 || sd_bus_message_peek_type (reply, &type, &contents) < 0)
        return;
      if (g_str_equal (key, "UnixUserID") && g_str_equal (contents, "u"))
        sd_bus_message_read (reply, "v", "u", &uid);
      else if (g_str_equal (key, "ProcessID") && g_str_equal (contents, "u"))
        sd_bus_message_read (reply, "v", "u", &pid);
      else
        sd_bus_message_skip (reply, "v");
      if (sd_bus_message_exit_container (reply) < 0)
        return;
    }
  self->allowed = uid == getuid ();
  self->label = pid != 0 ? label_of ((pid_t) pid) : NULL;
}

static int
on_credentials (sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
  FelCaller *self = userdata;
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->waiting);
  gboolean is_there = !sd_bus_message_is_method_error (reply, NULL);

  self->waiting = g_ptr_array_new_with_free_func (g_free);
  if (is_there)
    caller_read_credentials (self, reply);
  self->known = TRUE;
  for (guint i = 0; i < waiting->len; i++)
    {
      Waiting *call = waiting->pdata[i];

      call->known (self, call->user_data);
    }
  if (!is_there) /* perhaps from before we began to watch its name */
    caller_leave (self);
  return 1;
}

/* Not an sd_bus_track: adding a name to one asks the bus and waits, and fails when a signal arrives meanwhile. */
static FelCaller *
caller_new (FelCallers *callers, sd_bus_message *message)
{
  FelCaller *self = g_new0 (FelCaller, 1);
  g_autofree char *match = NULL;

  self->callers = callers;
  self->name = g_strdup (sd_bus_message_get_sender (message));
  self->waiting = g_ptr_array_new_with_free_func (g_free);
  match = g_strdup_printf ("type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                           "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s',arg2=''",
                           self->name);
  /* The match is in force before the question is answered: no departure falls between. */
  if (sd_bus_add_match_async (callers->bus, &self->departure, match, on_name_lost, NULL, self) >= 0
      && sd_bus_call_method_async (callers->bus, &self->question, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                   "org.freedesktop.DBus", "GetConnectionCredentials", on_credentials, self, "s",
                                   self->name)
             >= 0)
    return self;
  caller_free (self);
  return NULL;
}

FelCaller *
fel_callers_find (FelCallers *self, sd_bus_message *message)
{
  const char *name = sd_bus_message_get_sender (message); /* a peer could write anything there */
  FelCaller *caller = g_hash_table_lookup (self->by_peer, sd_bus_message_get_bus (message));

  if (caller != NULL || name == NULL)
    return caller;
  caller = g_hash_table_lookup (self->by_name, name);
  if (caller == NULL && (caller = caller_new (self, message)) != NULL)
    g_hash_table_insert (self->by_name, caller->name, caller);
  return caller;
}

void
fel_caller_when_known (FelCaller *self, FelCallerKnown known, gpointer user_data)
{
  Waiting *call;

  if (self->known)
    {
      known (self, user_data);
      return;
    }
  call = g_new (Waiting, 1);
  call->known = known;
  call->user_data = user_data;
  g_ptr_array_add (self->waiting, call);
}

FelCaller *
fel_callers_add_peer (FelCallers *self, sd_bus *peer, pid_t pid)
{
  FelCaller *caller = g_new0 (FelCaller, 1);

  caller->callers = self;
  caller->label = label_of (pid);
  caller->known = TRUE;
  caller->allowed = TRUE;
  caller->waiting = g_ptr_array_new_with_free_func (g_free);
  g_hash_table_insert (self->by_peer, peer, caller);
  return caller;
}

void
fel_callers_remove_peer (FelCallers *self, sd_bus *peer)
{
  self->left (g_hash_table_lookup (self->by_peer, peer), self->user_data);
  g_hash_table_remove (self->by_peer, peer);
}
