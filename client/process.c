/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "process.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* proc(5), /proc/PID/stat, counted from what follows the name. */
#define STAT_PARENT 1
#define STAT_STARTED 19

static char *
read_file (pid_t pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", (int) pid, name);
  char *text = NULL;

  return pid > 0 && g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

char *
fel_process_name (pid_t pid)
{
  g_autofree char *comm = read_file (pid, "comm");
  g_autofree char *program = read_file (pid, "cmdline");
  g_autofree char *base = program != NULL ? g_path_get_basename (program) : NULL;

  if (comm == NULL)
    return NULL;
  g_strchomp (comm);
  /* The kernel's name is cut at 15 bytes, the other one is the process's own word. */
  if (base != NULL && g_str_has_prefix (base, comm))
    return g_steal_pointer (&base);
  return g_steal_pointer (&comm);
}

/* The name is in brackets and may hold anything, brackets and spaces too. */
static gint64
stat_number (pid_t pid, guint index)
{
  g_autofree char *text = read_file (pid, "stat");
  const char *rest = text != NULL ? strrchr (text, ')') : NULL;
  g_auto (GStrv) fields = rest != NULL && rest[1] == ' ' ? g_strsplit (rest + 2, " ", -1) : NULL;

  return fields != NULL && g_strv_length (fields) > index ? g_ascii_strtoll (fields[index], NULL, 10) : 0;
}

pid_t
fel_process_parent (pid_t pid)
{
  return (pid_t) stat_number (pid, STAT_PARENT);
}

gint64
fel_process_started_sec (pid_t pid, gint64 now_sec)
{
  gint64 ticks = stat_number (pid, STAT_STARTED);
  long per_sec = sysconf (_SC_CLK_TCK);
  struct timespec up;

  if (ticks == 0 || per_sec <= 0 || clock_gettime (CLOCK_BOOTTIME, &up) < 0)
    return 0;
  return now_sec - (up.tv_sec - ticks / per_sec);
}
