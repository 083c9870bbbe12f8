/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "locked-memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "error.h"
#include "log.h"

#define REGION_LEN_MAX (4 * 1024 * 1024) /* 10 000 passwords and every token; pages count when they are used */
#define BLOCK_LEN_MIN 64
#define N_BLOCK_SIZES 10 /* each twice the one before: up to 32 KiB, a sign-in as it goes to the keyring */

typedef struct Block
{
  struct Block *next;
} Block;

static struct
{
  GMutex lock;
  char *start; /* NULL: nothing is locked */
  gsize len;
  gsize used;                  /* beyond this nothing was ever handed out */
  Block *spare[N_BLOCK_SIZES]; /* handed out and given back */
  gint overflow_told;
  gint n_in_use;
} region;

/* Half of what we may lock: libsecret locks memory, too. */
static gsize
affordable_len (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_MEMLOCK, &limit) != 0)
    return 0;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_MEMLOCK, &limit);
  return (gsize) MIN (limit.rlim_max / 2, REGION_LEN_MAX);
}

/* Not mlockall(): under a limit it makes the stacks of new threads fail. Not mlock() of what malloc() gives: pages are
 * shared with neighbours, and locks do not nest. Not memfd_secret(): it forbids the machine to hibernate. */
gboolean
fel_locked_memory_open (GError **error)
{
  gsize len = affordable_len ();
  void *start = len >= BLOCK_LEN_MIN ? mmap (NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                     : MAP_FAILED;

  g_assert (region.start == NULL);
  if (start == MAP_FAILED || mlock2 (start, len, MLOCK_ONFAULT) != 0)
    {
      g_set_error (error, FEL_ERROR, FEL_ERROR_INTERNAL,
                   "secrets may be written to swap: %" G_GSIZE_FORMAT " bytes of memory cannot be locked "
                   "(RLIMIT_MEMLOCK): %s",
                   len, len < BLOCK_LEN_MIN ? "that is too little" : g_strerror (errno));
      if (start != MAP_FAILED)
        munmap (start, len);
      return FALSE;
    }
  madvise (start, len, MADV_DONTDUMP);
  madvise (start, len, MADV_WIPEONFORK); /* a backend may leave a process behind */
  madvise (start, len, MADV_NOHUGEPAGE); /* a few passwords shall not cost 2 MiB */
  region.start = start;
  region.len = len;
  return TRUE;
}

static guint
size_index (gsize size)
{
  return size <= BLOCK_LEN_MIN ? 0 : g_bit_storage (size - 1) - g_bit_storage (BLOCK_LEN_MIN - 1);
}

/* NULL: it does not fit. A block keeps its size for good, so what counts is the most that was ever in use of each. */
static gpointer
region_take (gsize size)
{
  guint index = size_index (size);
  gsize block_len = (gsize) BLOCK_LEN_MIN << index;
  Block *block = NULL;

  if (index >= N_BLOCK_SIZES)
    return NULL;
  g_mutex_lock (&region.lock);
  if (region.spare[index] != NULL)
    {
      block = region.spare[index];
      region.spare[index] = block->next;
    }
  else if (region.len - region.used >= block_len)
    {
      block = (Block *) (region.start + region.used);
      region.used += block_len;
    }
  g_mutex_unlock (&region.lock);
  return block;
}

gpointer
fel_locked_memory_alloc (gsize size)
{
  gpointer memory = region.start != NULL ? region_take (size) : NULL;

  g_atomic_int_inc (&region.n_in_use);
  if (memory != NULL)
    return memory;
  /* Told from down here, since it is a failure of nobody's request. */
  if (region.start != NULL && g_atomic_int_compare_and_exchange (&region.overflow_told, FALSE, TRUE))
    fel_log_problem ("a secret does not fit the memory that is kept out of swap: it and others are in ordinary memory");
  return g_malloc (size);
}

gboolean
fel_locked_memory_has (gconstpointer memory)
{
  const char *at = memory;

  return region.start != NULL && at >= region.start && at < region.start + region.len;
}

void
fel_locked_memory_free (gpointer memory, gsize size)
{
  if (memory == NULL)
    return;
  g_atomic_int_add (&region.n_in_use, -1);
  if (!fel_locked_memory_has (memory))
    {
      g_free (memory);
      return;
    }
  g_mutex_lock (&region.lock);
  ((Block *) memory)->next = region.spare[size_index (size)];
  region.spare[size_index (size)] = memory;
  g_mutex_unlock (&region.lock);
}

guint
fel_locked_memory_n_in_use (void)
{
  return (guint) g_atomic_int_get (&region.n_in_use);
}
