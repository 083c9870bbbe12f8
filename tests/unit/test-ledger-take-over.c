/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an earlier daemon has left. */
#include "ledger.h"

#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "scratch.h"

#define UUID "6f1d2c1e-53a1-4c52-8d5a-6a0f5f0d9a11"
#define OTHER_BOOT "0f8fad5b-d9cb-469f-a165-70867728950e"

typedef struct
{
  char *scratch;
  char *path;
  FelWork *work;
  FelLedger *ledger;
} Fixture;

static void
fixture_init (Fixture *self)
{
  self->scratch = scratch_new ();
  self->path = g_build_filename (self->scratch, "intents", NULL);
  self->work = fel_work_new ();
  self->ledger = fel_ledger_new (self->path, self->work);
}

static void
fixture_clear (Fixture *self)
{
  scratch_wait_for (self->work);
  fel_ledger_free (self->ledger);
  fel_work_free (self->work);
  scratch_remove (self->scratch);
  g_free (self->scratch);
  g_free (self->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* boot_id: "" is the one of now. */
static void
write_in (FelIntentFolder *folder, const char *uuid, FelIntentState state, const char *boot_id)
{
  g_autoptr (FelIntent) made = fel_intent_new ("nile", "acme", "orders", NULL, FALSE, "r-1", 1700000000);
  g_autoptr (FelIntent) intent = fel_intent_advance (made, state, state == FEL_INTENT_MINTED ? "cred-1" : NULL);

  g_free (intent->uuid);
  intent->uuid = g_strdup (uuid);
  if (g_strcmp0 (boot_id, "") != 0)
    {
      g_free (intent->boot_id);
      intent->boot_id = g_strdup (boot_id);
    }
  g_assert_true (fel_intent_folder_write (folder, intent, NULL));
}

/* By an earlier daemon, which is at its end. */
static void
leave (Fixture *self, const char *uuid, FelIntentState state, const char *boot_id)
{
  g_autoptr (FelIntentFolder) before = fel_intent_folder_new (self->path);

  write_in (before, uuid, state, boot_id);
}

static void
take_over (Fixture *self, guint n_unresolved, guint n_broken)
{
  g_autoptr (GPtrArray) broken = NULL;
  g_autoptr (GPtrArray) nothing = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (fel_ledger_take_over (self->ledger, &broken, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (broken->len, ==, n_broken);
  g_assert_cmpuint (fel_ledger_count_unresolved (self->ledger, NULL), ==, n_unresolved);
  g_assert_true (fel_ledger_take_over (self->ledger, &nothing, &error)); /* again */
  g_assert_null (nothing);
  g_assert_cmpuint (fel_ledger_count_unresolved (self->ledger, NULL), ==, n_unresolved);
}

static const struct
{
  FelIntentState left;
  const char *boot_id;
  gboolean dropped;
  FelIntentState adopted;
  const char *file; /* afterwards */
} cases[] = {
  { FEL_INTENT_PREPARED, "", TRUE, FEL_INTENT_PREPARED, "" },
  { FEL_INTENT_PREPARED, OTHER_BOOT, FALSE, FEL_INTENT_SENT, UUID ".prepared" },
  { FEL_INTENT_PREPARED, NULL, FALSE, FEL_INTENT_SENT, UUID ".prepared" },
  { FEL_INTENT_SENT, "", FALSE, FEL_INTENT_SENT, UUID ".sent" },
  { FEL_INTENT_SENT, OTHER_BOOT, FALSE, FEL_INTENT_SENT, UUID ".sent" },
  { FEL_INTENT_MINTED, "", FALSE, FEL_INTENT_MINTED, UUID ".minted" },
  { FEL_INTENT_MINTED, OTHER_BOOT, FALSE, FEL_INTENT_MINTED, UUID ".minted" },
};

static void
test_adopted_or_dropped (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) self = { 0 };
      g_autofree char *files = NULL;
      FelLedgerEntry *entry;

      fixture_init (&self);
      leave (&self, UUID, cases[i].left, cases[i].boot_id);
      take_over (&self, cases[i].dropped ? 0 : 1, 0);
      entry = fel_ledger_find (self.ledger, UUID);
      g_assert_true ((entry == NULL) == cases[i].dropped);
      if (entry != NULL)
        {
          g_assert_cmpint (entry->state, ==, FEL_LEDGER_UNRESOLVED);
          g_assert_cmpint (entry->intent->state, ==, cases[i].adopted);
          g_assert_true (fel_ledger_find_request (self.ledger, "r-1") == entry);
          g_assert_false (fel_ledger_is_minting (self.ledger, "nile"));
        }
      scratch_wait_for (self.work);
      files = scratch_list (self.path);
      g_assert_cmpstr (files, ==, cases[i].file);
      g_assert_cmpuint (fel_ledger_begun (self.ledger), ==, 0);
    }
}

/* An adopted one ends from the disk too, whatever its file is called. */
static void
test_adopted_ends (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) self = { 0 };
      g_autofree char *files = NULL;

      fixture_init (&self);
      leave (&self, UUID, cases[i].left, cases[i].boot_id);
      take_over (&self, cases[i].dropped ? 0 : 1, 0);
      if (!cases[i].dropped)
        fel_ledger_end (self.ledger, fel_ledger_find (self.ledger, UUID));
      scratch_wait_for (self.work);
      files = scratch_list (self.path);
      g_assert_cmpstr (files, ==, "");
    }
}

