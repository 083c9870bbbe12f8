/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus.h"

#include <stdlib.h>

#include <systemd/sd-daemon.h>

#include "felucca-config.h"
#include "felucca-names.h"

#include "bus-call.h"
#include "bus-source.h"
#include "error.h"
#include "log.h"
#include "message.h"

struct FelBus
{
  FelBroker *broker;
  sd_bus *bus;
  GSource *source;
  FelBusCalls *calls;
  FelBusEnded ended;
  gpointer user_data;
  guint idle_id;
  gint64 last_call_usec; /* monotonic; when the last one came or ended */
  gboolean asked_for_name;
  gboolean leaving;  /* the name is being given back, or was */
  gboolean released; /* nothing new can come in under the name */
  gboolean lost;     /* the connection is broken: nobody can be answered */
  int status;        /* to end with */
};

/* Methods: parse, make the request, start it */

static int
bus_begin (FelBus *self, sd_bus_message *message, FelRequest *request, const GError *error, FelBusAnswer answer,
           sd_bus_error *ret_error)
{
  self->last_call_usec = g_get_monotonic_time ();
  if (error == NULL)
    return fel_bus_calls_begin (self->calls, message, request, answer, ret_error);
  fel_request_log_refusal (request, NULL, error);
  fel_request_unref (request);
  return fel_bus_fail (ret_error, error);
}

static FelRequest *
request_new (FelBus *self, const FelRequestKind *kind)
{
  return fel_request_new (self->broker, kind, fel_options_new ());
}

static gboolean
read_options (FelRequest *request, sd_bus_message *message, GError **error)
{
  return fel_message_read_options (message, request->kind->call, request->options, error);
}

static int
answer_credential (sd_bus_message *reply, FelRequest *request)
{
  /* With secret-fd the password has gone there. */
  const FelSecret *password = request->options->secret_fd < 0 ? request->secret : NULL;

  return fel_message_append_credential (reply, request->credential, TRUE, FALSE, password);
}

static int
answer_list (sd_bus_message *reply, FelRequest *request)
{
  return fel_message_append_listed (reply, request->list);
}

static int
answer_nothing (sd_bus_message *reply, FelRequest *request)
{
  return 0;
}

static int
answer_account (sd_bus_message *reply, FelRequest *request)
{
  FelTokenSlot *slot = fel_token_cache_slot (request->broker->token_cache, request->instance->name);

  return fel_message_append_account (reply, request->instance, slot, request->token);
}

static int
answer_accounts (sd_bus_message *reply, FelRequest *request)
{
  int r = sd_bus_message_open_container (reply, 'a', "a{sv}");

  for (guint i = 0; r >= 0 && i < request->list->len; i++)
    {
      const FelInstance *instance = request->list->pdata[i];
      FelTokenSlot *slot = fel_token_cache_slot (request->broker->token_cache, instance->name);

      if (slot->path != NULL)
        r = fel_message_append_account (reply, instance, slot, slot->token);
    }
  return r < 0 ? r : sd_bus_message_close_container (reply);
}

static int
method_create_credential (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  FelRequest *request = request_new (userdata, &fel_request_create);
  g_autoptr (GError) error = NULL;

  if (fel_message_read_name (message, "workspace", FALSE, &request->workspace, &error)
      && fel_message_read_name (message, "database", FALSE, &request->database, &error))
    read_options (request, message, &error);
  return bus_begin (userdata, message, request, error, answer_credential, ret_error);
}

static int
method_get_credential (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  FelRequest *request = request_new (userdata, &fel_request_get);
  g_autoptr (GError) error = NULL;

  /* Empty names are for a call by id; which one it is, is known when the options are read. */
  if (fel_message_read_name (message, "workspace", TRUE, &request->workspace, &error)
      && fel_message_read_name (message, "database", TRUE, &request->database, &error)
      && read_options (request, message, &error) && request->options->id == NULL
      && fel_name_check ("workspace", request->workspace, &error))
    fel_name_check ("database", request->database, &error);
  return bus_begin (userdata, message, request, error, answer_credential, ret_error);
}

static int
method_list_credentials (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  FelRequest *request = request_new (userdata, &fel_request_list);
  g_autoptr (GError) error = NULL;

  read_options (request, message, &error);
  return bus_begin (userdata, message, request, error, answer_list, ret_error);
}

static int
method_revoke_credential (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  FelRequest *request = request_new (userdata, &fel_request_revoke);
  g_autoptr (GError) error = NULL;

  if (fel_message_read_name (message, "id", FALSE, &request->id, &error))
    read_options (request, message, &error);
  return bus_begin (userdata, message, request, error, answer_nothing, ret_error);
}

