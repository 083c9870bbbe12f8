/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "message.h"

#include "felucca-names.h"

#include "error.h"
#include "lifetime.h"

/* In */

static gboolean
check_read (int r, GError **error)
{
  if (r >= 0)
    return TRUE;
  g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "the call's arguments cannot be read: %s",
               g_strerror (-r));
  return FALSE;
}

/* A variant of a type that no option has stays unread: the value alone tells that it does not fit. */
static int
read_value (sd_bus_message *message, const char *contents, FelOptionValue *value)
{
  int boolean = 0, r;

  value->type = contents[1] == '\0' ? contents[0] : '?';
  switch (value->type)
    {
    case 's':
      return sd_bus_message_read (message, "v", "s", &value->string);
    case 'b':
      r = sd_bus_message_read (message, "v", "b", &boolean);
      value->boolean = boolean;
      return r;
    case 't':
      return sd_bus_message_read (message, "v", "t", &value->number);
    case 'h':
      return sd_bus_message_read (message, "v", "h", &value->fd);
    default:
      value->type = '?';
      return sd_bus_message_skip (message, "v");
    }
}

static gboolean
read_option (sd_bus_message *message, FelCall call, FelOptions *options, GError **error)
{
  const char *name, *contents;
  FelOptionValue value = { 0 };
  char type;

  return check_read (sd_bus_message_read (message, "s", &name), error)
         && check_read (sd_bus_message_peek_type (message, &type, &contents), error)
         && check_read (read_value (message, contents, &value), error)
         && fel_options_set (options, call, name, &value, error);
}

gboolean
fel_message_read_options (sd_bus_message *message, FelCall call, FelOptions *options, GError **error)
{
  int r;

  if (!check_read (sd_bus_message_enter_container (message, 'a', "{sv}"), error))
    return FALSE;
  while ((r = sd_bus_message_enter_container (message, 'e', "sv")) > 0)
    if (!read_option (message, call, options, error) || !check_read (sd_bus_message_exit_container (message), error))
      return FALSE;
  return check_read (r, error) && check_read (sd_bus_message_exit_container (message), error);
}

gboolean
fel_message_read_name (sd_bus_message *message, const char *what, gboolean may_be_empty, char **ret_name,
                       GError **error)
{
  const char *name;

  if (!check_read (sd_bus_message_read (message, "s", &name), error))
    return FALSE;
  if (!(may_be_empty && *name == '\0') && !fel_name_check (what, name, error))
    return FALSE;
  *ret_name = g_strdup (name);
  return TRUE;
}

/* Out */

