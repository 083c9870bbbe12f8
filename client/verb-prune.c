/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "batch.h"
#include "exit.h"
#include "felucca-names.h"
#include "listing.h"
#include "say.h"
#include "verbs.h"
#include "view.h"

static const GOptionEntry options[] = {
  { "yes", 'y', 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (yes), "Do it; without this, only show what would go", NULL },
  { 0 },
};

static void
keep_leftovers (GPtrArray *credentials)
{
  for (guint i = credentials->len; i > 0; i--)
    if (!fel_listing_is_leftover (g_ptr_array_index (credentials, i - 1)))
      g_ptr_array_remove_index (credentials, i - 1);
}

static gboolean
show (const FelCli *cli, GPtrArray *leftovers, GError **error)
{
  g_autoptr (FelTable) table = NULL;

  if (cli->format == FEL_FORMAT_JSON)
    return fel_say_records (leftovers, error);
  table = fel_view_credentials (leftovers, fel_say_now_sec ());
  if (!fel_say_table (table, error))
    return FALSE;
  fel_say_note (cli, "nothing was touched; to revoke and forget %s: felucca prune --yes%s%s",
                leftovers->len == 1 ? "it" : "them", cli->operands[0] != NULL ? " " : "",
                cli->operands[0] != NULL ? cli->operands[0] : "");
  return TRUE;
}

/* The daemon may have been quicker: what it no longer holds has gone, as it was to. */
static gboolean
prune_one (const FelCli *cli, FelDaemon *daemon, const FelRecord *leftover, GError **error)
{
  const char *backend = fel_record_text (leftover, FEL_KEY_BACKEND);
  g_autoptr (FelCall) call = fel_call_new (daemon, FEL_IFACE_CREDENTIALS, "RevokeCredential");
  g_autoptr (sd_bus_message) reply = NULL;
  g_autoptr (GError) failure = NULL;

  fel_call_string (call, fel_record_text (leftover, FEL_KEY_ID));
  fel_call_begin_options (call);
  if (backend != NULL)
    fel_call_option_string (call, "backend", backend);
  if (cli->no_prompt)
    fel_call_option_bool (call, "interactive", FALSE);
  reply = fel_call_send (call, FEL_CALL_SECONDS_LONG, &failure);
  if (reply != NULL || g_error_matches (failure, FEL_EXIT, FEL_EXIT_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* Leaves those in the array that have gone. */
static gboolean
prune_all (const FelCli *cli, FelDaemon *daemon, GPtrArray *leftovers, GError **error)
{
  FelBatch batch = { 0 };

  for (guint i = 0; i < leftovers->len;)
    {
      const FelRecord *leftover = g_ptr_array_index (leftovers, i);
      const char *id = fel_record_text (leftover, FEL_KEY_ID);
      GError *failure = NULL;

      if (prune_one (cli, daemon, leftover, &failure))
        {
          fel_batch_done (&batch);
          fel_say_note (cli, "pruned %s (%s)", id, fel_record_text (leftover, FEL_KEY_STATE));
          i++;
          continue;
        }
      fel_batch_failed (&batch, id, failure);
      g_ptr_array_remove_index (leftovers, i);
    }
  return fel_batch_end (&batch, "pruned", error);
}

static gboolean
prune (const FelCli *cli, FelDaemon *daemon, GPtrArray *leftovers, GError **error)
{
  gboolean all = prune_all (cli, daemon, leftovers, error);

  if (cli->format != FEL_FORMAT_JSON)
    return all;
  return fel_say_records (leftovers, all ? error : NULL) && all;
}

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelTarget) target = NULL;
  g_autoptr (FelDaemon) daemon = NULL;
  g_autoptr (GPtrArray) leftovers = NULL;

  if (cli->operands[0] != NULL)
    {
      target = fel_target_parse (cli->operands[0], error);
      if (target == NULL)
        return FALSE;
    }
  daemon = fel_daemon_open (error);
  leftovers = daemon != NULL ? fel_listing_fetch (cli, daemon, target, error) : NULL;
  if (leftovers == NULL)
    return FALSE;
  keep_leftovers (leftovers);
  if (leftovers->len == 0 && cli->format == FEL_FORMAT_TABLE)
    {
      fel_say_note (cli, "there is nothing to prune");
      return TRUE;
    }
  return cli->yes ? prune (cli, daemon, leftovers, error) : show (cli, leftovers, error);
}

const FelVerb fel_verb_prune = {
  .name = "prune",
  .operands = "[WORKSPACE[/DATABASE]]",
  .summary = "Show stored credentials that are of no use any more, or remove them",
  .operands_max = 1,
  .options = options,
  .run = run,
};
