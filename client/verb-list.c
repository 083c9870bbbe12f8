/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exit.h"
#include "listing.h"
#include "say.h"
#include "verbs.h"
#include "view.h"

static const GOptionEntry options[] = {
  { "provider", 'p', 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (provider),
    "Ask the provider too, and show what is not stored here", NULL },
  { 0 },
};

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelTarget) target = NULL;
  g_autoptr (FelDaemon) daemon = NULL;
  g_autoptr (GPtrArray) credentials = NULL;
  g_autoptr (FelTable) table = NULL;

  if (cli->operands[0] != NULL)
    {
      target = fel_target_parse (cli->operands[0], error);
      if (target == NULL)
        return FALSE;
    }
  daemon = fel_daemon_open (error);
  credentials = daemon != NULL ? fel_listing_fetch (cli, daemon, target, error) : NULL;
  if (credentials == NULL)
    return FALSE;
  if (cli->format == FEL_FORMAT_JSON)
    return fel_say_records (credentials, error);
  if (credentials->len == 0)
    {
      if (target != NULL)
        fel_say_note (cli, "there are no credentials of %s" FEL_EXIT_NEXT "felucca list", cli->operands[0]);
      else
        fel_say_note (cli, "there are no credentials" FEL_EXIT_NEXT "felucca create WORKSPACE/DATABASE");
      return TRUE;
    }
  table = fel_view_credentials (credentials, fel_say_now_sec ());
  return fel_say_table (table, error);
}

const FelVerb fel_verb_list = {
  .name = "list",
  .operands = "[WORKSPACE[/DATABASE]]",
  .summary = "List stored credentials, newest first, without passwords",
  .operands_max = 1,
  .options = options,
  .run = run,
};
