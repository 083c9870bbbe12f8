/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "token.h"

#include <string.h>

#include "error.h"
#include "locked-memory.h"

#define FRESH_SEC 60 /* with less than this left a token is refreshed */

FelToken *
fel_token_new (FelSecret *access, FelSecret *refresh, gint64 expires_sec, const char *account,
               const char *const *workspaces)
{
  FelToken *self = g_new0 (FelToken, 1);

  g_atomic_ref_count_init (&self->refs);
  self->access = fel_secret_ref (access);
  self->refresh = refresh != NULL ? fel_secret_ref (refresh) : NULL;
  self->expires_sec = expires_sec;
  self->account = g_strdup (account);
  self->workspaces = g_strdupv ((char **) workspaces);
  return self;
}

FelToken *
fel_token_new_renewable (FelSecret *access, gint64 expires_sec, gint64 renewed_sec, const char *account,
                         const char *const *workspaces)
{
  FelToken *self = fel_token_new (access, NULL, expires_sec, account, workspaces);

  self->renewed_sec = renewed_sec;
  return self;
}

FelToken *
fel_token_ref (FelToken *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
fel_token_unref (FelToken *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  fel_secret_unref (self->access);
  fel_secret_unref (self->refresh);
  g_free (self->account);
  g_strfreev (self->workspaces);
  g_free (self);
}

gint64
fel_token_plausible_end (gint64 expires_sec, gint64 now_sec)
{
  return expires_sec > now_sec - FRESH_SEC ? expires_sec : 0;
}

/* Of a life that began when its end was last learnt. */
static gboolean
token_is_past_its_middle (const FelToken *self, gint64 now_sec)
{
  return self->renewed_sec > 0 && self->expires_sec > self->renewed_sec
         && self->expires_sec - now_sec < (self->expires_sec - self->renewed_sec) / 2;
}

FelTokenVerdict
fel_token_judge (const FelToken *self, gboolean rejected, gint64 now_sec)
{
  gboolean expired = self->expires_sec != 0 && self->expires_sec <= now_sec;
  gboolean stale = self->expires_sec != 0 && self->expires_sec - now_sec < FRESH_SEC;

  if (self->refresh != NULL && (rejected || stale))
    return FEL_TOKEN_REFRESH;
  if (rejected || expired)
    return FEL_TOKEN_DEAD;
  return token_is_past_its_middle (self, now_sec) ? FEL_TOKEN_REFRESH : FEL_TOKEN_GOOD;
}

/* One `name value` a line. Not GKeyFile: it would leave copies of the tokens on the heap. */
FelSecret *
fel_token_serialize (const FelToken *self)
{
  g_autoptr (GString) rest = g_string_new (NULL);
  FelSecret *text;
  gsize refresh_len = self->refresh != NULL ? self->refresh->len : 0;
  char *buffer;
  gsize size;
  int len;

  g_string_append_printf (rest, "expires %" G_GINT64_FORMAT "\n", self->expires_sec);
  if (self->renewed_sec > 0)
    g_string_append_printf (rest, "renewed %" G_GINT64_FORMAT "\n", self->renewed_sec);
  for (char **w = self->workspaces; w != NULL && *w != NULL; w++)
    g_string_append_printf (rest, "workspace %s\n", *w);
  size = self->access->len + refresh_len + rest->len + 64;
  buffer = fel_locked_memory_alloc (size);
  len = g_snprintf (buffer, size, "access-token %s\n%s%s%s%s", self->access->bytes,
                    self->refresh != NULL ? "refresh-token " : "", self->refresh != NULL ? self->refresh->bytes : "",
                    self->refresh != NULL ? "\n" : "", rest->str);
  text = fel_secret_new (buffer, (gsize) len);
  explicit_bzero (buffer, size);
  fel_locked_memory_free (buffer, size);
  return text;
}

typedef struct
{
  FelSecret *access;
  FelSecret *refresh;
  gint64 expires_sec;
  gint64 renewed_sec;
  GStrvBuilder *workspaces;
} TokenParts;

static void
parse_seconds (gint64 *ret_seconds, const char *value, gsize len)
{
  g_autofree char *seconds = g_strndup (value, len);

  g_ascii_string_to_signed (seconds, 10, 0, G_MAXINT64, ret_seconds, NULL);
}

/* What is not known, or does not parse, counts as absent. */
static void
parse_line (TokenParts *parts, const char *line, gsize len)
{
  const char *space = memchr (line, ' ', len);
  gsize name_len = space != NULL ? (gsize) (space - line) : len;
  const char *value = space != NULL ? space + 1 : line + len;
  gsize value_len = (gsize) (line + len - value);

  if (name_len == 12 && memcmp (line, "access-token", 12) == 0 && parts->access == NULL)
    parts->access = fel_secret_new (value, value_len);
  else if (name_len == 13 && memcmp (line, "refresh-token", 13) == 0 && parts->refresh == NULL)
    parts->refresh = fel_secret_new (value, value_len);
  else if (name_len == 7 && memcmp (line, "expires", 7) == 0)
    parse_seconds (&parts->expires_sec, value, value_len);
  else if (name_len == 7 && memcmp (line, "renewed", 7) == 0)
    parse_seconds (&parts->renewed_sec, value, value_len);
  else if (name_len == 9 && memcmp (line, "workspace", 9) == 0 && g_utf8_validate_len (value, value_len, NULL))
    {
      g_autofree char *workspace = g_strndup (value, value_len);

      g_strv_builder_add (parts->workspaces, workspace);
    }
}

FelToken *
fel_token_parse (const FelSecret *text, const char *account, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) workspaces = NULL;
  TokenParts parts = { .workspaces = builder };
  g_autoptr (FelSecret) access = NULL;
  g_autoptr (FelSecret) refresh = NULL;
  const char *end = text->bytes + text->len;
  FelToken *token;

  for (const char *line = text->bytes; line < end;)
    {
      const char *newline = memchr (line, '\n', (gsize) (end - line));
      const char *stop = newline != NULL ? newline : end;

      parse_line (&parts, line, (gsize) (stop - line));
      line = stop + 1;
    }
  access = parts.access;
  refresh = parts.refresh;
  workspaces = g_strv_builder_end (builder);
  if (access == NULL || !fel_token_check_access (access, NULL)
      || (refresh != NULL && !fel_token_check_refresh (refresh, NULL)))
    {
      g_set_error_literal (error, FEL_ERROR, FEL_ERROR_SIGN_IN_REQUIRED, "the sign-in in the keyring cannot be read");
      return NULL;
    }
  token = fel_token_new (access, refresh, parts.expires_sec, account, (const char *const *) workspaces);
  token->renewed_sec = parts.renewed_sec;
  return token;
}

static gboolean
check_characters (const FelSecret *token, const char *what, gboolean (*is_good) (char), GError **error)
{
  gboolean good = token->len >= 1 && token->len <= FEL_TOKEN_LEN_MAX;

  for (gsize i = 0; good && i < token->len; i++)
    good = is_good (token->bytes[i]);
  if (!good)
    g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS,
                 "%s is not 1 to %d bytes of the characters that a token is made of", what, FEL_TOKEN_LEN_MAX);
  return good;
}

static gboolean
is_b64token (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("-._~+/=", c) != NULL);
}

static gboolean
is_vschar (char c)
{
  return g_ascii_isprint (c);
}

/* b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" */
gboolean
fel_token_check_access (const FelSecret *access, GError **error)
{
  const char *padding = strchr (access->bytes, '=');

  if (padding != NULL && (padding == access->bytes || padding[strspn (padding, "=")] != '\0'))
    {
      g_set_error_literal (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "the token has a '=' that is not at its end");
      return FALSE;
    }
  return check_characters (access, "the token", is_b64token, error);
}

gboolean
fel_token_check_refresh (const FelSecret *refresh, GError **error)
{
  return check_characters (refresh, "the refresh token", is_vschar, error);
}
