/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reconcile.h"

#include <gio/gio.h>

#include "error.h"
#include "ledger.h"
#include "log.h"
#include "mirror.h"
#include "settle.h"

#define USUAL_RETRY_SEC (15 * 60)
#define CLAIM_RETRY_SEC 1
#define LOCKED_RETRY_SEC 10 /* gnome-keyring says nothing when a login unlocks it */
#define BROKEN_SHOWN_MAX 10

struct FelReconcile
{
  FelBroker *broker;
  gboolean started;
  gboolean stopped;
  gboolean running;
  gboolean again; /* something has changed while it ran */
  gboolean complained;
  gboolean waits;   /* for a daemon that is at its end, to take over */
  GPtrArray *queue; /* of FelLedgerEntry: the rest of this pass */
  guint retry_sec;  /* until the next pass */
  guint timer_id;   /* of the next pass, or of the next try to take over */
  GNetworkMonitor *network;
  gulong network_id;
};

static void reconcile_next (FelReconcile *self);

FelReconcile *
fel_reconcile_new (FelBroker *broker)
{
  FelReconcile *self = g_new0 (FelReconcile, 1);

  self->broker = broker;
  return self;
}

void
fel_reconcile_free (FelReconcile *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_signal_handler (&self->network_id, self->network);
  g_clear_pointer (&self->queue, g_ptr_array_unref);
  g_free (self);
}

static gboolean
on_timer (gpointer user_data)
{
  FelReconcile *self = user_data;

  self->timer_id = 0;
  fel_reconcile_start (self);
  return G_SOURCE_REMOVE;
}

static void
reconcile_wait (FelReconcile *self, guint sec)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  if (!self->stopped)
    self->timer_id = g_timeout_add (sec * 1000, on_timer, self);
}

static void
on_network_changed (GNetworkMonitor *network, gboolean available, gpointer user_data)
{
  if (available)
    fel_reconcile_kick (user_data);
}

/* Only while there is something to do: it is one more socket. */
static void
reconcile_watch_network (FelReconcile *self)
{
  if (self->network_id != 0)
    return;
  self->network = g_network_monitor_get_default ();
  self->network_id = g_signal_connect (self->network, "network-changed", G_CALLBACK (on_network_changed), self);
}

static void
reconcile_end_pass (FelReconcile *self)
{
  FelBroker *broker = self->broker;
  guint n = fel_ledger_count_unresolved (broker->ledger, NULL);

  self->running = FALSE;
  g_clear_pointer (&self->queue, g_ptr_array_unref);
  if (n == 0)
    g_clear_signal_handler (&self->network_id, self->network);
  else
    reconcile_wait (self, self->again ? 0 : self->waits ? MIN (self->retry_sec, CLAIM_RETRY_SEC) : self->retry_sec);
  if (--broker->open_requests == 0 && broker->listener.became_idle != NULL)
    broker->listener.became_idle (broker->listener_data);
}

static void
on_settled (FelLedgerEntry *entry, const GError *error, gpointer user_data)
{
  FelReconcile *self = user_data;
  FelBroker *broker = self->broker;

  if (!entry->ended && entry->retry_sec != 0)
    self->retry_sec = MIN (self->retry_sec, entry->retry_sec);
  if (!entry->ended && entry->candidates != NULL && entry->candidates->len > 0 && !entry->shown
      && broker->listener.needs_decision != NULL)
    {
      entry->shown = TRUE;
      broker->listener.needs_decision (entry, broker->listener_data);
    }
  reconcile_next (self);
}

static void
reconcile_next (FelReconcile *self)
{
  while (self->queue->len > 0 && !self->stopped)
    {
      g_autoptr (FelLedgerEntry) entry = g_ptr_array_steal_index (self->queue, self->queue->len - 1);

      if (entry->state == FEL_LEDGER_UNRESOLVED && !entry->ended)
        {
          fel_settle_run (self->broker, entry, FALSE, on_settled, self);
          return;
        }
    }
  reconcile_end_pass (self);
}

static void
on_unlocked (gpointer result, const GError *error, gpointer user_data)
{
  FelReconcile *self = user_data;

  if (error == NULL)
    {
      self->queue = fel_ledger_unresolved (self->broker->ledger);
      reconcile_next (self);
      return;
    }
  if (g_error_matches (error, FEL_ERROR, FEL_ERROR_KEYRING_LOCKED))
    self->retry_sec = LOCKED_RETRY_SEC;
  reconcile_end_pass (self);
}

static void
reconcile_begin_pass (FelReconcile *self)
{
  if (self->stopped || self->running || fel_ledger_count_unresolved (self->broker->ledger, NULL) == 0)
    return;
  reconcile_watch_network (self);
  self->running = TRUE;
  self->again = FALSE;
  self->retry_sec = USUAL_RETRY_SEC;
  self->broker->open_requests++;
  fel_keyring_unlock (self->broker->keyring, FALSE, on_unlocked, self);
}

static void
report_broken (GPtrArray *broken)
{
  g_autofree char *rest = NULL;

  for (guint i = 0; i < MIN (broken->len, BROKEN_SHOWN_MAX); i++)
    {
      g_autofree char *line = g_strdup_printf ("%s: not a record of a mint that this version reads; it was set aside",
                                               (const char *) broken->pdata[i]);

      fel_log_problem (line);
    }
  if (broken->len <= BROKEN_SHOWN_MAX)
    return;
  rest = g_strdup_printf ("%u more such files were set aside", broken->len - BROKEN_SHOWN_MAX);
  fel_log_problem (rest);
}

/* Only when no other daemon can add to them. */
static void
reconcile_take_endings (FelReconcile *self)
{
  g_autoptr (GError) error = NULL;

  if (!fel_endings_take_over (self->broker->endings, &error))
    {
      gboolean broken = g_error_matches (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS);

      if (broken || !self->complained)
        fel_log_problem (error->message);
      self->complained = self->complained || !broken;
      if (!broken)
        reconcile_wait (self, USUAL_RETRY_SEC);
    }
  fel_mirror_apply_endings (self->broker->mirror);
}

void
fel_reconcile_start (FelReconcile *self)
{
  g_autoptr (GPtrArray) broken = NULL;
  g_autoptr (GError) error = NULL;

  self->started = TRUE;
  if (self->stopped)
    return;
  self->waits = FALSE;
  if (!fel_ledger_take_over (self->broker->ledger, &broken, &error))
    {
      /* One that is leaving still has its mints to end. */
      self->waits = g_error_matches (error, FEL_ERROR, FEL_ERROR_CONFLICT);
      if (!self->waits && !self->complained)
        fel_log_problem (error->message);
      self->complained = self->complained || !self->waits;
      reconcile_wait (self, self->waits ? CLAIM_RETRY_SEC : USUAL_RETRY_SEC);
    }
  else
    reconcile_take_endings (self);
  if (broken != NULL)
    report_broken (broken);
  reconcile_begin_pass (self);
}

void
fel_reconcile_kick (FelReconcile *self)
{
  if (self->running)
    self->again = TRUE;
  else if (self->started)
    reconcile_wait (self, 0);
}

void
fel_reconcile_stop (FelReconcile *self)
{
  self->stopped = TRUE;
  g_clear_handle_id (&self->timer_id, g_source_remove);
}
