/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend-load.h"

#include "backend-call.h"
#include "error.h"
#include "log.h"
#include "probe.h"

#define LOAD_SEC 30
#define LATE_RETRY_SEC 60 /* between two tries with a file whose probe took too long */

typedef struct
{
  FelBackendReady ready;
  gpointer user_data;
} Waiter;

/* One walk for an instance; those who come meanwhile wait with the first. */
typedef struct
{
  FelBroker *broker;
  FelInstance *instance;
  GArray *waiters; /* of Waiter */
  char *path;
  FelModuleStamp stamp;
} Load;

/* What a worker is given, and what it leaves. */
typedef struct
{
  FelInstance *instance;
  char *path;
  FelBackendCall *check; /* what the module says of its settings */
  FelBackend backend;
  gboolean opened;
  GError *error;
} Opening;

/* What a probe said of a file; two instances may use one. */
typedef struct
{
  FelModuleStamp stamp;
  char *refusal; /* (nullable) */
} Probed;

static void
probed_free (gpointer data)
{
  Probed *probed = data;

  g_free (probed->refusal);
  g_free (probed);
}

static void
load_finish (Load *self)
{
  g_autoptr (GArray) waiters = g_steal_pointer (&self->waiters);
  FelBroker *broker = self->broker;

  g_hash_table_remove (broker->loads, self->instance->name);
  g_free (self->path);
  g_free (self);
  for (guint i = 0; i < waiters->len; i++)
    {
      const Waiter *waiter = &g_array_index (waiters, Waiter, i);

      waiter->ready (waiter->user_data);
    }
}

/* what: the key that is to blame, or NULL; then why says it. */
static void
instance_fail (FelInstance *instance, const FelModuleStamp *stamp, const char *what, const char *why)
{
  g_free (instance->failure);
  instance->failure = what != NULL ? g_strdup_printf ("%s: [backend %s] %s: %s", instance->config->file, instance->name,
                                                      what, why)
                                   : g_strdup (why);
  fel_log_problem (instance->failure);
  instance->failed = *stamp;
}

/* On a worker */

static void
open_on_worker (gpointer data, GCancellable *cancellable)
{
  Opening *self = data;
  FelInstance *instance = self->instance;

  fel_quarantine_enter (instance->name, "load");
  self->opened = fel_module_open (self->path, instance->config->module, &self->backend, NULL, NULL, &self->error);
  fel_quarantine_leave ();
  if (self->opened && fel_instance_check_settings (instance, &self->backend, &self->error)
      && self->backend.check != NULL)
    fel_backend_call_judge_settings (self->check, self->backend.check, cancellable, &self->error);
}

static void
opening_free (gpointer data)
{
  Opening *self = data;

  g_free (self->path);
  fel_backend_call_unref (self->check);
  g_clear_error (&self->error);
  g_free (self);
}

static void
on_opened (gpointer data, FelWorkOutcome outcome, gpointer user_data)
{
  Opening *opening = data;
  Load *self = user_data;
  FelInstance *instance = self->instance;

  if (outcome != FEL_WORK_DONE)
    instance_fail (instance, &self->stamp, "module", "it did not come back from being loaded in time");
  else if (opening->error != NULL)
    instance_fail (instance, &self->stamp, opening->opened ? NULL : "module", opening->error->message);
  else
    {
      instance->backend = opening->backend;
      instance->loaded = TRUE;
    }
  load_finish (self);
}

static void
load_open (Load *self)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->instance = self->instance;
  opening->path = g_strdup (self->path);
  opening->check = fel_backend_call_new (self->instance, FEL_VERB_MINT);
  fel_work_run (self->broker->work, self->instance->name, LOAD_SEC, open_on_worker, opening, opening_free, on_opened,
                self);
}

/* Probing */

/* why: NULL: nothing speaks against it. */
static void
load_judge_probe (Load *self, const char *refusal)
{
  g_autofree char *why = NULL;

  if (refusal == NULL)
    {
      load_open (self);
      return;
    }
  why = g_strdup_printf ("module '%s' was refused: %s", self->instance->config->module, refusal);
  instance_fail (self->instance, &self->stamp, "module", why);
  load_finish (self);
}

static void
on_probed (const FelProbeResult *result, gpointer user_data)
{
  Load *self = user_data;
  Probed *probed = g_new0 (Probed, 1);

  probed->stamp = self->stamp;
  probed->refusal = g_strdup (result->refusal);
  if (result->late)
    {
      self->instance->retry_usec = g_get_monotonic_time () + LATE_RETRY_SEC * G_USEC_PER_SEC;
      probed_free (probed);
    }
  else
    g_hash_table_replace (self->broker->probed, g_strdup (self->path), probed);
  load_judge_probe (self, result->refusal);
}

