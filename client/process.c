/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* The value of "NAME: VALUE"; -1: there is no such line. */
static gint64
line_number (const char *text, const char *name)
{
  const char *line = strstr (text, name);

  return line != NULL && (line == text || line[-1] == '\n') ? g_ascii_strtoll (line + strlen (name), NULL, 10) : -1;
}

static void
add_dumpable (FelRecord *sandbox, pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  struct stat st;

  /* The kernel gives the files of one that is not to root; root's own look the same either way. */
  if (geteuid () != 0 && stat (path, &st) == 0)
    fel_record_set_flag (sandbox, "not-dumpable", st.st_uid != geteuid ());
}

FelRecord *
fel_process_sandbox (pid_t pid)
{
  g_autofree char *status = read_file (pid, "status");
  g_autofree char *limits = read_file (pid, "limits");
  FelRecord *sandbox;

  if (status == NULL)
    return NULL;
  sandbox = fel_record_new ();
  fel_record_set_flag (sandbox, "seccomp", line_number (status, "Seccomp:") == 2);
  fel_record_set_flag (sandbox, "no-new-privileges", line_number (status, "NoNewPrivs:") == 1);
  add_dumpable (sandbox, pid);
  if (limits != NULL)
    fel_record_set_flag (sandbox, "no-core", line_number (limits, "Max core file size") == 0);
  return sandbox;
}
