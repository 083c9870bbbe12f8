/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health-view.h"
#include "health.h"
#include "problems.h"
#include "say.h"
#include "verbs.h"

static gboolean
say_health (const FelCli *cli, const FelRecord *health, gint64 now_sec, GError **error)
{
  g_autoptr (FelTable) head = NULL;
  g_autoptr (FelTable) sign_ins = NULL;

  if (cli->format == FEL_FORMAT_JSON)
    return fel_say_record (health, error);
  head = fel_health_view_head (health, now_sec);
  sign_ins = fel_health_view_sign_ins (health, now_sec);
  if (!fel_say_table (head, error))
    return FALSE;
  return sign_ins == NULL || (fel_say_text ("\n", error) && fel_say_table (sign_ins, error));
}

static gboolean
run (FelCli *cli, GError **error)
{
  gint64 now_sec = fel_say_now_sec ();
  g_autoptr (FelRecord) health = fel_health_look (cli, now_sec, error);

  if (health == NULL || !say_health (cli, health, now_sec, error))
    return FALSE;
  cli->status = (int) fel_problems_say (fel_record_records (health, "problems"));
  return TRUE;
}

const FelVerb fel_verb_status = {
  .name = "status",
  .operands = "",
  .summary = "Show whether daemon, keyring and sign-ins are in order",
  .run = run,
};
