/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "say.h"
#include "status.h"
#include "unresolved.h"
#include "verbs.h"
#include "view.h"

static gboolean
say_status (const FelCli *cli, const FelRecord *status, GError **error)
{
  g_autoptr (FelTable) head = NULL;
  g_autoptr (FelTable) sign_ins = NULL;

  if (cli->format == FEL_FORMAT_JSON)
    return fel_say_record (status, error);
  head = fel_view_daemon (status, fel_say_now_sec ());
  sign_ins = fel_view_sign_ins (status, fel_say_now_sec ());
  return fel_say_table (head, error) && fel_say_text ("\n", error) && fel_say_table (sign_ins, error);
}

static void
add_unresolved (FelRecord *status, FelDaemon *daemon, const char *backend, GError **error)
{
  g_autoptr (GError) failure = NULL;
  gboolean older;
  GPtrArray *unresolved = fel_unresolved_fetch (daemon, backend, &older, &failure);

  if (unresolved != NULL)
    fel_record_set_records (status, "unresolved", unresolved);
  else if (!older) /* one that still runs after an update is no fault; its version is shown */
    g_propagate_error (error, g_steal_pointer (&failure));
}

/* Without accounts and unresolved mints the rest is still worth showing. */
static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelDaemon) daemon = fel_daemon_open (error);
  g_autoptr (FelRecord) status = NULL;
  g_autoptr (GError) accounts_error = NULL;
  g_autoptr (GError) unresolved_error = NULL;
  g_autoptr (GPtrArray) accounts = NULL;

  if (daemon == NULL)
    return FALSE;
  /* First, because it makes the daemon look at the tokens. */
  accounts = fel_status_fetch_accounts (daemon, cli->backend, &accounts_error);
  status = fel_status_fetch (daemon, cli->backend, error);
  if (status == NULL)
    return FALSE;
  if (accounts != NULL)
    fel_record_set_records (status, "accounts", g_steal_pointer (&accounts));
  add_unresolved (status, daemon, cli->backend, &unresolved_error);
  if (!say_status (cli, status, error) || !fel_status_check (status, error))
    return FALSE;
  if (accounts_error == NULL && unresolved_error == NULL)
    return TRUE;
  g_propagate_error (error,
                     accounts_error != NULL ? g_steal_pointer (&accounts_error) : g_steal_pointer (&unresolved_error));
  return FALSE;
}

const FelVerb fel_verb_status = {
  .name = "status",
  .operands = "",
  .summary = "Show whether daemon, keyring and sign-ins are in order",
  .run = run,
};
