/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "failpoint.h"

#if FEL_DEVELOPER

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SLEEP_SEC 3600

typedef struct
{
  char *name;
  char *action;
  guint64 only; /* 0: at each pass */
  guint64 passes;
} Point;

static const struct
{
  const char *name;
  int number;
} errnos[] = {
  { "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EROFS", EROFS }, { "EACCES", EACCES }, { "ENOENT", ENOENT },
};

static void
point_free (gpointer data)
{
  Point *point = data;

  g_free (point->name);
  g_free (point->action);
  g_free (point);
}

/* NULL: it is not NAME:ACTION[@K]. */
static Point *
point_parse (const char *text)
{
  const char *colon = strchr (text, ':');
  const char *at = strchr (text, '@');
  guint64 only = 0;
  Point *point;

  if (colon == NULL
      || (at != NULL && (at < colon || !g_ascii_string_to_unsigned (at + 1, 10, 1, 1 << 20, &only, NULL))))
    return NULL;
  point = g_new0 (Point, 1);
  point->name = g_strndup (text, (gsize) (colon - text));
  point->action = at != NULL ? g_strndup (colon + 1, (gsize) (at - colon - 1)) : g_strdup (colon + 1);
  point->only = only;
  return point;
}

static GPtrArray *
points_load (void)
{
  GPtrArray *points = g_ptr_array_new_with_free_func (point_free);
  const char *text = g_getenv ("FELUCCA_FAILPOINT");
  g_auto (GStrv) parts = g_strsplit (text != NULL ? text : "", ",", -1);

  for (char **part = parts; *part != NULL; part++)
    {
      Point *point = point_parse (*part);

      if (point != NULL)
        g_ptr_array_add (points, point);
      else
        g_printerr ("FELUCCA_FAILPOINT: '%s' is not NAME:ACTION[@K]\n", *part);
    }
  return points;
}

static int
point_act (const Point *point)
{
  if (g_str_equal (point->action, "kill"))
    raise (SIGKILL);
  if (g_str_equal (point->action, "sleep"))
    g_usleep ((gulong) SLEEP_SEC * G_USEC_PER_SEC);
  for (gsize i = 0; i < G_N_ELEMENTS (errnos); i++)
    if (g_str_equal (errnos[i].name, point->action))
      return errnos[i].number;
  return 0;
}

int
fel_failpoint (const char *name)
{
  static GMutex lock;
  static GPtrArray *points;
  const Point *due = NULL;

  g_mutex_lock (&lock);
  if (points == NULL)
    points = points_load ();
  for (guint i = 0; i < points->len; i++)
    {
      Point *point = points->pdata[i];

      if (g_str_equal (point->name, name) && (++point->passes == point->only || point->only == 0))
        due = point;
    }
  g_mutex_unlock (&lock);
  return due != NULL ? point_act (due) : 0;
}

#endif
