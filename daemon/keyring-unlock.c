/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keyring-private.h"

#include "error.h"

static void
on_unlocked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) foreign = NULL;
  int n = secret_service_unlock_dbus_paths_finish (SECRET_SERVICE (source), result, NULL, &foreign);
  g_autoptr (GError) error = NULL;

  if (fel_keyring_op_is_over (op))
    return;
  if (foreign != NULL)
    fel_keyring_op_fail (op, foreign);
  else if (n > 0)
    {
      fel_keyring_set_state (op->keyring, FEL_KEYRING_UNLOCKED);
      fel_keyring_op_succeed (op, NULL);
    }
  else
    {
      /* libsecret does not tell a dismissed prompt from one that could not be shown. */
      error = g_error_new (FEL_ERROR, FEL_ERROR_PROMPT_DISMISSED,
                           "the keyring stays locked: its prompt was dismissed or could not be shown");
      fel_keyring_op_fail_with (op, error);
    }
}

static void
on_prompt_over (gpointer result, const GError *error, gpointer user_data)
{
  fel_keyring_op_answer_all (((FelKeyring *) user_data)->prompt_waiters, error);
}

static void
keyring_prompt (FelKeyring *self, FelKeyringOp *waiter)
{
  const char *paths[] = { self->collection, NULL };
  FelKeyringOp *op;

  g_ptr_array_add (self->prompt_waiters, fel_keyring_op_ref (waiter));
  if (self->prompt_waiters->len > 1)
    return;
  op = fel_keyring_op_new (self, "unlock", PROMPT_DEADLINE_SEC, on_prompt_over, self);
  op->late = FEL_ERROR_KEYRING_LOCKED;
  secret_service_unlock_dbus_paths (self->service, paths, op->cancellable, on_unlocked, op);
}

static void
on_opened_for_unlock (gpointer result, const GError *error, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) locked = NULL;

  if (fel_keyring_op_is_over (op))
    return;
  if (error != NULL)
    fel_keyring_op_fail_with (op, error);
  else if (op->keyring->state == FEL_KEYRING_UNLOCKED)
    fel_keyring_op_succeed (op, NULL);
  else if (op->interactive && op->keyring->service != NULL && op->keyring->collection != NULL)
    keyring_prompt (op->keyring, op);
  else
    {
      locked = g_error_new (FEL_ERROR, FEL_ERROR_KEYRING_LOCKED, "the keyring is locked; unlock it and try again");
      fel_keyring_op_fail_with (op, locked);
    }
}

void
fel_keyring_unlock (FelKeyring *self, gboolean interactive, FelKeyringDone done, gpointer user_data)
{
  FelKeyringOp *op = fel_keyring_op_new (self, "unlock", PROMPT_DEADLINE_SEC + OPEN_DEADLINE_SEC + 5, done, user_data);

  op->late = FEL_ERROR_KEYRING_LOCKED;
  op->interactive = interactive;
  fel_keyring_open (self, on_opened_for_unlock, op);
}