static gint64
now_sec (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

static int
append_field (sd_bus_message *message, const FelCredential *credential, const FelCredentialField *field)
{
  const char *string;
  gint64 number;
  gboolean boolean;

  switch (field->type)
    {
    case 's':
      return fel_credential_get_string (credential, field, &string)
                 ? sd_bus_message_append (message, "{sv}", field->key, "s", string)
                 : 0;
    case 'b':
      return fel_credential_get_boolean (credential, field, &boolean)
                 ? sd_bus_message_append (message, "{sv}", field->key, "b", boolean)
                 : 0;
    case 'q':
      return fel_credential_get_number (credential, field, &number)
                 ? sd_bus_message_append (message, "{sv}", field->key, "q", (guint16) number)
                 : 0;
    default:
      return fel_credential_get_number (credential, field, &number)
                 ? sd_bus_message_append (message, "{sv}", field->key, "x", number)
                 : 0;
    }
}

static const char *
credential_state (const FelCredential *credential, gboolean revoking)
{
  if (revoking)
    return "revoking";
  switch (fel_lifetime_judge (credential, now_sec (), NULL))
    {
    case FEL_LIFETIME_EXPIRED:
      return "expired";
    case FEL_LIFETIME_EXPIRING:
      return "expiring";
    default:
      return "active";
    }
}

int
fel_message_append_credential (sd_bus_message *message, const FelCredential *credential, gboolean stored,
                               gboolean revoking, const FelSecret *password)
{
  gsize n;
  const FelCredentialField *fields = fel_credential_fields (&n);
  int r = sd_bus_message_open_container (message, 'a', "{sv}");

  for (gsize i = 0; r >= 0 && i < n; i++)
    if (fields[i].home != FEL_FIELD_OF_OURS && fields[i].home != FEL_FIELD_OF_NOTHING)
      r = append_field (message, credential, &fields[i]);
  if (r >= 0)
    r = sd_bus_message_append (message, "{sv}", FEL_KEY_STORED, "b", stored);
  if (r >= 0 && stored)
    r = sd_bus_message_append (message, "{sv}", FEL_KEY_STATE, "s", credential_state (credential, revoking));
  if (r >= 0 && password != NULL)
    r = sd_bus_message_append (message, "{sv}", FEL_KEY_PASSWORD, "s", password->bytes);
  return r < 0 ? r : sd_bus_message_close_container (message);
}

int
fel_message_append_listed (sd_bus_message *message, GPtrArray *list)
{
  int r = sd_bus_message_open_container (message, 'a', "a{sv}");

  for (guint i = 0; r >= 0 && i < list->len; i++)
    {
      const FelListed *listed = list->pdata[i];

      r = fel_message_append_credential (message, listed->credential, listed->stored, listed->revoking, NULL);
    }
  return r < 0 ? r : sd_bus_message_close_container (message);
}

static int
append_strv (sd_bus_message *message, const char *key, char **strv)
{
  int r = sd_bus_message_open_container (message, 'e', "sv");

  if (r >= 0)
    r = sd_bus_message_append (message, "s", key);
  if (r >= 0)
    r = sd_bus_message_open_container (message, 'v', "as");
  if (r >= 0)
    r = sd_bus_message_append_strv (message, strv);
  if (r >= 0)
    r = sd_bus_message_close_container (message);
  return r < 0 ? r : sd_bus_message_close_container (message);
}

static int
append_candidates (sd_bus_message *message, GPtrArray *candidates)
{
  g_autofree char **strv = g_new0 (char *, candidates->len + 1);

  for (guint i = 0; i < candidates->len; i++)
    strv[i] = candidates->pdata[i];
  return append_strv (message, "candidates", strv);
}

static int
append_unresolved (sd_bus_message *message, const FelLedgerEntry *entry)
{
  const FelIntent *intent = entry->intent;
  const struct
  {
    const char *key;
    const char *value;
  } strings[] = {
    { "intent", intent->uuid },
    { FEL_KEY_BACKEND, intent->backend },
    { FEL_KEY_WORKSPACE, intent->workspace },
    { FEL_KEY_DATABASE, intent->database },
    { FEL_KEY_TENANT_ID, intent->tenant_id },
    { FEL_KEY_STATE, fel_intent_state_name (intent->state) },
    { FEL_KEY_ID, intent->id },
    { "detail", entry->detail },
  };
  int r = sd_bus_message_open_container (message, 'a', "{sv}");

  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (strings); i++)
    if (strings[i].value != NULL)
      r = sd_bus_message_append (message, "{sv}", strings[i].key, "s", strings[i].value);
  if (r >= 0 && intent->internal)
    r = sd_bus_message_append (message, "{sv}", FEL_KEY_INTERNAL, "b", TRUE);
  if (r >= 0)
    r = sd_bus_message_append (message, "{sv}", "since", "x", intent->since_sec);
  if (r >= 0 && entry->candidates != NULL)
    r = append_candidates (message, entry->candidates);
  return r < 0 ? r : sd_bus_message_close_container (message);
}

int
fel_message_append_unresolved (sd_bus_message *message, GPtrArray *entries)
{
  int r = sd_bus_message_open_container (message, 'a', "a{sv}");

  for (guint i = 0; r >= 0 && i < entries->len; i++)
    r = append_unresolved (message, entries->pdata[i]);
  return r < 0 ? r : sd_bus_message_close_container (message);
}

