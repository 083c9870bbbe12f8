/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli.h"

#include <string.h>

#include "exit.h"
#include "felucca-config.h"
#include "progress.h"
#include "say.h"
#include "span.h"
#include "suggest.h"
#include "verbs.h"

/* Strings are FILENAMEs for GOption: as STRINGs it would recode them from the locale, and in the C locale refuse
 * every name that is not ASCII. All of argv is checked to be UTF-8 instead. */
static const GOptionEntry global_options[] = {
  { "backend", 'b', 0, G_OPTION_ARG_FILENAME, FEL_CLI_FIELD (backend), "Backend instance to use", "NAME" },
  { "format", 'f', 0, G_OPTION_ARG_FILENAME, FEL_CLI_FIELD (format_name),
    "table, password, url, json, env, nile-env, pgpass or conninfo", "F" },
  { "json", 'j', 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (json), "Same as --format json", NULL },
  { "no-prompt", 0, 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (no_prompt), "Fail rather than ask the user anything", NULL },
  { "quiet", 'q', 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (quiet), "Say nothing but errors on standard error", NULL },
  { "version", 0, 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (version), "Show the version", NULL },
  { "help", 'h', 0, G_OPTION_ARG_NONE, FEL_CLI_FIELD (help), "Show help; after a verb, its help", NULL },
  { 0 },
};

static const FelVerb *const verbs[] = {
  &fel_verb_sign_in, &fel_verb_sign_out, &fel_verb_create,   &fel_verb_get,   &fel_verb_run,
  &fel_verb_list,    &fel_verb_rotate,   &fel_verb_revoke,   &fel_verb_prune, &fel_verb_unresolved,
  &fel_verb_status,  &fel_verb_backends, &fel_verb_complete,
};

/* What other programs call it. */
static const struct
{
  const char *habit;
  const char *verb;
} habits[] = {
  { "add", "create" },    { "delete", "revoke" },   { "exec", "run" },         { "info", "status" },
  { "login", "sign-in" }, { "logout", "sign-out" }, { "lookup", "get" },       { "ls", "list" },
  { "mint", "create" },   { "new", "create" },      { "remove", "revoke" },    { "rm", "revoke" },
  { "show", "get" },      { "signin", "sign-in" },  { "signout", "sign-out" },
};

/* Names on the bus of options that are passed on as they were typed. */
static const struct
{
  const char *name;
  GOptionArg type;
  gsize offset;
} bus_options[] = {
  { "backend", G_OPTION_ARG_FILENAME, G_STRUCT_OFFSET (FelCli, backend) },
  { "tenant-id", G_OPTION_ARG_FILENAME, G_STRUCT_OFFSET (FelCli, tenant) },
  { "label", G_OPTION_ARG_FILENAME, G_STRUCT_OFFSET (FelCli, label) },
  { "request-id", G_OPTION_ARG_FILENAME, G_STRUCT_OFFSET (FelCli, request_id) },
  { "internal", G_OPTION_ARG_NONE, G_STRUCT_OFFSET (FelCli, internal) },
  { "create", G_OPTION_ARG_NONE, G_STRUCT_OFFSET (FelCli, create) },
  { "provider", G_OPTION_ARG_NONE, G_STRUCT_OFFSET (FelCli, provider) },
  { "local-only", G_OPTION_ARG_NONE, G_STRUCT_OFFSET (FelCli, local_only) },
  { "revoke-credentials", G_OPTION_ARG_NONE, G_STRUCT_OFFSET (FelCli, revoke_credentials) },
};

static void
cli_clear (FelCli *cli)
{
  g_strfreev (cli->operands);
  g_strfreev (cli->command);
  g_strfreev (cli->env);
  g_free (cli->backend);
  g_free (cli->format_name);
  g_free (cli->tenant);
  g_free (cli->label);
  g_free (cli->request_id);
  g_free (cli->ttl);
  g_free (cli->overlap);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FelCli, cli_clear)

