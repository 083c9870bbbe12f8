/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

typedef struct
{
  const GError *files_error;
  gboolean memory_locked;
} Known;

/* Each answers NULL, or why it is not in force. (transfer full) */

static char *
look_no_new_privileges (const Known *known)
{
  return prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? NULL : g_strdup ("a program could gain rights");
}

static char *
look_system_calls (const Known *known)
{
  g_autofree char *status = NULL;
  const char *line = NULL;

  if (g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    line = strstr (status, "\nSeccomp:\t");
  return line != NULL && line[strlen ("\nSeccomp:\t")] == '2' ? NULL : g_strdup ("no filter");
}

static char *
look_address_families (const Known *known)
{
  /* Of a kind that there is not: a real one takes the kernel 15 ms to close. */
  int fd = socket (AF_PACKET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gboolean refused = fd < 0 && errno == EAFNOSUPPORT; /* EPERM, ESOCKTNOSUPPORT: nobody restricts the family */

  if (fd >= 0)
    close (fd);
  return refused ? NULL : g_strdup ("not restricted");
}

static char *
look_executable_memory (const Known *known)
{
  void *page = mmap (NULL, 1, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (page == MAP_FAILED)
    return NULL;
  munmap (page, 1);
  return g_strdup ("allowed");
}

/* The root can be read by everybody, and we have no business there. */
static char *
look_files (const Known *known)
{
  int fd;

  if (known->files_error != NULL)
    return g_strdup (known->files_error->message);
  fd = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return NULL;
  close (fd);
  return g_strdup ("a folder that is closed to us could be opened");
}

static char *
look_core (const Known *known)
{
  struct rlimit limit = { 1, 1 };

  getrlimit (RLIMIT_CORE, &limit);
  if (prctl (PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
    return g_strdup ("it can be dumped");
  return limit.rlim_max == 0 ? NULL : g_strdup ("the limit is not 0");
}

static char *
look_locked_memory (const Known *known)
{
  return known->memory_locked ? NULL : g_strdup ("swap is possible");
}

static const struct
{
  const char *name; /* of the interface, see the property Sandbox */
  char *(*look) (const Known *known);
} parts[] = {
  { "no-new-privileges", look_no_new_privileges },
  { "system-calls", look_system_calls },
  { "address-families", look_address_families },
  { "executable-memory", look_executable_memory },
  { "files", look_files },
  { "core-dumps", look_core },
  { "locked-memory", look_locked_memory },
};

FelSandbox *
fel_sandbox_look (const GError *files_error, gboolean memory_locked)
{
  const Known known = { files_error, memory_locked };
  FelSandbox *self = g_new0 (FelSandbox, 1);

  self->n_parts = G_N_ELEMENTS (parts);
  self->parts = g_new0 (FelSandboxPart, self->n_parts);
  for (gsize i = 0; i < self->n_parts; i++)
    self->parts[i] = (FelSandboxPart){ parts[i].name, parts[i].look (&known) };
  return self;
}

void
fel_sandbox_free (FelSandbox *self)
{
  if (self == NULL)
    return;
  for (gsize i = 0; i < self->n_parts; i++)
    g_free (self->parts[i].missing);
  g_free (self->parts);
  g_free (self);
}

char *
fel_sandbox_missing (const FelSandbox *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (gsize i = 0; i < self->n_parts; i++)
    if (self->parts[i].missing != NULL)
      g_string_append_printf (text, "%s%s (%s)", text->len > 0 ? ", " : "", self->parts[i].name,
                              self->parts[i].missing);
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

void
fel_sandbox_log (const FelSandbox *self)
{
  g_autofree char *missing = fel_sandbox_missing (self);

  fel_log_sandbox (missing);
}
