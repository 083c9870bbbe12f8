/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-names.h"
#include "say.h"
#include "target.h"
#include "verbs.h"
#include "view.h"

static const GOptionEntry options[] = {
  { "provider", 'p', 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (provider),
    "Ask the provider too, and show what is not stored here", NULL },
  { 0 },
};

static GPtrArray *
fetch (const FelCli *cli, const FelTarget *target, GError **error)
{
  g_autoptr (FelDaemon) daemon = fel_daemon_open (error);
  g_autoptr (FelCall) call = NULL;
  g_autoptr (sd_bus_message) reply = NULL;

  if (daemon == NULL)
    return NULL;
  call = fel_call_new (daemon, FEL_IFACE_CREDENTIALS, "ListCredentials");
  fel_cli_begin_options (cli, call);
  if (target != NULL)
    fel_call_option_string (call, "workspace", target->workspace);
  if (target != NULL && target->database != NULL)
    fel_call_option_string (call, "database", target->database);
  reply = fel_call_send (call, cli->provider ? FEL_CALL_SECONDS_LONG : FEL_CALL_SECONDS, error);
  return reply != NULL ? fel_record_read_array (reply, error) : NULL;
}

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelTarget) target = NULL;
  g_autoptr (GPtrArray) credentials = NULL;
  g_autoptr (FelTable) table = NULL;

  if (cli->operands[0] != NULL)
    {
      target = fel_target_parse (cli->operands[0], error);
      if (target == NULL)
        return FALSE;
    }
  credentials = fetch (cli, target, error);
  if (credentials == NULL)
    return FALSE;
  if (cli->format == FEL_FORMAT_JSON)
    return fel_say_records (credentials, error);
  if (credentials->len == 0)
    {
      fel_say_note (cli, "there are no credentials");
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
