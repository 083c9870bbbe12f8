/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-source.h"

#include <poll.h>

typedef struct
{
  GSource source;
  GPollFD pollfd;
  sd_bus *bus; /* owned */
  guint64 deadline_usec;
  FelBusLost lost;
  gpointer user_data;
} BusSource;

/* The events and the timeout can change with every message: asked each time. A plain GPollFD, because changing one that
 * was added by g_source_add_unix_fd() wakes the loop and would spin. Its fd stays: GLib keeps them sorted. */
static gboolean
bus_source_prepare (GSource *source, int *timeout_msec)
{
  BusSource *self = (BusSource *) source;
  gint64 now_usec;
  int events = sd_bus_get_events (self->bus);

  self->pollfd.events = events > 0 ? (gushort) events : 0;
  self->pollfd.revents = 0;
  *timeout_msec = -1;
  if (events < 0 || sd_bus_get_timeout (self->bus, &self->deadline_usec) < 0)
    {
      self->deadline_usec = 0;
      return TRUE; /* dispatch finds out what is wrong */
    }
  if (self->deadline_usec == G_MAXUINT64)
    return FALSE;
  now_usec = g_get_monotonic_time ();
  if (self->deadline_usec <= (guint64) now_usec)
    return TRUE;
  *timeout_msec = (int) MIN ((self->deadline_usec - (guint64) now_usec + 999) / 1000, (guint64) G_MAXINT);
  return FALSE;
}

static gboolean
bus_source_check (GSource *source)
{
  BusSource *self = (BusSource *) source;

  return self->pollfd.revents != 0 || self->deadline_usec <= (guint64) g_get_monotonic_time ();
}

static gboolean
bus_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  BusSource *self = (BusSource *) source;
  int r = sd_bus_process (self->bus, NULL);

  if (r >= 0)
    return G_SOURCE_CONTINUE;
  self->lost (r, self->user_data);
  return G_SOURCE_REMOVE;
}

static void
bus_source_finalize (GSource *source)
{
  BusSource *self = (BusSource *) source;

  sd_bus_unref (self->bus);
}

GSource *
fel_bus_source_new (sd_bus *bus, FelBusLost lost, gpointer user_data)
{
  static GSourceFuncs funcs = {
    .prepare = bus_source_prepare,
    .check = bus_source_check,
    .dispatch = bus_source_dispatch,
    .finalize = bus_source_finalize,
  };
  GSource *source = g_source_new (&funcs, sizeof (BusSource));
  BusSource *self = (BusSource *) source;

  self->bus = sd_bus_ref (bus);
  self->lost = lost;
  self->user_data = user_data;
  self->pollfd.fd = sd_bus_get_fd (bus);
  g_source_set_static_name (source, "sd-bus");
  /* No loop runs within a dispatch. Else GLib would take the fd out of the poll for each, and wake itself twice for that. */
  g_source_set_can_recurse (source, TRUE);
  g_source_add_poll (source, &self->pollfd);
  return source;
}
