/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "obtain.h"

#include "exit.h"
#include "felucca-names.h"
#include "listing.h"

gboolean
fel_obtain_check_stored (const FelCli *cli, const FelTarget *target, GError **error)
{
  if (target->database != NULL || (!cli->create && cli->tenant == NULL && !cli->internal))
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "--create, --tenant and --internal need WORKSPACE/DATABASE, not '%s'",
               target->workspace);
  return FALSE;
}

/* target: NULL when what was typed is an id. */
static FelCredential *
ask (const FelCli *cli, FelDaemon *daemon, const FelTarget *target, GError **error)
{
  g_autoptr (FelCall) call = fel_call_new (daemon, FEL_IFACE_CREDENTIALS, "GetCredential");

  fel_call_string (call, target != NULL ? target->workspace : "");
  fel_call_string (call, target != NULL ? target->database : "");
  fel_cli_begin_options (cli, call);
  if (target == NULL)
    fel_call_option_string (call, "id", cli->operands[0]);
  return fel_credential_receive (call, error);
}

FelCredential *
fel_obtain_stored (const FelCli *cli, FelDaemon *daemon, const FelTarget *target, GError **error)
{
  gboolean by_id = target->database == NULL;
  g_autoptr (GError) unfound = NULL;
  g_autoptr (FelCredential) credential = ask (cli, daemon, by_id ? NULL : target, &unfound);

  /* It may be an id with slashes. */
  if (credential == NULL && !by_id && !cli->create && g_error_matches (unfound, FEL_EXIT, FEL_EXIT_NOT_FOUND))
    credential = ask (cli, daemon, NULL, NULL);
  if (credential == NULL && !cli->create)
    fel_listing_explain (cli, daemon, cli->operands[0], unfound);
  if (credential == NULL)
    g_propagate_error (error, g_steal_pointer (&unfound));
  return g_steal_pointer (&credential);
}

FelCredential *
fel_obtain_new (const FelCli *cli, FelDaemon *daemon, const FelTarget *target, GError **error)
{
  g_autoptr (FelCall) call = fel_call_new (daemon, FEL_IFACE_CREDENTIALS, "CreateCredential");

  fel_call_string (call, target->workspace);
  fel_call_string (call, target->database);
  fel_cli_begin_options (cli, call);
  return fel_credential_receive (call, error);
}
