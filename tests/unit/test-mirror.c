/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mirror.h"

#include <gmodule.h>

#include "locked-memory.h"
#include "scratch.h"

#define REST_USEC (300 * G_USEC_PER_SEC)

G_MODULE_EXPORT gint64 __wrap_g_get_monotonic_time (void);
G_MODULE_EXPORT guint __wrap_g_timeout_add (guint interval_msec, GSourceFunc function, gpointer data);

static gint64 now_usec = 1;

static struct
{
  GSourceFunc function;
  gpointer data;
  gint64 due_usec;
  guint n;
} timer;

gint64
__wrap_g_get_monotonic_time (void)
{
  return now_usec;
}

guint
__wrap_g_timeout_add (guint interval_msec, GSourceFunc function, gpointer data)
{
  timer.function = function;
  timer.data = data;
  timer.due_usec = now_usec + (gint64) interval_msec * 1000;
  timer.n++;
  return 1000000; /* none that anybody has */
}

static void
fire (void)
{
  GSourceFunc function = g_steal_pointer (&timer.function);

  g_assert_nonnull (function);
  now_usec = timer.due_usec;
  timer.n--;
  g_assert_false (function (timer.data));
}

static void
keep (FelBroker *broker, const char *path)
{
  g_autoptr (FelSecret) secret = fel_secret_new ("password", 8);

  fel_mirror_keep_secret (broker->mirror, path, secret, 7, fel_secret_cache_epoch (broker->secret_cache));
}

static gboolean
is_held (FelBroker *broker, const char *path)
{
  gboolean is_good;

  return fel_secret_cache_find (broker->secret_cache, path, now_usec, &is_good) != NULL;
}

/* Each rests for itself; one timer sees to all of them, and to none when none is left. */
static void
test_rest (void)
{
  g_autofree char *folder = scratch_new ();
  g_autoptr (FelBroker) broker = fel_broker_new (fel_config_load ((const char *const[]){ NULL }), folder, folder);

  keep (broker, "/1");
  now_usec += 60 * G_USEC_PER_SEC;
  keep (broker, "/2");
  g_assert_cmpuint (timer.n, ==, 1);
  g_assert_true (is_held (broker, "/1") && is_held (broker, "/2"));
  g_assert_cmpint (timer.due_usec, <=, now_usec + REST_USEC);
  fire (); /* too early by the last use of both */
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 2);
  g_assert_cmpuint (timer.n, ==, 1);
  fire ();
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 0);
  g_assert_cmpuint (timer.n, ==, 0);
  keep (broker, "/1");
  g_assert_cmpuint (timer.n, ==, 1);
  fire ();
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 0);
  scratch_remove (folder);
}

static void
test_forget (void)
{
  g_autofree char *folder = scratch_new ();
  g_autoptr (FelBroker) broker = fel_broker_new (fel_config_load ((const char *const[]){ NULL }), folder, folder);

  keep (broker, "/1");
  keep (broker, "/2");
  fel_mirror_forget (broker->mirror, "/1");
  g_assert_false (is_held (broker, "/1"));
  g_assert_true (is_held (broker, "/2"));
  fel_mirror_keyring_listener ()->secret_stale (NULL, broker->mirror);
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 0);
  fire ();
  scratch_remove (folder);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  if (!fel_locked_memory_open (&error))
    {
      g_print ("1..0 # SKIP %s\n", error->message);
      return 0;
    }
  g_test_add_func ("/mirror/rest", test_rest);
  g_test_add_func ("/mirror/forget", test_forget);
  return g_test_run ();
}
