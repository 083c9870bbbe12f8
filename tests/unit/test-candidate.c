/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "candidate.h"

#define RFC_EXAMPLE "017F22E2-79B0-7CC3-98C4-DC0C0C07398F" /* RFC 9562, appendix A.6 */
#define RFC_EXAMPLE_SEC 1645557742

#define SINCE_SEC 1700000000
#define UNTIL_SEC 1700000065

static const struct
{
  const char *id;
  gint64 created_sec;
  gint64 made_sec;
} times[] = {
  { RFC_EXAMPLE, 0, RFC_EXAMPLE_SEC },
  { "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", 0, RFC_EXAMPLE_SEC },
  { RFC_EXAMPLE, 42, RFC_EXAMPLE_SEC },                           /* the id is what the provider's own clock wrote */
  { "017F22E2-7A97-7CC3-98C4-DC0C0C07398F", 0, RFC_EXAMPLE_SEC }, /* 231 ms later */
  { "017F22E2-7D98-7CC3-98C4-DC0C0C07398F", 0, RFC_EXAMPLE_SEC + 1 }, /* 1000 ms later */
  { "ffffffff-ffff-7cc3-98c4-dc0c0c07398f", 0, 281474976710 },        /* all 48 bits */
  { "00000000-03e7-7cc3-98c4-dc0c0c07398f", 42, 42 },                 /* less than a second: no time */
  { "00000000-03e8-7cc3-98c4-dc0c0c07398f", 42, 1 },
  { "919108f7-52d1-4320-9bac-f847db4148a8", 42, 42 }, /* version 4 */
  { "919108f7-52d1-4320-9bac-f847db4148a8", 0, 0 },
  { "C232AB00-9414-11EC-B3C8-9F6BDECED846", 7, 7 }, /* version 1 */
  { RFC_EXAMPLE "0", 42, 42 },
  { "017F22E279B07CC398C4DC0C0C07398F", 42, 42 },
  { "cred-7", 42, 42 },
  { "", 42, 42 },
  { NULL, 42, 42 },
};

static void
test_made (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autoptr (FelCredential) credential = fel_credential_new ();

      credential->id = g_strdup (times[i].id);
      credential->created_sec = times[i].created_sec;
      g_assert_cmpint (fel_candidate_made_sec (credential), ==, times[i].made_sec);
    }
}

typedef struct
{
  const char *id;
  gint64 created_sec;
} Listed;

#define LISTED_MAX 4

static const struct
{
  Listed listed[LISTED_MAX];
  const char *known;     /* (nullable) */
  const char *near;      /* ids, in their order */
  const char *exclusive; /* (nullable) the same */
} selections[] = {
  { { { NULL } }, NULL, "", "" },
  { { { "a", SINCE_SEC } }, NULL, "a", "a" },
  { { { "a", UNTIL_SEC } }, NULL, "a", "a" },
  /* A credential whose time is not told could always be it. */
  { { { "a", 0 } }, NULL, "a", "a" },
  { { { "a", 0 }, { "b", SINCE_SEC } }, NULL, "a b", "a b" },
  /* Near before far: at the limit, and past it. */
  { { { "a", SINCE_SEC - 300 }, { "far", SINCE_SEC - 301 } }, NULL, "a", "a far" },
  { { { "a", UNTIL_SEC + 300 }, { "far", UNTIL_SEC + 301 } }, NULL, "a", "a far" },
  { { { "a", 0 }, { "far", SINCE_SEC - 301 } }, NULL, "a", "a far" },
  /* Far when there is nothing near: at the limit, and past it. */
  { { { "a", SINCE_SEC - 301 } }, NULL, "a", "a" },
  { { { "a", UNTIL_SEC + 301 } }, NULL, "a", "a" },
  { { { "a", SINCE_SEC - 90000 }, { "b", SINCE_SEC - 90001 } }, NULL, "a", "a" },
  { { { "a", UNTIL_SEC + 90000 }, { "b", UNTIL_SEC + 90001 } }, NULL, "a", "a" },
  { { { "a", SINCE_SEC - 90001 }, { "b", UNTIL_SEC + 90001 }, { "c", 1 }, { "d", G_MAXINT64 } }, NULL, "", "" },
  /* What is accounted for is none, and does not keep those that are far from being looked at. */
  { { { "a", SINCE_SEC }, { "b", SINCE_SEC } }, "a", "b", "b" },
  { { { "a", SINCE_SEC }, { "far", SINCE_SEC - 301 } }, "a", "far", "far" },
  { { { "a", 0 } }, "a", "", "" },
  /* The id's time counts, not the one that is told beside it. */
  { { { RFC_EXAMPLE, SINCE_SEC } }, NULL, "", "" },
};

static void
check_selection (GPtrArray *listed, GHashTable *known, gboolean exclusive, const char *expected)
{
  g_autoptr (GPtrArray) ids = fel_candidates_select (listed, known, SINCE_SEC, UNTIL_SEC, exclusive);
  g_autofree char *joined = NULL;

  g_ptr_array_add (ids, NULL);
  joined = g_strjoinv (" ", (char **) ids->pdata);
  g_assert_cmpstr (joined, ==, expected);
}

static void
test_select (void)
{
  g_assert_cmpint (FEL_CANDIDATE_NEAR_SEC, ==, 300);
  g_assert_cmpint (FEL_CANDIDATE_FAR_SEC, ==, 90000);
  for (gsize i = 0; i < G_N_ELEMENTS (selections); i++)
    {
      g_autoptr (GPtrArray) listed = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_credential_unref);
      g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);

      for (guint k = 0; k < LISTED_MAX && selections[i].listed[k].id != NULL; k++)
        {
          FelCredential *credential = fel_credential_new ();

          credential->id = g_strdup (selections[i].listed[k].id);
          credential->created_sec = selections[i].listed[k].created_sec;
          g_ptr_array_add (listed, credential);
        }
      if (selections[i].known != NULL)
        g_hash_table_add (known, (char *) selections[i].known);
      check_selection (listed, known, FALSE, selections[i].near);
      check_selection (listed, known, TRUE, selections[i].exclusive);
    }
}

/* A provider that has no such verb, or said nothing. */
static void
test_no_list (void)
{
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);

  check_selection (NULL, known, FALSE, "");
  check_selection (NULL, known, TRUE, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/candidate/made", test_made);
  g_test_add_func ("/candidate/select", test_select);
  g_test_add_func ("/candidate/no-list", test_no_list);
  return g_test_run ();
}