static void
add_group (GOptionContext *context, const char *title, const GOptionEntry *options, FelCli *cli)
{
  GOptionGroup *group = g_option_group_new (title, title, title, NULL, NULL);

  for (gsize i = 0; options[i].long_name != NULL; i++)
    {
      GOptionEntry entries[] = { options[i], { 0 } };

      entries[0].arg_data = (char *) cli + GPOINTER_TO_SIZE (options[i].arg_data);
      g_option_group_add_entries (group, entries);
    }
  g_option_context_add_group (context, group);
}

static GOptionContext *
context_new (FelCli *cli)
{
  GOptionContext *context = g_option_context_new (cli->verb != NULL ? cli->verb->operands : "VERB [ARGUMENT…]");

  g_option_context_set_help_enabled (context, FALSE);
  if (cli->verb != NULL && cli->verb->options != NULL)
    add_group (context, "Options:", cli->verb->options, cli);
  add_group (context, "Global options:", global_options, cli);
  return context;
}

/* Before the verb is known, stops at it. */
static gboolean
parse (FelCli *cli, char ***arguments, GError **error)
{
  const GOptionEntry rest[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &cli->operands, NULL, NULL },
    { 0 },
  };
  g_autoptr (GOptionContext) context = context_new (cli);
  g_autoptr (GError) option_error = NULL;
  FelSuggestion suggestion = { NULL };
  g_autofree char *question = NULL;

  if (cli->verb != NULL)
    g_option_context_add_main_entries (context, rest, NULL);
  else
    g_option_context_set_strict_posix (context, TRUE);
  if (g_option_context_parse_strv (context, arguments, &option_error))
    return TRUE;
  if (g_error_matches (option_error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
    suggestion = fel_suggestion_for_option (*arguments, global_options, cli->verb != NULL ? cli->verb->options : NULL);
  question = fel_suggestion_say ("--", suggestion.nearest, "");
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "%s%s see: felucca %s%s--help", option_error->message,
               *question != '\0' ? question : ";", cli->verb != NULL ? cli->verb->name : "",
               cli->verb != NULL ? " " : "");
  return FALSE;
}

static const char *
find_meant (const char *name)
{
  FelSuggestion suggestion = fel_suggestion_for (name);

  for (gsize i = 0; i < G_N_ELEMENTS (habits); i++)
    if (g_str_equal (name, habits[i].habit))
      return habits[i].verb;
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (!verbs[i]->is_hidden)
      fel_suggestion_offer (&suggestion, verbs[i]->name);
  return suggestion.nearest;
}

static const FelVerb *
find_verb (const char *name, GError **error)
{
  g_autofree char *question = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_str_equal (name, verbs[i]->name))
      return verbs[i];
  question = fel_suggestion_say ("'", find_meant (name), "'");
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "'%s' is not a verb%s see: felucca --help", name,
               *question != '\0' ? question : ";");
  return NULL;
}

/* A first look that only knows the global options stops at the verb. Takes it out of the arguments. */
static gboolean
take_verb (FelCli *cli, char ***arguments, GError **error)
{
  g_auto (FelCli) scratch = { 0 };
  g_auto (GStrv) rest = g_strdupv (*arguments);
  g_autoptr (GStrvBuilder) others = g_strv_builder_new ();
  guint verb_index;

  if (!parse (&scratch, &rest, error))
    return FALSE;
  if (g_strv_length (rest) < 2)
    return TRUE;
  cli->verb = find_verb (rest[1], error);
  if (cli->verb == NULL)
    return FALSE;

  verb_index = g_strv_length (*arguments) - g_strv_length (rest) + 1;
  for (guint i = 0; (*arguments)[i] != NULL; i++)
    if (i != verb_index)
      g_strv_builder_add (others, (*arguments)[i]);
  g_strfreev (*arguments);
  *arguments = g_strv_builder_end (others);
  return TRUE;
}

