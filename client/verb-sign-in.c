/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "exit.h"
#include "felucca-names.h"
#include "pipe.h"
#include "say.h"
#include "terminal.h"
#include "verbs.h"

#define TOKEN_MAX 8192 /* the daemon takes no longer one */

static const GOptionEntry options[] = {
  { "token-stdin", 0, 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (token_stdin), "Read the token from standard input", NULL },
  { 0 },
};

static FelBuffer *
read_token (const FelCli *cli, GError **error)
{
  if (cli->token_stdin)
    return fel_pipe_drain (STDIN_FILENO, TOKEN_MAX + 2, -1, error); /* and a line end */
  if (!cli->no_prompt && fel_terminal_is_there ())
    return fel_terminal_read_hidden ("Access token: ", TOKEN_MAX, error);
  g_set_error_literal (error, FEL_EXIT, FEL_EXIT_USAGE,
                       "there is nobody to ask for a token; give it on standard input with --token-stdin");
  return NULL;
}

static FelBuffer *
token (const FelCli *cli, GError **error)
{
  g_autoptr (FelBuffer) bytes = read_token (cli, error);

  if (bytes == NULL)
    return NULL;
  while (bytes->len > 0 && g_ascii_isspace (bytes->bytes[bytes->len - 1]))
    fel_buffer_truncate (bytes, bytes->len - 1);
  if (bytes->len > 0)
    return g_steal_pointer (&bytes);
  g_set_error_literal (error, FEL_EXIT, FEL_EXIT_FAILED, "the token is empty");
  return NULL;
}

static FelRecord *
sign_in (const FelCli *cli, const FelBuffer *bytes, GError **error)
{
  g_autoptr (FelDaemon) daemon = fel_daemon_open (error);
  g_autoptr (FelCall) call = NULL;
  g_autoptr (sd_bus_message) reply = NULL;
  g_auto (FelPipe) secret = FEL_PIPE_CLOSED;

  if (daemon == NULL || !fel_daemon_pin (daemon, error))
    return NULL;
  if (!fel_pipe_open (&secret, error) || !fel_pipe_write (&secret, bytes, error))
    return NULL;
  fel_pipe_close_write (&secret);

  call = fel_call_new (daemon, FEL_IFACE_ACCOUNTS, "SignIn");
  fel_call_string (call, cli->backend != NULL ? cli->backend : "");
  fel_call_begin_options (call);
  fel_call_option_fd (call, "token-fd", secret.read_fd);
  if (cli->no_prompt)
    fel_call_option_bool (call, "interactive", FALSE);
  reply = fel_call_send (call, FEL_CALL_SECONDS_LONG, error);
  return reply != NULL ? fel_record_read (reply, error) : NULL;
}

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelBuffer) bytes = NULL;
  g_autoptr (FelRecord) account = NULL;
  g_autofree char *workspaces = NULL;
  const char *backend, *name;

  if (!fel_cli_backend_operand (cli, error))
    return FALSE;
  bytes = token (cli, error);
  account = bytes != NULL ? sign_in (cli, bytes, error) : NULL;
  if (account == NULL)
    return FALSE;
  if (cli->format == FEL_FORMAT_JSON)
    return fel_say_record (account, error);
  backend = fel_record_text (account, "backend");
  name = fel_record_text (account, "account");
  if (fel_record_list (account, "workspaces") != NULL)
    workspaces = g_strjoinv (", ", fel_record_list (account, "workspaces"));
  fel_say_note (cli, "signed in to %s%s%s%s%s", backend != NULL ? backend : "the backend", name != NULL ? " as " : "",
                name != NULL ? name : "", workspaces != NULL ? "; workspaces: " : "",
                workspaces != NULL ? workspaces : "");
  return TRUE;
}

const FelVerb fel_verb_sign_in = {
  .name = "sign-in",
  .operands = "[BACKEND]",
  .summary = "Give the daemon an access token; asks for it on a terminal",
  .operands_max = 1,
  .options = options,
  .run = run,
};