int
fel_message_append_account (sd_bus_message *message, const FelInstance *instance, const FelTokenSlot *slot,
                            const FelToken *token)
{
  const char *account = token != NULL && token->account != NULL ? token->account : slot->account;
  const char *state = fel_token_slot_is_ready (slot, now_sec ()) ? "ready" : "sign-in-required";
  int r = sd_bus_message_open_container (message, 'a', "{sv}");

  if (r >= 0)
    r = sd_bus_message_append (message, "{sv}", FEL_KEY_BACKEND, "s", instance->name);
  if (r >= 0 && account != NULL)
    r = sd_bus_message_append (message, "{sv}", "account", "s", account);
  if (r >= 0)
    r = sd_bus_message_append (message, "{sv}", FEL_KEY_STATE, "s", state);
  if (r >= 0 && token != NULL && token->expires_sec != 0)
    r = sd_bus_message_append (message, "{sv}", "expires", "x", token->expires_sec);
  if (r >= 0 && token != NULL && token->workspaces != NULL && *token->workspaces != NULL)
    r = append_strv (message, "workspaces", token->workspaces);
  return r < 0 ? r : sd_bus_message_close_container (message);
}

/* The instance's state, and what to say about it. */
static const char *
backend_state (FelBroker *broker, const FelInstance *instance, char **ret_detail)
{
  if (instance->failure != NULL)
    {
      *ret_detail = g_strdup (instance->failure);
      return "failed";
    }
  if ((instance->backend.flags & FEL_BACKEND_NEEDS_TOKEN) == 0
      || fel_token_slot_is_ready (fel_token_cache_slot (broker->token_cache, instance->name), now_sec ()))
    return "ready";
  *ret_detail = g_strdup_printf ("run `felucca sign-in %s`", instance->name);
  return "sign-in-required";
}

static int
append_backend (sd_bus_message *message, FelBroker *broker, FelInstance *instance)
{
  g_autofree char *detail = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) capabilities = NULL;
  const char *state;
  int r;

  for (FelVerbKind verb = FEL_VERB_MINT; verb <= FEL_VERB_EXCHANGE; verb++)
    if (fel_backend_has (instance, verb))
      g_strv_builder_add (builder, fel_verb_name (verb));
  capabilities = g_strv_builder_end (builder);
  state = backend_state (broker, instance, &detail);

  r = sd_bus_message_open_container (message, 'a', "{sv}");
  if (r >= 0 && instance->config->module != NULL)
    r = sd_bus_message_append (message, "{sv}", "module", "s", instance->config->module);
  if (r >= 0 && instance->backend.description != NULL)
    r = sd_bus_message_append (message, "{sv}", "description", "s", instance->backend.description);
  if (r >= 0 && instance->backend.version != NULL)
    r = sd_bus_message_append (message, "{sv}", "version", "s", instance->backend.version);
  if (r >= 0)
    r = append_strv (message, "capabilities", capabilities);
  if (r >= 0)
    r = sd_bus_message_append (message, "{sv}", FEL_KEY_STATE, "s", state);
  if (r >= 0 && detail != NULL)
    r = sd_bus_message_append (message, "{sv}", "detail", "s", detail);
  return r < 0 ? r : sd_bus_message_close_container (message);
}

int
fel_message_append_backends (sd_bus_message *message, FelBroker *broker)
{
  int r = sd_bus_message_open_container (message, 'a', "{sa{sv}}");

  for (guint i = 0; r >= 0 && i < fel_registry_size (broker->registry); i++)
    {
      FelInstance *instance = fel_registry_nth (broker->registry, i);

      r = sd_bus_message_open_container (message, 'e', "sa{sv}");
      if (r >= 0)
        r = sd_bus_message_append (message, "s", instance->name);
      if (r >= 0)
        r = append_backend (message, broker, instance);
      if (r >= 0)
        r = sd_bus_message_close_container (message);
    }
  return r < 0 ? r : sd_bus_message_close_container (message);
}

int
fel_message_append_sandbox (sd_bus_message *message, const FelSandbox *sandbox)
{
  int r = sd_bus_message_open_container (message, 'a', "{ss}");

  for (gsize i = 0; sandbox != NULL && r >= 0 && i < sandbox->n_parts; i++)
    r = sd_bus_message_append (message, "{ss}", sandbox->parts[i].name, sandbox->parts[i].missing ?: "on");
  return r < 0 ? r : sd_bus_message_close_container (message);
}
