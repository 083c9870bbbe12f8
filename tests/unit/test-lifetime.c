/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lifetime.h"

#define BORN 1700000000

/* Seconds after birth; next 0: never. */
typedef struct
{
  const char *what;
  gint64 life_sec; /* 0: endless */
  gboolean renewable;
  gint64 age_sec;
  FelLifetimePhase phase;
  gint64 next_sec;
} Case;

static const Case cases[] = {
  { "endless", 0, FALSE, 1000000, FEL_LIFETIME_ENDLESS, 0 },
  { "endless and renewable", 0, TRUE, 0, FEL_LIFETIME_ENDLESS, 0 },
  { "an hour: 5 minutes ahead", 3600, FALSE, 0, FEL_LIFETIME_ACTIVE, 3300 },
  { "an hour, a second before", 3600, FALSE, 3299, FEL_LIFETIME_ACTIVE, 3300 },
  { "an hour, at that moment", 3600, FALSE, 3300, FEL_LIFETIME_EXPIRING, 3600 },
  { "an hour, a second before its end", 3600, FALSE, 3599, FEL_LIFETIME_EXPIRING, 3600 },
  { "an hour, at its end", 3600, FALSE, 3600, FEL_LIFETIME_EXPIRED, 0 },
  { "an hour, long after", 3600, FALSE, 99999, FEL_LIFETIME_EXPIRED, 0 },
  { "ten minutes: a tenth", 600, FALSE, 0, FEL_LIFETIME_ACTIVE, 540 },
  { "a minute: ten seconds", 60, FALSE, 0, FEL_LIFETIME_ACTIVE, 50 },
  { "eight seconds: a quarter", 8, FALSE, 0, FEL_LIFETIME_ACTIVE, 6 },
  { "three seconds", 3, FALSE, 2, FEL_LIFETIME_ACTIVE, 3 },
  { "three seconds, over", 3, FALSE, 3, FEL_LIFETIME_EXPIRED, 0 },
  { "a month: 5 minutes ahead", 30 * 86400, FALSE, 0, FEL_LIFETIME_ACTIVE, 30 * 86400 - 300 },
  { "an hour, renewable", 3600, TRUE, 0, FEL_LIFETIME_ACTIVE, 3000 },
  { "an hour, renewable, a second before", 3600, TRUE, 2999, FEL_LIFETIME_ACTIVE, 3000 },
  { "an hour, to be renewed", 3600, TRUE, 3000, FEL_LIFETIME_RENEW, 3300 },
  { "an hour, was not renewed", 3600, TRUE, 3300, FEL_LIFETIME_EXPIRING, 3600 },
  { "renewable, over", 3600, TRUE, 3600, FEL_LIFETIME_EXPIRED, 0 },
  { "born in the future", 3600, FALSE, -1000, FEL_LIFETIME_ACTIVE, 3300 },
};

static FelCredential *
credential_of (gint64 life_sec, gboolean renewable)
{
  FelCredential *credential = fel_credential_new ();

  credential->created_sec = BORN;
  credential->not_after_sec = life_sec != 0 ? BORN + life_sec : 0;
  credential->renewable = renewable ? FEL_TRUE : FEL_UNSET;
  return credential;
}

static void
test_judge (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *c = &cases[i];
      g_autoptr (FelCredential) credential = credential_of (c->life_sec, c->renewable);
      gint64 next_sec = 7;

      g_test_message ("%s", c->what);
      g_assert_cmpint (fel_lifetime_judge (credential, BORN + c->age_sec, &next_sec), ==, c->phase);
      g_assert_cmpint (next_sec, ==, c->next_sec != 0 ? BORN + c->next_sec : G_MAXINT64);
      g_assert_cmpint (fel_lifetime_judge (credential, BORN + c->age_sec, NULL), ==, c->phase);
    }
}

/* Whoever waits until the next change sees one: no phase lasts for ever by mistake, and none is missed. */
static void
test_every_phase_ends (void)
{
  for (gint64 life_sec = 1; life_sec < 5000; life_sec += 7)
    for (int renewable = 0; renewable < 2; renewable++)
      {
        g_autoptr (FelCredential) credential = credential_of (life_sec, renewable);
        gint64 now_sec = BORN, next_sec = 0;
        FelLifetimePhase phase = fel_lifetime_judge (credential, now_sec, &next_sec);

        while (phase != FEL_LIFETIME_EXPIRED)
          {
            FelLifetimePhase later = fel_lifetime_judge (credential, MAX (next_sec, now_sec), NULL);

            g_assert_cmpint (next_sec, >=, now_sec);
            g_assert_cmpint (later, >, phase);
            now_sec = next_sec;
            phase = fel_lifetime_judge (credential, now_sec, &next_sec);
          }
        g_assert_cmpint (now_sec, ==, BORN + life_sec);
      }
}

/* Who does not tell when it was made is judged by when it was stored. */
static void
test_stored_stands_in_for_created (void)
{
  g_autoptr (FelCredential) credential = credential_of (3600, FALSE);

  credential->created_sec = 0;
  credential->stored_sec = BORN + 600;
  g_assert_cmpint (fel_lifetime_sec (credential), ==, 3000);
}

static void
test_a_clock_behind_makes_no_negative_life (void)
{
  g_autoptr (FelCredential) credential = credential_of (3600, FALSE);

  credential->created_sec = BORN + 7200;
  g_assert_cmpint (fel_lifetime_sec (credential), ==, 0);
  g_assert_cmpint (fel_lifetime_judge (credential, BORN + 3599, NULL), ==, FEL_LIFETIME_ACTIVE);
  g_assert_cmpint (fel_lifetime_judge (credential, BORN + 3600, NULL), ==, FEL_LIFETIME_EXPIRED);
}

static void
test_with_end_leaves_the_original (void)
{
  g_autoptr (FelCredential) credential = credential_of (3600, FALSE);
  g_autoptr (FelCredential) changed = fel_lifetime_with_end (credential, BORN + 5);

  g_assert_cmpint (credential->not_after_sec, ==, BORN + 3600);
  g_assert_cmpint (changed->not_after_sec, ==, BORN + 5);
  g_assert_cmpint (changed->created_sec, ==, BORN);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lifetime/judge", test_judge);
  g_test_add_func ("/lifetime/every-phase-ends", test_every_phase_ends);
  g_test_add_func ("/lifetime/stored", test_stored_stands_in_for_created);
  g_test_add_func ("/lifetime/clock-behind", test_a_clock_behind_makes_no_negative_life);
  g_test_add_func ("/lifetime/with-end", test_with_end_leaves_the_original);
  return g_test_run ();
}
