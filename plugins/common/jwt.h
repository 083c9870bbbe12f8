/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When does this token end? A JSON Web Token (RFC 7519) is opaque to us but for its claim `exp`.
 * Its signature is the provider's business. */
#pragma once

#include <glib.h>

/* Unix seconds, perhaps in the past; 0: not a JWT, or no end within a year from now. */
gint64 fel_jwt_expiry (const char *token, gint64 now_sec);
