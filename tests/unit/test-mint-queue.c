/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mint-queue.h"

#include "error.h"

#define ALL (FEL_MINTS_MAX + FEL_MINTS_WAITING_MAX)

static guint turns[ALL]; /* who came when */
static guint n_turns;

static void
on_turn (gpointer user_data)
{
  turns[n_turns++] = GPOINTER_TO_UINT (user_data);
}

static void
enter (FelMintQueue *queue, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (fel_mint_queue_admits (queue, &error));
      g_assert_no_error (error);
      fel_mint_queue_enter (queue, on_turn, GUINT_TO_POINTER (i));
    }
}

static void
test_limits (void)
{
  g_assert_cmpuint (FEL_MINTS_MAX, ==, 8);
  g_assert_cmpuint (FEL_MINTS_WAITING_MAX, ==, 64);
}

static void
test_eight_under_way (void)
{
  g_autoptr (FelMintQueue) queue = fel_mint_queue_new ();

  n_turns = 0;
  enter (queue, 0, 8);
  g_assert_cmpuint (n_turns, ==, 8); /* at once */
  enter (queue, 8, 9);
  g_assert_cmpuint (n_turns, ==, 8);
  fel_mint_queue_leave (queue);
  g_assert_cmpuint (n_turns, ==, 9);
  fel_mint_queue_leave (queue);
  g_assert_cmpuint (n_turns, ==, 9);
}

static void
test_first_come_first_served (void)
{
  g_autoptr (FelMintQueue) queue = fel_mint_queue_new ();

  n_turns = 0;
  enter (queue, 0, ALL);
  for (guint i = 0; i < ALL; i++)
    fel_mint_queue_leave (queue);
  g_assert_cmpuint (n_turns, ==, ALL);
  for (guint i = 0; i < ALL; i++)
    g_assert_cmpuint (turns[i], ==, i);
  n_turns = 0;
  enter (queue, 0, 8); /* all berths are free again */
  g_assert_cmpuint (n_turns, ==, 8);
}

static void
test_refuses_past_the_limit (void)
{
  g_autoptr (FelMintQueue) queue = fel_mint_queue_new ();
  g_autoptr (GError) error = NULL;

  n_turns = 0;
  enter (queue, 0, ALL); /* the 64th in line is admitted */
  g_assert_false (fel_mint_queue_admits (queue, &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_LIMIT_EXCEEDED);
  g_assert_false (fel_mint_queue_admits (queue, NULL));
  fel_mint_queue_leave (queue);
  g_assert_true (fel_mint_queue_admits (queue, NULL));
  g_assert_cmpuint (n_turns, ==, 9);
}

static FelMintQueue *leaving;

static void
on_turn_leave (gpointer user_data)
{
  on_turn (user_data);
  fel_mint_queue_leave (leaving);
}

/* A turn may end before it has returned. */
static void
test_turn_that_leaves_at_once (void)
{
  g_autoptr (FelMintQueue) queue = fel_mint_queue_new ();

  n_turns = 0;
  leaving = queue;
  enter (queue, 0, 8);
  for (guint i = 8; i < ALL; i++)
    fel_mint_queue_enter (queue, on_turn_leave, GUINT_TO_POINTER (i));
  fel_mint_queue_leave (queue);
  g_assert_cmpuint (n_turns, ==, ALL);
  for (guint i = 0; i < ALL; i++)
    g_assert_cmpuint (turns[i], ==, i);
  n_turns = 0;
  enter (queue, 0, 1);
  g_assert_cmpuint (n_turns, ==, 1);
}

/* Those in line are forgotten without a turn. */
static void
test_free (void)
{
  FelMintQueue *queue = fel_mint_queue_new ();

  n_turns = 0;
  enter (queue, 0, ALL);
  fel_mint_queue_free (queue);
  fel_mint_queue_free (NULL);
  g_assert_cmpuint (n_turns, ==, 8);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mint-queue/limits", test_limits);
  g_test_add_func ("/mint-queue/eight-under-way", test_eight_under_way);
  g_test_add_func ("/mint-queue/first-come-first-served", test_first_come_first_served);
  g_test_add_func ("/mint-queue/refuses-past-the-limit", test_refuses_past_the_limit);
  g_test_add_func ("/mint-queue/turn-that-leaves-at-once", test_turn_that_leaves_at_once);
  g_test_add_func ("/mint-queue/free", test_free);
  return g_test_run ();
}
