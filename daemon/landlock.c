/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"

/* The kernel's interface, and not <linux/landlock.h>: that of the oldest system we build on knows the first part alone. */
#define CREATE_RULESET_VERSION (1U << 0)
#define RULE_PATH_BENEATH 1
#define ACCESS_EXECUTE (1ULL << 0)
#define ACCESS_WRITE_FILE (1ULL << 1)
#define ACCESS_READ_FILE (1ULL << 2)
#define ACCESS_READ_DIR (1ULL << 3)
#define ACCESS_REMOVE_AND_MAKE (0x1ffULL << 4) /* nine kinds */
#define ACCESS_REFER (1ULL << 13)              /* since version 2 */
#define ACCESS_TRUNCATE (1ULL << 14)           /* 3 */
#define ACCESS_IOCTL_DEV (1ULL << 15)          /* 5 */
#define SCOPE_SIGNAL (1ULL << 1)               /* 6 */

#define ACCESS_OF_FILES (ACCESS_EXECUTE | ACCESS_WRITE_FILE | ACCESS_READ_FILE | ACCESS_TRUNCATE | ACCESS_IOCTL_DEV)

typedef struct
{
  uint64_t handled_access_fs;
  uint64_t handled_access_net; /* since version 4 */
  uint64_t scoped;             /* 6 */
} RulesetAttr;

typedef struct
{
  uint64_t allowed_access;
  int32_t parent_fd;
} __attribute__ ((packed)) PathBeneathAttr;

struct FelLandlock
{
  int fd;
  uint64_t handled;
};

static gboolean
fail (const char *doing, GError **error)
{
  g_set_error (error, FEL_ERROR, FEL_ERROR_UNSUPPORTED, "%s: %s", doing, g_strerror (errno));
  return FALSE;
}

static RulesetAttr
all_known_to (long version)
{
  RulesetAttr attr = { ACCESS_EXECUTE | ACCESS_WRITE_FILE | ACCESS_READ_FILE | ACCESS_READ_DIR | ACCESS_REMOVE_AND_MAKE,
                       0, 0 };

  if (version >= 2)
    attr.handled_access_fs |= ACCESS_REFER;
  if (version >= 3)
    attr.handled_access_fs |= ACCESS_TRUNCATE;
  if (version >= 5)
    attr.handled_access_fs |= ACCESS_IOCTL_DEV;
  if (version >= 6)
    attr.scoped |= SCOPE_SIGNAL; /* to others: what we start is within */
  return attr;
}

FelLandlock *
fel_landlock_new (GError **error)
{
  long version = syscall (SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
  RulesetAttr attr = all_known_to (version);
  FelLandlock *self;
  int fd = -1;

  /* An old kernel takes fields that it does not know as long as they are zero. */
  if (version >= 1)
    fd = (int) syscall (SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
  if (fd < 0)
    {
      fail ("this kernel has no Landlock", error);
      return NULL;
    }
  self = g_new0 (FelLandlock, 1);
  self->fd = fd;
  self->handled = attr.handled_access_fs;
  return self;
}

void
fel_landlock_free (FelLandlock *self)
{
  if (self == NULL)
    return;
  close (self->fd);
  g_free (self);
}

static uint64_t
kernel_access (FelLandlockAccess access)
{
  uint64_t bits = 0;

  if (access & FEL_LANDLOCK_READ)
    bits |= ACCESS_READ_FILE | ACCESS_READ_DIR;
  if (access & FEL_LANDLOCK_EXECUTE)
    bits |= ACCESS_EXECUTE;
  if (access & FEL_LANDLOCK_WRITE)
    bits |= ACCESS_WRITE_FILE | ACCESS_TRUNCATE;
  if (access & FEL_LANDLOCK_CHANGE)
    bits |= ACCESS_REMOVE_AND_MAKE | ACCESS_REFER;
  return bits;
}

void
fel_landlock_allow (FelLandlock *self, const char *path, FelLandlockAccess access)
{
  PathBeneathAttr rule = { kernel_access (access) & self->handled, open (path, O_PATH | O_CLOEXEC) };
  struct stat st;

  if (rule.parent_fd < 0)
    return;
  if (fstat (rule.parent_fd, &st) == 0 && !S_ISDIR (st.st_mode))
    rule.allowed_access &= ACCESS_OF_FILES;
  /* What the kernel refuses (a socket, a pipe) is not open to us then: that is the safe side. */
  if (rule.allowed_access != 0)
    syscall (SYS_landlock_add_rule, self->fd, RULE_PATH_BENEATH, &rule, 0);
  close (rule.parent_fd);
}

gboolean
fel_landlock_enforce (FelLandlock *self, GError **error)
{
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return fail ("new privileges cannot be given up", error);
  if (syscall (SYS_landlock_restrict_self, self->fd, 0) < 0)
    return fail ("the rules for files cannot be put into force", error);
  return TRUE;
}
