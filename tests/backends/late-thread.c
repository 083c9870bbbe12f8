/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keeps something for each thread, as OpenSSL does, and tears down at the exit what the end of a thread still needs. */
#include "felucca-backend.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define WAIT_USEC 10000
#define WAITS_MAX 300

static pthread_key_t key;
static atomic_bool is_torn_down;

static void
on_thread_end (void *data)
{
  for (int i = 0; i < WAITS_MAX && !is_torn_down; i++)
    usleep (WAIT_USEC);
  if (is_torn_down)
    abort ();
}

static void
on_exit_of_process (void)
{
  is_torn_down = true;
  for (int i = 0; i < WAITS_MAX; i++)
    usleep (WAIT_USEC);
}

static bool
mint (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  static atomic_bool is_open;

  if (!atomic_exchange (&is_open, true))
    {
      pthread_key_create (&key, on_thread_end);
      atexit (on_exit_of_process);
    }
  pthread_setspecific (key, &key);
  host->set_string (out, FEL_FIELD_ID, "1");
  host->set_secret (out, "secret", 6);
  return true;
}

const FelBackend felucca_backend_v1 = {
  .struct_size = sizeof (FelBackend),
  .name = "late-thread",
  .description = "A backend whose threads end late",
  .version = "1",
  .mint = mint,
};
