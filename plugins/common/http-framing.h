/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where an answer ends (RFC 9112, section 6). libsoup 3.2 guesses where the headers contradict themselves and takes a
 * lost connection for the end; an answer that may be the only copy of a password must not be guessed. Blocks no more
 * than a read does. */
#pragma once

#include <libsoup/soup.h>

/* NULL: the end is told by the headers. Else how they fail to, as the object of a sentence; a constant. Such an answer
 * is to be discarded. */
const char *fel_http_framing_fault (SoupMessageHeaders *headers, SoupHTTPVersion version);

/* After the stream has ended without an error, with `len` bytes: did the connection end before the answer? */
gboolean fel_http_framing_is_cut (SoupMessage *message, GInputStream *stream, gsize len);
