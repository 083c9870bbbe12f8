/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include "exit.h"
#include "felucca-names.h"
#include "obtain.h"
#include "say.h"
#include "target.h"
#include "verbs.h"
#include "warden.h"
#include "wish.h"

static const GOptionEntry options[] = {
  { "create", 'c', 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (create), "Mint one when none is stored", NULL },
  { "env", 'e', 0, G_OPTION_ARG_FILENAME_ARRAY, FEL_CLI_FIELD (env),
    "Put the credential into a variable, such as DATABASE_URL=url", "NAME=FORMAT" },
  { "tenant", 't', 0, G_OPTION_ARG_FILENAME, FEL_CLI_FIELD (tenant), "Limited to this tenant", "ID" },
  { "internal", 0, 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (internal), "An internal credential", NULL },
  { "ttl", 0, 0, G_OPTION_ARG_FILENAME, FEL_CLI_FIELD (ttl),
    "As --revoke-on-exit, and it lives no longer than this, such as 8h", "DURATION" },
  { "revoke-on-exit", 0, 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (revoke_on_exit),
    "Mint one for this command alone, and revoke it when the command ends", NULL },
  { 0 },
};

typedef struct FelRun
{
  const FelTarget *target;
  GPtrArray *wishes; /* of FelWish */
  FelCommand *command;
} FelRun;

static gboolean
has_own_credential (const FelCli *cli)
{
  return cli->revoke_on_exit || cli->ttl != NULL;
}

static gboolean
check (const FelCli *cli, const FelTarget *target, GError **error)
{
  if (cli->format != FEL_FORMAT_TABLE || cli->format_name != NULL)
    {
      g_set_error_literal (error, FEL_EXIT, FEL_EXIT_USAGE,
                           "run prints nothing, so it knows no format; --env NAME=FORMAT sets a variable");
      return FALSE;
    }
  if (target->database != NULL || !has_own_credential (cli))
    return fel_obtain_check_stored (cli, target, error);
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "--ttl and --revoke-on-exit need WORKSPACE/DATABASE, not '%s'",
               target->workspace);
  return FALSE;
}

/* The connection to the daemon ends here: the command may run for days. */
static FelCredential *
obtain (FelCli *cli, const FelTarget *target, GError **error)
{
  g_autoptr (FelDaemon) daemon = fel_daemon_open (error);

  if (daemon == NULL)
    return NULL;
  if (!has_own_credential (cli))
    return fel_obtain_stored (cli, daemon, target, error);
  cli->create = FALSE; /* goes without saying, and CreateCredential has no such option */
  return fel_obtain_new (cli, daemon, target, error);
}

/* Who has named the variables to set can do without the rest, where the credential does not have it all. */
static gboolean
equip (const FelCli *cli, FelCommand *command, const FelCredential *credential, GPtrArray *wishes, GError **error)
{
  g_autoptr (GError) no_login = NULL;

  if (!fel_command_add_login (command, credential, &no_login))
    {
      if (wishes->len == 0)
        {
          g_propagate_error (error, g_steal_pointer (&no_login));
          return FALSE;
        }
      fel_say_note (cli, "only --env is set: %s", no_login->message);
    }
  for (guint i = 0; i < wishes->len; i++)
    if (!fel_wish_fulfil (wishes->pdata[i], credential, command->environment, error))
      return FALSE;
  return TRUE;
}

/* Returns on failure only. The warden, if there is one, learns of the credential as soon as it is there. */
static gboolean
become_command (FelCli *cli, const FelRun *self, FelWarden *warden, GError **error)
{
  g_autoptr (FelCredential) credential = obtain (cli, self->target, error);

  if (credential == NULL || (warden != NULL && !fel_warden_tell (warden, credential, error))
      || !equip (cli, self->command, credential, self->wishes, error))
    return FALSE;
  g_clear_pointer (&credential, fel_credential_free);
  fel_command_exec (self->command, error);
  return FALSE;
}

static gboolean
revoke_credential (const FelCli *cli, const FelRecord *record, const char *id, GError **error)
{
  g_autoptr (FelDaemon) daemon = fel_daemon_open (error);
  g_autoptr (FelCall) call = NULL;
  g_autoptr (sd_bus_message) reply = NULL;
  const char *backend = fel_record_text (record, FEL_KEY_BACKEND);

  if (daemon == NULL)
    return FALSE;
  call = fel_call_new (daemon, FEL_IFACE_CREDENTIALS, "RevokeCredential");
  fel_call_string (call, id);
  fel_call_begin_options (call);
  if (backend != NULL)
    fel_call_option_string (call, "backend", backend);
  if (cli->no_prompt)
    fel_call_option_bool (call, "interactive", FALSE);
  reply = fel_call_send (call, FEL_CALL_SECONDS, error);
  return reply != NULL;
}

/* A failure is told and no more: how the command has ended is what counts. */
static gboolean
run_and_revoke (FelCli *cli, const FelRun *self, GError **error)
{
  g_autoptr (FelRecord) record = NULL;
  g_autoptr (GError) failure = NULL;
  const char *id;
  FelWarden warden;

  if (!fel_warden_fork (&warden, error))
    return FALSE;
  if (warden.pid == 0)
    return become_command (cli, self, &warden, error);

  record = fel_warden_wait (&warden, &failure);
  id = record != NULL ? fel_record_text (record, FEL_KEY_ID) : NULL;
  if (id != NULL && !revoke_credential (cli, record, id, &failure))
    g_prefix_error (&failure, "%s was not revoked: ", id);
  if (failure != NULL)
    fel_say_error (failure);
  cli->status = fel_warden_end (&warden);
  return TRUE;
}

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelTarget) target = fel_target_parse (cli->operands[0], error);
  g_autoptr (GPtrArray) wishes = NULL;
  g_autoptr (FelCommand) command = NULL;

  if (target == NULL || !check (cli, target, error))
    return FALSE;
  wishes = fel_wish_parse_all (cli->env, error);
  command = wishes != NULL ? fel_command_new (cli->command, error) : NULL;
  if (command == NULL)
    return FALSE;
  if (has_own_credential (cli))
    return run_and_revoke (cli, &(FelRun){ target, wishes, command }, error);
  return become_command (cli, &(FelRun){ target, wishes, command }, NULL, error);
}

const FelVerb fel_verb_run = {
  .name = "run",
  .operands = "WORKSPACE/DATABASE | ID -- COMMAND [ARG…]",
  .summary = "Run a command that is logged in to a database",
  .operands_min = 1,
  .operands_max = 1,
  .takes_command = TRUE,
  .options = options,
  .run = run,
};