static gboolean
on_probed_before (gpointer user_data)
{
  Load *self = user_data;
  const Probed *probed = g_hash_table_lookup (self->broker->probed, self->path);

  load_judge_probe (self, probed != NULL ? probed->refusal : NULL);
  return G_SOURCE_REMOVE;
}

static gboolean
check_quarantine (const Load *self, GError **error)
{
  g_autofree char *last = NULL;
  guint n = fel_quarantine_count (self->broker->quarantine, self->instance->name, &last);

  if (n < FEL_CRASHES_MAX)
    return TRUE;
  g_set_error (
      error, FEL_ERROR, FEL_ERROR_BACKEND_FAILED,
      "it is quarantined: it has crashed the daemon %u times, the last time in %s; `felucca backends reset %s` "
      "lets it run again",
      n, last, self->instance->name);
  return FALSE;
}

/* FALSE: it is clear without a probe that it fails. */
static gboolean
load_begin (Load *self, GError **error)
{
  const Probed *probed = g_hash_table_lookup (self->broker->probed, self->path);

  if (!check_quarantine (self, error)
      || !fel_module_check_owner (fel_registry_directory (self->broker->registry), error)
      || !fel_module_check_owner (self->path, error))
    return FALSE;
  if (probed == NULL || !fel_module_stamp_equal (&probed->stamp, &self->stamp))
    return fel_probe_start (self->path, FALSE, on_probed, self, error);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_probed_before, self, NULL);
  return TRUE;
}

static void
arm (FelBroker *broker)
{
  static gboolean complained = FALSE;
  g_autoptr (GError) error = NULL;

  if (fel_quarantine_arm (broker->quarantine, &error) || complained)
    return;
  complained = TRUE;
  fel_log_problem (error->message);
}

/* Nothing that has to be waited for. */
static gboolean
instance_is_known (const FelBroker *broker, const FelInstance *instance)
{
  g_autofree char *path = NULL;
  FelModuleStamp stamp;

  if (instance->loaded || instance->config->problem != NULL)
    return TRUE;
  if (instance->failure == NULL)
    return FALSE;
  path = fel_module_path (fel_registry_directory (broker->registry), instance->config->module);
  stamp = fel_module_stamp (path);
  return fel_module_stamp_equal (&stamp, &instance->failed)
         && (instance->retry_usec == 0 || g_get_monotonic_time () < instance->retry_usec);
}

gboolean
fel_backend_any_unknown (const FelBroker *broker)
{
  for (guint i = 0; i < fel_registry_size (broker->registry); i++)
    if (!instance_is_known (broker, fel_registry_nth (broker->registry, i)))
      return TRUE;
  return FALSE;
}

gboolean
fel_backend_prepare (FelBroker *broker, FelInstance *instance, FelBackendReady ready, gpointer user_data)
{
  Load *self = g_hash_table_lookup (broker->loads, instance->name);
  Waiter waiter = { ready, user_data };
  g_autoptr (GError) error = NULL;

  if (self != NULL)
    {
      g_array_append_val (self->waiters, waiter);
      return FALSE;
    }
  if (instance_is_known (broker, instance))
    return TRUE;
  arm (broker);
  g_clear_pointer (&instance->failure, g_free);
  instance->retry_usec = 0;
  self = g_new0 (Load, 1);
  self->broker = broker;
  self->instance = instance;
  self->waiters = g_array_new (FALSE, FALSE, sizeof waiter);
  self->path = fel_module_path (fel_registry_directory (broker->registry), instance->config->module);
  self->stamp = fel_module_stamp (self->path);
  g_hash_table_insert (broker->loads, (gpointer) instance->name, self);
  if (load_begin (self, &error))
    {
      g_array_append_val (self->waiters, waiter);
      return FALSE;
    }
  instance_fail (instance, &self->stamp, "module", error->message);
  load_finish (self);
  return TRUE;
}

gboolean
fel_backend_reset (FelBroker *broker, FelInstance *instance, GError **error)
{
  g_autofree char *path = NULL;

  if (instance->config->problem != NULL)
    return fel_instance_check (instance, error);
  if (g_hash_table_contains (broker->loads, instance->name))
    {
      g_set_error (error, FEL_ERROR, FEL_ERROR_CONFLICT, "backend '%s' is being loaded just now; try again",
                   instance->name);
      return FALSE;
    }
  if (!fel_quarantine_reset (broker->quarantine, instance->name, error))
    return FALSE;
  path = fel_module_path (fel_registry_directory (broker->registry), instance->config->module);
  g_hash_table_remove (broker->probed, path);
  g_clear_pointer (&instance->failure, g_free);
  return TRUE;
}

GHashTable *
fel_backend_probed_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, probed_free);
}
