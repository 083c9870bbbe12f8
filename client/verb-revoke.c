/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "batch.h"
#include "felucca-names.h"
#include "say.h"
#include "target.h"
#include "verbs.h"

static const GOptionEntry options[] = {
  { "local-only", 0, 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (local_only),
    "Only forget it here; it stays alive at the provider", NULL },
  { 0 },
};

static gboolean
revoke_one (const FelCli *cli, FelDaemon *daemon, const char *id, GError **error)
{
  g_autoptr (FelCall) call = fel_call_new (daemon, FEL_IFACE_CREDENTIALS, "RevokeCredential");
  g_autoptr (sd_bus_message) reply = NULL;
  g_autoptr (GError) failure = NULL;

  fel_call_string (call, id);
  fel_cli_begin_options (cli, call);
  reply = fel_call_send (call, FEL_CALL_SECONDS_LONG, &failure);
  if (reply == NULL)
    {
      fel_target_explain_unfound (id, failure);
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (cli->local_only)
    fel_say_note (cli, "forgot %s; it is still alive at the provider", id);
  else
    fel_say_note (cli, "revoked %s", id);
  return TRUE;
}

static gboolean
revoke_all (const FelCli *cli, FelDaemon *daemon, GError **error)
{
  FelBatch batch = { 0 };

  for (gsize i = 0; cli->operands[i] != NULL; i++)
    {
      GError *failure = NULL;

      if (revoke_one (cli, daemon, cli->operands[i], &failure))
        fel_batch_done (&batch);
      else
        fel_batch_failed (&batch, cli->operands[i], failure);
    }
  return fel_batch_end (&batch, "revoked", error);
}

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelDaemon) daemon = NULL;

  for (gsize i = 0; cli->operands[i] != NULL; i++)
    if (!fel_target_check_id (cli->operands[i], error))
      return FALSE;
  daemon = fel_daemon_open (error);
  if (daemon == NULL)
    return FALSE;
  if (cli->operands[1] == NULL)
    return revoke_one (cli, daemon, cli->operands[0], error);
  return revoke_all (cli, daemon, error);
}

const FelVerb fel_verb_revoke = {
  .name = "revoke",
  .operands = "ID…",
  .summary = "Delete credentials at the provider, then from the keyring",
  .operands_min = 1,
  .operands_max = G_MAXUINT,
  .options = options,
  .run = run,
};
