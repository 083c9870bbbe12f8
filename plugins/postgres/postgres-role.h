/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What makes a role ours: a name that begins with the instance's prefix and ends with the intent, and a comment, the
 * mark, that says of which mint it came. Both are needed before anything is done to a role. Pure. */
#pragma once

#include <glib.h>

#define POSTGRES_NAME_LEN_MAX 63 /* the server cuts longer ones, silently */
#define POSTGRES_PREFIX_LEN_MAX (POSTGRES_NAME_LEN_MAX - 32)
#define POSTGRES_PREFIX_DEFAULT "felucca_"
#define POSTGRES_MARK_START "felucca/1 "

typedef struct
{
  char *intent;   /* owned */
  char *by;       /* owned; whose daemon has made it */
  char *database; /* owned; for which it was asked */
  gint64 created_sec;
} PostgresMark;

/* intent: a UUID, or NULL: then the name is one that no intent has. */
char *postgres_role_name (const char *prefix, const char *intent);

/* This user on this machine, in letters that need no escaping. */
char *postgres_role_by (void);

/* intent: (nullable) */
char *postgres_mark_format (const char *intent, gint64 created_sec, const char *by, const char *database);

/* (nullable) NULL: not a mark. comment: (nullable) */
PostgresMark *postgres_mark_parse (const char *comment);

void postgres_mark_free (PostgresMark *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PostgresMark, postgres_mark_free)
