/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "private-socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <systemd/sd-login.h>

#include "felucca-names.h"

#define READY_SECONDS 15 /* the keyring may have to be loaded first */

static gboolean
is_ours (const char *path, mode_t type)
{
  struct stat st;

  return lstat (path, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid ()
         && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

char *
fel_private_socket_find (void)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;

  if (runtime == NULL || !g_path_is_absolute (runtime))
    return NULL;
  folder = g_build_filename (runtime, FEL_SOCKET_FOLDER, NULL);
  path = g_build_filename (folder, FEL_SOCKET_NAME, NULL);
  return is_ours (folder, S_IFDIR) && is_ours (path, S_IFSOCK) ? g_steal_pointer (&path) : NULL;
}

/* D-Bus Specification, "Server Addresses". */
char *
fel_private_socket_address (const char *path)
{
  GString *address = g_string_new ("unix:path=");

  for (const char *p = path; *p != '\0'; p++)
    if (g_ascii_isalnum (*p) || strchr ("-_/\\*.", *p) != NULL)
      g_string_append_c (address, *p);
    else
      g_string_append_printf (address, "%%%02x", (guint) (guchar) *p);
  return g_string_free (address, FALSE);
}

/* A call that is sent before we are let in waits in a queue of sd-bus, and nobody could tell whether it was taken. */
static int
wait_until_ready (sd_bus *bus)
{
  gint64 end_usec = g_get_monotonic_time () + READY_SECONDS * G_USEC_PER_SEC;
  int r;

  while ((r = sd_bus_is_ready (bus)) == 0)
    {
      gint64 left_usec = end_usec - g_get_monotonic_time ();

      r = sd_bus_process (bus, NULL);
      if (r == 0 && left_usec <= 0)
        return -ETIMEDOUT;
      if (r == 0)
        r = sd_bus_wait (bus, (guint64) left_usec);
      if (r < 0 && r != -EINTR)
        return r;
    }
  return r;
}

int
fel_private_socket_open (const char *address, sd_bus **ret_bus)
{
  sd_bus *bus = NULL;
  int r = sd_bus_new (&bus);

  if (r >= 0)
    r = sd_bus_set_description (bus, "felucca");
  if (r >= 0)
    r = sd_bus_set_address (bus, address);
  if (r >= 0)
    r = sd_bus_negotiate_fds (bus, 1);
  if (r >= 0)
    r = sd_bus_start (bus);
  if (r >= 0)
    r = wait_until_ready (bus);
  if (r < 0)
    {
      sd_bus_close_unref (bus);
      return r;
    }
  *ret_bus = bus;
  return 0;
}

gboolean
fel_private_socket_owner (sd_bus *bus, uid_t *ret_uid, pid_t *ret_pid, char **ret_unit)
{
  struct ucred who = { .uid = (uid_t) -1 };
  socklen_t len = sizeof who;

  if (getsockopt (sd_bus_get_fd (bus), SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
    return FALSE;
  *ret_uid = who.uid;
  *ret_pid = who.pid;
  if (who.pid <= 0 || sd_pid_get_user_unit (who.pid, ret_unit) < 0)
    *ret_unit = NULL;
  return TRUE;
}
