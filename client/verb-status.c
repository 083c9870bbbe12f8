/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "say.h"
#include "status.h"
#include "verbs.h"
#include "view.h"

static gboolean
say_status (const FelCli *cli, const FelRecord *status, GError **error)
{
  g_autoptr (FelTable) head = NULL;
  g_autoptr (FelTable) sign_ins = NULL;

  if (cli->format == FEL_FORMAT_JSON)
    return fel_say_record (status, error);
  head = fel_view_daemon (status);
  sign_ins = fel_view_sign_ins (status, fel_say_now_sec ());
  return fel_say_table (head, error) && fel_say_text ("\n", error) && fel_say_table (sign_ins, error);
}

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelDaemon) daemon = fel_daemon_open (error);
  g_autoptr (FelRecord) status = NULL;
  g_autoptr (GPtrArray) accounts = NULL;
  g_autoptr (GError) accounts_error = NULL;

  if (daemon == NULL)
    return FALSE;
  /* First, because it makes the daemon look at the tokens. Without the accounts the rest is still worth showing. */
  accounts = fel_status_fetch_accounts (daemon, cli->backend, &accounts_error);
  status = fel_status_fetch (daemon, cli->backend, error);
  if (status == NULL)
    return FALSE;
  if (accounts != NULL)
    fel_record_set_records (status, "accounts", g_steal_pointer (&accounts));
  if (!say_status (cli, status, error) || !fel_status_check (status, error))
    return FALSE;
  if (accounts_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&accounts_error));
  return FALSE;
}

const FelVerb fel_verb_status = {
  .name = "status",
  .operands = "",
  .summary = "Show whether daemon, keyring and sign-ins are in order",
  .run = run,
};
