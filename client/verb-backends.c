/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "exit.h"
#include "felucca-config.h"
#include "felucca-names.h"
#include "say.h"
#include "status.h"
#include "verbs.h"
#include "view.h"

#define OPERANDS "[check FILE|reset BACKEND]"

static gboolean
list (const FelCli *cli, GError **error)
{
  g_autoptr (FelDaemon) daemon = fel_daemon_open (error);
  g_autoptr (FelRecord) status = daemon != NULL ? fel_status_fetch (daemon, error) : NULL;
  g_autoptr (FelTable) table = NULL;
  const FelRecord *backends;

  if (status == NULL || (cli->backend != NULL && !fel_status_keep_backend (status, cli->backend, error)))
    return FALSE;
  backends = fel_record_record (status, "backends");
  if (cli->format == FEL_FORMAT_JSON)
    return fel_say_record (backends, error);
  if (fel_record_size (backends) == 0)
    fel_say_note (cli, "there are no backends");
  table = fel_view_backends (backends);
  return fel_say_table (table, error);
}

static const char *
daemon_program (void)
{
#if FEL_DEVELOPER
  const char *program = g_getenv ("FELUCCA_DAEMON");

  if (program != NULL)
    return program;
#endif
  return FEL_DAEMON;
}

/* The rules are the daemon's, so it is the daemon's program that applies them; it takes our place. */
static gboolean
check (const FelCli *cli, const char *file, GError **error)
{
  char *argv[] = { (char *) daemon_program (), (char *) "--check-backend", (char *) file, NULL };

  execv (argv[0], argv);
  return fel_exit_check (-errno, argv[0], error);
}

static gboolean
reset (const FelCli *cli, const char *backend, GError **error)
{
  g_autoptr (FelDaemon) daemon = fel_daemon_open (error);
  g_autoptr (FelCall) call = NULL;
  g_autoptr (sd_bus_message) reply = NULL;

  if (daemon == NULL)
    return FALSE;
  call = fel_call_new (daemon, FEL_IFACE_CREDENTIALS, "ResetBackend");
  fel_call_string (call, backend);
  reply = fel_call_send (call, FEL_CALL_SECONDS, error);
  if (reply == NULL)
    return FALSE;
  fel_say_note (cli, "%s: it is tried again when it is next needed", backend);
  return TRUE;
}

static const struct
{
  const char *name;
  gboolean (*run) (const FelCli *cli, const char *operand, GError **error);
} actions[] = {
  { "check", check },
  { "reset", reset },
};

static gboolean
run (FelCli *cli, GError **error)
{
  if (cli->operands[0] == NULL)
    return list (cli, error);
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (cli->operands[1] != NULL && g_str_equal (cli->operands[0], actions[i].name))
      return actions[i].run (cli, cli->operands[1], error);
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "usage: felucca backends " OPERANDS);
  return FALSE;
}

const FelVerb fel_verb_backends = {
  .name = "backends",
  .operands = OPERANDS,
  .summary = "List the configured backends, check a file, or reset one",
  .operands_max = 2,
  .run = run,
};
