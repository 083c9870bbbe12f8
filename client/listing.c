/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "listing.h"

#include "felucca-names.h"

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
