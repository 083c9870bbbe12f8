/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exit.h"
#include "obtain.h"
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
check_ttl (const FelCli *cli, GError **error)
{
  if (cli->ttl == NULL || cli->create)
    return TRUE;
  g_set_error_literal (error, FEL_EXIT, FEL_EXIT_USAGE, "--ttl is for a new credential, so it needs --create");
  return FALSE;
}

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelTarget) target = fel_target_parse (cli->operands[0], error);
  g_autoptr (FelDaemon) daemon = NULL;
  g_autoptr (FelCredential) credential = NULL;

  if (target == NULL || !fel_obtain_check_stored (cli, target, error) || !check_ttl (cli, error))
    return FALSE;
  daemon = fel_daemon_open (error);
  credential = daemon != NULL ? fel_obtain_stored (cli, daemon, target, error) : NULL;
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
