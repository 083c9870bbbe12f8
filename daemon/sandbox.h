/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What keeps this process in, looked at once, at start: not what a unit asks for, but what the kernel answers when it is
 * tried. Made by main, then the broker's; main thread. */
#pragma once

#include <glib.h>

typedef struct FelSandboxPart
{
  const char *name;
  char *missing; /* NULL: in force; else why it is not */
} FelSandboxPart;

typedef struct FelSandbox
{
  FelSandboxPart *parts;
  gsize n_parts;
} FelSandbox;

/* files_error: (nullable) why there are no rules for files, where that is known. */
FelSandbox *fel_sandbox_look (const GError *files_error, gboolean memory_locked);
void fel_sandbox_free (FelSandbox *self); /* (nullable) */

/* NULL: all of it is in force. Else one sentence: "system-calls (no filter), …". (transfer full) */
char *fel_sandbox_missing (const FelSandbox *self);

/* One line in the journal. */
void fel_sandbox_log (const FelSandbox *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelSandbox, fel_sandbox_free)
