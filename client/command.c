/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connection.h"
#include "exit.h"
#include "lockdown.h"
#include "option-file.h"
#include "secret-file.h"

/* Each of these would win over what we set: another password, another server. */
static const char *const foreign[] = { "PGPASSWORD", "PGSERVICE", "PGHOSTADDR", "PGPORT" };
static const char *const foreign_mysql[] = { "MYSQL_PWD", "MYSQL_HOST", "MYSQL_TCP_PORT", "MYSQL_UNIX_PORT" };

static void
set_program_error (const char *name, int number, GError **error)
{
  g_set_error (error, FEL_EXIT, number == ENOENT ? FEL_EXIT_NO_COMMAND : FEL_EXIT_NO_PROGRAM, "cannot run '%s': %s",
               name, g_strerror (number));
}

/* Returns 0 or an errno. */
static int
look_at (const char *path)
{
  struct stat st;

  if (stat (path, &st) < 0)
    return errno == ENOTDIR ? ENOENT : errno;
  return S_ISREG (st.st_mode) && access (path, X_OK) == 0 ? 0 : EACCES;
}

/* Before a credential is asked for: one that is minted for a typing error would be left over. */
static char *
find_program (const char *name, GError **error)
{
  const char *path = g_getenv ("PATH");
  g_auto (GStrv) folders = g_strsplit (path != NULL ? path : "/bin:/usr/bin", ":", -1);
  int number = ENOENT;

  if (strchr (name, '/') != NULL)
    {
      number = look_at (name);
      if (number == 0)
        return g_strdup (name);
    }
  else if (*name != '\0')
    {
      for (gsize i = 0; folders[i] != NULL; i++)
        {
          g_autofree char *candidate = g_strdup_printf ("%s/%s", *folders[i] != '\0' ? folders[i] : ".", name);
          int found = look_at (candidate);

          if (found == 0)
            return g_steal_pointer (&candidate);
          if (found == EACCES)
            number = EACCES;
        }
    }
  set_program_error (name, number, error);
  return NULL;
}

FelCommand *
fel_command_new (char **argv, GError **error)
{
  char *path = find_program (argv[0], error);
  FelCommand *self;

  if (path == NULL)
    return NULL;
  self = g_new0 (FelCommand, 1);
  self->path = path;
  self->argv = argv;
  self->environment = fel_environment_new (environ);
  self->pass_fd = -1;
  return self;
}

void
fel_command_free (FelCommand *self)
{
  if (self == NULL)
    return;
  if (self->pass_fd >= 0)
    close (self->pass_fd);
  fel_environment_free (self->environment);
  g_free (self->own_argv);
  g_free (self->option);
  g_free (self->pass_file);
  g_free (self->path);
  g_free (self);
}

static void
set_if_known (FelEnvironment *environment, const char *name, const char *value)
{
  if (value != NULL && *value != '\0')
    fel_environment_set (environment, name, value);
}

static gboolean
command_keep (FelCommand *self, const char *name, const FelBuffer *text, GError **error)
{
  self->pass_fd = fel_secret_file_new (name, text, error);
  if (self->pass_fd >= 0)
    self->pass_file = g_strdup_printf ("/proc/self/fd/%d", self->pass_fd);
  return self->pass_fd >= 0;
}

static gboolean
add_option_file (FelCommand *self, const FelConnection *connection, GError **error)
{
  g_autoptr (FelBuffer) text = fel_buffer_new ();

  fel_option_file_write (connection, text);
  if (!command_keep (self, "felucca-my.cnf", text, error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (foreign_mysql); i++)
    fel_environment_unset (self->environment, foreign_mysql[i]);
  fel_environment_set (self->environment, "FELUCCA_DEFAULTS_FILE", self->pass_file);
  self->option = g_strdup_printf ("--defaults-file=%s", self->pass_file);
  self->own_argv = fel_option_file_arguments (self->argv, self->option);
  return TRUE;
}

static gboolean
add_libpq (FelCommand *self, const FelConnection *connection, GError **error)
{
  g_autoptr (FelBuffer) line = fel_buffer_new ();

  if (!fel_connection_to_pgpass (connection, line, error) || !command_keep (self, "felucca-pgpass", line, error))
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (foreign); i++)
    fel_environment_unset (self->environment, foreign[i]);
  fel_environment_set (self->environment, "PGPASSFILE", self->pass_file);
  fel_environment_set (self->environment, "PGHOST", connection->host);
  fel_environment_set (self->environment, "PGUSER", connection->user);
  fel_environment_set (self->environment, "PGDATABASE", connection->database);
  set_if_known (self->environment, "PGPORT", connection->port);
  set_if_known (self->environment, "PGSSLMODE", connection->ssl_mode);
  return TRUE;
}

gboolean
fel_command_add_login (FelCommand *self, const FelCredential *credential, GError **error)
{
  FelConnection connection;

  if (!fel_connection_init (&connection, credential, error))
    return FALSE;
  return connection.is_mysql ? add_option_file (self, &connection, error) : add_libpq (self, &connection, error);
}

void
fel_command_exec (FelCommand *self, GError **error)
{
  if (self->pass_fd >= 0 && !fel_secret_file_pass_on (self->pass_fd, error))
    return;
  fel_lockdown_leave ();
  /* Not execve(): a script without a first line that names its shell is run by sh, as everywhere. */
  execvpe (self->path, self->own_argv != NULL ? self->own_argv : self->argv, fel_environment_list (self->environment));
  set_program_error (self->argv[0], errno, error);
}
