/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "batch.h"

#include "exit.h"
#include "say.h"

void
fel_batch_done (FelBatch *self)
{
  self->n++;
}

void
fel_batch_failed (FelBatch *self, const char *what, GError *failure)
{
  g_autoptr (GError) owned = failure;

  self->n++;
  if (self->n_failed++ == 0)
    self->status = owned->code;
  fel_exit_hint_unfound (owned);
  g_prefix_error (&owned, "%s: ", what);
  fel_say_error (owned);
}

gboolean
fel_batch_end (const FelBatch *self, const char *deed, GError **error)
{
  if (self->n_failed == 0)
    return TRUE;
  g_set_error (error, FEL_EXIT, self->status, "%u of %u credentials were not %s", self->n_failed, self->n, deed);
  return FALSE;
}
