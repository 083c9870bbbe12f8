/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keyring-private.h"

#include "error.h"

#define SECRETS_PATH "/org/freedesktop/secrets"
#define SESSION_COLLECTION SECRETS_PATH "/collection/session"
#define SEEN_USEC G_USEC_PER_SEC
#define LOOK_USEC (10 * G_USEC_PER_SEC) /* so long, a service that has just come is looked at again */

static void keyring_check_lock (FelKeyring *self, FelKeyringOp *op);
static void keyring_item_deleted (FelKeyring *self, const char *path);
static void on_looked (gpointer result, const GError *error, gpointer user_data);

FelKeyring *
fel_keyring_new (const FelKeyringListener *listener, gpointer user_data)
{
  FelKeyring *self = g_new0 (FelKeyring, 1);

  g_ref_count_init (&self->refs);
  self->listener = *listener;
  self->user_data = user_data;
  self->open_waiters = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_keyring_op_unref);
  self->prompt_waiters = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_keyring_op_unref);
  self->stores = g_ptr_array_new ();
  return self;
}

FelKeyring *
fel_keyring_ref (FelKeyring *self)
{
  g_ref_count_inc (&self->refs);
  return self;
}

static void
keyring_tell_stale (FelKeyring *self, const char *path)
{
  if (!self->closed)
    self->listener.secret_stale (path, self->user_data);
}

static void
keyring_drop_collection (FelKeyring *self)
{
  self->seen_usec = 0;
  if (self->collection != NULL)
    keyring_tell_stale (self, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (self->subscriptions); i++)
    if (self->subscriptions[i] != 0)
      g_dbus_connection_signal_unsubscribe (self->connection, self->subscriptions[i]);
  memset (self->subscriptions, 0, sizeof self->subscriptions);
  g_clear_pointer (&self->collection, g_free);
}

static void
keyring_unwatch (FelKeyring *self)
{
  g_clear_handle_id (&self->look_id, g_source_remove);
  g_clear_handle_id (&self->name_watch, g_bus_unwatch_name);
  if (self->created_subscription != 0)
    g_dbus_connection_signal_unsubscribe (self->connection, self->created_subscription);
  self->created_subscription = 0;
}

void
fel_keyring_unref (FelKeyring *self)
{
  if (!g_ref_count_dec (&self->refs))
    return;
  keyring_drop_collection (self);
  keyring_unwatch (self);
  g_clear_pointer (&self->said_deleted, g_ptr_array_unref);
  g_clear_object (&self->service);
  g_clear_object (&self->connection);
  g_ptr_array_unref (self->open_waiters);
  g_ptr_array_unref (self->prompt_waiters);
  g_ptr_array_unref (self->stores);
  g_free (self);
}

void
fel_keyring_close (FelKeyring *self)
{
  if (self == NULL)
    return;
  self->closed = TRUE;
  keyring_unwatch (self);
  keyring_drop_collection (self);
  fel_keyring_unref (self);
}

gboolean
fel_keyring_has_item_path (const FelKeyring *self, const char *path)
{
  gsize len = strlen (self->collection);

  return strncmp (path, self->collection, len) == 0 && path[len] == '/';
}

FelKeyringState
fel_keyring_state (const FelKeyring *self)
{
  return self->state;
}

gboolean
fel_keyring_was_seen_unlocked (const FelKeyring *self, gint64 now_usec)
{
  return self->state == FEL_KEYRING_UNLOCKED && self->seen_usec != 0 && now_usec - self->seen_usec < SEEN_USEC;
}

const char *
fel_keyring_state_name (FelKeyringState state)
{
  static const char *const names[] = { "absent", "locked", "unlocked" };

  return names[state];
}

void
fel_keyring_set_state (FelKeyring *self, FelKeyringState state)
{
  if (self->state == state || self->closed)
    return;
  self->state = state;
  keyring_tell_stale (self, NULL);
  self->listener.state_changed (state, self->user_data);
}

/* What happens at the service without our doing */

