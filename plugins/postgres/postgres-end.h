/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The end of a role: its sessions, what it owns, itself; and of those that were left behind. Never of a role that does
 * not bear our mark. */
#pragma once

#include "postgres-link.h"

/* A transaction of a mint holds this lock, shared, until its outcome can be seen by everybody. Who has to know that no
 * mint is under way any more takes it alone. "felucca\1" as a number. */
#define POSTGRES_MINT_LOCK "7378422815950856449"

/* FALSE: somebody's mint is still open, or the server failed. */
gboolean postgres_end_await_mints (PostgresLink *link, GError **error);

/* Success where there is no such role (any more). */
gboolean postgres_end_role (PostgresLink *link, const FelVerbRequest *request, const char *prefix, GError **error);

/* Drops some roles that this user on this machine has made and that ended long ago, if nobody uses them and they own
 * nothing. Says nothing: the next mint tries again. */
void postgres_end_leftovers (PostgresLink *link, const char *prefix, const char *by);
