/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One file that may be a backend: who could have written it, opening it, and judging what it exports. What is open is
 * never closed. Opening runs the file's constructors and blocks: on a worker, or in the probe's own process. */
#pragma once

#include <sys/stat.h>

#include <glib.h>

#include "felucca-backend.h"

/* Which file it was; all zero: there was none. */
typedef struct FelModuleStamp
{
  dev_t device;
  ino_t inode;
  off_t size;
  struct timespec changed;
} FelModuleStamp;

char *fel_module_path (const char *directory, const char *name);
FelModuleStamp fel_module_stamp (const char *path);
gboolean fel_module_stamp_equal (const FelModuleStamp *a, const FelModuleStamp *b);

/* Only root, or whoever runs us, may be able to write to it: a file, or the folder it is in. */
gboolean fel_module_check_owner (const char *path, GError **error);

/* Told of each rule that the file keeps, in a few words. */
typedef void (*FelModuleSay) (const char *kept, gpointer user_data);

/* ret_backend: our copy, zero behind the end of the file's. name: what it has to call itself. say: (nullable) */
gboolean fel_module_open (const char *path, const char *name, FelBackend *ret_backend, FelModuleSay say,
                          gpointer user_data, GError **error);
