/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "exit.h"
#include "felucca-names.h"
#include "say.h"
#include "unresolved.h"
#include "verbs.h"
#include "view.h"

#define OPERANDS "[revoke|keep|forget INTENT]"

enum
{
  ACTION_REVOKE,
  ACTION_KEEP,
  ACTION_FORGET,
};

static const struct
{
  const char *name;
  const char *outcome;
} actions[] = {
  [ACTION_REVOKE] = { "revoke", "nothing of it is left at the provider" },
  [ACTION_KEEP] = { "keep", "what it minted was left alone at the provider" },
  [ACTION_FORGET] = { "forget", "forgotten here; what it may have minted was left alone" },
};

static gboolean
list (const FelCli *cli, FelDaemon *daemon, GError **error)
{
  g_autoptr (GPtrArray) unresolved = fel_unresolved_fetch (daemon, cli->backend, NULL, error);
  g_autoptr (FelTable) table = NULL;

  if (unresolved == NULL)
    return FALSE;
  if (cli->format == FEL_FORMAT_JSON)
    return fel_say_records (unresolved, error);
  if (unresolved->len == 0)
    {
      fel_say_note (cli, "there are no unresolved mints");
      return TRUE;
    }
  table = fel_view_unresolved (unresolved, fel_say_now_sec ());
  if (!fel_say_table (table, error))
    return FALSE;
  if (isatty (STDERR_FILENO))
    fel_say_note (cli, "to end what was minted: felucca unresolved revoke INTENT; to leave it alive: keep INTENT; "
                       "to drop the record only: forget INTENT");
  return TRUE;
}

/* To end something needs the sign-in, which is in the keyring; the daemon would ask its user. */
static gboolean
check_keyring (const FelCli *cli, FelDaemon *daemon, GError **error)
{
  g_autoptr (FelCall) call = NULL;
  g_autoptr (sd_bus_message) reply = NULL;
  const char *state = NULL;

  if (!cli->no_prompt)
    return TRUE;
  call = fel_call_new (daemon, "org.freedesktop.DBus.Properties", "Get");
  fel_call_string (call, FEL_IFACE_CREDENTIALS);
  fel_call_string (call, "KeyringState");
  reply = fel_call_send (call, FEL_CALL_SECONDS, error);
  if (reply == NULL || !fel_exit_check (sd_bus_message_read (reply, "v", "s", &state), "cannot read the reply", error))
    return FALSE;
  if (!g_str_equal (state, "locked"))
    return TRUE;
  g_set_error_literal (error, FEL_EXIT, FEL_EXIT_KEYRING,
                       "the keyring is locked, and with --no-prompt nobody is asked to unlock it");
  return FALSE;
}

static gboolean
resolve (const FelCli *cli, FelDaemon *daemon, gsize action, const char *typed, GError **error)
{
  g_autoptr (GPtrArray) unresolved = fel_unresolved_fetch (daemon, cli->backend, NULL, error);
  const char *intent = unresolved != NULL ? fel_unresolved_find (unresolved, typed, error) : NULL;
  g_autoptr (FelCall) call = NULL;
  g_autoptr (sd_bus_message) reply = NULL;

  if (intent == NULL || (action == ACTION_REVOKE && !check_keyring (cli, daemon, error)))
    return FALSE;
  call = fel_call_new (daemon, FEL_IFACE_CREDENTIALS, "ResolveUnresolved");
  fel_call_string (call, intent);
  fel_call_string (call, actions[action].name);
  reply = fel_call_send (call, FEL_CALL_SECONDS_LONG, error);
  if (reply == NULL)
    return FALSE;
  fel_say_note (cli, "%s: %s", intent, actions[action].outcome);
  return TRUE;
}

static gboolean
find_action (char **operands, gsize *ret_action, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (operands[0], actions[i].name))
      {
        *ret_action = i;
        return TRUE;
      }
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "'%s' is not revoke, keep or forget", operands[0]);
  return FALSE;
}

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelDaemon) daemon = NULL;
  gsize action = 0;

  if (cli->operands[0] != NULL && !find_action (cli->operands, &action, error))
    return FALSE;
  if (cli->operands[0] != NULL && cli->operands[1] == NULL)
    {
      g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "usage: felucca unresolved " OPERANDS);
      return FALSE;
    }
  daemon = fel_daemon_open (error);
  if (daemon == NULL)
    return FALSE;
  if (cli->operands[0] == NULL)
    return list (cli, daemon, error);
  return resolve (cli, daemon, action, cli->operands[1], error);
}

const FelVerb fel_verb_unresolved = {
  .name = "unresolved",
  .operands = OPERANDS,
  .summary = "List mints whose outcome is not known, or settle one",
  .operands_max = 2,
  .run = run,
};
