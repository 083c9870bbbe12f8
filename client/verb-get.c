/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exit.h"
#include "felucca-names.h"
#include "say.h"
#include "target.h"
#include "verbs.h"

static const GOptionEntry options[] = {
  { "create", 'c', 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (create), "Mint one when none is stored", NULL },
  { "tenant", 't', 0, G_OPTION_ARG_FILENAME, FEL_CLI_FIELD (tenant), "Limited to this tenant", "ID" },
  { "internal", 0, 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (internal), "An internal credential", NULL },
  { "ttl", 0, 0, G_OPTION_ARG_FILENAME, FEL_CLI_FIELD (ttl),
    "With --create: how long the new one is to live, such as 8h", "DURATION" },
  { 0 },
};

static gboolean
check_id_alone (const FelCli *cli, const char *id, GError **error)
{
  if (!cli->create && cli->tenant == NULL && !cli->internal)
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "--create, --tenant and --internal need WORKSPACE/DATABASE, not '%s'",
               id);
  return FALSE;
}

static gboolean
check_ttl (const FelCli *cli, GError **error)
{
  if (cli->ttl == NULL || cli->create)
    return TRUE;
  g_set_error_literal (error, FEL_EXIT, FEL_EXIT_USAGE, "--ttl is for a new credential, so it needs --create");
  return FALSE;
}

/* target: NULL when the operand is an id. */
static FelCredential *
ask (FelCli *cli, FelDaemon *daemon, const FelTarget *target, GError **error)
{
  g_autoptr (FelCall) call = fel_call_new (daemon, FEL_IFACE_CREDENTIALS, "GetCredential");

  fel_call_string (call, target != NULL ? target->workspace : "");
  fel_call_string (call, target != NULL ? target->database : "");
  fel_cli_begin_options (cli, call);
  if (target == NULL)
    fel_call_option_string (call, "id", cli->operands[0]);
  return fel_credential_receive (call, error);
}

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelTarget) target = fel_target_parse (cli->operands[0], error);
  g_autoptr (FelDaemon) daemon = NULL;
  g_autoptr (FelCredential) credential = NULL;
  g_autoptr (GError) unfound = NULL;
  gboolean by_id;

  if (target == NULL)
    return FALSE;
  by_id = target->database == NULL;
  if (by_id && !check_id_alone (cli, cli->operands[0], error))
    return FALSE;
  if (!check_ttl (cli, error))
    return FALSE;
  daemon = fel_daemon_open (error);
  if (daemon == NULL)
    return FALSE;

  credential = ask (cli, daemon, by_id ? NULL : target, &unfound);
  if (credential == NULL && !by_id && !cli->create && fel_target_may_be_id (cli->operands[0])
      && g_error_matches (unfound, FEL_EXIT, FEL_EXIT_NOT_FOUND))
    credential = ask (cli, daemon, NULL, NULL);
  if (credential == NULL)
    g_propagate_error (error, g_steal_pointer (&unfound));
  return credential != NULL && fel_say_credential (cli, credential, error);
}

const FelVerb fel_verb_get = {
  .name = "get",
  .operands = "WORKSPACE/DATABASE | ID",
  .summary = "Hand out a stored credential, the newest that is usable",
  .operands_min = 1,
  .operands_max = 1,
  .hands_out_password = TRUE,
  .options = options,
  .run = run,
};