static int
method_sign_in (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  FelRequest *request = request_new (userdata, &fel_request_sign_in);
  g_autoptr (GError) error = NULL;

  if (fel_message_read_name (message, "backend", TRUE, &request->backend, &error))
    read_options (request, message, &error);
  return bus_begin (userdata, message, request, error, answer_account, ret_error);
}

static int
method_sign_out (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  FelRequest *request = request_new (userdata, &fel_request_sign_out);
  g_autoptr (GError) error = NULL;

  if (fel_message_read_name (message, "backend", TRUE, &request->backend, &error))
    read_options (request, message, &error);
  return bus_begin (userdata, message, request, error, answer_nothing, ret_error);
}

static int
method_list_accounts (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  return bus_begin (userdata, message, request_new (userdata, &fel_request_list_accounts), NULL, answer_accounts,
                    ret_error);
}

/* Properties */

static int
get_version (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
             void *userdata, sd_bus_error *ret_error)
{
  return sd_bus_message_append (reply, "s", FEL_VERSION);
}

static int
get_backends (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
              void *userdata, sd_bus_error *ret_error)
{
  return fel_message_append_backends (reply, ((FelBus *) userdata)->broker);
}

static int
get_keyring_state (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *ret_error)
{
  FelKeyring *keyring = ((FelBus *) userdata)->broker->keyring;

  return sd_bus_message_append (reply, "s", fel_keyring_state_name (fel_keyring_state (keyring)));
}

/* Calls that carry a password or a token have their messages erased. UNPRIVILEGED on all: the caller's uid is checked
 * for each connection in caller.c; sd-bus would ask the bus, blocking, for each call. */
#define OPEN SD_BUS_VTABLE_UNPRIVILEGED
#define SECRET (SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE)

static const sd_bus_vtable credentials_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD_WITH_NAMES ("CreateCredential", "ssa{sv}",
                            SD_BUS_PARAM (workspace) SD_BUS_PARAM (database) SD_BUS_PARAM (options), "a{sv}",
                            SD_BUS_PARAM (credential), method_create_credential, SECRET),
  SD_BUS_METHOD_WITH_NAMES ("GetCredential", "ssa{sv}",
                            SD_BUS_PARAM (workspace) SD_BUS_PARAM (database) SD_BUS_PARAM (options), "a{sv}",
                            SD_BUS_PARAM (credential), method_get_credential, SECRET),
  SD_BUS_METHOD_WITH_NAMES ("ListCredentials", "a{sv}", SD_BUS_PARAM (filter), "aa{sv}", SD_BUS_PARAM (credentials),
                            method_list_credentials, OPEN),
  SD_BUS_METHOD_WITH_NAMES ("RevokeCredential", "sa{sv}", SD_BUS_PARAM (id) SD_BUS_PARAM (options), "", ,
                            method_revoke_credential, OPEN),
  SD_BUS_PROPERTY ("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("Backends", "a{sa{sv}}", get_backends, 0, 0),
  SD_BUS_PROPERTY ("KeyringState", "s", get_keyring_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_SIGNAL_WITH_NAMES ("CredentialAdded", "a{sv}", SD_BUS_PARAM (credential), 0),
  SD_BUS_SIGNAL_WITH_NAMES ("CredentialChanged", "a{sv}", SD_BUS_PARAM (credential), 0),
  SD_BUS_SIGNAL_WITH_NAMES ("CredentialRemoved", "s", SD_BUS_PARAM (id), 0),
  SD_BUS_SIGNAL_WITH_NAMES ("SignInRequired", "s", SD_BUS_PARAM (backend), 0),
  SD_BUS_VTABLE_END,
};

static const sd_bus_vtable accounts_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD_WITH_NAMES ("SignIn", "sa{sv}", SD_BUS_PARAM (backend) SD_BUS_PARAM (options), "a{sv}",
                            SD_BUS_PARAM (account), method_sign_in, SECRET),
  SD_BUS_METHOD_WITH_NAMES ("SignOut", "sa{sv}", SD_BUS_PARAM (backend) SD_BUS_PARAM (options), "", , method_sign_out,
                            OPEN),
  SD_BUS_METHOD_WITH_NAMES ("ListAccounts", "", , "aa{sv}", SD_BUS_PARAM (accounts), method_list_accounts, OPEN),
  SD_BUS_VTABLE_END,
};

/* Signals */

