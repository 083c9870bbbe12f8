/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "obtain.h"

#include "exit.h"
#include "felucca-names.h"

gboolean
fel_obtain_check_stored (const FelCli *cli, const FelTarget *target, GError **error)
{
  if (target->database != NULL || (!cli->create && cli->tenant == NULL && !cli->internal))
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "--create, --tenant and --internal need WORKSPACE/DATABASE, not '%s'",
               target->workspace);
  return FALSE;
}

FelCredential *
fel_obtain_stored (const FelCli *cli, FelDaemon *daemon, const FelTarget *target, GError **error)
{
  g_autoptr (FelCall) call = fel_call_new (daemon, FEL_IFACE_CREDENTIALS, "GetCredential");
  gboolean by_id = target->database == NULL;

  fel_call_string (call, by_id ? "" : target->workspace);
  fel_call_string (call, by_id ? "" : target->database);
  fel_cli_begin_options (cli, call);
  if (by_id)
    fel_call_option_string (call, "id", target->workspace);
  return fel_credential_receive (call, error);
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
