/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "intent.h"

#include <string.h>

#define UUID "6f1d2c1e-53a1-4c52-8d5a-6a0f5f0d9a11"
#define SINCE_SEC 1700000000

/* 256 bytes. */
#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define X256 X64 X64 X64 X64
#define BACKSLASH16 "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"
#define BACKSLASH64 BACKSLASH16 BACKSLASH16 BACKSLASH16 BACKSLASH16
#define BACKSLASH256 BACKSLASH64 BACKSLASH64 BACKSLASH64 BACKSLASH64

#define HEAD "[intent]\nversion=1\n"
#define NAMES "backend=nile\nworkspace=acme\ndatabase=orders\n"
#define TAIL "internal=false\nsince=1700000000\n"

static FelIntent *
parse (const char *text, FelIntentState state)
{
  return fel_intent_parse (text, strlen (text), UUID, state);
}

static void
assert_same_but_step (const FelIntent *a, const FelIntent *b)
{
  g_assert_cmpstr (a->uuid, ==, b->uuid);
  g_assert_cmpstr (a->backend, ==, b->backend);
  g_assert_cmpstr (a->workspace, ==, b->workspace);
  g_assert_cmpstr (a->database, ==, b->database);
  g_assert_cmpstr (a->tenant_id, ==, b->tenant_id);
  g_assert_cmpstr (a->request_id, ==, b->request_id);
  g_assert_cmpstr (a->boot_id, ==, b->boot_id);
  g_assert_cmpint (a->internal, ==, b->internal);
  g_assert_cmpint (a->since_sec, ==, b->since_sec);
}

static void
check_round_trip (const FelIntent *intent)
{
  gsize len;
  g_autofree char *text = fel_intent_serialize (intent, &len);
  g_autoptr (FelIntent) again = fel_intent_parse (text, len, intent->uuid, intent->state);

  g_assert_cmpuint (len, ==, strlen (text));
  g_assert_nonnull (again);
  assert_same_but_step (again, intent);
  g_assert_cmpstr (again->id, ==, intent->id);
  g_assert_cmpint (again->state, ==, intent->state);
}

static const char *const odd_names[] = {
  "a",
  " a",
  "a ",
  "   ",
  "= b",
  "a=b",
  "[a]",
  "#a",
  ";a;b;",
  "\"a\"",
  "'a'",
  "\\",
  "\\n",
  "\\s a\\",
  "a\\",
  "a,b",
  "d\303\251j\303\240 \342\230\203",
  "\342\200\250",
  "[intent]",
  "version=2",
  "..a",
  "/",
  "%00",
  "-",
  "true",
  "\302\240",
  X256,
  BACKSLASH256,
};

static void
test_round_trip_of_names (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (odd_names); i++)
    {
      const char *name = odd_names[i];
      g_autoptr (FelIntent) intent = fel_intent_new (name, name, name, name, i % 2 == 0, name, SINCE_SEC);
      g_autoptr (FelIntent) minted = fel_intent_advance (intent, FEL_INTENT_MINTED, name);

      check_round_trip (intent);
      check_round_trip (minted);
    }
}

static void
test_round_trip_of_each_field (void)
{
  static const char *const values[] = { NULL, "value" };

  for (guint bits = 0; bits < 16; bits++)
    {
      g_autoptr (FelIntent) intent = fel_intent_new ("nile", "acme", "orders", values[bits & 1], (bits & 2) != 0,
                                                     values[bits >> 2 & 1], 1 + bits);
      g_autoptr (FelIntent) sent = fel_intent_advance (intent, FEL_INTENT_SENT, values[bits >> 3 & 1]);

      check_round_trip (intent);
      check_round_trip (sent);
      g_clear_pointer (&intent->boot_id, g_free); /* a kernel that does not say */
      check_round_trip (intent);
    }
}

