/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-object.h"

#include "felucca-config.h"
#include "felucca-names.h"

#include "backend-load.h"
#include "message.h"

/* Methods: parse, make the request, start it */

static int
bus_begin (FelBusObject *self, sd_bus_message *message, FelRequest *request, const GError *error, FelBusAnswer answer,
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
request_new (FelBusObject *self, const FelRequestKind *kind)
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
answer_unresolved (sd_bus_message *reply, FelRequest *request)
{
  return fel_message_append_unresolved (reply, request->list);
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
answer_started (sd_bus_message *reply, FelRequest *request)
{
  return sd_bus_message_append (reply, "ss", request->handle, request->url);
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
method_rotate_credential (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  FelRequest *request = request_new (userdata, &fel_request_rotate);
  g_autoptr (GError) error = NULL;

  if (fel_message_read_name (message, "id", FALSE, &request->id, &error))
    read_options (request, message, &error);
  return bus_begin (userdata, message, request, error, answer_credential, ret_error);
}

static int
method_list_unresolved (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  return bus_begin (userdata, message, request_new (userdata, &fel_request_list_unresolved), NULL, answer_unresolved,
                    ret_error);
}

static int
method_resolve_unresolved (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  FelRequest *request = request_new (userdata, &fel_request_resolve_unresolved);
  g_autoptr (GError) error = NULL;

  if (fel_message_read_name (message, "intent", FALSE, &request->intent, &error))
    fel_message_read_name (message, "action", FALSE, &request->action, &error);
  return bus_begin (userdata, message, request, error, answer_nothing, ret_error);
}

static int
method_reset_backend (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  FelRequest *request = request_new (userdata, &fel_request_reset_backend);
  g_autoptr (GError) error = NULL;

  fel_message_read_name (message, "backend", FALSE, &request->backend, &error);
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
method_start_sign_in (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  FelRequest *request = request_new (userdata, &fel_request_start_sign_in);
  g_autoptr (GError) error = NULL;

  fel_message_read_name (message, "backend", TRUE, &request->backend, &error);
  return bus_begin (userdata, message, request, error, answer_started, ret_error);
}

static int
method_finish_sign_in (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  FelRequest *request = request_new (userdata, &fel_request_finish_sign_in);
  g_autoptr (GError) error = NULL;

  fel_message_read_name (message, "handle", FALSE, &request->handle, &error);
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
  return fel_message_append_backends (reply, ((FelBusObject *) userdata)->broker);
}

static int
get_keyring_state (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *ret_error)
{
  FelKeyring *keyring = ((FelBusObject *) userdata)->broker->keyring;

  return sd_bus_message_append (reply, "s", fel_keyring_state_name (fel_keyring_state (keyring)));
}

static int
get_sandbox (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
             void *userdata, sd_bus_error *ret_error)
{
  return fel_message_append_sandbox (reply, ((FelBusObject *) userdata)->broker->sandbox);
}

/* Reads that have to wait: sd-bus wants the value of a property at once, and a backend that nobody has looked at yet takes
 * a while. Such a read becomes a request; its answer is put together here. */

static int
answer_backends (sd_bus_message *reply, FelRequest *request)
{
  int r = sd_bus_message_open_container (reply, 'v', "a{sa{sv}}");

  if (r >= 0)
    r = fel_message_append_backends (reply, request->broker);
  return r < 0 ? r : sd_bus_message_close_container (reply);
}

static int
append_property (sd_bus_message *reply, const char *name, const char *type, sd_bus_property_get_t get,
                 FelBroker *broker)
{
  FelBusObject object = { .broker = broker };
  int r = sd_bus_message_open_container (reply, 'e', "sv");

  if (r >= 0)
    r = sd_bus_message_append (reply, "s", name);
  if (r >= 0)
    r = sd_bus_message_open_container (reply, 'v', type);
  if (r >= 0)
    r = get (NULL, NULL, NULL, NULL, reply, &object, NULL);
  if (r >= 0)
    r = sd_bus_message_close_container (reply);
  return r < 0 ? r : sd_bus_message_close_container (reply);
}

static int
answer_properties (sd_bus_message *reply, FelRequest *request)
{
  int r = sd_bus_message_open_container (reply, 'a', "{sv}");

  if (r >= 0)
    r = append_property (reply, "Version", "s", get_version, request->broker);
  if (r >= 0)
    r = append_property (reply, "Backends", "a{sa{sv}}", get_backends, request->broker);
  if (r >= 0)
    r = append_property (reply, "KeyringState", "s", get_keyring_state, request->broker);
  if (r >= 0)
    r = append_property (reply, "Sandbox", "a{ss}", get_sandbox, request->broker);
  return r < 0 ? r : sd_bus_message_close_container (reply);
}

/* NULL: it is no read of Backends. */
static FelBusAnswer
backends_answer (sd_bus_message *message)
{
  const char *interface = "", *property = "";

  if (sd_bus_message_is_method_call (message, "org.freedesktop.DBus.Properties", "Get") > 0
      && sd_bus_message_read (message, "ss", &interface, &property) > 0
      && g_str_equal (interface, FEL_IFACE_CREDENTIALS) && g_str_equal (property, "Backends"))
    return answer_backends;
  if (sd_bus_message_is_method_call (message, "org.freedesktop.DBus.Properties", "GetAll") > 0
      && sd_bus_message_read (message, "s", &interface) > 0 && g_str_equal (interface, FEL_IFACE_CREDENTIALS))
    return answer_properties;
  return NULL;
}

static int
on_message (sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
  FelBusObject *self = userdata;
  FelBusAnswer answer = backends_answer (message);

  sd_bus_message_rewind (message, 1);
  if (answer == NULL || !fel_backend_any_unknown (self->broker))
    return 0; /* goes on to the tables below */
  return bus_begin (self, message, request_new (self, &fel_request_backends), NULL, answer, ret_error);
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
  SD_BUS_METHOD_WITH_NAMES ("RotateCredential", "sa{sv}", SD_BUS_PARAM (id) SD_BUS_PARAM (options), "a{sv}",
                            SD_BUS_PARAM (credential), method_rotate_credential, SECRET),
  SD_BUS_METHOD_WITH_NAMES ("RevokeCredential", "sa{sv}", SD_BUS_PARAM (id) SD_BUS_PARAM (options), "", ,
                            method_revoke_credential, OPEN),
  SD_BUS_METHOD_WITH_NAMES ("ListUnresolved", "", , "aa{sv}", SD_BUS_PARAM (intents), method_list_unresolved, OPEN),
  SD_BUS_METHOD_WITH_NAMES ("ResolveUnresolved", "ss", SD_BUS_PARAM (intent) SD_BUS_PARAM (action), "", ,
                            method_resolve_unresolved, OPEN),
  SD_BUS_METHOD_WITH_NAMES ("ResetBackend", "s", SD_BUS_PARAM (backend), "", , method_reset_backend, OPEN),
  SD_BUS_PROPERTY ("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("Backends", "a{sa{sv}}", get_backends, 0, 0),
  SD_BUS_PROPERTY ("KeyringState", "s", get_keyring_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Sandbox", "a{ss}", get_sandbox, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_SIGNAL_WITH_NAMES ("CredentialAdded", "a{sv}", SD_BUS_PARAM (credential), 0),
  SD_BUS_SIGNAL_WITH_NAMES ("CredentialChanged", "a{sv}", SD_BUS_PARAM (credential), 0),
  SD_BUS_SIGNAL_WITH_NAMES ("CredentialRemoved", "s", SD_BUS_PARAM (id), 0),
  SD_BUS_SIGNAL_WITH_NAMES ("CredentialExpiring", "sx", SD_BUS_PARAM (id) SD_BUS_PARAM (not_after), 0),
  SD_BUS_SIGNAL_WITH_NAMES ("SignInRequired", "s", SD_BUS_PARAM (backend), 0),
  SD_BUS_VTABLE_END,
};

static const sd_bus_vtable accounts_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD_WITH_NAMES ("SignIn", "sa{sv}", SD_BUS_PARAM (backend) SD_BUS_PARAM (options), "a{sv}",
                            SD_BUS_PARAM (account), method_sign_in, SECRET),
  SD_BUS_METHOD_WITH_NAMES ("StartSignIn", "s", SD_BUS_PARAM (backend), "ss", SD_BUS_PARAM (handle) SD_BUS_PARAM (url),
                            method_start_sign_in, OPEN),
  SD_BUS_METHOD_WITH_NAMES ("FinishSignIn", "s", SD_BUS_PARAM (handle), "a{sv}", SD_BUS_PARAM (account),
                            method_finish_sign_in, OPEN),
  SD_BUS_METHOD_WITH_NAMES ("SignOut", "sa{sv}", SD_BUS_PARAM (backend) SD_BUS_PARAM (options), "", , method_sign_out,
                            OPEN),
  SD_BUS_METHOD_WITH_NAMES ("ListAccounts", "", , "aa{sv}", SD_BUS_PARAM (accounts), method_list_accounts, OPEN),
  SD_BUS_VTABLE_END,
};

int
fel_bus_object_export (FelBusObject *self, sd_bus *bus)
{
  int r = sd_bus_add_object (bus, NULL, FEL_OBJECT_PATH, on_message, self);

  if (r >= 0)
    r = sd_bus_add_object_vtable (bus, NULL, FEL_OBJECT_PATH, FEL_IFACE_CREDENTIALS, credentials_vtable, self);
  return r < 0 ? r : sd_bus_add_object_vtable (bus, NULL, FEL_OBJECT_PATH, FEL_IFACE_ACCOUNTS, accounts_vtable, self);
}
