/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A sign-in through the browser, as one sits before a terminal: the page is opened or its address shown, and then we
 * wait. Ctrl-C ends us, and with us the sign-in. */
#pragma once

#include "cli.h"
#include "record.h"

/* The account. *ret_unsupported: it failed because this backend has no such sign-in. */
FelRecord *fel_browser_sign_in (const FelCli *cli, gboolean *ret_unsupported, GError **error);
