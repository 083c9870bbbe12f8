/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "failpoint.h"

#if FEL_DEVELOPER

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SLEEP_SEC 3600

enum
{
  ACTION_KILL = -1,
  ACTION_SLEEP = -2,
};

typedef struct
{
  char *name;
  int action;   /* ACTION_, or an errno */
  guint64 only; /* 0: at each pass */
  guint64 passes;
} Point;

static const struct
{
  const char *name;
  int action;
} actions[] = {
  { "kill", ACTION_KILL }, { "sleep", ACTION_SLEEP }, { "EIO", EIO },       { "ENOSPC", ENOSPC },
  { "EROFS", EROFS },      { "EACCES", EACCES },      { "ENOENT", ENOENT },
};

static void
point_free (gpointer data)
{
  Point *point = data;

  g_free (point->name);
  g_free (point);
}

/* 0: there is none of that name. */
static int
action_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (actions[i].name, name))
      return actions[i].action;
  return 0;
}

/* NULL: it is not NAME:ACTION[@K]. */
static Point *
point_parse (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", 2);
  char *at = parts[0] != NULL && parts[1] != NULL ? strchr (parts[1], '@') : NULL;
  guint64 only = 0;
  Point *point;

  if (parts[0] == NULL || parts[0][0] == '\0' || parts[1] == NULL
      || (at != NULL && !g_ascii_string_to_unsigned (at + 1, 10, 1, 1 << 20, &only, NULL)))
    return NULL;
  if (at != NULL)
    *at = '\0';
  if (action_find (parts[1]) == 0)
    return NULL;
  point = g_new0 (Point, 1);
  point->name = g_strdup (parts[0]);
  point->action = action_find (parts[1]);
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
action_do (int action)
{
  if (action == ACTION_KILL)
    raise (SIGKILL);
  if (action != ACTION_SLEEP)
    return action;
  g_usleep ((gulong) SLEEP_SEC * G_USEC_PER_SEC);
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
  return due != NULL ? action_do (due->action) : 0;
}

#endif
