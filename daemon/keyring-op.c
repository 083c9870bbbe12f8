/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keyring-private.h"

#include "error.h"

static gboolean
on_deadline (gpointer user_data)
{
  FelKeyringOp *self = user_data;
  g_autoptr (GError) error = g_error_new (FEL_ERROR, (int) self->late,
                                          "the keyring did not %s in time; see whether it waits for a prompt",
                                          self->doing);

  self->deadline_id = 0;
  fel_keyring_op_ref (self);
  fel_keyring_op_fail_with (self, error);
  g_cancellable_cancel (self->cancellable);
  fel_keyring_op_unref (self);
  return G_SOURCE_REMOVE;
}

FelKeyringOp *
fel_keyring_op_new (FelKeyring *keyring, const char *doing, guint deadline_sec, FelKeyringDone done, gpointer user_data)
{
  FelKeyringOp *self = g_new0 (FelKeyringOp, 1);

  g_ref_count_init (&self->refs);
  self->keyring = fel_keyring_ref (keyring);
  self->done = done;
  self->user_data = user_data;
  self->doing = doing;
  self->late = FEL_ERROR_TIMED_OUT;
  self->cancellable = g_cancellable_new ();
  self->deadline_id = g_timeout_add_seconds (deadline_sec, on_deadline, self);
  return self;
}

void
fel_keyring_op_prompts (FelKeyringOp *self)
{
  if (self->deadline_id == 0)
    return;
  g_source_remove (self->deadline_id);
  self->deadline_id = g_timeout_add_seconds (PROMPT_DEADLINE_SEC, on_deadline, self);
}

FelKeyringOp *
fel_keyring_op_ref (FelKeyringOp *self)
{
  g_ref_count_inc (&self->refs);
  return self;
}

void
fel_keyring_op_unref (FelKeyringOp *self)
{
  if (!g_ref_count_dec (&self->refs))
    return;
  g_clear_handle_id (&self->deadline_id, g_source_remove);
  g_clear_pointer (&self->items, g_ptr_array_unref);
  g_clear_pointer (&self->paths, g_ptr_array_unref);
  g_clear_pointer (&self->attributes, g_hash_table_unref);
  g_free (self->path);
  g_object_unref (self->cancellable);
  fel_keyring_unref (self->keyring);
  g_free (self);
}

void
fel_keyring_no_answer (gpointer result, const GError *error, gpointer user_data)
{
}

gboolean
fel_keyring_op_is_over (const FelKeyringOp *self)
{
  return self->done == NULL;
}

static void
op_answer (FelKeyringOp *self, gpointer result, const GError *error)
{
  FelKeyringDone done = g_steal_pointer (&self->done);

  g_clear_handle_id (&self->deadline_id, g_source_remove);
  if (done != NULL)
    done (result, error, self->user_data);
}

void
fel_keyring_op_succeed (FelKeyringOp *self, gpointer result)
{
  op_answer (self, result, NULL);
}

void
fel_keyring_op_fail_with (FelKeyringOp *self, const GError *error)
{
  op_answer (self, NULL, error);
}

gboolean
fel_keyring_op_has_service (FelKeyringOp *self)
{
  g_autoptr (GError) error = NULL;

  if (self->keyring->service != NULL && self->keyring->collection != NULL)
    return TRUE;
  error = g_error_new (FEL_ERROR, FEL_ERROR_KEYRING_ABSENT, "the Secret Service has left the session bus");
  fel_keyring_op_fail_with (self, error);
  return FALSE;
}

