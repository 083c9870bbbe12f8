/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The program that `felucca run` becomes or starts: where it is, its arguments, its environment, and the descriptor that
 * it inherits from us. */
#pragma once

#include <glib.h>

#include "credential.h"
#include "environment.h"

typedef struct FelCommand
{
  char *path;                  /* owned */
  char **argv;                 /* borrowed; at least one */
  FelEnvironment *environment; /* owned */
  int pass_fd;                 /* owned; -1 when there is none */
  char *pass_file;             /* owned; how the program finds it */
  char *option;                /* owned; how it is told to a program that reads no variable; NULL: it is not */
  char **own_argv;             /* owned, but not its strings: argv with that option; NULL: argv as it is */
} FelCommand;

/* Finds the program as execvp() does. It not being there is FEL_EXIT_NO_COMMAND or FEL_EXIT_NO_PROGRAM. */
FelCommand *fel_command_new (char **argv, GError **error);
void fel_command_free (FelCommand *self);

/* What libpq reads: PG* variables, and the password in a file that only descends to the program and its children. For
 * MariaDB an option file of that kind. */
gboolean fel_command_add_login (FelCommand *self, const FelCredential *credential, GError **error);

/* Replaces this process. Returns on failure only. */
void fel_command_exec (FelCommand *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelCommand, fel_command_free)
