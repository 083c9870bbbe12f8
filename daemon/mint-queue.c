/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mint-queue.h"

#include "error.h"

struct FelMintQueue
{
  guint under_way;
  GQueue waiting; /* of Waiter */
};

typedef struct
{
  FelMintTurn turn;
  gpointer user_data;
} Waiter;

FelMintQueue *
fel_mint_queue_new (void)
{
  FelMintQueue *self = g_new0 (FelMintQueue, 1);

  g_queue_init (&self->waiting);
  return self;
}

void
fel_mint_queue_free (FelMintQueue *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->waiting, g_free);
  g_free (self);
}

gboolean
fel_mint_queue_admits (const FelMintQueue *self, GError **error)
{
  if (self->under_way < FEL_MINTS_MAX || self->waiting.length < FEL_MINTS_WAITING_MAX)
    return TRUE;
  g_set_error (error, FEL_ERROR, FEL_ERROR_LIMIT_EXCEEDED,
               "%d mints are under way and %d more are waiting; try again when some are done", FEL_MINTS_MAX,
               FEL_MINTS_WAITING_MAX);
  return FALSE;
}

void
fel_mint_queue_enter (FelMintQueue *self, FelMintTurn turn, gpointer user_data)
{
  Waiter *waiter;

  if (self->under_way < FEL_MINTS_MAX)
    {
      self->under_way++;
      turn (user_data);
      return;
    }
  waiter = g_new (Waiter, 1);
  waiter->turn = turn;
  waiter->user_data = user_data;
  g_queue_push_tail (&self->waiting, waiter);
}

void
fel_mint_queue_leave (FelMintQueue *self)
{
  g_autofree Waiter *next = g_queue_pop_head (&self->waiting);

  g_assert (self->under_way > 0);
  if (next == NULL)
    self->under_way--;
  else
    next->turn (next->user_data);
}
