/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec-plan.h"

#include <string.h>

#include "setting.h"

#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"
#define ARGUMENTS_MAX 64
#define VARIABLES_MAX 64
#define TEXT_LEN_MAX 256 /* of what the host takes */

const char *const exec_settings[] = {
  "command", "verbs", "env", "user", "host", "port", "database", "ssl-mode", NULL,
};

static const char *const operation_names[N_EXEC_OPERATIONS] = {
  [EXEC_MINT] = "mint",
  [EXEC_REVOKE] = "revoke",
  [EXEC_LIST] = "list",
  [EXEC_RENEW] = "renew",
};

/* What every helper gets from our own environment. */
static const char *const kept_variables[] = {
  "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
};

/* Set for this daemon; in another program they do harm. */
static const char *const own_prefixes[] = {
  "GLIBC_", "LD_", "NOTIFY_", "WATCHDOG_", "LISTEN_", "FELUCCA_",
};

const char *
exec_operation_name (ExecOperation operation)
{
  return operation_names[operation];
}

void
exec_plan_free (ExecPlan *self)
{
  if (self == NULL)
    return;
  g_strfreev (self->argv);
  g_strfreev (self->env);
  g_free (self->instance);
  g_free (self->user);
  g_free (self->host);
  g_free (self->database);
  g_free (self->ssl_mode);
  g_free (self);
}

/* Words as a shell has them; empty for an empty text. NULL: *ret_problem is set. */
static char **
split_words (const char *key, const char *text, guint max, char **ret_problem)
{
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_shell_parse_argv (text, NULL, &words, &error))
    {
      if (g_error_matches (error, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING))
        return g_new0 (char *, 1);
      *ret_problem = g_strdup_printf ("%s: a quotation mark or a backslash has no end", key);
      return NULL;
    }
  if (g_strv_length (words) > max)
    {
      *ret_problem = g_strdup_printf ("%s: it has more than %u words", key, max);
      return NULL;
    }
  return g_steal_pointer (&words);
}

static gboolean
plan_set_command (ExecPlan *self, const FelVerbRequest *request, char **ret_problem)
{
  self->argv = split_words ("command", fel_setting (request, "command", ""), ARGUMENTS_MAX, ret_problem);
  if (self->argv == NULL)
    return FALSE;
  if (self->argv[0] == NULL)
    *ret_problem = g_strdup ("command: it is missing");
  else if (!g_path_is_absolute (self->argv[0]))
    *ret_problem = g_strdup ("command: its first word is not an absolute path");
  return *ret_problem == NULL;
}

static gboolean
plan_set_verb (ExecPlan *self, const char *name)
{
  for (gsize i = 0; i < N_EXEC_OPERATIONS; i++)
    if (g_str_equal (operation_names[i], name))
      return self->can[i] = TRUE;
  return FALSE;
}

static gboolean
plan_set_verbs (ExecPlan *self, const FelVerbRequest *request, char **ret_problem)
{
  g_auto (GStrv) names = g_strsplit (fel_setting (request, "verbs", "mint"), ";", -1);

  for (char **name = names; *name != NULL; name++)
    {
      g_strstrip (*name);
      if (**name != '\0' && !plan_set_verb (self, *name))
        {
          *ret_problem = g_strdup ("verbs: there are only mint, revoke, list and renew");
          return FALSE;
        }
    }
  /* What ends by itself alone has an id of ours that tells when (exec-answer.h); it would be wrong after a renewal. */
  if (!self->can[EXEC_MINT])
    *ret_problem = g_strdup ("verbs: mint is missing");
  else if ((self->can[EXEC_LIST] || self->can[EXEC_RENEW]) && !self->can[EXEC_REVOKE])
    *ret_problem = g_strdup ("verbs: list and renew need revoke");
  return *ret_problem == NULL;
}

static gboolean
is_variable_name (const char *name, gsize len)
{
  if (len == 0 || g_ascii_isdigit (*name))
    return FALSE;
  for (gsize i = 0; i < len; i++)
    if (!g_ascii_isalnum (name[i]) && name[i] != '_')
      return FALSE;
  return TRUE;
}

static gboolean
is_own_variable (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (own_prefixes); i++)
    if (g_str_has_prefix (name, own_prefixes[i]))
      return TRUE;
  return FALSE;
}

static void
plan_pass_variable (ExecPlan *self, const char *name)
{
  const char *value = g_getenv (name);

  if (value != NULL)
    self->env = g_environ_setenv (self->env, name, value, TRUE);
}

static gboolean
plan_add_variable (ExecPlan *self, const char *word, char **ret_problem)
{
  const char *sign = strchr (word, '=');
  gsize len = sign != NULL ? (gsize) (sign - word) : strlen (word);
  g_autofree char *name = g_strndup (word, len);

  if (!is_variable_name (word, len))
    *ret_problem = g_strdup ("env: a word is neither NAME nor NAME=VALUE");
  else if (sign == NULL && is_own_variable (name))
    *ret_problem = g_strdup_printf ("env: %s is set for the daemon itself and is not passed on", name);
  else if (sign == NULL)
    plan_pass_variable (self, name);
  else
    self->env = g_environ_setenv (self->env, name, sign + 1, TRUE);
  return *ret_problem == NULL;
}

static gboolean
plan_set_env (ExecPlan *self, const FelVerbRequest *request, char **ret_problem)
{
  g_auto (GStrv) words = split_words ("env", fel_setting (request, "env", ""), VARIABLES_MAX, ret_problem);

  if (words == NULL)
    return FALSE;
  self->env = g_environ_setenv (g_new0 (char *, 1), "PATH", PATH_DEFAULT, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (kept_variables); i++)
    plan_pass_variable (self, kept_variables[i]);
  for (char **word = words; *word != NULL; word++)
    if (!plan_add_variable (self, *word, ret_problem))
      return FALSE;
  return TRUE;
}

static gboolean
is_text (const char *value)
{
  gsize len = strlen (value);

  if (len < 1 || len > TEXT_LEN_MAX)
    return FALSE;
  for (const char *p = value; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      return FALSE;
  return TRUE;
}

static gboolean
plan_set_defaults (ExecPlan *self, const FelVerbRequest *request, char **ret_problem)
{
  const struct
  {
    const char *key;
    char **slot;
  } texts[] = {
    { "user", &self->user },
    { "host", &self->host },
    { "database", &self->database },
    { "ssl-mode", &self->ssl_mode },
  };

  *ret_problem = fel_setting_check_server (request);
  for (gsize i = 0; i < G_N_ELEMENTS (texts) && *ret_problem == NULL; i++)
    {
      const char *value = fel_setting (request, texts[i].key, NULL);

      if (value != NULL && !is_text (value))
        *ret_problem = g_strdup_printf ("%s: it is not 1 to %d bytes without control characters", texts[i].key,
                                        TEXT_LEN_MAX);
      else
        *texts[i].slot = g_strdup (value);
    }
  self->port = fel_setting_port (request);
  self->instance = g_strdup (request->instance);
  return *ret_problem == NULL;
}

ExecPlan *
exec_plan_new (const FelVerbRequest *request, char **ret_problem)
{
  g_autoptr (ExecPlan) self = g_new0 (ExecPlan, 1);
  char *problem = NULL;

  if (plan_set_command (self, request, &problem) && plan_set_verbs (self, request, &problem)
      && plan_set_env (self, request, &problem) && plan_set_defaults (self, request, &problem))
    return g_steal_pointer (&self);
  *ret_problem = problem;
  return NULL;
}
