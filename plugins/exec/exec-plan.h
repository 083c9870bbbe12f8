/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an instance's settings make of a helper: how it is started, what it can, and what is said of a credential where it
 * says nothing. Made anew for each call, lent to what runs it. Any thread. */
#pragma once

#include <gio/gio.h>

#include "felucca-backend.h"

typedef enum
{
  EXEC_MINT,
  EXEC_REVOKE,
  EXEC_LIST,
  EXEC_RENEW,
  N_EXEC_OPERATIONS,
} ExecOperation;

typedef struct ExecPlan
{
  char **argv; /* the first is an absolute path */
  char **env;  /* all of the environment */
  gboolean can[N_EXEC_OPERATIONS];
  char *instance;
  char *user; /* (nullable), as the next three */
  char *host;
  char *database;
  char *ssl_mode;
  guint port; /* 0: not set */
} ExecPlan;

extern const char *const exec_settings[];

const char *exec_operation_name (ExecOperation operation);

/* NULL: *ret_problem is a sentence that says which setting is wrong, and why. */
ExecPlan *exec_plan_new (const FelVerbRequest *request, char **ret_problem);
void exec_plan_free (ExecPlan *self); /* (nullable) */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExecPlan, exec_plan_free)
