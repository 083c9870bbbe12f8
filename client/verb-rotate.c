/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "felucca-names.h"
#include "say.h"
#include "target.h"
#include "verbs.h"
#include "when.h"

static const GOptionEntry options[] = {
  { "overlap", 'o', 0, G_OPTION_ARG_FILENAME, FEL_CLI_FIELD (overlap),
    "How long the old one lives on: 90s, 15m, 8h, 7d; 0 when left out", "DURATION" },
  { "ttl", 0, 0, G_OPTION_ARG_FILENAME, FEL_CLI_FIELD (ttl), "How long the new one is to live, such as 8h",
    "DURATION" },
  { "label", 'l', 0, G_OPTION_ARG_FILENAME, FEL_CLI_FIELD (label), "Label of the new keyring item", "L" },
  { 0 },
};

/* Without the old one's own end, which may come first: to ask for it would be a race with that end. */
static void
say_old (const FelCli *cli, const char *old)
{
  gint64 now_sec = fel_say_now_sec ();
  g_autofree char *end = fel_when_say (now_sec + (gint64) cli->overlap_sec, now_sec);

  if (cli->overlap_sec == 0)
    fel_say_note (cli, "the old one, %s, ends now", old);
  else
    fel_say_note (cli, "the old one, %s, ends %s", old, end);
}

static gboolean
run (FelCli *cli, GError **error)
{
  const char *old = cli->operands[0];
  g_autoptr (FelDaemon) daemon = NULL;
  g_autoptr (FelCall) call = NULL;
  g_autoptr (FelCredential) credential = NULL;
  g_autoptr (GError) failure = NULL;

  if (!fel_target_check_id (old, error))
    return FALSE;
  daemon = fel_daemon_open (error);
  if (daemon == NULL)
    return FALSE;
  call = fel_call_new (daemon, FEL_IFACE_CREDENTIALS, "RotateCredential");
  fel_call_string (call, old);
  fel_cli_begin_options (cli, call);
  credential = fel_credential_receive (call, &failure);
  if (credential == NULL)
    {
      fel_target_explain_unfound (old, failure);
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (!fel_say_credential (cli, credential, error))
    return FALSE;
  if (cli->format == FEL_FORMAT_TABLE)
    say_old (cli, old);
  return TRUE;
}

const FelVerb fel_verb_rotate = {
  .name = "rotate",
  .operands = "ID",
  .summary = "Replace a credential by a new one, and revoke the old one",
  .operands_min = 1,
  .operands_max = 1,
  .hands_out_password = TRUE,
  .options = options,
  .run = run,
};
