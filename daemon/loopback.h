/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who is at the other end of a connection over loopback: TCP carries no uid, but the kernel knows whose each socket of
 * this machine is (sock_diag(7)). Does not block. Any thread. */
#pragma once

#include <gio/gio.h>

/* TRUE: it belongs to another user, or to nobody any more. FALSE: it is ours, or this kernel does not tell. */
gboolean fel_loopback_is_foreign (GSocket *socket);
