/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json-gate.h"

#include <string.h>

typedef struct
{
  const char *start; /* between the quotation marks */
  gsize len;
} Key;

typedef struct
{
  const char *at;
  const char *end;
  const char *why; /* NULL: fine so far */
  guint depth;
  gboolean is_object[FEL_JSON_DEPTH_MAX];
  guint first_key[FEL_JSON_DEPTH_MAX]; /* of the keys below, where this level's begin */
  guint n_keys;
  Key keys[FEL_JSON_OPEN_KEYS_MAX];
} Gate;

static gboolean
refuse (Gate *self, const char *why)
{
  if (self->why == NULL)
    self->why = why;
  return FALSE;
}

static char
peek (const Gate *self)
{
  return self->at < self->end ? *self->at : '\0';
}

static gboolean
accept (Gate *self, char c)
{
  if (self->at >= self->end || *self->at != c)
    return FALSE;
  self->at++;
  return TRUE;
}

static void
skip_space (Gate *self)
{
  while (self->at < self->end && strchr (" \t\r\n", *self->at) != NULL && *self->at != '\0')
    self->at++;
}

/* The four digits of \uXXXX; -1: they are not. */
static int
read_hex (Gate *self)
{
  int code = 0;

  if (self->end - self->at < 4)
    return -1;
  for (int i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (*self->at++);

      if (digit < 0)
        return -1;
      code = code * 16 + digit;
    }
  return code;
}

/* Behind `\u`. A surrogate needs its other half. */
static gboolean
gate_unicode_escape (Gate *self)
{
  int code = read_hex (self);

  if (code < 0)
    return refuse (self, "an escape is broken");
  if (code == 0)
    return refuse (self, "a string has \\u0000 in it");
  if (code < 0xd800 || code > 0xdfff)
    return TRUE;
  if (code > 0xdbff || !accept (self, '\\') || !accept (self, 'u'))
    return refuse (self, "a surrogate stands alone");
  code = read_hex (self);
  return code >= 0xdc00 && code <= 0xdfff ? TRUE : refuse (self, "a surrogate stands alone");
}

/* From the quotation mark to behind the other one. ret_key: (nullable), then the string is a key. */
static gboolean
gate_string (Gate *self, Key *ret_key)
{
  const char *start;

  if (!accept (self, '"'))
    return refuse (self, "a string is missing");
  start = self->at;
  while (self->at < self->end && *self->at != '"')
    {
      char c = *self->at++;

      if ((guchar) c < 0x20)
        return refuse (self, "a string has a control character in it");
      if (c != '\\')
        continue;
      /* An escaped key could be the same as one that is not. */
      if (ret_key != NULL)
        return refuse (self, "a key has an escape in it");
      c = peek (self);
      self->at++;
      if (c == 'u' ? !gate_unicode_escape (self) : c == '\0' || strchr ("\"\\/bfnrt", c) == NULL)
        return refuse (self, "an escape is broken");
    }
  if (ret_key != NULL)
    *ret_key = (Key){ start, (gsize) (self->at - start) };
  return accept (self, '"') ? TRUE : refuse (self, "a string has no end");
}

static gboolean
skip_digits (Gate *self)
{
  const char *start = self->at;

  while (self->at < self->end && g_ascii_isdigit (*self->at))
    self->at++;
  return self->at > start;
}

static gboolean
gate_number (Gate *self)
{
  const char *start = self->at;
  gboolean ok;

  accept (self, '-');
  ok = accept (self, '0') || skip_digits (self);
  if (ok && accept (self, '.'))
    ok = skip_digits (self);
  if (ok && (accept (self, 'e') || accept (self, 'E')))
    {
      if (!accept (self, '+'))
        accept (self, '-');
      ok = skip_digits (self);
    }
  if (!ok)
    return refuse (self, "a value is broken");
  return self->at - start <= FEL_JSON_NUMBER_LEN_MAX ? TRUE : refuse (self, "a number is too long");
}

static gboolean
gate_word (Gate *self)
{
  static const char *const words[] = { "true", "false", "null" };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      gsize len = strlen (words[i]);

      if ((gsize) (self->end - self->at) >= len && memcmp (self->at, words[i], len) == 0)
        {
          self->at += len;
          return TRUE;
        }
    }
  return refuse (self, "a value is broken");
}

/* A key and its colon, in the innermost object. */
static gboolean
gate_key (Gate *self)
{
  Key key;

  skip_space (self);
  if (!gate_string (self, &key))
    return FALSE;
  for (guint i = self->first_key[self->depth - 1]; i < self->n_keys; i++)
    if (self->keys[i].len == key.len && memcmp (self->keys[i].start, key.start, key.len) == 0)
      return refuse (self, "an object has a key twice");
  if (self->n_keys == FEL_JSON_OPEN_KEYS_MAX)
    return refuse (self, "an object has too many keys");
  self->keys[self->n_keys++] = key;
  skip_space (self);
  return accept (self, ':') ? TRUE : refuse (self, "a colon is missing");
}

/* Behind `{` or `[`. An empty one is closed at once. */
static gboolean
gate_open (Gate *self, gboolean is_object)
{
  if (self->depth == FEL_JSON_DEPTH_MAX)
    return refuse (self, "it is nested too deep");
  self->is_object[self->depth] = is_object;
  self->first_key[self->depth] = self->n_keys;
  self->depth++;
  return TRUE;
}

static void
gate_close (Gate *self)
{
  self->depth--;
  self->n_keys = self->first_key[self->depth];
}

/* Behind a value: closes what ends here. TRUE with *ret_more: another value follows. */
static gboolean
gate_after_value (Gate *self, gboolean *ret_more)
{
  for (*ret_more = FALSE; self->depth > 0; gate_close (self))
    {
      gboolean is_object = self->is_object[self->depth - 1];

      skip_space (self);
      if (accept (self, ','))
        {
          *ret_more = TRUE;
          return is_object ? gate_key (self) : TRUE;
        }
      if (!accept (self, is_object ? '}' : ']'))
        return refuse (self, "a comma or the end of a list is missing");
    }
  return TRUE;
}

/* One scalar, or the beginning of an object or a list; *ret_opened: its first value follows. */
static gboolean
gate_value (Gate *self, gboolean *ret_opened)
{
  char c;

  *ret_opened = FALSE;
  skip_space (self);
  c = peek (self);
  if (c == '"')
    return gate_string (self, NULL);
  if (c != '{' && c != '[')
    return c == '-' || g_ascii_isdigit (c) ? gate_number (self) : gate_word (self);
  self->at++;
  if (!gate_open (self, c == '{'))
    return FALSE;
  skip_space (self);
  if (accept (self, c == '{' ? '}' : ']'))
    {
      gate_close (self);
      return TRUE;
    }
  *ret_opened = TRUE;
  return c == '{' ? gate_key (self) : TRUE;
}

gboolean
fel_json_gate (const char *text, gsize len, const char **ret_why)
{
  Gate self = { .at = text, .end = text + len };
  gboolean more = TRUE, opened;

  if (!g_utf8_validate_len (text, len, NULL))
    refuse (&self, "it is not UTF-8");
  else if (len >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    refuse (&self, "it begins with a byte order mark");
  while (self.why == NULL && more)
    if (gate_value (&self, &opened) && !opened)
      gate_after_value (&self, &more);
  skip_space (&self);
  if (self.why == NULL && self.at != self.end)
    refuse (&self, "something follows behind its end");
  if (self.why != NULL)
    *ret_why = self.why;
  return self.why == NULL;
}
