/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The same deed for many: it goes on after a failure, each failure is said at once, and the first one decides how the
 * command ends. */
#pragma once

#include <glib.h>

typedef struct FelBatch
{
  guint n;
  guint n_failed;
  int status; /* of the first failure */
} FelBatch;

void fel_batch_done (FelBatch *self);
void fel_batch_failed (FelBatch *self, const char *what, GError *failure /* (transfer full) */);
gboolean fel_batch_end (const FelBatch *self, const char *deed, GError **error);