static void
test_new (void)
{
  g_autoptr (FelIntent) a = fel_intent_new ("nile", "acme", "orders", "t", TRUE, "r", SINCE_SEC);
  g_autoptr (FelIntent) b = fel_intent_new ("nile", "acme", "orders", NULL, FALSE, NULL, SINCE_SEC);

  g_assert_cmpstr (a->backend, ==, "nile");
  g_assert_cmpstr (a->workspace, ==, "acme");
  g_assert_cmpstr (a->database, ==, "orders");
  g_assert_cmpstr (a->tenant_id, ==, "t");
  g_assert_cmpstr (a->request_id, ==, "r");
  g_assert_true (a->internal);
  g_assert_cmpint (a->since_sec, ==, SINCE_SEC);
  g_assert_cmpint (a->state, ==, FEL_INTENT_PREPARED);
  g_assert_null (a->id);
  g_assert_true (g_uuid_string_is_valid (a->uuid));
  g_assert_cmpstr (a->uuid, !=, b->uuid);
  g_assert_null (b->tenant_id);
  g_assert_null (b->request_id);
  fel_intent_unref (NULL);
}

static void
test_advance (void)
{
  g_autoptr (FelIntent) prepared = fel_intent_new ("nile", "acme", "orders", "t", TRUE, "r", SINCE_SEC);
  g_autoptr (FelIntent) sent = fel_intent_advance (prepared, FEL_INTENT_SENT, NULL);
  g_autoptr (FelIntent) minted = fel_intent_advance (sent, FEL_INTENT_MINTED, "cred-1");
  g_autoptr (FelIntent) other = fel_intent_advance (minted, FEL_INTENT_MINTED, "cred-2");
  g_autoptr (FelIntent) kept = fel_intent_advance (other, FEL_INTENT_MINTED, NULL);

  assert_same_but_step (sent, prepared);
  assert_same_but_step (minted, prepared);
  g_assert_cmpint (prepared->state, ==, FEL_INTENT_PREPARED);
  g_assert_cmpint (sent->state, ==, FEL_INTENT_SENT);
  g_assert_cmpint (minted->state, ==, FEL_INTENT_MINTED);
  g_assert_null (prepared->id);
  g_assert_null (sent->id);
  g_assert_cmpstr (minted->id, ==, "cred-1");
  g_assert_cmpstr (other->id, ==, "cred-2");
  g_assert_cmpstr (kept->id, ==, "cred-2");
}

