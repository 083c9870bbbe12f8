/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exit.h"
#include "felucca-names.h"
#include "say.h"
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

  fel_call_string (call, id);
  fel_cli_begin_options (cli, call);
  reply = fel_call_send (call, FEL_CALL_SECONDS_LONG, error);
  if (reply == NULL)
    return FALSE;
  if (cli->local_only)
    fel_say_note (cli, "forgot %s; it is still alive at the provider", id);
  else
    fel_say_note (cli, "revoked %s", id);
  return TRUE;
}

/* Goes on after a failure; the first one decides how the command ends. */
static gboolean
revoke_all (const FelCli *cli, FelDaemon *daemon, guint n_ids, GError **error)
{
  FelExit status = FEL_EXIT_DONE;
  guint n_failed = 0;

  for (guint i = 0; i < n_ids; i++)
    {
      g_autoptr (GError) failure = NULL;

      if (revoke_one (cli, daemon, cli->operands[i], &failure))
        continue;
      g_prefix_error (&failure, "%s: ", cli->operands[i]);
      fel_say_error (failure);
      if (n_failed++ == 0)
        status = (FelExit) failure->code;
    }
  if (n_failed == 0)
    return TRUE;
  g_set_error (error, FEL_EXIT, (int) status, "%u of %u credentials were not revoked", n_failed, n_ids);
  return FALSE;
}

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelDaemon) daemon = NULL;
  guint n_ids = g_strv_length (cli->operands);

  for (guint i = 0; i < n_ids; i++)
    if (strchr (cli->operands[i], '/') != NULL)
      {
        g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "'%s' is not an id; `felucca list %s` shows them",
                     cli->operands[i], cli->operands[i]);
        return FALSE;
      }
  daemon = fel_daemon_open (error);
  if (daemon == NULL)
    return FALSE;
  if (n_ids == 1)
    return revoke_one (cli, daemon, cli->operands[0], error);
  return revoke_all (cli, daemon, n_ids, error);
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
