/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "expiry.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <glib-unix.h>

#include "backend-call.h"
#include "error.h"
#include "lifetime.h"
#include "log.h"
#include "request.h"

#define RETRY_SEC (5 * 60)
#define CALLER "the end of its life" /* in the journal, where else the app stands */

/* What was done about one item. */
typedef struct
{
  gint64 told_end_sec;  /* the end that was announced */
  gint64 retry_sec;     /* wall clock; 0: nothing failed */
  gint64 tried_end_sec; /* the end that could not be moved */
  gint64 gone_end_sec;  /* the end by itself: only to be forgotten here */
  gint64 left_end_sec;  /* the end behind which nothing can be done */
  gboolean busy;
} Deed;

struct FelExpiry
{
  FelBroker *broker;
  GHashTable *deeds; /* item path → Deed */
  int timer;         /* timerfd; -1: none to be had */
  guint timer_id;
  guint idle_id;
  gint64 next_sec; /* G_MAXINT64: nothing will be due */
  gboolean started;
};

typedef struct
{
  FelExpiry *expiry;
  char *path;
  gint64 end_sec;
  const FelRequestKind *kind;
} Task;

static gboolean on_timer (int fd, GIOCondition condition, gpointer user_data);

FelExpiry *
fel_expiry_new (FelBroker *broker)
{
  FelExpiry *self = g_new0 (FelExpiry, 1);

  self->broker = broker;
  self->deeds = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->next_sec = G_MAXINT64;
  self->timer = timerfd_create (CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (self->timer >= 0)
    self->timer_id = g_unix_fd_add (self->timer, G_IO_IN, on_timer, self);
  return self;
}

void
fel_expiry_free (FelExpiry *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_handle_id (&self->idle_id, g_source_remove);
  if (self->timer >= 0)
    close (self->timer);
  g_hash_table_unref (self->deeds);
  g_free (self);
}

static Deed *
expiry_deed (FelExpiry *self, const char *path)
{
  Deed *deed = g_hash_table_lookup (self->deeds, path);

  if (deed == NULL)
    {
      deed = g_new0 (Deed, 1);
      g_hash_table_insert (self->deeds, g_strdup (path), deed);
    }
  return deed;
}

/* Doing */

static void
log_what_is_left (const FelCredential *credential, gboolean is_over)
{
  g_autofree char *line = NULL;

  if (is_over)
    line
        = g_strdup_printf ("credential '%s' of backend '%s' has ended by itself and is forgotten: it cannot be revoked "
                           "there",
                           credential->id, credential->backend);
  else
    line = g_strdup_printf (
        "credential '%s' of backend '%s' is over and cannot be revoked there: end it at the provider "
        "unless it ends by itself, then run `felucca revoke --local-only %s`",
        credential->id, credential->backend, credential->id);
  fel_log_problem (line);
}

/* To ask again would bring the same answer. Where there is no such verb at all, the end is one that the provider has told,
 * for nobody else gives any. */
static void
expiry_give_up (FelExpiry *self, Deed *deed, const Task *task, const FelInstance *instance)
{
  const FelCatalogEntry *entry = fel_catalog_at (self->broker->catalog, task->path);
  gboolean is_over = instance != NULL && !fel_backend_has (instance, FEL_VERB_REVOKE);

  if (is_over)
    deed->gone_end_sec = task->end_sec;
  else
    deed->left_end_sec = task->end_sec;
  if (entry != NULL)
    log_what_is_left (entry->credential, is_over);
}

static void
on_task_done (FelRequest *request, gpointer user_data)
{
  g_autofree Task *task = user_data;
  g_autofree char *path = task->path;
  FelExpiry *self = task->expiry;
  Deed *deed = expiry_deed (self, path);

  deed->busy = FALSE;
  if (g_error_matches (request->error, FEL_ERROR, FEL_ERROR_UNSUPPORTED) && task->kind == &fel_request_revoke)
    expiry_give_up (self, deed, task, request->instance);
  else if (request->error != NULL && !g_error_matches (request->error, FEL_ERROR, FEL_ERROR_UNSUPPORTED))
    deed->retry_sec = g_get_real_time () / G_USEC_PER_SEC + RETRY_SEC;
  else
    deed->tried_end_sec = task->end_sec;
  fel_expiry_touch (self);
}

/* The same way that a user's call takes, with nobody to ask. */
static void
expiry_run (FelExpiry *self, const FelCatalogEntry *entry, const FelRequestKind *kind)
{
  g_autoptr (FelRequest) request = fel_request_new (self->broker, kind, fel_options_new ());
  Deed *deed = expiry_deed (self, entry->path);
  Task *task = g_new (Task, 1);

  *task = (Task){ self, g_strdup (entry->path), entry->credential->not_after_sec, kind };
  deed->busy = TRUE;
  request->caller = g_strdup (CALLER);
  request->id = g_strdup (entry->credential->id);
  request->backend = g_strdup (entry->credential->backend);
  request->options->interactive = FALSE;
  request->options->local_only = task->kind == &fel_request_revoke && deed->gone_end_sec == task->end_sec;
  fel_request_start (request, on_task_done, task);
}

static void
expiry_tell (FelExpiry *self, Deed *deed, const FelCredential *credential)
{
  FelBroker *broker = self->broker;

  if (deed->told_end_sec == credential->not_after_sec)
    return;
  deed->told_end_sec = credential->not_after_sec;
  if (broker->listener.credential_expiring != NULL)
    broker->listener.credential_expiring (credential, broker->listener_data);
}

/* A clock that was set back would make it wait for as long as it was set back by. */
static gboolean
deed_waits (const Deed *self, gint64 now_sec)
{
  return self->retry_sec > now_sec && self->retry_sec <= now_sec + RETRY_SEC;
}

/* Returns when to look again. */
static gint64
expiry_see_to (FelExpiry *self, const FelCatalogEntry *entry, gint64 now_sec)
{
  Deed *deed = expiry_deed (self, entry->path);
  gint64 next_sec;
  FelLifetimePhase phase = fel_lifetime_judge (entry->credential, now_sec, &next_sec);
  gboolean waits = deed->busy || deed_waits (deed, now_sec);

  if (phase == FEL_LIFETIME_EXPIRING)
    expiry_tell (self, deed, entry->credential);
  else if (phase == FEL_LIFETIME_RENEW && !waits && deed->tried_end_sec != entry->credential->not_after_sec)
    expiry_run (self, entry, &fel_request_renew);
  else if (phase == FEL_LIFETIME_EXPIRED && !waits && !entry->revoking
           && deed->left_end_sec != entry->credential->not_after_sec)
    expiry_run (self, entry, &fel_request_revoke);
  return deed_waits (deed, now_sec) ? MIN (next_sec, deed->retry_sec) : next_sec;
}

static void
expiry_arm (FelExpiry *self)
{
  /* A clock that is set reads as an error of the timer, and everything is looked at anew. */
  const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
  struct itimerspec when = { .it_value.tv_sec = self->next_sec == G_MAXINT64 ? 0 : MAX (self->next_sec, 1) };

  timerfd_settime (self->timer, flags, &when, NULL);
}

/* What is not stored any more has no deeds. */
static gboolean
is_gone (gpointer path, gpointer value, gpointer user_data)
{
  return !((Deed *) value)->busy && fel_catalog_at (user_data, path) == NULL;
}

static gboolean
on_look (gpointer user_data)
{
  FelExpiry *self = user_data;
  FelCatalogQuery ending = { .ends = TRUE };
  g_autoptr (GPtrArray) entries = fel_catalog_select (self->broker->catalog, &ending);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  gint64 now_sec = g_get_real_time () / G_USEC_PER_SEC;

  self->idle_id = 0;
  self->next_sec = G_MAXINT64;
  g_hash_table_foreach_remove (self->deeds, is_gone, self->broker->catalog);
  for (guint i = 0; i < entries->len; i++)
    g_ptr_array_add (paths, g_strdup (((FelCatalogEntry *) entries->pdata[i])->path));
  /* By path: what is done for one may remove another. */
  for (guint i = 0; i < paths->len; i++)
    {
      const FelCatalogEntry *entry = fel_catalog_at (self->broker->catalog, paths->pdata[i]);

      if (entry != NULL)
        self->next_sec = MIN (self->next_sec, expiry_see_to (self, entry, now_sec));
    }
  expiry_arm (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_timer (int fd, GIOCondition condition, gpointer user_data)
{
  guint64 times;
  G_GNUC_UNUSED ssize_t n = read (fd, &times, sizeof times);

  fel_expiry_touch (user_data);
  return G_SOURCE_CONTINUE;
}

/* Once for many changes. */
void
fel_expiry_touch (FelExpiry *self)
{
  if (self->started && self->idle_id == 0)
    self->idle_id = g_idle_add (on_look, self);
}

void
fel_expiry_announce (FelExpiry *self, const char *path)
{
  const FelCatalogEntry *entry = fel_catalog_at (self->broker->catalog, path);

  if (entry != NULL)
    expiry_tell (self, expiry_deed (self, path), entry->credential);
}

void
fel_expiry_start (FelExpiry *self)
{
  self->started = TRUE;
  fel_expiry_touch (self);
}

void
fel_expiry_kick (FelExpiry *self)
{
  GHashTableIter iter;
  gpointer deed;

  g_hash_table_iter_init (&iter, self->deeds);
  while (g_hash_table_iter_next (&iter, NULL, &deed))
    ((Deed *) deed)->retry_sec = 0;
  fel_expiry_touch (self);
}

void
fel_expiry_stop (FelExpiry *self)
{
  self->started = FALSE;
  g_clear_handle_id (&self->idle_id, g_source_remove);
  g_clear_handle_id (&self->timer_id, g_source_remove);
}

gboolean
fel_expiry_is_waiting (const FelExpiry *self)
{
  return self->next_sec != G_MAXINT64 || self->idle_id != 0;
}
