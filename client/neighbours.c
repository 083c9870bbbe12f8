/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neighbours.h"

#include <string.h>

#define MANAGER "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1/unit"
#define WAIT_USEC (2 * G_USEC_PER_SEC)

struct FelNeighbours
{
  sd_bus *bus; /* owned; NULL: there is no session bus */
  gboolean is_own;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (sd_bus_creds, sd_bus_creds_unref)

FelNeighbours *
fel_neighbours_new (sd_bus *bus)
{
  FelNeighbours *self = g_new0 (FelNeighbours, 1);

  self->is_own = bus == NULL;
  if (bus != NULL)
    self->bus = sd_bus_ref (bus);
  else if (sd_bus_open_user_with_description (&self->bus, "felucca") < 0)
    self->bus = NULL;
  if (self->bus != NULL) /* calls to the daemon have a timeout of their own each */
    sd_bus_set_method_call_timeout (self->bus, WAIT_USEC);
  return self;
}

void
fel_neighbours_free (FelNeighbours *self)
{
  if (self == NULL)
    return;
  if (self->is_own)
    sd_bus_close (self->bus);
  sd_bus_unref (self->bus);
  g_free (self);
}

pid_t
fel_neighbours_owner (FelNeighbours *self, const char *name)
{
  g_autoptr (sd_bus_creds) creds = NULL;
  pid_t pid;

  if (self->bus == NULL || sd_bus_get_name_creds (self->bus, name, SD_BUS_CREDS_PID, &creds) < 0
      || sd_bus_creds_get_pid (creds, &pid) < 0)
    return 0;
  return pid;
}

static char *
unit_property (FelNeighbours *self, const char *unit, const char *property)
{
  char *path = NULL;
  char *value = NULL;
  char *copy = NULL;

  if (self->bus != NULL && sd_bus_path_encode (MANAGER_PATH, unit, &path) >= 0
      && sd_bus_get_property_string (self->bus, MANAGER, path, MANAGER ".Unit", property, NULL, &value) >= 0)
    copy = g_strdup (value);
  free (value);
  free (path);
  return copy;
}

char *
fel_neighbours_unit_state (FelNeighbours *self, const char *unit)
{
  g_autofree char *loaded = unit_property (self, unit, "LoadState");

  if (g_strcmp0 (loaded, "not-found") == 0)
    return g_strdup ("not-installed");
  if (loaded != NULL && !g_str_equal (loaded, "loaded"))
    return g_steal_pointer (&loaded);
  return loaded != NULL ? unit_property (self, unit, "ActiveState") : NULL;
}

pid_t
fel_neighbours_unit_pid (FelNeighbours *self, const char *unit)
{
  char *path = NULL;
  guint32 pid = 0;

  if (self->bus != NULL && sd_bus_path_encode (MANAGER_PATH, unit, &path) >= 0
      && sd_bus_get_property_trivial (self->bus, MANAGER, path, MANAGER ".Service", "MainPID", NULL, 'u', &pid) < 0)
    pid = 0;
  free (path);
  return (pid_t) pid;
}