/* By quark and code, not by the name of the remote error: libsecret strips that from some. */
static const struct
{
  GQuark (*domain) (void);
  int code;
  FelError error;
} foreign_errors[] = {
  { secret_error_get_quark, SECRET_ERROR_IS_LOCKED, FEL_ERROR_KEYRING_LOCKED },
  { secret_error_get_quark, SECRET_ERROR_NO_SUCH_OBJECT, FEL_ERROR_NOT_FOUND },
  { g_dbus_error_quark, G_DBUS_ERROR_UNKNOWN_OBJECT, FEL_ERROR_NOT_FOUND },
  { g_dbus_error_quark, G_DBUS_ERROR_UNKNOWN_METHOD, FEL_ERROR_NOT_FOUND },
  { g_dbus_error_quark, G_DBUS_ERROR_SERVICE_UNKNOWN, FEL_ERROR_KEYRING_ABSENT },
  { g_dbus_error_quark, G_DBUS_ERROR_NAME_HAS_NO_OWNER, FEL_ERROR_KEYRING_ABSENT },
  { g_dbus_error_quark, G_DBUS_ERROR_SPAWN_EXEC_FAILED, FEL_ERROR_KEYRING_ABSENT },
  { g_dbus_error_quark, G_DBUS_ERROR_SPAWN_FORK_FAILED, FEL_ERROR_KEYRING_ABSENT },
  { g_dbus_error_quark, G_DBUS_ERROR_SPAWN_CHILD_EXITED, FEL_ERROR_KEYRING_ABSENT },
  { g_dbus_error_quark, G_DBUS_ERROR_SPAWN_CHILD_SIGNALED, FEL_ERROR_KEYRING_ABSENT },
  { g_dbus_error_quark, G_DBUS_ERROR_SPAWN_FAILED, FEL_ERROR_KEYRING_ABSENT },
  { g_dbus_error_quark, G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND, FEL_ERROR_KEYRING_ABSENT },
  { g_io_error_quark, G_IO_ERROR_NOT_FOUND, FEL_ERROR_KEYRING_ABSENT }, /* there is no session bus at all */
  { g_io_error_quark, G_IO_ERROR_CONNECTION_REFUSED, FEL_ERROR_KEYRING_ABSENT },
  { g_dbus_error_quark, G_DBUS_ERROR_NO_REPLY, FEL_ERROR_TIMED_OUT },
  { g_dbus_error_quark, G_DBUS_ERROR_TIMEOUT, FEL_ERROR_TIMED_OUT },
  { g_dbus_error_quark, G_DBUS_ERROR_TIMED_OUT, FEL_ERROR_TIMED_OUT },
  { g_io_error_quark, G_IO_ERROR_TIMED_OUT, FEL_ERROR_TIMED_OUT },
  { g_io_error_quark, G_IO_ERROR_CANCELLED, FEL_ERROR_TIMED_OUT },
};

static FelError
classify (const GError *foreign)
{
  for (gsize i = 0; i < G_N_ELEMENTS (foreign_errors); i++)
    if (g_error_matches (foreign, foreign_errors[i].domain (), foreign_errors[i].code))
      return foreign_errors[i].error;
  return FEL_ERROR_INTERNAL;
}

gboolean
fel_keyring_is_gone (const GError *foreign)
{
  return classify (foreign) == FEL_ERROR_NOT_FOUND;
}

gboolean
fel_keyring_doubt (FelKeyring *self, const GError *foreign)
{
  gboolean doubtful = classify (foreign) == FEL_ERROR_INTERNAL; /* libsecret has no code for NoSession */

  self->in_doubt |= doubtful;
  return doubtful;
}

void
fel_keyring_op_fail (FelKeyringOp *self, const GError *foreign)
{
  g_autoptr (GError) stripped = g_error_copy (foreign);
  g_autoptr (GError) error = NULL;
  FelError code = classify (foreign);

  g_dbus_error_strip_remote_error (stripped);
  if (code == FEL_ERROR_KEYRING_ABSENT)
    error = g_error_new (FEL_ERROR, code,
                         "no Secret Service runs on this session bus; install and start one: gnome-keyring, KeePassXC "
                         "or KWallet");
  else if (code == FEL_ERROR_KEYRING_LOCKED)
    error = g_error_new (FEL_ERROR, code, "the keyring is locked; unlock it and try again");
  else
    error = g_error_new (FEL_ERROR, code, "the keyring could not %s: %s", self->doing, stripped->message);
  fel_keyring_doubt (self->keyring, foreign);
  fel_keyring_op_fail_with (self, error);
}

void
fel_keyring_op_answer_all (GPtrArray *waiters, const GError *error)
{
  g_autoptr (GPtrArray) now = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_keyring_op_unref);

  g_ptr_array_extend_and_steal (now, g_ptr_array_ref (waiters));
  for (guint i = 0; i < now->len; i++)
    {
      if (error != NULL)
        fel_keyring_op_fail_with (now->pdata[i], error);
      else
        fel_keyring_op_succeed (now->pdata[i], NULL);
    }
}

static void
on_opened (gpointer result, const GError *error, gpointer user_data)
{
  g_autoptr (FelKeyringOp) self = user_data;

  if (fel_keyring_op_is_over (self))
    return;
  if (error != NULL)
    fel_keyring_op_fail_with (self, error);
  else if (self->keyring->in_doubt)
    fel_keyring_op_open (self, self->opened); /* that one had begun before the doubt */
  else if (fel_keyring_op_has_service (self))
    self->opened (self);
}

void
fel_keyring_op_open (FelKeyringOp *self, FelKeyringStep opened)
{
  self->opened = opened;
  fel_keyring_open (self->keyring, on_opened, fel_keyring_op_ref (self));
}

void
fel_keyring_op_ask (FelKeyringOp *self, const char *path, const char *interface, const char *property,
                    GAsyncReadyCallback callback, gpointer user_data)
{
  g_dbus_connection_call (self->keyring->connection, SECRETS_NAME, path, PROPERTIES_IFACE, "Get",
                          g_variant_new ("(ss)", interface, property), G_VARIANT_TYPE ("(v)"),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, self->cancellable, callback, user_data);
}
