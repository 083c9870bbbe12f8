/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How many mints are under way: at most 8 at providers, first come, first served. A call that comes in while 64 are in
 * line is refused; those that wait for an unlock or a refresh meanwhile are in line only after that.
 * Main thread only. */
#pragma once

#include <glib.h>

#define FEL_MINTS_MAX 8
#define FEL_MINTS_WAITING_MAX 64

typedef struct FelMintQueue FelMintQueue;

typedef void (*FelMintTurn) (gpointer user_data);

FelMintQueue *fel_mint_queue_new (void);
void fel_mint_queue_free (FelMintQueue *self); /* (nullable) */

/* Is there room for one more in line? Asked once, when a call comes in. */
gboolean fel_mint_queue_admits (const FelMintQueue *self, GError **error);

/* Calls turn when there is a berth, at once if there is one now. Each turn ends with one leave. */
void fel_mint_queue_enter (FelMintQueue *self, FelMintTurn turn, gpointer user_data);
void fel_mint_queue_leave (FelMintQueue *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelMintQueue, fel_mint_queue_free)
