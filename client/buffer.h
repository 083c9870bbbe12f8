/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bytes that erase themselves: a password, a token, or a text that may hold one.
 * Growing takes new memory and erases the old, so no copy stays behind. A NUL that is not counted always follows. */
#pragma once

#include <glib.h>

typedef struct FelBuffer
{
  char *bytes; /* owned */
  gsize len;
  gsize size;
} FelBuffer;

FelBuffer *fel_buffer_new (void);
void fel_buffer_free (FelBuffer *self);
void fel_buffer_append (FelBuffer *self, const char *text);
void fel_buffer_append_bytes (FelBuffer *self, const char *bytes, gsize len);
void fel_buffer_append_c (FelBuffer *self, char c);
void fel_buffer_truncate (FelBuffer *self, gsize len); /* erases what it cuts off */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelBuffer, fel_buffer_free)