/* Of what is ours: a command's arguments are any bytes. */
static gboolean
check_utf8 (char **arguments, gsize n, GError **error)
{
  for (gsize i = 1; i < n; i++)
    if (!g_utf8_validate (arguments[i], -1, NULL))
      {
        g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "argument %zu is not UTF-8", i);
        return FALSE;
      }
  return TRUE;
}

static gsize
find_separator (char **arguments)
{
  gsize i = 0;

  while (arguments[i] != NULL && !g_str_equal (arguments[i], "--"))
    i++;
  return i;
}

/* GOption cannot tell afterwards whether the separator was there. */
static gboolean
take_command (FelCli *cli, char **arguments, GError **error)
{
  gsize n = find_separator (arguments);

  if (cli->verb == NULL || !cli->verb->takes_command)
    return check_utf8 (arguments, g_strv_length (arguments), error);
  if (arguments[n] == NULL)
    return TRUE;
  cli->command = g_strdupv (arguments + n + 1);
  for (gsize i = n; arguments[i] != NULL; i++)
    g_clear_pointer (&arguments[i], g_free);
  return TRUE;
}

static gboolean
is_flag (const GOptionEntry *options, const char *name, gsize len)
{
  for (gsize i = 0; options != NULL && options[i].long_name != NULL; i++)
    if (strlen (options[i].long_name) == len && strncmp (options[i].long_name, name, len) == 0)
      return options[i].arg == G_OPTION_ARG_NONE;
  return FALSE;
}

/* GOption takes --local-only=no for --local-only. */
static gboolean
check_flags (const FelCli *cli, char **arguments, GError **error)
{
  for (gsize i = 1; arguments[0] != NULL && arguments[i] != NULL && !g_str_equal (arguments[i], "--"); i++)
    {
      const char *name = g_str_has_prefix (arguments[i], "--") ? arguments[i] + 2 : "";
      gsize len = strcspn (name, "=");

      if (name[len] != '=')
        continue;
      if (!is_flag (global_options, name, len) && !is_flag (cli->verb != NULL ? cli->verb->options : NULL, name, len))
        continue;
      g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "--%.*s takes no value", (int) len, name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_operands (FelCli *cli, GError **error)
{
  gboolean has_command;
  guint n;

  if (cli->operands == NULL)
    cli->operands = g_new0 (char *, 1);
  n = g_strv_length (cli->operands);
  has_command = cli->command != NULL && cli->command[0] != NULL;
  if (n >= cli->verb->operands_min && n <= cli->verb->operands_max && has_command == cli->verb->takes_command)
    return TRUE;
  if (cli->verb->takes_command && cli->command == NULL && n > cli->verb->operands_max)
    g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE,
                 "the command has to stand behind --" FEL_EXIT_NEXT "felucca %s %s -- %s", cli->verb->name,
                 cli->operands[0], cli->operands[1]);
  else
    g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "usage: felucca %s%s%s", cli->verb->name,
                 *cli->verb->operands != '\0' ? " " : "", cli->verb->operands);
  return FALSE;
}

static gboolean
check_format (FelCli *cli, GError **error)
{
  cli->format = cli->json ? FEL_FORMAT_JSON : FEL_FORMAT_TABLE;
  if (cli->format_name != NULL && !fel_format_parse (cli->format_name, &cli->format, error))
    return FALSE;
  if (cli->json && cli->format != FEL_FORMAT_JSON)
    {
      g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "--json and --format %s exclude each other", cli->format_name);
      return FALSE;
    }
  if (cli->verb->hands_out_password || cli->format == FEL_FORMAT_TABLE || cli->format == FEL_FORMAT_JSON)
    return TRUE;
  g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "%s knows the formats table and json only", cli->verb->name);
  return FALSE;
}

static gboolean
check_spans (FelCli *cli, GError **error)
{
  return (cli->ttl == NULL || fel_span_parse ("--ttl", cli->ttl, 1, &cli->ttl_sec, error))
         && (cli->overlap == NULL || fel_span_parse ("--overlap", cli->overlap, 0, &cli->overlap_sec, error));
}

