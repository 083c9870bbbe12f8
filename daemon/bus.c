/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus.h"

#include <malloc.h>
#include <stdlib.h>
#include <sysexits.h>

#include <systemd/sd-daemon.h>

#include "felucca-names.h"

#include "bus-object.h"
#include "bus-source.h"
#include "error.h"
#include "expiry.h"
#include "fork-guard.h"
#include "log.h"
#include "message.h"
#include "peers.h"
#include "reconcile.h"

#define TIDY_SEC 20 /* after a call; the threads of pools have left by then */
#define MARKS_SEC 1 /* at least, between two looks at the files of the user after calls */

struct FelBus
{
  FelBroker *broker;
  sd_bus *bus; /* NULL: there is none, only peers */
  GSource *source;
  FelPeers *peers;
  FelBusObject object;
  FelBusEnded ended;
  gpointer user_data;
  guint idle_id;
  guint tidy_id;        /* 0: nothing was done since the last time */
  gint64 marks_usec;    /* when they were looked at; monotonic */
  const char *outdated; /* a file of the user's that is not the one that we may read, of the marks; NULL: none */
  gboolean asked_for_name;
  gboolean leaving;  /* the name is being given back, or was */
  gboolean released; /* nothing new can come in under the name */
  gboolean lost;     /* the connection is broken: nobody can be answered */
  int status;        /* to end with */
};

/* Signals: to the bus, and to each peer */

typedef struct
{
  const char *member;
  const FelCredential *credential;
  const char *backend;
} Signal;

static void
bus_each (FelBus *self, FelPeersVisit visit, gpointer data)
{
  if (self->bus != NULL && self->asked_for_name) /* before, nobody there can know us */
    visit (self->bus, data);
  fel_peers_each (self->peers, visit, data);
}

static void
send_credential (sd_bus *bus, gpointer data)
{
  const Signal *what = data;
  sd_bus_message *signal = NULL;
  int r = sd_bus_message_new_signal (bus, &signal, FEL_OBJECT_PATH, FEL_IFACE_CREDENTIALS, what->member);

  if (r >= 0)
    r = fel_message_append_credential (signal, what->credential, TRUE, FALSE, NULL);
  if (r >= 0)
    sd_bus_send (bus, signal, NULL);
  sd_bus_message_unref (signal);
}

static void
send_removed (sd_bus *bus, gpointer data)
{
  sd_bus_emit_signal (bus, FEL_OBJECT_PATH, FEL_IFACE_CREDENTIALS, "CredentialRemoved", "s",
                      ((const Signal *) data)->credential->id);
}

static void
send_expiring (sd_bus *bus, gpointer data)
{
  const FelCredential *credential = ((const Signal *) data)->credential;

  sd_bus_emit_signal (bus, FEL_OBJECT_PATH, FEL_IFACE_CREDENTIALS, "CredentialExpiring", "sx", credential->id,
                      credential->not_after_sec);
}

static void
send_sign_in_required (sd_bus *bus, gpointer data)
{
  sd_bus_emit_signal (bus, FEL_OBJECT_PATH, FEL_IFACE_CREDENTIALS, "SignInRequired", "s",
                      ((const Signal *) data)->backend);
}

static void
send_keyring_state (sd_bus *bus, gpointer data)
{
  sd_bus_emit_properties_changed (bus, FEL_OBJECT_PATH, FEL_IFACE_CREDENTIALS, "KeyringState", NULL);
}

static void
on_credential_event (FelCatalogEvent event, FelCredential *credential, gpointer user_data)
{
  static const struct
  {
    const char *member;
    FelPeersVisit send;
  } signals[] = {
    [FEL_CATALOG_ADDED] = { "CredentialAdded", send_credential },
    [FEL_CATALOG_CHANGED] = { "CredentialChanged", send_credential },
    [FEL_CATALOG_REMOVED] = { "CredentialRemoved", send_removed },
  };
  Signal what = { .member = signals[event].member, .credential = credential };

  bus_each (user_data, signals[event].send, &what);
}

static void
on_keyring_changed (gpointer user_data)
{
  bus_each (user_data, send_keyring_state, NULL);
}

static void
on_credential_expiring (const FelCredential *credential, gpointer user_data)
{
  Signal what = { .credential = credential };

  bus_each (user_data, send_expiring, &what);
}

static void
on_sign_in_required (const char *backend, gpointer user_data)
{
  Signal what = { .backend = backend };

  bus_each (user_data, send_sign_in_required, &what);
}

/* Desktop Notifications Specification 1.2, org.freedesktop.Notifications.Notify. Where nobody shows it, `felucca status`
 * says the same. */
static void
on_needs_decision (const FelLedgerEntry *entry, gpointer user_data)
{
  FelBus *self = user_data;
  g_autofree char *body = g_strdup_printf (
      "What came of a mint for %s/%s is not known. Run `felucca unresolved` to see what lives there.",
      entry->intent->workspace, entry->intent->database);

  if (self->bus == NULL)
    return;
  sd_bus_call_method_async (self->bus, NULL, "org.freedesktop.Notifications", "/org/freedesktop/Notifications",
                            "org.freedesktop.Notifications", "Notify", NULL, NULL, "susssasa{sv}i", "felucca", 0,
                            "dialog-password", "A database credential needs your decision", body, 0, 0, -1);
}

