/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "answer.h"

#include <errno.h>

#include "felucca-names.h"
#include "progress.h"

#define LOOK_USEC (G_USEC_PER_SEC / 10)

typedef struct Wait
{
  sd_bus *bus;
  sd_bus_message *message;
  sd_bus_message *reply; /* owned */
  sd_bus_slot *slot;     /* owned; of the reply */
  sd_bus_slot *look;     /* owned; of a look at the keyring; NULL: there was none yet */
  gboolean is_looking;
  char *keyring; /* owned; its state; NULL: the daemon has not said anything yet */
  FelProgress progress;
} Wait;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (sd_bus_message, sd_bus_message_unref)

/* Calls for which the daemon may ask the user to unlock the keyring, and then turns to the provider. */
static const char *const far_members[] = {
  "CreateCredential",
  "GetCredential",
  "ListCredentials",
  "RevokeCredential",
  "RotateCredential",
  "SignIn",
  "SignOut",
  "StartSignIn",
  "FinishSignIn",
  "ResolveUnresolved",
  NULL,
};

static const char *
wait_says (const Wait *self)
{
  if (self->keyring == NULL || !g_strv_contains (far_members, sd_bus_message_get_member (self->message)))
    return "waiting for the felucca daemon";
  if (g_str_equal (self->keyring, "locked"))
    return "the keyring is locked: waiting for you to unlock it";
  return "waiting for the provider";
}

static int
on_looked (sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
  Wait *self = userdata;
  const char *state = "";

  self->is_looking = FALSE;
  if (!sd_bus_message_is_method_error (reply, NULL) && sd_bus_message_read (reply, "v", "s", &state) < 0)
    state = "";
  g_free (self->keyring);
  self->keyring = g_strdup (state);
  fel_progress_show (&self->progress, wait_says (self), g_get_monotonic_time ());
  return 1;
}

/* What the daemon waits for is seen by the keyring's state, which it tells meanwhile. */
static void
wait_look (Wait *self)
{
  const char *destination = sd_bus_message_get_destination (self->message);

  if (self->is_looking)
    return;
  self->look = sd_bus_slot_unref (self->look);
  self->is_looking = sd_bus_call_method_async (self->bus, &self->look, destination, FEL_OBJECT_PATH,
                                               "org.freedesktop.DBus.Properties", "Get", on_looked, self, "ss",
                                               FEL_IFACE_CREDENTIALS, "KeyringState")
                     >= 0;
}

static int
on_reply (sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
  Wait *self = userdata;

  self->reply = sd_bus_message_ref (reply);
  return 1;
}

static int
wait_step (Wait *self)
{
  gint64 now_usec;
  int r = sd_bus_process (self->bus, NULL);

  if (r != 0 || self->reply != NULL)
    return r;
  now_usec = g_get_monotonic_time ();
  if (now_usec >= self->progress.due_usec)
    {
      if (self->look == NULL) /* what is told first is to be true */
        self->progress.due_usec += LOOK_USEC;
      else
        fel_progress_show (&self->progress, wait_says (self), now_usec);
      wait_look (self);
      return 1;
    }
  r = sd_bus_wait (self->bus, self->progress.due_usec == G_MAXINT64 ? G_MAXUINT64
                                                                    : (guint64) (self->progress.due_usec - now_usec));
  return r == -EINTR ? 0 : r;
}

int
fel_answer_wait (sd_bus *bus, sd_bus_message *message, guint64 usec, sd_bus_error *bus_error,
                 sd_bus_message **ret_reply, gboolean *ret_unsent)
{
  Wait self = { .bus = bus, .message = message };
  g_autoptr (sd_bus_message) reply = NULL;
  int r = sd_bus_call_async (bus, &self.slot, message, on_reply, &self, usec);

  *ret_unsent = r < 0;
  fel_progress_begin (&self.progress, g_get_monotonic_time ());
  while (r >= 0 && self.reply == NULL)
    r = wait_step (&self);
  fel_progress_end (&self.progress);
  reply = g_steal_pointer (&self.reply);
  sd_bus_slot_unref (self.look);
  sd_bus_slot_unref (self.slot);
  g_free (self.keyring);
  if (reply == NULL)
    return sd_bus_error_set_errno (bus_error, r);
  if (sd_bus_message_is_method_error (reply, NULL))
    return sd_bus_error_copy (bus_error, sd_bus_message_get_error (reply));
  *ret_reply = g_steal_pointer (&reply);
  return 1;
}
