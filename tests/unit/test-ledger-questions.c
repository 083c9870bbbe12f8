/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What others ask the ledger. */
#include "ledger.h"

#include "scratch.h"

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
  g_free (self->path);
  g_free (self->scratch);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* (transfer full) */
static FelLedgerEntry *
prepare (Fixture *self, const char *backend, const char *request_id, gint64 since_sec)
{
  FelIntent *intent = fel_intent_new (backend, "acme", "orders", NULL, FALSE, request_id, since_sec);
  g_autofree char *uuid = g_strdup (intent->uuid);

  fel_ledger_prepare (self->ledger, intent, NULL, NULL);
  scratch_wait_for (self->work);
  return fel_ledger_entry_ref (fel_ledger_find (self->ledger, uuid));
}

static void
put_id (Fixture *self, FelLedgerEntry *entry, const char *id)
{
  fel_ledger_put_id (self->ledger, entry, id, NULL, NULL);
  scratch_wait_for (self->work);
}

static void
test_questions (void)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (FelLedgerEntry) late = NULL;
  g_autoptr (FelLedgerEntry) early = NULL;
  g_autoptr (FelLedgerEntry) elsewhere = NULL;
  g_autoptr (FelLedgerEntry) minting = NULL;
  g_autoptr (GPtrArray) all = NULL;

  fixture_init (&self);
  late = prepare (&self, "nile", "r-1", 30);
  early = prepare (&self, "nile", "r-2", 10);
  elsewhere = prepare (&self, "local", NULL, 20);
  minting = prepare (&self, "nile", "r-4", 5);
  fel_ledger_leave_open (self.ledger, late);
  fel_ledger_leave_open (self.ledger, early);
  fel_ledger_leave_open (self.ledger, elsewhere);
  early->state = FEL_LEDGER_SETTLING; /* still not resolved */
  g_assert_cmpuint (fel_ledger_begun (self.ledger), ==, 4);
  g_assert_cmpuint (fel_ledger_count_unresolved (self.ledger, NULL), ==, 3);
  g_assert_cmpuint (fel_ledger_count_unresolved (self.ledger, "nile"), ==, 2);
  g_assert_cmpuint (fel_ledger_count_unresolved (self.ledger, "local"), ==, 1);
  g_assert_cmpuint (fel_ledger_count_unresolved (self.ledger, "other"), ==, 0);
  g_assert_true (fel_ledger_is_minting (self.ledger, "nile"));
  g_assert_false (fel_ledger_is_minting (self.ledger, "local"));
  g_assert_true (fel_ledger_find_request (self.ledger, "r-1") == late);
  g_assert_true (fel_ledger_find_request (self.ledger, "r-2") == early);
  g_assert_null (fel_ledger_find_request (self.ledger, "r-3"));
  g_assert_null (fel_ledger_find_request (self.ledger, "r-4"));
  all = fel_ledger_unresolved (self.ledger);
  g_assert_cmpuint (all->len, ==, 3);
  g_assert_true (all->pdata[0] == early && all->pdata[1] == elsewhere && all->pdata[2] == late);
  g_assert_cmpuint (FEL_UNRESOLVED_MAX, ==, 5);
}

static void
test_ids (void)
{
  g_auto (Fixture) self = { 0 };
  g_autoptr (FelLedgerEntry) one = NULL;
  g_autoptr (FelLedgerEntry) two = NULL;
  g_autoptr (FelLedgerEntry) unknown = NULL;
  g_autoptr (FelLedgerEntry) elsewhere = NULL;
  g_autoptr (GHashTable) ids = NULL;
  g_autoptr (GHashTable) for_unknown = NULL;

  fixture_init (&self);
  one = prepare (&self, "nile", NULL, 1);
  two = prepare (&self, "nile", NULL, 2);
  unknown = prepare (&self, "nile", NULL, 3);
  elsewhere = prepare (&self, "local", NULL, 4);
  put_id (&self, one, "cred-1");
  put_id (&self, two, "cred-2");
  put_id (&self, elsewhere, "cred-3");
  ids = fel_ledger_ids (self.ledger, one);
  g_assert_cmpuint (g_hash_table_size (ids), ==, 1);
  g_assert_true (g_hash_table_contains (ids, "cred-2"));
  for_unknown = fel_ledger_ids (self.ledger, unknown);
  g_assert_cmpuint (g_hash_table_size (for_unknown), ==, 2);
  g_assert_true (g_hash_table_contains (for_unknown, "cred-1"));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_true (g_main_context_acquire (NULL)); /* all the time, as the daemon's loop does */
  g_test_add_func ("/ledger-questions/all", test_questions);
  g_test_add_func ("/ledger-questions/ids", test_ids);
  status = g_test_run ();
  g_main_context_release (NULL);
  return status;
}
