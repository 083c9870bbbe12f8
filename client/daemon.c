/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon.h"

#include <errno.h>
#include <unistd.h>

#include <systemd/sd-login.h>

#include "call.h"
#include "exit.h"
#include "felucca-names.h"
#include "private-socket.h"

#define MANAGER_UNIT "init.scope" /* where systemd --user itself is */
#define PRIVATE_TRIES 2           /* the first may have met a daemon on its way out */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (sd_bus_creds, sd_bus_creds_unref)

static int
open_private (FelDaemon *self, const char *address)
{
  int r = -ENOTCONN;

  for (guint i = 0; i < PRIVATE_TRIES && r < 0; i++)
    r = fel_private_socket_open (address, &self->bus);
  self->is_private = r >= 0;
  return r;
}

/* cron(8), su(1) and sudo(8) drop the variable, but the folder of the session is there. */
static char *
runtime_of_session (void)
{
  g_autofree char *folder = g_strdup_printf ("/run/user/%u", (guint) geteuid ());
  g_autofree char *bus = g_build_filename (folder, "bus", NULL);

  return g_getenv ("XDG_RUNTIME_DIR") == NULL && access (bus, W_OK) == 0 ? g_steal_pointer (&folder) : NULL;
}

static gboolean
open_session (FelDaemon *self, GError **error)
{
  int r = sd_bus_open_user_with_description (&self->bus, "felucca");
  g_autofree char *folder = r < 0 ? runtime_of_session () : NULL;

  if (r >= 0)
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_FAILED,
               "there is no session bus (DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR): %s" FEL_EXIT_NEXT "%s%s",
               g_strerror (-r), folder != NULL ? "export XDG_RUNTIME_DIR=" : "loginctl user-status",
               folder != NULL ? folder : "");
  return FALSE;
}

static gboolean
open_chosen (FelDaemon *self, const char *address, GError **error)
{
  int r = open_private (self, address);

  if (r >= 0)
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_FAILED,
               "the private socket of FELUCCA_BUS cannot be reached: %s" FEL_EXIT_NEXT "unset FELUCCA_BUS",
               g_strerror (-r));
  return FALSE;
}

static gboolean
daemon_connect (FelDaemon *self, GError **error)
{
  const char *choice = g_getenv ("FELUCCA_BUS");
  g_autofree char *path = NULL;
  g_autofree char *address = NULL;

  if (choice != NULL && g_str_has_prefix (choice, "unix:"))
    return open_chosen (self, choice, error);
  if (choice != NULL && *choice != '\0' && !g_str_equal (choice, "session"))
    {
      g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE,
                   "FELUCCA_BUS is '%s'; it is 'session' or the address of a socket, unix:path=...", choice);
      return FALSE;
    }
  path = choice == NULL || *choice == '\0' ? fel_private_socket_find () : NULL;
  address = path != NULL ? fel_private_socket_address (path) : NULL;
  return (address != NULL && open_private (self, address) >= 0) || open_session (self, error);
}

FelDaemon *
fel_daemon_open (GError **error)
{
  g_autoptr (FelDaemon) self = g_new0 (FelDaemon, 1);

  if (!daemon_connect (self, error))
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
  return owner_unit == NULL || g_str_equal (owner_unit, FEL_UNIT_SERVICE) || g_strcmp0 (owner_unit, our_unit) == 0;
}

static gboolean
check_owner (uid_t uid, const char *unit, const char *what, GError **error)
{
  g_autofree char *our_unit = NULL;

  if (sd_pid_get_user_unit (0, &our_unit) < 0)
    our_unit = NULL;
  if (fel_daemon_trusts (uid, unit, geteuid (), our_unit))
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_DENIED, "%s is owned by uid %u, unit %s, not by %s: the token stays here",
               what, (guint) uid, unit != NULL ? unit : "none", FEL_UNIT_SERVICE);
  return FALSE;
}

static gboolean
check_owner_of_name (sd_bus_creds *creds, GError **error)
{
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
  return check_owner (uid, unit, FEL_BUS_NAME, error);
}

/* The listener of a socket that systemd made is the manager itself, which starts nobody else for it. */
static gboolean
check_owner_of_socket (FelDaemon *self, GError **error)
{
  g_autofree char *unit = NULL;
  uid_t uid;
  pid_t pid;

  if (!fel_private_socket_owner (self->bus, &uid, &pid, &unit))
    {
      g_set_error_literal (error, FEL_EXIT, FEL_EXIT_DENIED, "the kernel does not say who owns the private socket");
      return FALSE;
    }
  if (unit != NULL && g_str_equal (unit, MANAGER_UNIT))
    g_clear_pointer (&unit, g_free);
  return check_owner (uid, unit, "the private socket", error);
}

pid_t
fel_daemon_peer (FelDaemon *self)
{
  g_autofree char *unit = NULL;
  uid_t uid;
  pid_t pid;

  return self->is_private && fel_private_socket_owner (self->bus, &uid, &pid, &unit) ? pid : 0;
}

/* An owner exists only once the daemon is started. */
static gboolean
start (FelDaemon *self, GError **error)
{
  g_autoptr (FelCall) ping = fel_call_new (self, "org.freedesktop.DBus.Peer", "Ping");
  g_autoptr (sd_bus_message) pong = fel_call_send (ping, FEL_CALL_SECONDS, error);

  return pong != NULL;
}

/* (transfer full) */
static sd_bus_creds *
find_owner_of_name (FelDaemon *self, GError **error)
{
  const guint64 mask = SD_BUS_CREDS_UNIQUE_NAME | SD_BUS_CREDS_EUID | SD_BUS_CREDS_PID | SD_BUS_CREDS_USER_UNIT
                       | SD_BUS_CREDS_AUGMENT;
  sd_bus_creds *creds = NULL;
  int r = sd_bus_get_name_creds (self->bus, FEL_BUS_NAME, mask, &creds);

  if (r == -ENXIO || r == -ESRCH) /* nobody has it any more, or that process has ended */
    fel_exit_set_from_bus (error, SD_BUS_ERROR_NO_REPLY, NULL);
  else
    fel_exit_check (r, "cannot look at who owns " FEL_BUS_NAME, error);
  return creds;
}

gboolean
fel_daemon_pin (FelDaemon *self, GError **error)
{
  g_autoptr (sd_bus_creds) creds = NULL;
  const char *unique;

  if (self->is_private)
    {
      self->is_pinned = TRUE;
      return check_owner_of_socket (self, error);
    }
  if (!start (self, error))
    return FALSE;
  creds = find_owner_of_name (self, error);
  if (creds == NULL || !check_owner_of_name (creds, error)
      || !fel_exit_check (sd_bus_creds_get_unique_name (creds, &unique), "the daemon has no address", error))
    return FALSE;
  g_free (self->destination);
  self->destination = g_strdup (unique);
  self->is_pinned = TRUE;
  return TRUE;
}

/* A call was built for the owner that was looked at; on another connection that has to be such a one as well. */
gboolean
fel_daemon_reopen (FelDaemon *self, GError **error)
{
  self->bus = sd_bus_close_unref (self->bus);
  self->is_private = FALSE;
  if (!daemon_connect (self, error))
    return FALSE;
  if (!self->is_pinned)
    return TRUE;
  if (self->is_private)
    return check_owner_of_socket (self, error);
  g_set_error_literal (error, FEL_EXIT, FEL_EXIT_UNREACHABLE,
                       "the felucca daemon left before it took the token; try again");
  return FALSE;
}
