/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an operand points at: a workspace, a database in a workspace, or a credential's id.
 * Names are not judged here: the daemon does that. */
#pragma once

#include <glib.h>

typedef struct FelTarget
{
  char *workspace; /* owned */
  char *database;  /* owned; NULL: the operand had no slash, and workspace holds all of it */
} FelTarget;

/* Splits at the last slash: a workspace may be a path, as a mount of Vault's is. */
FelTarget *fel_target_parse (const char *operand, GError **error);
FelTarget *fel_target_parse_database (const char *operand, GError **error);

/* For the verbs that take ids only. An id may have slashes: Vault's leases are called MOUNT/creds/ROLE/… . */
gboolean fel_target_check_id (const char *operand, GError **error);
/* What nothing has for an id may have been meant as a target. */
void fel_target_explain_unfound (const char *operand, GError *error);
void fel_target_free (FelTarget *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelTarget, fel_target_free)
