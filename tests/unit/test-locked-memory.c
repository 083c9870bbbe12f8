/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "locked-memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "secret.h"

#define REGION_LEN (4 * 1024 * 1024)
#define BLOCK_LEN_MAX (32 * 1024)

int __wrap_mlock2 (const void *start, size_t len, unsigned int flags);
int __real_mlock2 (const void *start, size_t len, unsigned int flags);
static struct
{
  gboolean fails;
  gsize len;
} locking;

static guint n_told;

int
__wrap_mlock2 (const void *start, size_t len, unsigned int flags)
{
  int r;

  locking.len = len;
  errno = ENOMEM;
  if (locking.fails)
    return -1;
  r = __real_mlock2 (start, len, flags);
  return r != 0 && errno == EINVAL ? mlock (start, len) : r; /* what valgrind does not know */
}

static GLogWriterOutput
on_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  n_told += (level & G_LOG_LEVEL_WARNING) != 0;
  return G_LOG_WRITER_HANDLED;
}

/* The mapping that holds this address: is it locked, and left out of core dumps? proc(5), VmFlags. What was found to be so
 * is looked up no more: the file is slow to read with a sanitizer's shadow memory. */
static gboolean
is_locked (const void *address)
{
  static uintptr_t locked_start, locked_end;
  g_autofree char *smaps = NULL;
  g_auto (GStrv) lines = NULL;
  uintptr_t start = 0, end = 0;

  if ((uintptr_t) address >= locked_start && (uintptr_t) address < locked_end)
    return TRUE;
  g_assert_true (g_file_get_contents ("/proc/self/smaps", &smaps, NULL, NULL));
  lines = g_strsplit (smaps, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      uintptr_t from, to;

      if (sscanf (*line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
        {
          start = from;
          end = to;
        }
      else if ((uintptr_t) address >= start && (uintptr_t) address < end && g_str_has_prefix (*line, "VmFlags:"))
        {
          if (strstr (*line, " lo") == NULL || strstr (*line, " dd") == NULL)
            return FALSE;
          locked_start = start;
          locked_end = end;
          return TRUE;
        }
    }
  g_assert_not_reached ();
}

/* Every block of a test comes from here: its bytes tell whose it is. */
static char *
take (gsize size, char mark)
{
  return memset (fel_locked_memory_alloc (size), mark, size);
}

static void
give_back (char *block, gsize size, char mark)
{
  for (gsize i = 0; i < size; i++)
    g_assert_cmpint (block[i], ==, mark);
  fel_locked_memory_free (block, size);
}

static void
test_ordinary_before_the_start (void)
{
  char *block = take (100, 'a');

  g_assert_false (is_locked (block));
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 1);
  give_back (block, 100, 'a');
  fel_locked_memory_free (NULL, 100);
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 0);
}

static void
assert_cannot_be_opened (void)
{
  g_autoptr (GError) error = NULL;
  char *block;

  g_assert_false (fel_locked_memory_open (&error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "RLIMIT_MEMLOCK"));
  block = take (100, 'a');
  g_assert_false (is_locked (block));
  give_back (block, 100, 'a');
  g_assert_cmpuint (n_told, ==, 0);
}

static void
test_ordinary_when_the_kernel_refuses (void)
{
  locking.fails = TRUE;
  assert_cannot_be_opened ();
  locking.fails = FALSE;
}

static const struct
{
  const char *path;
  rlim_t hard_limit;
  gsize asked;
} limits[] = {
  { "/locked-memory/limit/half-of-it/subprocess", 256 * 1024, 128 * 1024 },
  { "/locked-memory/limit/too-little/subprocess", 127, 0 },
  { "/locked-memory/limit/none/subprocess", 0, 0 },
};

static void
test_one_limit (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  struct rlimit limit = { limits[i].hard_limit, limits[i].hard_limit };

  g_assert_cmpint (setrlimit (RLIMIT_MEMLOCK, &limit), ==, 0);
  locking.fails = TRUE;
  assert_cannot_be_opened ();
  g_assert_cmpuint (locking.len, ==, limits[i].asked);
}

/* In processes of their own, since a limit does not rise again. */
static void
test_limits (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_test_trap_subprocess (limits[i].path, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
    }
}

/* Some builders run in containers that forbid it, or have a low limit. */
static gboolean
can_lock (void)
{
  g_autofree char *bytes = g_malloc (1);
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_MEMLOCK, &limit), ==, 0);
  return limit.rlim_max >= 2 * REGION_LEN && mlock (bytes, 1) == 0 && munlock (bytes, 1) == 0;
}

static void
test_locked (void)
{
  g_test_skip ("the memory that this takes cannot be locked here");
}

/* The tests from here on use the one region of the process. */
static void
test_the_limit_is_raised (void)
{
  struct rlimit limit;
  rlim_t hard;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (getrlimit (RLIMIT_MEMLOCK, &limit), ==, 0);
  hard = limit.rlim_max;
  limit.rlim_cur = hard / 2;
  g_assert_cmpint (setrlimit (RLIMIT_MEMLOCK, &limit), ==, 0);
  g_assert_true (fel_locked_memory_open (&error));
  g_assert_no_error (error);
  g_assert_cmpint (getrlimit (RLIMIT_MEMLOCK, &limit), ==, 0);
  g_assert_cmpuint (limit.rlim_cur, ==, hard);
  g_assert_cmpuint (limit.rlim_max, ==, hard);
}

