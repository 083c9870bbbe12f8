/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salvage.h"

#include <string.h>

#define DEPTH_MAX 64 /* bits of Scan.objects */

typedef enum
{
  EXPECT_KEY,
  EXPECT_KEY_OR_END,
  EXPECT_COLON,
  EXPECT_VALUE,
  EXPECT_VALUE_OR_END,
  EXPECT_NEXT,
} Expectation;

typedef struct
{
  const char *at;
  const char *end;
  gboolean stopped; /* the object has ended, or this is not JSON any more */
  gboolean unclear; /* there is an id, and it is not certain which */
  gboolean at_id;   /* the coming value is that of the member */
  const char *id;   /* NULL: none so far */
  gsize id_len;
  const char *member;
  FelSalvageCheck check;
  const char *check_data;
  Expectation expectation;
  guint depth;
  guint64 objects; /* bit n: what is open at depth n + 1 is an object */
} Scan;

typedef struct
{
  const char *start; /* between the quotation marks */
  gsize len;
  gboolean escaped;
} Text;

static gboolean
accept (Scan *self, char c)
{
  if (self->at >= self->end || *self->at != c)
    return FALSE;
  self->at++;
  return TRUE;
}

/* FALSE: it has no end, or is broken; the scan is over. */
static gboolean
scan_text (Scan *self, Text *ret_text)
{
  const char *start = ++self->at;
  gboolean escaped = FALSE;

  for (; self->at < self->end && *self->at != '"'; self->at++)
    {
      if ((guchar) *self->at < 0x20)
        {
          self->stopped = TRUE;
          return FALSE;
        }
      if (*self->at != '\\')
        continue;
      escaped = TRUE;
      if (++self->at == self->end)
        return FALSE;
    }
  *ret_text = (Text){ start, (gsize) (self->at - start), escaped };
  return accept (self, '"');
}

static void
scan_key (Scan *self)
{
  Text key;

  if (*self->at != '"')
    {
      self->stopped = TRUE;
      return;
    }
  if (!scan_text (self, &key))
    return;
  self->expectation = EXPECT_COLON;
  if (self->depth != 1)
    return;
  /* An escape could spell it. */
  self->unclear |= key.escaped;
  self->at_id = key.len == strlen (self->member) && memcmp (key.start, self->member, key.len) == 0;
}

static void
take_id (Scan *self, const Text *value)
{
  self->at_id = FALSE;
  if (!self->check (value->start, value->len, self->check_data)
      || (self->id != NULL && (self->id_len != value->len || memcmp (self->id, value->start, value->len) != 0)))
    self->unclear = TRUE;
  else
    {
      self->id = value->start;
      self->id_len = value->len;
    }
}

static void
scan_open (Scan *self, gboolean is_object)
{
  if (self->depth == DEPTH_MAX)
    {
      self->stopped = TRUE;
      return;
    }
  self->at++;
  self->objects &= ~(G_GUINT64_CONSTANT (1) << self->depth);
  self->objects |= (guint64) is_object << self->depth;
  self->depth++;
  self->expectation = is_object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
}

static gboolean
is_in_object (const Scan *self)
{
  return (self->objects >> (self->depth - 1) & 1) != 0;
}

static gboolean
scan_close (Scan *self)
{
  if (!accept (self, is_in_object (self) ? '}' : ']'))
    return FALSE;
  self->depth--;
  self->stopped = self->depth == 0;
  self->expectation = EXPECT_NEXT;
  return TRUE;
}

static void
scan_value (Scan *self)
{
  const char *start = self->at;
  Text text;

  if (*self->at == '"')
    {
      if (!scan_text (self, &text))
        return;
      if (self->at_id)
        take_id (self, &text);
      self->expectation = EXPECT_NEXT;
      return;
    }
  self->unclear |= self->at_id;
  if (*self->at == '{' || *self->at == '[')
    {
      scan_open (self, *self->at == '{');
      return;
    }
  while (self->at < self->end
         && (g_ascii_isalnum (*self->at) || *self->at == '-' || *self->at == '+' || *self->at == '.'))
    self->at++;
  self->stopped = self->at == start;
  self->expectation = EXPECT_NEXT;
}

static void
scan_next (Scan *self)
{
  if (accept (self, ','))
    self->expectation = is_in_object (self) ? EXPECT_KEY : EXPECT_VALUE;
  else if (!scan_close (self))
    self->stopped = TRUE;
}

/* One token, at which there is at least one byte. */
static void
scan_step (Scan *self)
{
  switch (self->expectation)
    {
    case EXPECT_KEY_OR_END:
      if (!scan_close (self))
        scan_key (self);
      return;
    case EXPECT_KEY:
      scan_key (self);
      return;
    case EXPECT_COLON:
      self->stopped = !accept (self, ':');
      self->expectation = EXPECT_VALUE;
      return;
    case EXPECT_VALUE_OR_END:
      if (!scan_close (self))
        scan_value (self);
      return;
    case EXPECT_VALUE:
      scan_value (self);
      return;
    default:
      scan_next (self);
    }
}

static void
skip_space (Scan *self)
{
  while (self->at < self->end && *self->at != '\0' && strchr (" \t\r\n", *self->at) != NULL)
    self->at++;
}

/* What cannot be read as JSON any more must not have another id in it, however it is written. */
static gboolean
could_name_id (const Scan *self)
{
  gsize len = (gsize) (self->end - self->at);

  return len > 0
         && (memchr (self->at, '\\', len) != NULL
             || memmem (self->at, len, self->member, strlen (self->member)) != NULL);
}

const char *
fel_salvage (const char *text, gsize len, const char *member, FelSalvageCheck check, const char *check_data,
             gsize *ret_len)
{
  Scan self = {
    .at = text,
    .end = text + len,
    .member = member,
    .check = check,
    .check_data = check_data,
    .expectation = EXPECT_KEY_OR_END,
    .depth = 1,
    .objects = 1,
  };

  skip_space (&self);
  if (!accept (&self, '{'))
    return NULL;
  for (skip_space (&self); self.at < self.end && !self.stopped; skip_space (&self))
    scan_step (&self);
  if (self.id == NULL || self.unclear || self.at_id || could_name_id (&self))
    return NULL;
  *ret_len = self.id_len;
  return self.id;
}
