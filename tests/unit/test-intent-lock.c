/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Locks of open files: each object here is a daemon of its own. */
#include "intent-lock.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

#define DAEMONS 3

typedef struct
{
  char *scratch;
  char *path;
  FelIntentLock *daemons[DAEMONS];
} Fixture;

static void
fixture_init (Fixture *self)
{
  self->scratch = scratch_new ();
  self->path = g_build_filename (self->scratch, "lock", NULL);
  for (guint i = 0; i < DAEMONS; i++)
    self->daemons[i] = fel_intent_lock_new (self->path);
}

static void
fixture_clear (Fixture *self)
{
  for (guint i = 0; i < DAEMONS; i++)
    fel_intent_lock_free (self->daemons[i]);
  scratch_remove (self->scratch);
  g_free (self->scratch);
  g_free (self->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* Steps of the daemons A, B and C. w writes, r rests, l looks, f the look has failed, t it takes over, a is alone, n is
 * not, x ends, d deletes the file. W, L: another one is in the way. */
static const struct
{
  const char *name;
  const char *steps;
} cases[] = {
  { "all-may-write", "Aw Bw Cw An" },
  { "again", "Aw Aw Al Al At Al At Bw" },
  { "nobody-writes-while-one-looks", "Al BW BL CW Af Bw" },
  { "nor-while-a-writer-looks", "Aw Al BW BL At Bw" },
  { "a-look-that-failed-is-over", "Al Af Bl Bt AL" },
  { "one-takes-over", "Al At BL Bw BL Ax Bl" },
  { "what-a-writer-has-is-its-own", "Aw BL Ax Bl" },
  { "a-look-in-vain-costs-nothing", "Aw Bw AL CL Bx CL Al At CL Ax Cl" },
  { "a-look-in-vain-takes-nothing", "Aw BL Ar Cl Ct" },
  { "who-rests-is-in-nobodys-way", "Aw Ar Bl Bt Aw Ar" },
  { "rests-and-writes-again", "Aw Ar Aw BL" },
  { "rests-without-having-written", "Ar Bl" },
  { "alone", "Aa Aw Aa Bw An Bn Br Aa Bn Ar Ba" },
  { "alone-beside-one-that-has-taken-over", "Al At Bw Ba An" },
  { "deleted-while-it-writes", "Aw Ad Aw BL" },
  { "deleted-after-it-was-taken-over", "Al At Ad Aw BL Bw Ar BL Ax Br Bl" },
  { "deleted-and-taken-over-by-another", "Al At Ad Bl Bt Aw Ar AL" },
};

static void
step (Fixture *self, const char *what)
{
  FelIntentLock **daemon = &self->daemons[what[0] - 'A'];

  switch (what[1])
    {
    case 'w':
      g_assert_cmpint (fel_intent_lock_write (*daemon), ==, 0);
      return;
    case 'W':
      g_assert_cmpint (fel_intent_lock_write (*daemon), ==, EAGAIN);
      return;
    case 'l':
      g_assert_cmpint (fel_intent_lock_look (*daemon), ==, 0);
      return;
    case 'L':
      g_assert_cmpint (fel_intent_lock_look (*daemon), ==, EAGAIN);
      return;
    case 'r':
      fel_intent_lock_rest (*daemon);
      return;
    case 'f':
      fel_intent_lock_end_look (*daemon, FALSE);
      return;
    case 't':
      fel_intent_lock_end_look (*daemon, TRUE);
      return;
    case 'a':
      g_assert_true (fel_intent_lock_is_alone (*daemon));
      return;
    case 'n':
      g_assert_false (fel_intent_lock_is_alone (*daemon));
      return;
    case 'd':
      g_assert_cmpint (unlink (self->path), ==, 0);
      return;
    case 'x':
      g_clear_pointer (daemon, fel_intent_lock_free);
      return;
    default:
      g_assert_not_reached ();
    }
}

static void
test_steps (gconstpointer data)
{
  g_auto (Fixture) self = { 0 };
  g_auto (GStrv) steps = g_strsplit (data, " ", -1);

  fixture_init (&self);
  for (guint i = 0; steps[i] != NULL; i++)
    {
      g_test_message ("%s", steps[i]);
      step (&self, steps[i]);
    }
}

static void
test_file (void)
{
  g_auto (Fixture) self = { 0 };
  struct stat st;

  fixture_init (&self);
  step (&self, "Aw");
  g_assert_cmpint (lstat (self.path, &st), ==, 0);
  g_assert_cmphex (st.st_mode & 07777, ==, 0600);
  g_assert_cmpint (st.st_size, ==, 0);
}

static void
test_a_link_in_its_place (void)
{
  g_auto (Fixture) self = { 0 };

  fixture_init (&self);
  g_assert_cmpint (symlink ("elsewhere", self.path), ==, 0);
  g_assert_cmpint (fel_intent_lock_write (self.daemons[0]), ==, ELOOP);
  g_assert_cmpint (fel_intent_lock_look (self.daemons[0]), ==, ELOOP);
  g_assert_true (fel_intent_lock_is_alone (self.daemons[0]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/intent-lock/", cases[i].name, NULL);

      g_test_add_data_func (path, cases[i].steps, test_steps);
    }
  g_test_add_func ("/intent-lock/file", test_file);
  g_test_add_func ("/intent-lock/a-link-in-its-place", test_a_link_in_its_place);
  return g_test_run ();
}
