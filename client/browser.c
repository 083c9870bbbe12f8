/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "browser.h"

#include <systemd/sd-bus.h>

#define PORTAL_SECONDS 5 /* it may have to be started */

gboolean
fel_browser_is_url (const char *url)
{
  if (!g_str_has_prefix (url, "https://") && !g_str_has_prefix (url, "http://"))
    return FALSE;
  for (const char *p = url; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return FALSE;
  return TRUE;
}

/* The portal of this bus would open a page on the screen of a machine that nobody sits at. */
static gboolean
has_display (void)
{
  const char *x11 = g_getenv ("DISPLAY"), *wayland = g_getenv ("WAYLAND_DISPLAY");

  return g_getenv ("SSH_CONNECTION") == NULL || (x11 != NULL && *x11 != '\0') || (wayland != NULL && *wayland != '\0');
}

/* XDG Desktop Portal, org.freedesktop.portal.OpenURI, version 1. A connection of its own: the daemon's need not lead to
 * the session bus. */
static gboolean
open_by_portal (const char *url)
{
  sd_bus_message *message = NULL, *reply = NULL;
  sd_bus *bus = NULL;
  int r = sd_bus_open_user_with_description (&bus, "felucca");

  if (r >= 0)
    r = sd_bus_message_new_method_call (bus, &message, "org.freedesktop.portal.Desktop",
                                        "/org/freedesktop/portal/desktop", "org.freedesktop.portal.OpenURI", "OpenURI");
  if (r >= 0)
    r = sd_bus_message_append (message, "ssa{sv}", "", url, 0);
  if (r >= 0)
    r = sd_bus_call (bus, message, PORTAL_SECONDS * G_USEC_PER_SEC, NULL, &reply);
  sd_bus_message_unref (message);
  sd_bus_message_unref (reply);
  sd_bus_close_unref (bus);
  return r >= 0;
}

static gboolean
open_by_program (const char *url)
{
  const char *argv[] = { "xdg-open", url, NULL };

  return g_spawn_async (NULL, (char **) argv, NULL,
                        G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                        NULL);
}

gboolean
fel_browser_open (const char *url)
{
  return has_display () && (open_by_portal (url) || open_by_program (url));
}
