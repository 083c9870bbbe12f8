/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "obtain.h"
#include "say.h"
#include "target.h"
#include "verbs.h"

static const GOptionEntry options[] = {
  { "tenant", 't', 0, G_OPTION_ARG_FILENAME, FEL_CLI_FIELD (tenant), "Limit the credential to this tenant", "ID" },
  { "internal", 0, 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (internal), "Ask for an internal credential", NULL },
  { "label", 'l', 0, G_OPTION_ARG_FILENAME, FEL_CLI_FIELD (label), "Label of the keyring item", "L" },
  { "ttl", 0, 0, G_OPTION_ARG_FILENAME, FEL_CLI_FIELD (ttl), "How long it is to live: 90s, 15m, 8h, 7d", "DURATION" },
  { "request-id", 0, 0, G_OPTION_ARG_FILENAME, FEL_CLI_FIELD (request_id),
    "A repeat with the same ID gets the same credential", "ID" },
  { 0 },
};

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelTarget) target = fel_target_parse_database (cli->operands[0], error);
  g_autoptr (FelDaemon) daemon = target != NULL ? fel_daemon_open (error) : NULL;
  g_autoptr (FelCredential) credential = daemon != NULL ? fel_obtain_new (cli, daemon, target, error) : NULL;

  return credential != NULL && fel_say_credential (cli, credential, error);
}

const FelVerb fel_verb_create = {
  .name = "create",
  .operands = "WORKSPACE/DATABASE",
  .summary = "Mint a new credential and keep it in the keyring",
  .operands_min = 1,
  .operands_max = 1,
  .hands_out_password = TRUE,
  .options = options,
  .run = run,
};
