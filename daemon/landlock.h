/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the kernel lets this process do with files, from now on: nothing but what was allowed, for the calling thread and
 * every thread and process that it makes. It cannot be taken back. Made, filled and enforced by main, before there are
 * other threads. */
#pragma once

#include <glib.h>

typedef enum
{
  FEL_LANDLOCK_READ = 1 << 0,
  FEL_LANDLOCK_EXECUTE = 1 << 1,
  FEL_LANDLOCK_WRITE = 1 << 2,  /* what is there already */
  FEL_LANDLOCK_CHANGE = 1 << 3, /* files and folders may be made, renamed and removed */
} FelLandlockAccess;

typedef struct FelLandlock FelLandlock;

/* NULL: this kernel has no Landlock, or it is turned off. */
FelLandlock *fel_landlock_new (GError **error);
void fel_landlock_free (FelLandlock *self); /* (nullable) */

/* The file, or the folder and all that is below it, now and later. What does not exist is passed over. */
void fel_landlock_allow (FelLandlock *self, const char *path, FelLandlockAccess access);

gboolean fel_landlock_enforce (FelLandlock *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelLandlock, fel_landlock_free)