static void
test_broken (void)
{
  g_auto (Fixture) self = { 0 };

  fixture_init (&self);
  leave (&self, UUID, FEL_INTENT_SENT, "");
  scratch_write (self.path, "919108f7-52d1-4320-9bac-f847db4148a8.sent", "", 0);
  take_over (&self, 1, 1);
}

/* Not while the earlier daemon is at work; what we mint meanwhile stays ours. */
static void
test_waits_for_its_end (void)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (FelIntentFolder) before = NULL;
  g_autoptr (GPtrArray) broken = NULL;
  g_autoptr (GError) error = NULL;
  FelIntent *own = fel_intent_new ("nile", "acme", "orders", NULL, FALSE, NULL, 1700000000);
  FelLedgerEntry *entry;

  fixture_init (&self);
  before = fel_intent_folder_new (self.path);
  write_in (before, UUID, FEL_INTENT_SENT, "");
  g_assert_false (fel_ledger_take_over (self.ledger, &broken, &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_CONFLICT);
  g_assert_null (broken);
  g_assert_cmpuint (fel_ledger_count_unresolved (self.ledger, NULL), ==, 0);
  fel_ledger_prepare (self.ledger, fel_intent_ref (own), NULL, NULL);
  scratch_wait_for (self.work);
  entry = fel_ledger_find (self.ledger, own->uuid);
  g_clear_pointer (&before, fel_intent_folder_free);
  take_over (&self, 1, 0);
  g_assert_nonnull (fel_ledger_find (self.ledger, UUID));
  g_assert_true (fel_ledger_find (self.ledger, own->uuid) == entry);
  g_assert_cmpint (entry->state, ==, FEL_LEDGER_MINTING);
  fel_intent_unref (own);
}

/* One that has ended is over, even where its file is still on its way out. */
static void
test_own_that_has_ended (void)
{
  g_auto (Fixture) self = { 0 };
  g_autofree char *uuid = NULL;
  FelIntent *own = fel_intent_new ("nile", "acme", "orders", NULL, FALSE, NULL, 1700000000);

  fixture_init (&self);
  uuid = g_strdup (own->uuid);
  fel_ledger_prepare (self.ledger, own, NULL, NULL);
  scratch_wait_for (self.work);
  fel_ledger_end (self.ledger, fel_ledger_find (self.ledger, uuid));
  scratch_wait_for (self.work);
  leave (&self, uuid, FEL_INTENT_SENT, ""); /* as it looks before the worker has come to it */
  take_over (&self, 0, 0);
  g_assert_null (fel_ledger_find (self.ledger, uuid));
}

/* A folder that cannot be read is tried again later. */
static void
test_tried_again (void)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (GPtrArray) broken = NULL;
  g_autoptr (GError) error = NULL;

  fixture_init (&self);
  leave (&self, UUID, FEL_INTENT_MINTED, "");
  g_assert_cmpint (chmod (self.path, 0777), ==, 0);
  g_assert_false (fel_ledger_take_over (self.ledger, &broken, &error));
  g_assert_error (error, FEL_ERROR, FEL_ERROR_INTERNAL);
  g_assert_null (broken);
  g_assert_cmpint (chmod (self.path, 0700), ==, 0);
  take_over (&self, 1, 0);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_true (g_main_context_acquire (NULL)); /* all the time, as the daemon's loop does */
  g_test_add_func ("/ledger-take-over/adopted-or-dropped", test_adopted_or_dropped);
  g_test_add_func ("/ledger-take-over/adopted-ends", test_adopted_ends);
  g_test_add_func ("/ledger-take-over/broken", test_broken);
  g_test_add_func ("/ledger-take-over/waits-for-its-end", test_waits_for_its_end);
  g_test_add_func ("/ledger-take-over/own-that-has-ended", test_own_that_has_ended);
  g_test_add_func ("/ledger-take-over/tried-again", test_tried_again);
  status = g_test_run ();
  g_main_context_release (NULL);
  return status;
}
