/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-names.h"
#include "say.h"
#include "verbs.h"

static const GOptionEntry options[] = {
  { "revoke-credentials", 0, 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (revoke_credentials),
    "First revoke every stored credential of this backend", NULL },
  { 0 },
};

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelDaemon) daemon = NULL;
  g_autoptr (FelCall) call = NULL;
  g_autoptr (sd_bus_message) reply = NULL;
  g_autofree char *backend = NULL;

  if (!fel_cli_backend_operand (cli, error))
    return FALSE;
  daemon = fel_daemon_open (error);
  if (daemon == NULL)
    return FALSE;
  backend = g_steal_pointer (&cli->backend); /* an argument here, not an option */
  call = fel_call_new (daemon, FEL_IFACE_ACCOUNTS, "SignOut");
  fel_call_string (call, backend != NULL ? backend : "");
  fel_cli_begin_options (cli, call);
  reply = fel_call_send (call, FEL_CALL_SECONDS_LONG, error);
  if (reply == NULL)
    return FALSE;
  fel_say_note (cli, "signed out of %s", backend != NULL ? backend : "the default backend");
  return TRUE;
}

const FelVerb fel_verb_sign_out = {
  .name = "sign-out",
  .operands = "[BACKEND]",
  .summary = "Forget the sign-in of a backend",
  .operands_max = 1,
  .options = options,
  .run = run,
};