static void
on_collection_signal (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                      const char *signal, GVariant *parameters, gpointer user_data)
{
  FelKeyring *self = user_data;
  const char *item;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(o)")))
    return;
  g_variant_get (parameters, "(&o)", &item);
  keyring_tell_stale (self, item);
  if (g_str_equal (signal, "ItemDeleted"))
    keyring_item_deleted (self, item);
  else if (g_str_equal (signal, "ItemCreated") || g_str_equal (signal, "ItemChanged"))
    fel_keyring_item_ask (self, item, FALSE);
}

typedef enum
{
  SAYS_NOTHING, /* of the lock: gnome-keyring tells of the items, all of them, each time there is another one */
  SAYS_LOCKED,
  SAYS_ASK,
} Says;

static Says
what_it_says (GVariant *parameters)
{
  g_autoptr (GVariant) changed = NULL;
  g_autoptr (GVariant) names = NULL;
  g_autofree const char **invalidated = NULL;
  gboolean locked = FALSE;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return SAYS_ASK;
  g_variant_get (parameters, "(s@a{sv}@as)", NULL, &changed, &names);
  invalidated = g_variant_get_strv (names, NULL);
  if (g_variant_lookup (changed, "Locked", "b", &locked))
    return locked ? SAYS_LOCKED : SAYS_ASK;
  return g_strv_contains (invalidated, "Locked") ? SAYS_ASK : SAYS_NOTHING;
}

/* Something changed about a collection: only its lock matters. */
static void
on_lock_signal (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                const char *signal, GVariant *parameters, gpointer user_data)
{
  FelKeyring *self = user_data;
  Says says = what_it_says (parameters);

  if (says == SAYS_NOTHING)
    return;
  self->seen_usec = 0;
  if (says == SAYS_LOCKED)
    fel_keyring_set_state (self, FEL_KEYRING_LOCKED);
  keyring_check_lock (self, NULL);
}

/* A service may be on the bus before its collections are. */
static void
on_collection_created (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                       const char *signal, GVariant *parameters, gpointer user_data)
{
  FelKeyring *self = user_data;

  if (self->collection == NULL)
    fel_keyring_open (self, NULL, NULL);
}

static gboolean
on_look (gpointer user_data)
{
  FelKeyring *self = user_data;

  self->look_id = 0;
  fel_keyring_open (self, on_looked, self);
  return G_SOURCE_REMOVE;
}

/* It may be there before its objects are, too, and need not tell when they come: KWallet does not. */
static void
on_looked (gpointer result, const GError *error, gpointer user_data)
{
  FelKeyring *self = user_data;

  if (error != NULL && g_get_monotonic_time () < self->look_until_usec && self->look_id == 0 && !self->closed)
    self->look_id = g_timeout_add_seconds (1, on_look, self);
}

static void
keyring_forget_service (FelKeyring *self)
{
  keyring_drop_collection (self);
  g_clear_object (&self->service);
  g_clear_handle_id (&self->look_id, g_source_remove);
  self->look_until_usec = 0;
}

static void
on_name_appeared (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  FelKeyring *self = user_data;

  keyring_forget_service (self); /* one whose session was opened while it was leaving, if any */
  self->look_until_usec = g_get_monotonic_time () + LOOK_USEC;
  fel_keyring_open (self, on_looked, self);
}

/* The session with a service dies with it; the next one is opened when it is needed. */
static void
on_name_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  FelKeyring *self = user_data;

  keyring_forget_service (self);
  fel_keyring_set_state (self, FEL_KEYRING_ABSENT);
}

static void
keyring_subscribe (FelKeyring *self)
{
  guint *id = self->subscriptions;

  *id++ = g_dbus_connection_signal_subscribe (self->connection, SECRETS_NAME, COLLECTION_IFACE, NULL, self->collection,
                                              NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_collection_signal, self, NULL);
  *id++ = g_dbus_connection_signal_subscribe (self->connection, SECRETS_NAME, PROPERTIES_IFACE, "PropertiesChanged",
                                              self->collection, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_lock_signal, self,
                                              NULL);
  *id++ = g_dbus_connection_signal_subscribe (self->connection, SECRETS_NAME, SERVICE_IFACE, "CollectionChanged",
                                              SECRETS_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_lock_signal, self, NULL);
  *id++ = g_dbus_connection_signal_subscribe (self->connection, SECRETS_NAME, SERVICE_IFACE, "CollectionDeleted",
                                              SECRETS_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_lock_signal, self, NULL);
}