static void
test_was_never_sent (void)
{
  static const struct
  {
    const char *boot_id; /* of the record; NULL: none, "": the one of now */
    FelIntentState state;
    gboolean never;
  } cases[] = {
    { "", FEL_INTENT_PREPARED, TRUE },
    { "", FEL_INTENT_SENT, FALSE },
    { "", FEL_INTENT_MINTED, FALSE },
    { "0f8fad5b-d9cb-469f-a165-70867728950e", FEL_INTENT_PREPARED, FALSE },
    { "0f8fad5b-d9cb-469f-a165-70867728950e", FEL_INTENT_SENT, FALSE },
    { NULL, FEL_INTENT_PREPARED, FALSE },
    { NULL, FEL_INTENT_SENT, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (FelIntent) made = fel_intent_new ("nile", "acme", "orders", NULL, FALSE, NULL, SINCE_SEC);
      g_autoptr (FelIntent) intent = fel_intent_advance (made, cases[i].state, "cred-1");

      if (g_strcmp0 (cases[i].boot_id, "") != 0)
        {
          g_free (intent->boot_id);
          intent->boot_id = g_strdup (cases[i].boot_id);
        }
      g_assert_cmpint (fel_intent_was_never_sent (intent), ==, cases[i].never);
    }
}

static void
test_state_names (void)
{
  g_assert_cmpstr (fel_intent_state_name (FEL_INTENT_PREPARED), ==, "prepared");
  g_assert_cmpstr (fel_intent_state_name (FEL_INTENT_SENT), ==, "sent");
  g_assert_cmpstr (fel_intent_state_name (FEL_INTENT_MINTED), ==, "minted");
}

/* Every beginning of a record is told from the whole: the last of its lines too, which is a number. */
static void
test_cut_anywhere (void)
{
  for (FelIntentState state = FEL_INTENT_PREPARED; state <= FEL_INTENT_MINTED; state++)
    {
      g_autoptr (FelIntent) made = fel_intent_new ("nile", "acme", "orders", "t", TRUE, "r", SINCE_SEC);
      g_autoptr (FelIntent) intent = fel_intent_advance (made, state, "cred-1");
      gsize len;
      g_autofree char *text = fel_intent_serialize (intent, &len);

      for (gsize cut = 0; cut < len; cut++)
        {
          g_autofree char *beginning = g_memdup2 (text, cut); /* exactly, for the sanitizers */

          g_assert_null (fel_intent_parse (beginning != NULL ? beginning : "", cut, UUID, state));
        }
    }
}

/* What a file system may leave of a file that was not flushed. */
static void
test_zeros_at_the_end (void)
{
  g_autoptr (FelIntent) intent = fel_intent_new ("nile", "acme", "orders", NULL, FALSE, NULL, SINCE_SEC);
  gsize len;
  g_autofree char *text = fel_intent_serialize (intent, &len);
  g_autofree char *longer = g_malloc0 (len + 4);

  for (gsize kept = 0; kept <= len; kept++)
    {
      memset (longer, 0, len + 4);
      memcpy (longer, text, kept);
      g_assert_null (fel_intent_parse (longer, kept == len ? len + 4 : len, UUID, FEL_INTENT_SENT));
    }
}

static const struct
{
  const char *text;
  FelIntentState state;
  gboolean ok;
} texts[] = {
  { HEAD NAMES TAIL, FEL_INTENT_PREPARED, TRUE },
  { HEAD NAMES TAIL, FEL_INTENT_SENT, TRUE },
  { HEAD NAMES TAIL, FEL_INTENT_MINTED, FALSE }, /* no id */
  { HEAD NAMES "id=a\n" TAIL, FEL_INTENT_MINTED, TRUE },
  { HEAD NAMES "id=\n" TAIL, FEL_INTENT_MINTED, FALSE },
  { HEAD NAMES "colour=blue\n" TAIL, FEL_INTENT_SENT, TRUE }, /* a later release's */
  { "", FEL_INTENT_SENT, FALSE },
  { "\n", FEL_INTENT_SENT, FALSE },
  { "[intent]\n", FEL_INTENT_SENT, FALSE },
  { "garbage\n", FEL_INTENT_SENT, FALSE },
  { "[other]\nversion=1\n" NAMES TAIL, FEL_INTENT_SENT, FALSE },

  { "[intent]\n" NAMES TAIL, FEL_INTENT_SENT, FALSE },
  { "[intent]\nversion=0\n" NAMES TAIL, FEL_INTENT_SENT, FALSE },
  { "[intent]\nversion=2\n" NAMES TAIL, FEL_INTENT_SENT, FALSE },
  { "[intent]\nversion=-1\n" NAMES TAIL, FEL_INTENT_SENT, FALSE },
  { "[intent]\nversion=one\n" NAMES TAIL, FEL_INTENT_SENT, FALSE },
  { "[intent]\nversion=1.0\n" NAMES TAIL, FEL_INTENT_SENT, FALSE },
  { "[intent]\nversion=\n" NAMES TAIL, FEL_INTENT_SENT, FALSE },
  { "[intent]\nversion=4294967297\n" NAMES TAIL, FEL_INTENT_SENT, FALSE },

  { HEAD "workspace=acme\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD "backend=nile\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD "backend=nile\nworkspace=acme\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "internal=false\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "since=1700000000\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "internal=maybe\nsince=1700000000\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "internal=true\nsince=1700000000\n", FEL_INTENT_SENT, TRUE },

  { HEAD "backend=nile\nworkspace=..\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD "backend=nile\nworkspace=.\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD "backend=nile\nworkspace=\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD "backend=nile\nworkspace=a\\nb\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD "backend=nile\nworkspace=a\tb\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD "backend=nile\nworkspace=a\177b\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD "backend=nile\nworkspace=a\302\205b\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD "backend=nile\nworkspace=a\377b\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD "backend=nile\nworkspace=" X256 "\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, TRUE },
  { HEAD "backend=nile\nworkspace=" X256 "x\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "tenant-id=..\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "request-id=\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "boot-id=a\\tb\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD "backend=nile\nworkspace=a\\qb\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD "backend=nile\nworkspace=a\\\ndatabase=orders\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "tenant-id=a\\q\n" TAIL, FEL_INTENT_SENT, FALSE },

  { HEAD NAMES "internal=false\nsince=1\n", FEL_INTENT_SENT, TRUE },
  { HEAD NAMES "internal=false\nsince=0\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "internal=false\nsince=-1\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "internal=false\nsince=\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "internal=false\nsince=12x\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "internal=false\nsince=0x12\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "internal=false\nsince=1.5\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "internal=false\nsince=253402300799\n", FEL_INTENT_SENT, TRUE },
  { HEAD NAMES "internal=false\nsince=253402300800\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "internal=false\nsince=9223372036854775807\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "internal=false\nsince=9223372036854775808\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "internal=false\nsince=18446744073709551617\n", FEL_INTENT_SENT, FALSE },

  { HEAD NAMES TAIL "since=5\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES "backend=other\n" TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD NAMES TAIL HEAD NAMES TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD NAMES TAIL "[intent]\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES TAIL "[other]\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES TAIL "[other]\na=b\n", FEL_INTENT_SENT, FALSE },
  { HEAD NAMES TAIL "half a line", FEL_INTENT_SENT, FALSE },
  { HEAD "\n" NAMES TAIL, FEL_INTENT_SENT, FALSE },
  { HEAD "\n" NAMES "internal=false\nsince=17", FEL_INTENT_SENT, FALSE }, /* as many line ends as a whole one */
};

static void
test_parse (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (FelIntent) intent = parse (texts[i].text, texts[i].state);

      if ((intent != NULL) != texts[i].ok)
        g_error ("text %" G_GSIZE_FORMAT ": %s", i, texts[i].text);
      if (intent != NULL)
        check_round_trip (intent);
    }
}

static void
test_bytes_that_are_no_text (void)
{
  static const char nul_inside[] = HEAD "backend=nile\nworkspace=ac\0me\ndatabase=orders\n" TAIL;
  static const char nul_at_end[] = HEAD NAMES TAIL "\0";

  g_assert_null (fel_intent_parse (nul_inside, sizeof nul_inside - 1, UUID, FEL_INTENT_SENT));
  g_assert_null (fel_intent_parse (nul_at_end, sizeof nul_at_end - 1, UUID, FEL_INTENT_SENT));
  g_assert_null (parse (HEAD NAMES "colour=\377\n" TAIL, FEL_INTENT_SENT));
}

static void
test_uuids (void)
{
  static const char *const bad[] = { "", "x", UUID "0", "../../../../etc/passwd", "6f1d2c1e53a14c528d5a6a0f5f0d9a11" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (fel_intent_parse (HEAD NAMES TAIL, strlen (HEAD NAMES TAIL), bad[i], FEL_INTENT_SENT));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* GLib 2.74 warns of a value with two kinds of bad escapes. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/intent/new", test_new);
  g_test_add_func ("/intent/round-trip/names", test_round_trip_of_names);
  g_test_add_func ("/intent/round-trip/each-field", test_round_trip_of_each_field);
  g_test_add_func ("/intent/advance", test_advance);
  g_test_add_func ("/intent/was-never-sent", test_was_never_sent);
  g_test_add_func ("/intent/state-names", test_state_names);
  g_test_add_func ("/intent/parse/table", test_parse);
  g_test_add_func ("/intent/parse/cut-anywhere", test_cut_anywhere);
  g_test_add_func ("/intent/parse/zeros-at-the-end", test_zeros_at_the_end);
  g_test_add_func ("/intent/parse/bytes-that-are-no-text", test_bytes_that_are_no_text);
  g_test_add_func ("/intent/parse/uuids", test_uuids);
  return g_test_run ();
}
