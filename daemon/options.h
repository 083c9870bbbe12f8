/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The a{sv} of a call, checked against one table: which option goes with which call, its type, its range.
 * Knows nothing of D-Bus messages: `message` hands over one entry at a time. */
#pragma once

#include <glib.h>

#include "secret.h"

/* A call, as a bit. */
typedef enum
{
  FEL_CALL_CREATE = 1 << 0,
  FEL_CALL_GET = 1 << 1,
  FEL_CALL_LIST = 1 << 2,
  FEL_CALL_REVOKE = 1 << 3,
  FEL_CALL_SIGN_IN = 1 << 4,
  FEL_CALL_SIGN_OUT = 1 << 5,
  FEL_CALL_ROTATE = 1 << 6,
} FelCall;

typedef struct FelOptions
{
  guint64 seen; /* bit i: entry i of the table was given */
  char *backend;
  char *workspace; /* of a list filter */
  char *database;  /* of a list filter */
  char *tenant_id;
  char *label;
  char *request_id;
  char *id;
  FelSecret *token;
  gint64 min_validity_sec;
  gint64 ttl_sec; /* 0: as the provider likes */
  gint64 overlap_sec;
  gboolean internal;
  gboolean interactive;
  gboolean create;
  gboolean local_only;
  gboolean provider;
  gboolean revoke_credentials;
  int secret_fd;        /* -1; borrowed from the message, which the call holds */
  int token_fd;         /* -1; borrowed */
  int refresh_token_fd; /* -1; borrowed */
} FelOptions;

typedef struct FelOptionValue
{
  char type; /* D-Bus: s, b, t, h; anything else fits no option */
  union
  {
    const char *string;
    gboolean boolean;
    guint64 number;
    int fd;
  };
} FelOptionValue;

FelOptions *fel_options_new (void);       /* with the defaults */
void fel_options_free (FelOptions *self); /* (nullable) */

gboolean fel_options_set (FelOptions *self, FelCall call, const char *name, const FelOptionValue *value,
                          GError **error);

/* text: UTF-8. All of Unicode's, not only ASCII's. */
gboolean fel_has_control_character (const char *text);

/* A workspace, a database, an id: 1 to 256 bytes, no control character, not "." nor ".." (they would climb in a URL). */
gboolean fel_name_check (const char *what, const char *value, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelOptions, fel_options_free)
