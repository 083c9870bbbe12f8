/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "listing.h"

#include <string.h>

#include "exit.h"
#include "felucca-names.h"
#include "suggest.h"

GPtrArray *
fel_listing_fetch (const FelCli *cli, FelDaemon *daemon, const FelTarget *target, GError **error)
{
  g_autoptr (FelCall) call = fel_call_new (daemon, FEL_IFACE_CREDENTIALS, "ListCredentials");
  g_autoptr (sd_bus_message) reply = NULL;

  fel_cli_begin_options (cli, call);
  if (target != NULL)
    fel_call_option_string (call, "workspace", target->workspace);
  if (target != NULL && target->database != NULL)
    fel_call_option_string (call, "database", target->database);
  reply = fel_call_send (call, cli->provider ? FEL_CALL_SECONDS_LONG : FEL_CALL_SECONDS, error);
  return reply != NULL ? fel_record_read_array (reply, error) : NULL;
}

/* The database alone says enough when nothing else bears its name. */
static char *
find_meant (GPtrArray *credentials, const char *name)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func (g_free);
  FelSuggestion suggestion = fel_suggestion_for (name);
  const char *namesake = NULL;
  gboolean several = FALSE;

  for (guint i = 0; i < credentials->len; i++)
    {
      const char *workspace = fel_record_text (credentials->pdata[i], FEL_KEY_WORKSPACE);
      const char *database = fel_record_text (credentials->pdata[i], FEL_KEY_DATABASE);
      char *target;

      if (workspace == NULL || database == NULL)
        continue;
      target = g_strdup_printf ("%s/%s", workspace, database);
      g_ptr_array_add (targets, target);
      fel_suggestion_offer (&suggestion, target);
      if (!g_str_equal (database, name))
        continue;
      several = several || (namesake != NULL && !g_str_equal (namesake, target));
      namesake = target;
    }
  if (several)
    return NULL;
  return g_strdup (namesake != NULL ? namesake : suggestion.nearest);
}

void
fel_listing_explain (const FelCli *cli, FelDaemon *daemon, const char *name, GError *error)
{
  FelCli everything = { .no_prompt = TRUE };
  g_autoptr (GPtrArray) credentials = NULL;
  g_autofree char *meant = NULL;

  if (!g_error_matches (error, FEL_EXIT, FEL_EXIT_NOT_FOUND))
    return;
  credentials = fel_listing_fetch (&everything, daemon, NULL, NULL);
  meant = credentials != NULL ? find_meant (credentials, name) : NULL;
  if (meant != NULL && !g_str_equal (meant, name))
    {
      g_autofree char *question = fel_suggestion_say ("", meant, "");

      fel_exit_append (error, "%s", question);
    }
  else
    fel_exit_hint_unfound (error);
}

gboolean
fel_listing_is_foreign (const FelRecord *credential)
{
  return fel_record_has (credential, FEL_KEY_STORED) && !fel_record_flag (credential, FEL_KEY_STORED);
}

/* Without a clear word that it is held here, it is somebody else's. */
gboolean
fel_listing_is_leftover (const FelRecord *credential)
{
  const char *state = fel_record_text (credential, FEL_KEY_STATE);
  const char *id = fel_record_text (credential, FEL_KEY_ID);

  if (!fel_record_flag (credential, FEL_KEY_STORED) || id == NULL || *id == '\0')
    return FALSE;
  return g_strcmp0 (state, "expired") == 0 || g_strcmp0 (state, "revoking") == 0;
}
