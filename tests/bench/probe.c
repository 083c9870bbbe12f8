/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Does what a line on standard input says, `TIMES WORD ARGUMENT`, and answers with the microseconds that one of them
 * took: things that are compared run in one process, in turn. Arguments: URL of the provider, access token. */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct
{
  const char *word;
  ProbeRun run;
} words[] = {
  { "ping", probe_ping },
  { "get", probe_get },
  { "create", probe_create },
  { "list", probe_list },
  { "private-ping", probe_ping_private },
  { "private-get", probe_get_private },
  { "create-many", probe_create_many },
  { "turn-over", probe_turn_over },
  { "http", probe_http },
  { "store", probe_store },
  { "store-many", probe_store_many },
  { "fill", probe_fill },
  { "lookup", probe_lookup },
  { "search", probe_search },
  { "fsync", probe_fsync },
  { "start", probe_start },
};

static ProbeRun
find (const char *word)
{
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (words[i].word, word))
      return words[i].run;
  return NULL;
}

int
main (int argc, char **argv)
{
  char line[1024];

  if (argc != 3 || !probe_open ())
    return 2;
  probe_set_provider (argv[1], argv[2]);
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      g_auto (GStrv) parts = g_strsplit (g_strchomp (line), " ", 3);
      guint n = g_strv_length (parts);
      int times = n >= 2 ? atoi (parts[0]) : 0;
      ProbeRun run = n >= 2 ? find (parts[1]) : NULL;
      gint64 start_usec = g_get_monotonic_time ();

      if (run == NULL || times <= 0)
        return 2;
      for (int i = 0; i < times; i++)
        if (!run (n == 3 ? parts[2] : ""))
          return 1;
      printf ("%.2f\n", (double) (g_get_monotonic_time () - start_usec) / times);
      fflush (stdout);
    }
  return 0;
}
