/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon.h"

#include <unistd.h>

#include <systemd/sd-login.h>

#include "call.h"
#include "exit.h"
#include "felucca-names.h"

#define DAEMON_UNIT "felucca.service"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (sd_bus_creds, sd_bus_creds_unref)

FelDaemon *
fel_daemon_open (GError **error)
{
  g_autoptr (FelDaemon) self = g_new0 (FelDaemon, 1);

  if (!fel_exit_check (sd_bus_open_user_with_description (&self->bus, "felucca"),
                       "there is no session bus (DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR)", error))
    return NULL;
  self->destination = g_strdup (FEL_BUS_NAME);
  return g_steal_pointer (&self);
}

void
fel_daemon_free (FelDaemon *self)
{
  if (self == NULL)
    return;
  sd_bus_close_unref (self->bus);
  g_free (self->destination);
  g_free (self);
}

/* A program of the same user could own the name before the daemon does. systemd tells them apart by unit. Without
 * one (the bus started the daemon itself, or there is no user manager) the uid is all there is to compare. Our own
 * unit is fine as well: a daemon started by hand in this terminal; what runs beside us could read our typing anyway. */
gboolean
fel_daemon_trusts (uid_t owner_uid, const char *owner_unit, uid_t our_uid, const char *our_unit)
{
  if (owner_uid != our_uid)
    return FALSE;
  return owner_unit == NULL || g_str_equal (owner_unit, DAEMON_UNIT) || g_strcmp0 (owner_unit, our_unit) == 0;
}

static gboolean
check_owner (sd_bus_creds *creds, GError **error)
{
  g_autofree char *our_unit = NULL;
  const char *unit = NULL;
  uid_t uid;

  /* The uid must come from the bus, which has it from the kernel; one read from /proc could be anybody's by now. */
  if ((sd_bus_creds_get_augmented_mask (creds) & SD_BUS_CREDS_EUID) != 0 || sd_bus_creds_get_euid (creds, &uid) < 0)
    {
      g_set_error (error, FEL_EXIT, FEL_EXIT_DENIED, "the bus does not say who owns %s", FEL_BUS_NAME);
      return FALSE;
    }
  if (sd_bus_creds_get_user_unit (creds, &unit) < 0)
    unit = NULL;
  if (sd_pid_get_user_unit (0, &our_unit) < 0)
    our_unit = NULL;
  if (fel_daemon_trusts (uid, unit, geteuid (), our_unit))
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_DENIED, "%s is owned by uid %u, unit %s, not by %s: the token stays here",
               FEL_BUS_NAME, (guint) uid, unit != NULL ? unit : "none", DAEMON_UNIT);
  return FALSE;
}

/* An owner exists only once the daemon is started. */
static gboolean
start (FelDaemon *self, GError **error)
{
  g_autoptr (FelCall) ping = fel_call_new (self, "org.freedesktop.DBus.Peer", "Ping");
  g_autoptr (sd_bus_message) pong = fel_call_send (ping, FEL_CALL_SECONDS, error);

  return pong != NULL;
}

gboolean
fel_daemon_pin (FelDaemon *self, GError **error)
{
  const guint64 mask = SD_BUS_CREDS_UNIQUE_NAME | SD_BUS_CREDS_EUID | SD_BUS_CREDS_PID | SD_BUS_CREDS_USER_UNIT
                       | SD_BUS_CREDS_AUGMENT;
  g_autoptr (sd_bus_creds) creds = NULL;
  const char *unique;

  if (!start (self, error)
      || !fel_exit_check (sd_bus_get_name_creds (self->bus, FEL_BUS_NAME, mask, &creds),
                          "cannot look at who owns " FEL_BUS_NAME, error)
      || !check_owner (creds, error)
      || !fel_exit_check (sd_bus_creds_get_unique_name (creds, &unique), "the daemon has no address", error))
    return FALSE;
  g_free (self->destination);
  self->destination = g_strdup (unique);
  return TRUE;
}