static void
test_secrets_are_locked (void)
{
  g_autofree char *long_bytes = g_strnfill (8192, 'x');
  g_autoptr (FelSecret) password = fel_secret_new ("hunter2", 7);
  g_autoptr (FelSecret) token = fel_secret_new (long_bytes, 8192);
  const void *at;

  g_assert_true (is_locked (password));
  g_assert_true (is_locked (token->bytes));
  g_assert_false (is_locked (long_bytes));
  at = password;
  g_clear_pointer (&password, fel_secret_unref);
  g_assert_cmpint (((const char *) at)[G_STRUCT_OFFSET (FelSecret, bytes)], ==, '\0');
  password = fel_secret_new ("hunter3", 7);
  g_assert_true (password == at); /* what is given back is used again */
}

static void
test_sizes (void)
{
  static const gsize sizes[] = { 1, 63, 64, 65, 127, 128, 129, 1024, 1025, 8193, 16384, 16385, BLOCK_LEN_MAX };
  char *blocks[2][G_N_ELEMENTS (sizes)];

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (gsize j = 0; j < 2; j++)
      {
        blocks[j][i] = take (sizes[i], (char) (i + j * 64));
        g_assert_true (is_locked (blocks[j][i]));
        g_assert_true (is_locked (blocks[j][i] + sizes[i] - 1));
        g_assert_cmpuint ((uintptr_t) blocks[j][i] % 16, ==, 0);
      }
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (gsize j = 0; j < 2; j++)
      give_back (blocks[j][i], sizes[i], (char) (i + j * 64));
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 0);
  g_assert_cmpuint (n_told, ==, 0);
}

static gpointer
take_and_give_back (gpointer data)
{
  char mark = (char) GPOINTER_TO_INT (data);
  g_autoptr (GRand) random = g_rand_new_with_seed ((guint32) mark);
  char *blocks[16] = { NULL };
  gsize sizes[16];

  for (guint i = 0; i < 2000; i++)
    {
      guint slot = i % G_N_ELEMENTS (blocks);

      if (blocks[slot] != NULL)
        give_back (blocks[slot], sizes[slot], mark);
      sizes[slot] = (gsize) g_rand_int_range (random, 1, 2048);
      blocks[slot] = take (sizes[slot], mark);
    }
  for (guint slot = 0; slot < G_N_ELEMENTS (blocks); slot++)
    give_back (blocks[slot], sizes[slot], mark);
  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[8];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("taker", take_and_give_back, GINT_TO_POINTER ((int) i + 1));
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 0);
  g_assert_cmpuint (n_told, ==, 0);
}

static void
test_what_does_not_fit_is_ordinary (void)
{
  g_autoptr (GPtrArray) blocks = g_ptr_array_new ();
  char *block;

  block = take (BLOCK_LEN_MAX + 1, 'b');
  g_assert_false (is_locked (block));
  give_back (block, BLOCK_LEN_MAX + 1, 'b');
  g_assert_cmpuint (n_told, ==, 1);

  do
    g_ptr_array_add (blocks, block = take (BLOCK_LEN_MAX, 'c'));
  while (is_locked (block));
  g_assert_cmpuint (blocks->len, <=, REGION_LEN / BLOCK_LEN_MAX + 1);
  g_ptr_array_add (blocks, take (BLOCK_LEN_MAX, 'c'));
  g_assert_cmpuint (n_told, ==, 1); /* once is enough */
  for (guint i = 0; i < blocks->len; i++)
    give_back (blocks->pdata[i], BLOCK_LEN_MAX, 'c');
  g_assert_cmpuint (fel_locked_memory_n_in_use (), ==, 0);

  block = take (BLOCK_LEN_MAX, 'd');
  g_assert_true (is_locked (block));
  give_back (block, BLOCK_LEN_MAX, 'd');
}

/* A process that a backend has forked, and left behind, finds zeros. */
static void
test_a_fork_has_none_of_it (void)
{
  char *block = fel_locked_memory_alloc (4096);
  int status;
  pid_t pid;

  memset (block, 's', 4096);
  pid = fork ();
  if (pid == 0)
    {
      for (gsize i = 0; i < 4096; i++)
        if (block[i] != 0)
          _exit (1);
      _exit (0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpint (block[0], ==, 's');
  g_assert_cmpint (block[4095], ==, 's');
  memset (block, 0, 4096);
  fel_locked_memory_free (block, 4096);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (on_log, NULL, NULL);
  g_test_add_func ("/locked-memory/ordinary-before-the-start", test_ordinary_before_the_start);
  g_test_add_func ("/locked-memory/ordinary-when-the-kernel-refuses", test_ordinary_when_the_kernel_refuses);
  if (!can_lock ())
    {
      g_test_add_func ("/locked-memory/locked", test_locked);
      return g_test_run ();
    }
  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    g_test_add_data_func (limits[i].path, GSIZE_TO_POINTER (i), test_one_limit);
  g_test_add_func ("/locked-memory/limits", test_limits);
  g_test_add_func ("/locked-memory/the-limit-is-raised", test_the_limit_is_raised);
  g_test_add_func ("/locked-memory/secrets-are-locked", test_secrets_are_locked);
  g_test_add_func ("/locked-memory/sizes", test_sizes);
  g_test_add_func ("/locked-memory/threads", test_threads);
  g_test_add_func ("/locked-memory/a-fork-has-none-of-it", test_a_fork_has_none_of_it);
  g_test_add_func ("/locked-memory/what-does-not-fit-is-ordinary", test_what_does_not_fit_is_ordinary);
  return g_test_run ();
}