/* Opening: service → default collection → is it locked? */

static void
open_end (FelKeyringOp *op, const GError *error)
{
  FelKeyring *self = op->keyring;

  if (error != NULL)
    fel_keyring_set_state (self, FEL_KEYRING_ABSENT);
  else
    g_clear_handle_id (&self->look_id, g_source_remove); /* it has answered */
  fel_keyring_op_answer_all (self->open_waiters, error);
}

static void
on_open_over (gpointer result, const GError *error, gpointer user_data)
{
  open_end (user_data, error);
}

static void
on_alias (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  FelKeyring *self = op->keyring;
  g_autoptr (GError) foreign = NULL;
  g_autofree char *path = secret_service_read_alias_dbus_path_finish (SECRET_SERVICE (source), result, &foreign);

  if (fel_keyring_op_is_over (op))
    return;
  if (foreign != NULL)
    fel_keyring_op_fail (op, foreign);
  else if (path == NULL || g_str_equal (path, "/") || g_str_equal (path, SESSION_COLLECTION))
    {
      g_autoptr (GError) error
          = g_error_new (FEL_ERROR, FEL_ERROR_KEYRING_ABSENT,
                         "the Secret Service has no default keyring that lasts; create one and make it the default");

      fel_keyring_set_state (self, FEL_KEYRING_ABSENT);
      fel_keyring_op_fail_with (op, error);
    }
  else
    {
      if (g_strcmp0 (path, self->collection) != 0)
        {
          keyring_drop_collection (self);
          self->collection = g_steal_pointer (&path);
          keyring_subscribe (self);
        }
      keyring_check_lock (self, op);
    }
}

static void open_service (FelKeyringOp *op);

static void
on_service (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  FelKeyring *self = op->keyring;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (SecretService) service = secret_service_open_finish (result, &foreign);

  if (fel_keyring_op_is_over (op))
    return;
  if (service == NULL && !op->asked_again && fel_keyring_doubt (self, foreign))
    {
      op->asked_again = TRUE; /* the next one has other keys: KWallet 5.103 refuses some */
      open_service (op);
      return;
    }
  if (service == NULL)
    {
      fel_keyring_op_fail (op, foreign);
      return;
    }
  g_clear_object (&self->service);
  self->service = g_steal_pointer (&service);
  self->in_doubt = FALSE;
  op->asked_again = FALSE;
  secret_service_read_alias_dbus_path (self->service, "default", op->cancellable, on_alias, fel_keyring_op_ref (op));
}

static void
open_service (FelKeyringOp *op)
{
  secret_service_open (SECRET_TYPE_SERVICE, NULL, SECRET_SERVICE_OPEN_SESSION, op->cancellable, on_service,
                       fel_keyring_op_ref (op));
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  FelKeyring *self = op->keyring;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GDBusConnection) connection = g_bus_get_finish (result, &foreign);

  if (connection != NULL && self->connection == NULL && !self->closed)
    {
      self->connection = g_object_ref (connection);
      g_dbus_connection_set_exit_on_close (connection, FALSE);
      self->name_watch = g_bus_watch_name_on_connection (connection, SECRETS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                         on_name_appeared, on_name_vanished, self, NULL);
      self->created_subscription = g_dbus_connection_signal_subscribe (connection, SECRETS_NAME, SERVICE_IFACE,
                                                                       "CollectionCreated", SECRETS_PATH, NULL,
                                                                       G_DBUS_SIGNAL_FLAGS_NONE, on_collection_created,
                                                                       self, NULL);
    }
  if (fel_keyring_op_is_over (op))
    return;
  if (connection == NULL)
    fel_keyring_op_fail (op, foreign);
  else
    open_service (op);
}