static void
on_credential_event (FelCatalogEvent event, FelCredential *credential, gpointer user_data)
{
  static const char *const names[] = {
    [FEL_CATALOG_ADDED] = "CredentialAdded",
    [FEL_CATALOG_CHANGED] = "CredentialChanged",
    [FEL_CATALOG_REMOVED] = "CredentialRemoved",
  };
  FelBus *self = user_data;
  sd_bus_message *signal = NULL;
  int r = sd_bus_message_new_signal (self->bus, &signal, FEL_OBJECT_PATH, FEL_IFACE_CREDENTIALS, names[event]);

  if (r >= 0 && event == FEL_CATALOG_REMOVED)
    r = sd_bus_message_append (signal, "s", credential->id);
  else if (r >= 0)
    r = fel_message_append_credential (signal, credential, TRUE, FALSE, NULL);
  if (r >= 0)
    sd_bus_message_send (signal);
  sd_bus_message_unref (signal);
}

static void
on_keyring_changed (gpointer user_data)
{
  sd_bus_emit_properties_changed (((FelBus *) user_data)->bus, FEL_OBJECT_PATH, FEL_IFACE_CREDENTIALS, "KeyringState",
                                  NULL);
}

static void
on_sign_in_required (const char *backend, gpointer user_data)
{
  sd_bus_emit_signal (((FelBus *) user_data)->bus, FEL_OBJECT_PATH, FEL_IFACE_CREDENTIALS, "SignInRequired", "s",
                      backend);
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
  if (self->released && self->broker->open_requests == 0 && (self->lost || fel_bus_calls_open (self->calls) == 0))
    bus_end (self, self->status);
}

static void bus_watch_idle (FelBus *self, gint64 wait_usec);

static gboolean
on_idle_check (gpointer user_data)
{
  FelBus *self = user_data;
  gint64 timeout_usec = (gint64) self->broker->config->idle_timeout_sec * G_USEC_PER_SEC;
  gint64 rested_usec = g_get_monotonic_time () - self->last_call_usec;

  self->idle_id = 0;
  if (self->broker->open_requests > 0 || fel_bus_calls_open (self->calls) > 0)
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

static void
on_became_idle (gpointer user_data)
{
  FelBus *self = user_data;

  self->last_call_usec = g_get_monotonic_time ();
  bus_end_when_drained (self);
}

static void
on_lost (int r, gpointer user_data)
{
  FelBus *self = user_data;

  fel_log_problem ("the session bus is gone");
  self->leaving = self->released = self->lost = TRUE;
  self->status = EXIT_FAILURE;
  bus_end_when_drained (self);
}

static void
on_calls_empty (gpointer user_data)
{
  bus_end_when_drained (user_data);
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
  sd_notify (0, "READY=1");
  self->last_call_usec = g_get_monotonic_time ();
  bus_watch_idle (self, (gint64) self->broker->config->idle_timeout_sec * G_USEC_PER_SEC);
  return 1;
}

void
fel_bus_acquire_name (FelBus *self)
{
  if (self->asked_for_name || self->leaving)
    return;
  self->asked_for_name = TRUE;
  if (sd_bus_request_name_async (self->bus, NULL, FEL_BUS_NAME, 0, on_name, self) < 0)
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
  sd_notify (0, "STOPPING=1");
  if (sd_bus_release_name_async (self->bus, NULL, FEL_BUS_NAME, on_released, self) < 0)
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

FelBus *
fel_bus_new (FelBroker *broker, FelBusEnded ended, gpointer user_data, GError **error)
{
  g_autoptr (FelBus) self = g_new0 (FelBus, 1);

  self->broker = broker;
  self->ended = ended;
  self->user_data = user_data;
  if (!check (sd_bus_open_user_with_description (&self->bus, "felucca"), "the session bus cannot be reached", error)
      || !check (sd_bus_add_object_vtable (self->bus, NULL, FEL_OBJECT_PATH, FEL_IFACE_CREDENTIALS, credentials_vtable,
                                           self),
                 FEL_IFACE_CREDENTIALS, error)
      || !check (sd_bus_add_object_vtable (self->bus, NULL, FEL_OBJECT_PATH, FEL_IFACE_ACCOUNTS, accounts_vtable, self),
                 FEL_IFACE_ACCOUNTS, error))
    return NULL;
  self->calls = fel_bus_calls_new (self->bus, on_calls_empty, self);
  self->source = fel_bus_source_new (self->bus, on_lost, self);
  g_source_attach (self->source, NULL);
  broker->listener = (FelBrokerListener){
    .credential_event = on_credential_event,
    .keyring_changed = on_keyring_changed,
    .sign_in_required = on_sign_in_required,
    .became_idle = on_became_idle,
  };
  broker->listener_data = self;
  return g_steal_pointer (&self);
}

void
fel_bus_free (FelBus *self)
{
  if (self == NULL)
    return;
  self->broker->listener = (FelBrokerListener){ 0 };
  g_clear_handle_id (&self->idle_id, g_source_remove);
  fel_bus_calls_free (self->calls);
  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_source_unref (self->source);
    }
  sd_bus_flush_close_unref (self->bus);
  g_free (self);
}