static gboolean
print_help (FelCli *cli, GError **error)
{
  g_autoptr (GOptionContext) context = context_new (cli);
  g_autoptr (GString) summary = g_string_new (NULL);
  g_autofree char *program = cli->verb != NULL ? g_strdup_printf ("felucca %s", cli->verb->name) : g_strdup ("felucca");
  g_autofree char *help = NULL;

  g_set_prgname (program);
  if (cli->verb != NULL)
    g_string_append (summary, cli->verb->summary);
  else
    g_string_append (summary, "Database credentials for this desktop: minted, kept, handed out, revoked.\n\nVerbs:");
  for (gsize i = 0; cli->verb == NULL && i < G_N_ELEMENTS (verbs); i++)
    if (!verbs[i]->is_hidden)
      g_string_append_printf (summary, "\n  %-10s %s", verbs[i]->name, verbs[i]->summary);
  g_option_context_set_summary (context, summary->str);
  help = g_option_context_get_help (context, FALSE, NULL);
  return fel_say_text (help, error);
}

static gboolean
cli_run (FelCli *cli, char **argv, GError **error)
{
  g_auto (GStrv) arguments = g_strdupv (argv);

  if (!check_utf8 (arguments, find_separator (arguments), error) || !take_verb (cli, &arguments, error)
      || !take_command (cli, arguments, error) || !check_flags (cli, arguments, error)
      || !parse (cli, &arguments, error))
    return FALSE;
  if (cli->help)
    return print_help (cli, error);
  if (cli->version)
    return fel_say_text ("felucca " FEL_VERSION "\n", error);
  if (cli->verb == NULL)
    {
      g_set_error_literal (error, FEL_EXIT, FEL_EXIT_USAGE, "a verb is missing; see: felucca --help");
      return FALSE;
    }
  if (cli->quiet)
    fel_progress_silence ();
  return check_operands (cli, error) && check_format (cli, error) && check_spans (cli, error)
         && cli->verb->run (cli, error);
}

int
fel_cli_main (char **argv)
{
  g_auto (FelCli) cli = { 0 };
  g_autoptr (GError) error = NULL;

  if (cli_run (&cli, argv, &error))
    return cli.status;
  fel_say_error (error);
  return error->code;
}

void
fel_cli_begin_options (const FelCli *cli, FelCall *call)
{
  fel_call_begin_options (call);
  for (gsize i = 0; i < G_N_ELEMENTS (bus_options); i++)
    {
      const char *field = (const char *) cli + bus_options[i].offset;

      if (bus_options[i].type == G_OPTION_ARG_FILENAME && *(char *const *) field != NULL)
        fel_call_option_string (call, bus_options[i].name, *(char *const *) field);
      else if (bus_options[i].type == G_OPTION_ARG_NONE && *(const gboolean *) field)
        fel_call_option_bool (call, bus_options[i].name, TRUE);
    }
  if (cli->ttl != NULL)
    fel_call_option_number (call, "ttl", cli->ttl_sec);
  if (cli->overlap != NULL)
    fel_call_option_number (call, "overlap", cli->overlap_sec);
  if (cli->no_prompt)
    fel_call_option_bool (call, "interactive", FALSE);
}

gboolean
fel_cli_backend_operand (FelCli *cli, GError **error)
{
  const char *operand = cli->operands[0];

  if (operand == NULL)
    return TRUE;
  /* What is not a name is not repeated either: it may be a token. */
  if (strlen (operand) > 64 || strspn (operand, "abcdefghijklmnopqrstuvwxyz0123456789-_") != strlen (operand))
    {
      g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE,
                   "that is not the name of a backend; a token is never an argument, see: felucca sign-in --help");
      return FALSE;
    }
  if (cli->backend != NULL && !g_str_equal (cli->backend, operand))
    {
      g_set_error (error, FEL_EXIT, FEL_EXIT_USAGE, "two backends, '%s' and '%s'", operand, cli->backend);
      return FALSE;
    }
  g_free (cli->backend);
  cli->backend = g_strdup (operand);
  return TRUE;
}
