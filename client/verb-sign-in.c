/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "browser-sign-in.h"
#include "exit.h"
#include "felucca-names.h"
#include "pipe.h"
#include "say.h"
#include "terminal.h"
#include "verbs.h"

#define TOKEN_MAX 8192 /* the daemon takes no longer one */

static const GOptionEntry options[] = {
  { "token-stdin", 0, 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (token_stdin), "Read the token from standard input", NULL },
  { "no-browser", 0, 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (no_browser),
    "Open no browser; show the address, and take the one that the sign-in ends at", NULL },
  { 0 },
};

static FelBuffer *
read_token (GError **error)
{
  if (fel_terminal_is_there ())
    return fel_terminal_read_hidden ("Access token: ", TOKEN_MAX, error);
  return fel_pipe_drain (STDIN_FILENO, TOKEN_MAX + 2, -1, error); /* and a line end */
}

static FelBuffer *
token (GError **error)
{
  g_autoptr (FelBuffer) bytes = read_token (error);

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
sign_in_with_token (const FelCli *cli, GError **error)
{
  g_autoptr (FelBuffer) bytes = token (error);
  g_autoptr (FelDaemon) daemon = NULL;
  g_autoptr (FelCall) call = NULL;
  g_autoptr (sd_bus_message) reply = NULL;
  g_auto (FelPipe) secret = FEL_PIPE_CLOSED;

  if (bytes == NULL)
    return NULL;
  daemon = fel_daemon_open (error);
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

/* A backend without a sign-in through the browser takes a token all the same. */
static FelRecord *
sign_in (const FelCli *cli, GError **error)
{
  g_autoptr (GError) browser_error = NULL;
  gboolean unsupported = FALSE;
  FelRecord *account;

  if (cli->token_stdin)
    return sign_in_with_token (cli, error);
  account = fel_browser_sign_in (cli, &unsupported, &browser_error);
  if (account != NULL)
    return account;
  if (unsupported && !cli->no_browser && fel_terminal_is_there ())
    return sign_in_with_token (cli, error);
  g_propagate_error (error, g_steal_pointer (&browser_error));
  return NULL;
}

static gboolean
check_way (const FelCli *cli, GError **error)
{
  const char *wrong = NULL;

  if (cli->token_stdin && cli->no_browser)
    wrong = "--token-stdin and --no-browser exclude each other";
  else if (cli->no_prompt && (!cli->token_stdin || fel_terminal_is_there ()))
    wrong = "there is nobody to ask to sign in; give a token through a pipe with --token-stdin";
  if (wrong == NULL)
    return TRUE;
  g_set_error_literal (error, FEL_EXIT, FEL_EXIT_USAGE, wrong);
  return FALSE;
}

static gboolean
run (FelCli *cli, GError **error)
{
  g_autoptr (FelRecord) account = NULL;
  g_autofree char *workspaces = NULL;
  const char *backend, *name;

  if (!fel_cli_backend_operand (cli, error) || !check_way (cli, error))
    return FALSE;
  account = sign_in (cli, error);
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
  .summary = "Sign in with a browser, or give the daemon an access token",
  .operands_max = 1,
  .options = options,
  .run = run,
};
