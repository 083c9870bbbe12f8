/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the key files say: the daemon's own settings and the backend instances. Read once, at start.
 * A mistake never keeps the daemon from running: it is one line in `problems`, and the instance it is in has it too. */
#pragma once

#include <glib.h>

typedef struct FelConfigSetting
{
  char *key;
  char *value;
  char *file; /* where it was said last */
} FelConfigSetting;

typedef struct FelConfigInstance
{
  char *name;
  char *module;        /* NULL only when there is a problem */
  GPtrArray *settings; /* of FelConfigSetting: what the module has to understand */
  char *file;          /* the last one that speaks of this instance */
  char *problem;       /* NULL: none */
  GHashTable *bad;     /* while loading: key → what is wrong with it */
  guint timeout_sec;   /* for one call of a verb */
  gboolean exclusive;  /* nobody else mints there: what is not accounted for is ours */
} FelConfigInstance;

typedef enum
{
  FEL_CONFINE_AUTO, /* unless an instance runs programs of the user */
  FEL_CONFINE_NO,
  FEL_CONFINE_YES,
} FelConfine;

typedef struct FelConfig
{
  char *default_backend;  /* (nullable) */
  char *default_file;     /* (nullable) where that is said */
  guint idle_timeout_sec; /* 0: never leave */
  FelConfine confine_files;
  char *unreadable;     /* (nullable) the problem of a file of which nothing is known */
  GPtrArray *instances; /* of FelConfigInstance, in the order of the files */
  GPtrArray *problems;  /* of char *: one line each, naming file, group and key */
} FelConfig;

/* Later files win, key by key. A file that does not exist is none. */
FelConfig *fel_config_load (const char *const *files);
void fel_config_free (FelConfig *self); /* (nullable) */

/* Where the key stands that a problem, "key: …", is about; if it is about none, the last file that speaks of the instance.
 * (transfer none) */
const char *fel_config_file_of (const FelConfigInstance *instance, const char *problem);

/* The three files of the contract, in their order. */
char **fel_config_default_files (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelConfig, fel_config_free)
