/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"

#define NAME_LEN_MAX 256
#define MIN_VALIDITY_DEFAULT_SEC 30
#define MIN_VALIDITY_MAX_SEC (366 * 24 * 3600)
#define TTL_MAX_SEC (10 * 366 * 24 * 3600)
#define OVERLAP_MAX_SEC (366 * 24 * 3600)

typedef gboolean (*OptionCheck) (const char *name, const FelOptionValue *value, GError **error);

typedef struct
{
  const char *name;
  char type;
  gsize offset;
  guint calls;
  OptionCheck check; /* NULL: every value of the type is fine */
} FelOption;

gboolean
fel_has_control_character (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return TRUE;
  return FALSE;
}

gboolean
fel_name_check (const char *what, const char *value, GError **error)
{
  gsize len = strlen (value);

  if (len < 1 || len > NAME_LEN_MAX)
    {
      g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "%s is %zu bytes long, not 1 to %d", what, len,
                   NAME_LEN_MAX);
      return FALSE;
    }
  if (!g_utf8_validate (value, (gssize) len, NULL))
    {
      g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "%s is not UTF-8", what);
      return FALSE;
    }
  if (fel_has_control_character (value))
    {
      g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "%s has a control character", what);
      return FALSE;
    }
  if (g_str_equal (value, ".") || g_str_equal (value, ".."))
    {
      g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "%s '%s' is not a name", what, value);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_name (const char *name, const FelOptionValue *value, GError **error)
{
  g_autofree char *what = g_strdup_printf ("option '%s'", name);

  return fel_name_check (what, value->string, error);
}

static gboolean
check_min_validity (const char *name, const FelOptionValue *value, GError **error)
{
  if (value->number <= MIN_VALIDITY_MAX_SEC)
    return TRUE;
  g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "option '%s' is more than %d seconds", name,
               MIN_VALIDITY_MAX_SEC);
  return FALSE;
}

static gboolean
check_ttl (const char *name, const FelOptionValue *value, GError **error)
{
  if (value->number >= 1 && value->number <= TTL_MAX_SEC)
    return TRUE;
  g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "option '%s' is not in 1..%d seconds", name, TTL_MAX_SEC);
  return FALSE;
}

static gboolean
check_overlap (const char *name, const FelOptionValue *value, GError **error)
{
  if (value->number <= OVERLAP_MAX_SEC)
    return TRUE;
  g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "option '%s' is more than %d seconds", name,
               OVERLAP_MAX_SEC);
  return FALSE;
}

/* Only a pipe can be written or read without the risk of blocking for ever or of touching a file. */
static gboolean
check_pipe (const char *name, int fd, int want_mode, const char *want, GError **error)
{
  struct stat st;
  int flags = fcntl (fd, F_GETFL);

  if (fstat (fd, &st) == 0 && S_ISFIFO (st.st_mode) && flags >= 0 && (flags & O_ACCMODE) == want_mode)
    return TRUE;
  g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "option '%s' is not the %s end of a pipe", name, want);
  return FALSE;
}

static gboolean
check_write_end (const char *name, const FelOptionValue *value, GError **error)
{
  return check_pipe (name, value->fd, O_WRONLY, "write", error);
}

static gboolean
check_read_end (const char *name, const FelOptionValue *value, GError **error)
{
  return check_pipe (name, value->fd, O_RDONLY, "read", error);
}

#define OFFSET(member) G_STRUCT_OFFSET (FelOptions, member)
#define MINTING (FEL_CALL_CREATE | FEL_CALL_GET)
#define ANY_TARGET (MINTING | FEL_CALL_LIST | FEL_CALL_REVOKE | FEL_CALL_ROTATE)
#define WITH_KEYRING (ANY_TARGET | FEL_CALL_SIGN_IN | FEL_CALL_SIGN_OUT)