/* Coming and going */

static void
bus_end (FelBus *self, int status)
{
  FelBusEnded ended = g_steal_pointer (&self->ended);

  if (ended != NULL)
    ended (status, self->user_data);
}

static void
bus_end_when_drained (FelBus *self)
{
  if (self->released && self->broker->open_requests == 0 && fel_peers_count (self->peers) == 0
      && (self->lost || fel_bus_calls_open (self->object.calls) == 0))
    bus_end (self, self->status);
}

static void bus_watch_idle (FelBus *self, gint64 wait_usec);

/* Somebody has to be there later, also if nobody calls. */
static gboolean
bus_is_needed (const FelBus *self)
{
  return fel_ledger_count_unresolved (self->broker->ledger, NULL) > 0 || fel_expiry_is_waiting (self->broker->expiry);
}

/* FALSE: it would not come back when it is needed. */
static gboolean
bus_hand_over (FelBus *self)
{
  gboolean is_needed = bus_is_needed (self);
  g_autofree char *sentence = NULL;

  if (is_needed && g_getenv ("NOTIFY_SOCKET") == NULL)
    return FALSE;
  if (is_needed)
    self->status = EX_TEMPFAIL; /* felucca.service starts the next one at once */
  sentence = g_strdup_printf ("%s was made or replaced after the start: leaving, for a daemon that may read it",
                              self->outdated);
  fel_log_notice (sentence);
  fel_bus_leave (self);
  return TRUE;
}

static gboolean
on_idle_check (gpointer user_data)
{
  FelBus *self = user_data;
  gint64 timeout_usec = (gint64) self->broker->config->idle_timeout_sec * G_USEC_PER_SEC;
  gint64 rested_usec = g_get_monotonic_time () - self->object.last_call_usec;

  self->idle_id = 0;
  if (self->broker->open_requests > 0 || fel_bus_calls_open (self->object.calls) > 0
      || fel_sign_ins_count (self->broker->sign_ins) > 0)
    bus_watch_idle (self, timeout_usec);
  else if (self->outdated != NULL && bus_hand_over (self))
    return G_SOURCE_REMOVE;
  else if (bus_is_needed (self))
    bus_watch_idle (self, timeout_usec);
  else if (rested_usec < timeout_usec)
    bus_watch_idle (self, timeout_usec - rested_usec);
  else
    fel_bus_leave (self);
  return G_SOURCE_REMOVE;
}

/* One timer for as long as we live, not one for each call. */
static void
bus_watch_idle (FelBus *self, gint64 wait_usec)
{
  if (wait_usec > 0)
    self->idle_id = g_timeout_add ((guint) MIN (wait_usec / 1000 + 1, G_MAXUINT), on_idle_check, self);
}

/* The next call starts a daemon that sees what is there now; this one never will. */
static void
bus_look_at_files (FelBus *self, gint64 now_usec)
{
  self->marks_usec = now_usec;
  if (self->outdated == NULL)
    self->outdated = fel_file_marks_find_changed (self->broker->file_marks);
  if (self->outdated == NULL || self->idle_id == 0)
    return;
  g_source_remove (self->idle_id);
  bus_watch_idle (self, 1);
}

/* What was needed for the calls goes back to the system: once after them, not while there are some. */
static gboolean
on_tidy (gpointer user_data)
{
  FelBus *self = user_data;

  if (self->broker->open_requests > 0
      || g_get_monotonic_time () - self->object.last_call_usec < (TIDY_SEC - 1) * G_USEC_PER_SEC)
    return G_SOURCE_CONTINUE;
  malloc_trim (0);
  self->tidy_id = 0;
  bus_look_at_files (self, g_get_monotonic_time ());
  return G_SOURCE_REMOVE;
}

static void
on_became_idle (gpointer user_data)
{
  FelBus *self = user_data;

  if (self->tidy_id == 0)
    self->tidy_id = g_timeout_add_seconds (TIDY_SEC, on_tidy, self);

  self->object.last_call_usec = g_get_monotonic_time ();
  if (self->object.last_call_usec - self->marks_usec >= MARKS_SEC * G_USEC_PER_SEC)
    bus_look_at_files (self, self->object.last_call_usec);
  bus_end_when_drained (self);
}

static void
on_lost (int r, gpointer user_data)
{
  FelBus *self = user_data;

  fel_log_problem ("the session bus is gone");
  self->leaving = self->released = self->lost = TRUE;
  self->status = EXIT_FAILURE;
  fel_sign_ins_stop (self->broker->sign_ins);
  fel_peers_leave (self->peers);
  bus_end_when_drained (self);
}

static void
on_empty (gpointer user_data)
{
  bus_end_when_drained (user_data);
}

