/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How the command ends. Every GError of the client is in the domain FEL_EXIT and its code is the exit status,
 * so the place that notices a failure also says how scripts will see it. The statuses are contract. */
#pragma once

#include <glib.h>

typedef enum FelExit
{
  FEL_EXIT_DONE = 0,
  FEL_EXIT_FAILED = 1,
  FEL_EXIT_USAGE = 2,
  FEL_EXIT_SIGN_IN = 3,
  FEL_EXIT_KEYRING = 4,
  FEL_EXIT_DENIED = 5,
  FEL_EXIT_UNREACHABLE = 6,
  FEL_EXIT_NOT_FOUND = 7,
  FEL_EXIT_UNKNOWN = 8,
  FEL_EXIT_NO_PROGRAM = 126, /* what is there cannot be run; these two as shells and env(1) have them */
  FEL_EXIT_NO_COMMAND = 127,
} FelExit;

#define FEL_EXIT_NEXT "; try: " /* between what has happened and what to type next */

#define FEL_EXIT (fel_exit_quark ())
GQuark fel_exit_quark (void);

FelExit fel_exit_from_bus (const char *name);
void fel_exit_set_from_bus (GError **error, const char *name, const char *message);

void fel_exit_hint_unfound (
    GError *error); /* where to look for what was not found, unless it says so; error may be NULL */
void fel_exit_append (GError *error, const char *format, ...) G_GNUC_PRINTF (2, 3); /* to its message */

/* For calls that only fail when the system is out of something. Returns r >= 0. */
gboolean fel_exit_check (int r, const char *doing, GError **error);
