/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "buffer.h"

#include <string.h>

#define BUFFER_SIZE_MIN 1024

FelBuffer *
fel_buffer_new (void)
{
  FelBuffer *self = g_new0 (FelBuffer, 1);

  self->size = BUFFER_SIZE_MIN;
  self->bytes = g_malloc0 (self->size);
  return self;
}

void
fel_buffer_free (FelBuffer *self)
{
  if (self == NULL)
    return;
  explicit_bzero (self->bytes, self->size);
  g_free (self->bytes);
  g_free (self);
}

static void
buffer_grow (FelBuffer *self, gsize size)
{
  char *bytes = g_malloc0 (size);

  memcpy (bytes, self->bytes, self->len);
  explicit_bzero (self->bytes, self->size);
  g_free (self->bytes);
  self->bytes = bytes;
  self->size = size;
}

void
fel_buffer_append_bytes (FelBuffer *self, const char *bytes, gsize len)
{
  g_assert (len < G_MAXSIZE / 4);
  if (self->len + len + 1 > self->size)
    buffer_grow (self, 2 * (self->len + len + 1));
  memcpy (self->bytes + self->len, bytes, len);
  self->len += len;
}

void
fel_buffer_append (FelBuffer *self, const char *text)
{
  fel_buffer_append_bytes (self, text, strlen (text));
}

void
fel_buffer_append_c (FelBuffer *self, char c)
{
  fel_buffer_append_bytes (self, &c, 1);
}

void
fel_buffer_truncate (FelBuffer *self, gsize len)
{
  g_assert (len <= self->len);
  explicit_bzero (self->bytes + len, self->len - len);
  self->len = len;
}
