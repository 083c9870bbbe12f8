/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One run of the command: the verb and what was typed with it. The verbs read it;
 * options that a verb does not have stay NULL or FALSE. */
#pragma once

#include <glib.h>

#include "call.h"
#include "format.h"

typedef struct FelCli FelCli;

typedef struct FelVerb
{
  const char *name;
  const char *operands; /* as the usage line shows them */
  const char *summary;
  guint operands_min;
  guint operands_max;
  gboolean takes_command;      /* behind --, which is then needed */
  gboolean is_hidden;          /* not for people: in no help */
  gboolean hands_out_password; /* has every format, not only table and json */
  const GOptionEntry *options; /* arg_data from FEL_CLI_FIELD; may be NULL */
  gboolean (*run) (FelCli *cli, GError **error);
} FelVerb;

struct FelCli
{
  const FelVerb *verb; /* NULL when none was typed */
  char **operands;     /* never NULL; as many as the verb wants */
  char **command;      /* of a verb that takes one: at least one word; else NULL */
  FelFormat format;
  int status; /* the exit status of a run that has not failed */

  char *backend;
  char *format_name;
  gboolean json;
  gboolean no_prompt;
  gboolean quiet;
  gboolean version;
  gboolean help;

  char *tenant;
  char *label;
  char *request_id;
  char *ttl; /* as typed; NULL: ttl_sec means nothing */
  guint64 ttl_sec;
  char *overlap; /* as typed; NULL: overlap_sec is 0 */
  guint64 overlap_sec;
  gboolean internal;
  gboolean create;
  gboolean provider;
  gboolean local_only;
  gboolean token_stdin;
  gboolean no_browser;
  gboolean revoke_credentials;
  gboolean yes;
  char **env;
  gboolean revoke_on_exit;
};

/* Where an option of a verb's table goes; added to the address of the FelCli at hand. */
#define FEL_CLI_FIELD(field) ((gpointer) G_STRUCT_OFFSET (FelCli, field))

int fel_cli_main (char **argv);

/* Opens the options of a call and adds those that were typed, by their names on the bus. */
void fel_cli_begin_options (const FelCli *cli, FelCall *call);

/* For the verbs whose operand is a backend: it means the same as --backend. */
gboolean fel_cli_backend_operand (FelCli *cli, GError **error);
