/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The small parent of a command that must not leave its credential behind. The child asks for the credential and becomes
 * the command; the parent never has the password, only learns which credential it was. It stays in the child's process
 * group, so that the terminal treats both alike: what the terminal sends reaches the child anyway, what another process
 * sends to us is passed on. It stops when the child stops, and ends as the child has ended. */
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <glib.h>

#include "credential.h"
#include "pipe.h"

typedef struct FelWarden
{
  pid_t pid;        /* 0: this is the child */
  FelPipe told;     /* what the child tells the parent */
  sigset_t watched; /* by the parent */
  int wait_status;  /* as waitpid() tells it */
} FelWarden;

/* Returns twice. From here on no signal ends the parent but those that cannot be caught. */
gboolean fel_warden_fork (FelWarden *self, GError **error);

/* In the child, once it has a credential. */
gboolean fel_warden_tell (FelWarden *self, const FelCredential *credential, GError **error);

/* In the parent: waits for the child's end. What it gives has the id and the backend, or nothing when the child has not
 * come to have a credential; NULL on failure. */
FelRecord *fel_warden_wait (FelWarden *self, GError **error);

/* The exit status to end with. When a signal has ended the child, the same one ends us here. */
int fel_warden_end (FelWarden *self);