void
fel_keyring_open (FelKeyring *self, FelKeyringDone done, gpointer user_data)
{
  FelKeyringOp *waiter = fel_keyring_op_new (self, "open", OPEN_DEADLINE_SEC + 1,
                                             done != NULL ? done : fel_keyring_no_answer, user_data);
  FelKeyringOp *op;

  g_ptr_array_add (self->open_waiters, waiter);
  if (self->open_waiters->len > 1)
    return;
  op = fel_keyring_op_new (self, "open", OPEN_DEADLINE_SEC, on_open_over, NULL);
  op->user_data = op; /* the op outlives its answer: each step below holds it */
  if (self->service == NULL || self->in_doubt)
    g_bus_get (G_BUS_TYPE_SESSION, op->cancellable, on_bus, op);
  else if (self->collection == NULL)
    secret_service_read_alias_dbus_path (self->service, "default", op->cancellable, on_alias, op);
  else
    {
      keyring_check_lock (self, op);
      fel_keyring_op_unref (op);
    }
}

/* The lock */

static void
on_lock_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  FelKeyring *self = op->keyring;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &foreign);
  g_autoptr (GVariant) value = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(v)", &value);
  if (value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN) && self->collection != NULL
      && self->service != NULL)
    {
      self->seen_usec = g_variant_get_boolean (value) ? 0 : g_get_monotonic_time ();
      fel_keyring_set_state (self, g_variant_get_boolean (value) ? FEL_KEYRING_LOCKED : FEL_KEYRING_UNLOCKED);
    }
  else if (fel_keyring_is_gone (foreign))
    keyring_drop_collection (self); /* it was deleted */
  if (fel_keyring_op_is_over (op))
    return;
  if (self->collection == NULL && self->service != NULL && !op->asked_again)
    {
      op->asked_again = TRUE; /* which one is the default now */
      secret_service_read_alias_dbus_path (self->service, "default", op->cancellable, on_alias,
                                           fel_keyring_op_ref (op));
    }
  else if (foreign != NULL)
    fel_keyring_op_fail (op, foreign);
  else if (fel_keyring_op_has_service (op)) /* that one answered, and has not left since */
    fel_keyring_op_succeed (op, NULL);
}

/* Sets the state, then ends op; without one, only the state. */
static void
keyring_check_lock (FelKeyring *self, FelKeyringOp *op)
{
  FelKeyringOp *call = op != NULL ? fel_keyring_op_ref (op)
                                  : fel_keyring_op_new (self, "say whether it is locked", OPEN_DEADLINE_SEC,
                                                        fel_keyring_no_answer, NULL);

  fel_keyring_op_ask (call, self->collection, COLLECTION_IFACE, "Locked", on_lock_checked, call);
}

/* Not every item that is said to be deleted is. A collection that locks may say it of all that it takes out of sight; the
 * load after the next unlock tells what is missing. One that is read anew, since its file has changed, may say it and show
 * the same items again. */
static void
on_deletion_checked (gpointer result, const GError *error, gpointer user_data)
{
  FelKeyring *self = user_data;
  g_autoptr (GPtrArray) paths = g_steal_pointer (&self->said_deleted);

  for (guint i = 0; error == NULL && !self->closed && self->state == FEL_KEYRING_UNLOCKED && i < paths->len; i++)
    fel_keyring_item_ask (self, paths->pdata[i], TRUE);
}

static void
keyring_item_deleted (FelKeyring *self, const char *path)
{
  gboolean asked = self->said_deleted != NULL;
  FelKeyringOp *op;

  if (!asked)
    self->said_deleted = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->said_deleted, g_strdup (path));
  if (asked)
    return;
  op = fel_keyring_op_new (self, "say whether it is locked", OPEN_DEADLINE_SEC, on_deletion_checked, self);
  keyring_check_lock (self, op);
  fel_keyring_op_unref (op);
}
