/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "call.h"

#include "answer.h"
#include "exit.h"
#include "felucca-names.h"

static void
keep_first_error (FelCall *self, int r)
{
  if (self->r >= 0 && r < 0)
    self->r = r;
}

FelCall *
fel_call_new (FelDaemon *daemon, const char *interface, const char *member)
{
  FelCall *self = g_new0 (FelCall, 1);

  self->daemon = daemon;
  self->r = sd_bus_message_new_method_call (daemon->bus, &self->message, daemon->destination, FEL_OBJECT_PATH,
                                            interface, member);
  return self;
}

void
fel_call_free (FelCall *self)
{
  if (self == NULL)
    return;
  sd_bus_slot_unref (self->slot);
  sd_bus_message_unref (self->reply);
  sd_bus_message_unref (self->message);
  g_free (self);
}

void
fel_call_string (FelCall *self, const char *text)
{
  keep_first_error (self, sd_bus_message_append (self->message, "s", text));
}

void
fel_call_begin_options (FelCall *self)
{
  keep_first_error (self, sd_bus_message_open_container (self->message, SD_BUS_TYPE_ARRAY, "{sv}"));
  self->has_options = TRUE;
}

void
fel_call_option_string (FelCall *self, const char *name, const char *value)
{
  keep_first_error (self, sd_bus_message_append (self->message, "{sv}", name, "s", value));
}

void
fel_call_option_bool (FelCall *self, const char *name, gboolean value)
{
  keep_first_error (self, sd_bus_message_append (self->message, "{sv}", name, "b", value));
}

void
fel_call_option_number (FelCall *self, const char *name, guint64 value)
{
  keep_first_error (self, sd_bus_message_append (self->message, "{sv}", name, "t", value));
}

void
fel_call_option_fd (FelCall *self, const char *name, int fd)
{
  keep_first_error (self, sd_bus_message_append (self->message, "{sv}", name, "h", fd));
}

/* NULL: it could not be built. (transfer full) */
static sd_bus_message *
close_message (FelCall *self, GError **error)
{
  g_autoptr (sd_bus_message) message = g_steal_pointer (&self->message);

  if (self->has_options)
    keep_first_error (self, sd_bus_message_close_container (message));
  if (!fel_exit_check (self->r, "cannot build a message to the daemon", error))
    return NULL;
  return g_steal_pointer (&message);
}

/* What is sent to the one that was looked at finds nobody once that one is gone; the name may well be provided. */
static gboolean
has_left (const FelCall *self, const sd_bus_error *bus_error)
{
  return self->daemon->is_pinned
         && (sd_bus_error_has_name (bus_error, SD_BUS_ERROR_SERVICE_UNKNOWN) > 0
             || sd_bus_error_has_name (bus_error, SD_BUS_ERROR_NAME_HAS_NO_OWNER) > 0);
}

static void
call_fail (FelCall *self, const sd_bus_error *bus_error, GError **error)
{
  const char *name = has_left (self, bus_error) ? SD_BUS_ERROR_NO_REPLY : bus_error->name;

  self->unknown_method = sd_bus_error_has_name (bus_error, SD_BUS_ERROR_UNKNOWN_METHOD) > 0;
  self->unsupported = sd_bus_error_has_name (bus_error, FEL_ERROR_PREFIX "Unsupported") > 0;
  fel_exit_set_from_bus (error, name, bus_error->message);
}

sd_bus_message *
fel_call_send (FelCall *self, guint seconds, GError **error)
{
  g_autoptr (sd_bus_message) message = close_message (self, error);
  guint64 usec = (guint64) seconds * G_USEC_PER_SEC;
  sd_bus_error bus_error = SD_BUS_ERROR_NULL;
  sd_bus_message *reply = NULL;
  gboolean unsent;
  int r;

  if (message == NULL)
    return NULL;
  r = fel_answer_wait (self->daemon->bus, message, usec, &bus_error, &reply, &unsent);
  /* A daemon that leaves refuses what it will not answer (felucca-daemon(8), "PRIVATE SOCKET"). */
  if (unsent && self->daemon->is_private)
    {
      sd_bus_error_free (&bus_error);
      if (!fel_daemon_reopen (self->daemon, error))
        return NULL;
      r = fel_answer_wait (self->daemon->bus, message, usec, &bus_error, &reply, &unsent);
    }
  if (r < 0)
    call_fail (self, &bus_error, error);
  sd_bus_error_free (&bus_error);
  return reply;
}

static int
on_begun_reply (sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
  FelCall *self = userdata;

  self->reply = sd_bus_message_ref (reply);
  return 1;
}

gboolean
fel_call_begin (FelCall *self, guint seconds, GError **error)
{
  g_autoptr (sd_bus_message) message = close_message (self, error);

  return message != NULL
         && fel_exit_check (sd_bus_call_async (self->daemon->bus, &self->slot, message, on_begun_reply, self,
                                               (guint64) seconds * G_USEC_PER_SEC),
                            "cannot send a message to the daemon", error);
}

gboolean
fel_call_is_done (const FelCall *self)
{
  return self->reply != NULL;
}

sd_bus_message *
fel_call_take_reply (FelCall *self, GError **error)
{
  g_autoptr (sd_bus_message) reply = g_steal_pointer (&self->reply);

  if (!sd_bus_message_is_method_error (reply, NULL))
    return g_steal_pointer (&reply);
  call_fail (self, sd_bus_message_get_error (reply), error);
  return NULL;
}
