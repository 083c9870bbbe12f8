/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is known of the backends, and forgetting why one cannot be used. */
#include "request.h"

#include "backend-load.h"
#include "error.h"

/* The property Backends: its answer is what the registry holds when every instance has been looked at. */

enum
{
  BACKENDS_START,
  BACKENDS_KNOWN,
};

static void
on_one_ready (gpointer user_data)
{
  g_autoptr (FelRequest) self = user_data;

  if (--self->pending == 0)
    fel_request_step (self);
}

static void
backends_step (FelRequest *self)
{
  FelRegistry *registry = self->broker->registry;

  if (self->state == BACKENDS_START)
    {
      self->state = BACKENDS_KNOWN;
      for (guint i = 0; i < fel_registry_size (registry); i++)
        if (!fel_backend_prepare (self->broker, fel_registry_nth (registry, i), on_one_ready, self))
          {
            fel_request_ref (self);
            self->pending++;
          }
    }
  if (self->pending == 0)
    fel_request_finish (self);
}

const FelRequestKind fel_request_backends = {
  .name = "Backends",
  .step = backends_step,
};

static void
reset_step (FelRequest *self)
{
  g_autoptr (GError) error = NULL;

  self->instance = fel_registry_resolve (self->broker->registry, self->backend, NULL, NULL, &error);
  if (self->instance != NULL && fel_backend_reset (self->broker, self->instance, &error))
    fel_request_finish (self);
  else
    fel_request_fail (self, error);
}

const FelRequestKind fel_request_reset_backend = {
  .name = "ResetBackend",
  .step = reset_step,
};