/* Without the socket, the session bus goes on. */
static void
bus_serve_peers (FelBus *self)
{
  g_autoptr (GError) error = NULL;
  FelPeerSocket *socket = fel_peer_socket_open (&error);

  if (socket != NULL)
    fel_peers_serve (self->peers, socket);
  else if (error != NULL)
    fel_log_problem (error->message);
}

/* We are the one. */
static void
bus_serve (FelBus *self)
{
  bus_serve_peers (self);
  sd_notify (0, "READY=1");
  fel_reconcile_start (self->broker->reconcile);
  fel_expiry_start (self->broker->expiry);
  self->object.last_call_usec = g_get_monotonic_time ();
  bus_watch_idle (self, (gint64) self->broker->config->idle_timeout_sec * G_USEC_PER_SEC);
}

static int
on_name (sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
  FelBus *self = userdata;
  guint32 outcome = 0;

  if (sd_bus_message_is_method_error (reply, NULL) || sd_bus_message_read (reply, "u", &outcome) < 0 || outcome != 1)
    {
      fel_log_problem ("another " FEL_BUS_NAME " runs on this bus: leaving");
      bus_end (self, EXIT_FAILURE);
      return 1;
    }
  if (!self->leaving)
    bus_serve (self);
  return 1;
}

void
fel_bus_acquire_name (FelBus *self)
{
  if (self->asked_for_name || self->leaving)
    return;
  self->asked_for_name = TRUE;
  if (self->bus == NULL)
    bus_serve (self);
  else if (sd_bus_request_name_async (self->bus, NULL, FEL_BUS_NAME, 0, on_name, self) < 0)
    bus_end (self, EXIT_FAILURE);
}

/* The bus sends this after everything that it has sent us under the name: what is to be answered is known now. */
static int
on_released (sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
  FelBus *self = userdata;

  self->released = TRUE;
  bus_end_when_drained (self);
  return 1;
}

void
fel_bus_leave (FelBus *self)
{
  if (self->leaving)
    return;
  self->leaving = TRUE;
  g_clear_handle_id (&self->idle_id, g_source_remove);
  fel_reconcile_stop (self->broker->reconcile);
  fel_expiry_stop (self->broker->expiry);
  fel_sign_ins_stop (self->broker->sign_ins);
  sd_notify (0, "STOPPING=1");
  fel_peers_leave (self->peers);
  if (self->bus == NULL)
    {
      self->released = TRUE;
      bus_end_when_drained (self);
    }
  else if (sd_bus_release_name_async (self->bus, NULL, FEL_BUS_NAME, on_released, self) < 0)
    bus_end (self, EXIT_FAILURE);
}

static gboolean
check (int r, const char *doing, GError **error)
{
  if (r >= 0)
    return TRUE;
  g_set_error (error, FEL_ERROR, FEL_ERROR_INTERNAL, "%s: %s", doing, g_strerror (-r));
  return FALSE;
}

/* Without a session bus the private socket is enough, when systemd has made it: systemd sees to it that we are alone. */
static gboolean
bus_connect (FelBus *self, GError **error)
{
  int r = sd_bus_open_user_with_description (&self->bus, "felucca");

  if (r < 0 && fel_peer_socket_is_passed ())
    {
      fel_log_problem ("there is no session bus: only the private socket is served");
      return TRUE;
    }
  if (!check (r, "the session bus cannot be reached", error)
      || !check (fel_bus_object_export (&self->object, self->bus), FEL_OBJECT_PATH, error))
    return FALSE;
  fel_fork_guard_add (sd_bus_get_fd (self->bus));
  self->source = fel_bus_source_new (self->bus, on_lost, self);
  g_source_attach (self->source, NULL);
  return TRUE;
}

FelBus *
fel_bus_new (FelBroker *broker, FelBusEnded ended, gpointer user_data, GError **error)
{
  FelBus *self = g_new0 (FelBus, 1);

  self->broker = broker;
  self->ended = ended;
  self->user_data = user_data;
  self->object.broker = broker;
  self->peers = fel_peers_new (&self->object, on_empty, self);
  if (!bus_connect (self, error))
    {
      fel_bus_free (self);
      return NULL;
    }
  self->object.calls = fel_bus_calls_new (self->bus, on_empty, self);
  broker->listener = (FelBrokerListener){
    .credential_event = on_credential_event,
    .keyring_changed = on_keyring_changed,
    .credential_expiring = on_credential_expiring,
    .sign_in_required = on_sign_in_required,
    .needs_decision = on_needs_decision,
    .became_idle = on_became_idle,
  };
  broker->listener_data = self;
  return self;
}

void
fel_bus_free (FelBus *self)
{
  if (self == NULL)
    return;
  self->broker->listener = (FelBrokerListener){ 0 };
  g_clear_handle_id (&self->idle_id, g_source_remove);
  g_clear_handle_id (&self->tidy_id, g_source_remove);
  fel_peers_free (self->peers);
  fel_bus_calls_free (self->object.calls);
  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_source_unref (self->source);
    }
  if (self->bus != NULL)
    fel_fork_guard_remove (sd_bus_get_fd (self->bus));
  sd_bus_flush_close_unref (self->bus);
  g_free (self);
}
