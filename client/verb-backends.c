/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "say.h"
#include "status.h"
#include "verbs.h"
#include "view.h"

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelDaemon) daemon = fel_daemon_open (error);
  g_autoptr (FelRecord) status = daemon != NULL ? fel_status_fetch (daemon, cli->backend, error) : NULL;
  g_autoptr (FelTable) table = NULL;
  const FelRecord *backends;

  if (status == NULL)
    return FALSE;
  backends = fel_record_record (status, "backends");
  if (cli->format == FEL_FORMAT_JSON)
    return fel_say_record (backends, error);
  if (fel_record_size (backends) == 0)
    fel_say_note (cli, "there are no backends");
  table = fel_view_backends (backends);
  return fel_say_table (table, error);
}

const FelVerb fel_verb_backends = {
  .name = "backends",
  .operands = "",
  .summary = "List the configured backends and what they can do",
  .run = run,
};
