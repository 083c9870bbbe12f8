/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The environment of a program to come: what we have ourselves, but for what is set or removed here. Never our own, so
 * that no secret is ever in it. Values that were set erase themselves. */
#pragma once

#include <glib.h>

typedef struct FelEnvironment FelEnvironment;

FelEnvironment *fel_environment_new (char **inherited); /* borrows it */
void fel_environment_free (FelEnvironment *self);

void fel_environment_set (FelEnvironment *self, const char *name, const char *value);
void fel_environment_unset (FelEnvironment *self, const char *name);

/* As execve() takes it; good until the next change. (transfer none) */
char **fel_environment_list (FelEnvironment *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelEnvironment, fel_environment_free)