static const FelOption options[] = {
  { "backend", 's', OFFSET (backend), ANY_TARGET, check_name },
  { "workspace", 's', OFFSET (workspace), FEL_CALL_LIST, check_name },
  { "database", 's', OFFSET (database), FEL_CALL_LIST, check_name },
  { "tenant-id", 's', OFFSET (tenant_id), MINTING | FEL_CALL_LIST, check_name },
  { "label", 's', OFFSET (label), MINTING | FEL_CALL_ROTATE, check_name },
  { "request-id", 's', OFFSET (request_id), MINTING, check_name },
  { "id", 's', OFFSET (id), FEL_CALL_GET, check_name },
  { "token", 'S', OFFSET (token), FEL_CALL_SIGN_IN, NULL },
  { "min-validity", 't', OFFSET (min_validity_sec), FEL_CALL_GET, check_min_validity },
  { "ttl", 't', OFFSET (ttl_sec), MINTING | FEL_CALL_ROTATE, check_ttl },
  { "overlap", 't', OFFSET (overlap_sec), FEL_CALL_ROTATE, check_overlap },
  { "internal", 'b', OFFSET (internal), MINTING, NULL },
  { "interactive", 'b', OFFSET (interactive), WITH_KEYRING, NULL },
  { "create", 'b', OFFSET (create), FEL_CALL_GET, NULL },
  { "local-only", 'b', OFFSET (local_only), FEL_CALL_REVOKE, NULL },
  { "provider", 'b', OFFSET (provider), FEL_CALL_LIST, NULL },
  { "revoke-credentials", 'b', OFFSET (revoke_credentials), FEL_CALL_SIGN_OUT, NULL },
  { "secret-fd", 'h', OFFSET (secret_fd), MINTING | FEL_CALL_ROTATE, check_write_end },
  { "token-fd", 'h', OFFSET (token_fd), FEL_CALL_SIGN_IN, check_read_end },
  { "refresh-token-fd", 'h', OFFSET (refresh_token_fd), FEL_CALL_SIGN_IN, check_read_end },
};
G_STATIC_ASSERT (G_N_ELEMENTS (options) <= 64);

FelOptions *
fel_options_new (void)
{
  FelOptions *self = g_new0 (FelOptions, 1);

  self->min_validity_sec = MIN_VALIDITY_DEFAULT_SEC;
  self->interactive = TRUE;
  self->secret_fd = self->token_fd = self->refresh_token_fd = -1;
  return self;
}

void
fel_options_free (FelOptions *self)
{
  if (self == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    if (options[i].type == 's')
      g_free (G_STRUCT_MEMBER (char *, self, options[i].offset));
  fel_secret_unref (self->token);
  g_free (self);
}

static const FelOption *
option_find (FelCall call, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    if ((options[i].calls & call) != 0 && g_str_equal (options[i].name, name))
      return &options[i];
  return NULL;
}

/* 'S' in the table is a string that is a secret. */
static char
option_wire_type (const FelOption *option)
{
  return option->type == 'S' ? 's' : option->type;
}

static void
option_assign (FelOptions *self, const FelOption *option, const FelOptionValue *value)
{
  switch (option->type)
    {
    case 's':
      G_STRUCT_MEMBER (char *, self, option->offset) = g_strdup (value->string);
      return;
    case 'S':
      G_STRUCT_MEMBER (FelSecret *, self, option->offset) = fel_secret_new (value->string, strlen (value->string));
      return;
    case 'b':
      G_STRUCT_MEMBER (gboolean, self, option->offset) = value->boolean;
      return;
    case 't':
      G_STRUCT_MEMBER (gint64, self, option->offset) = (gint64) value->number;
      return;
    case 'h':
      G_STRUCT_MEMBER (int, self, option->offset) = value->fd;
      return;
    default:
      g_assert_not_reached ();
    }
}

gboolean
fel_options_set (FelOptions *self, FelCall call, const char *name, const FelOptionValue *value, GError **error)
{
  const FelOption *option = option_find (call, name);
  guint64 bit;

  if (option == NULL)
    {
      g_autofree char *start = g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), 64));
      g_autofree char *shown = g_strescape (start, NULL);

      g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "there is no option '%s' here", shown);
      return FALSE;
    }
  bit = G_GUINT64_CONSTANT (1) << (option - options);
  if (value->type != option_wire_type (option))
    {
      g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "option '%s' must have the D-Bus type '%c'", name,
                   option_wire_type (option));
      return FALSE;
    }
  if ((self->seen & bit) != 0)
    {
      g_set_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS, "option '%s' is given twice", name);
      return FALSE;
    }
  if (option->check != NULL && !option->check (name, value, error))
    return FALSE;
  option_assign (self, option, value);
  self->seen |= bit;
  return TRUE;
}
