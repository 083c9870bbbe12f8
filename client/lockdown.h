/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What keeps other processes of this user out of ours: no core file, not dumpable. A program that replaces us gets the
 * limit on core files back that we were started with; the kernel makes it dumpable again by itself. */
#pragma once

void fel_lockdown_enter (void);
void fel_lockdown_leave (void);
