/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "error.h"

#define C FEL_CALL_CREATE
#define G FEL_CALL_GET
#define L FEL_CALL_LIST
#define R FEL_CALL_REVOKE
#define I FEL_CALL_SIGN_IN
#define O FEL_CALL_SIGN_OUT

static const FelCall calls[] = { C, G, L, R, I, O };

typedef struct
{
  const char *name;
  char type;
  guint calls;
  gsize offset;
} OptionCase;

#define AT(member) G_STRUCT_OFFSET (FelOptions, member)

/* The bus interface, once more: what is written there, not what options.c makes of it. */
static const OptionCase table[] = {
  { "backend", 's', C | G | L | R, AT (backend) },
  { "workspace", 's', L, AT (workspace) },
  { "database", 's', L, AT (database) },
  { "tenant-id", 's', C | G | L, AT (tenant_id) },
  { "internal", 'b', C | G, AT (internal) },
  { "label", 's', C | G, AT (label) },
  { "request-id", 's', C | G, AT (request_id) },
  { "interactive", 'b', C | G | L | R | I | O, AT (interactive) },
  { "secret-fd", 'h', C | G, AT (secret_fd) },
  { "id", 's', G, AT (id) },
  { "create", 'b', G, AT (create) },
  { "min-validity", 't', G, AT (min_validity_sec) },
  { "provider", 'b', L, AT (provider) },
  { "local-only", 'b', R, AT (local_only) },
  { "token-fd", 'h', I, AT (token_fd) },
  { "token", 's', I, AT (token) },
  { "refresh-token-fd", 'h', I, AT (refresh_token_fd) },
  { "revoke-credentials", 'b', O, AT (revoke_credentials) },
};

static const char *const unknown[] = { "", "password", "Backend", "backend ", "min_validity", "expires", "ttl" };

static gboolean
set (FelOptions *options, FelCall call, const char *name, FelOptionValue value)
{
  g_autoptr (GError) error = NULL;
  guint64 seen = options->seen;
  gboolean ok = fel_options_set (options, call, name, &value, &error);

  g_assert_true (ok == (error == NULL));
  g_assert_true (ok == (options->seen != seen));
  if (!ok)
    g_assert_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS);
  return ok;
}

/* A value of the type that every option of that type takes; the fd is of the kind that this option wants. */
static FelOptionValue
good_value (const OptionCase *c, const int pipe_fds[2])
{
  FelOptionValue value = { .type = c->type };

  switch (c->type)
    {
    case 's':
      value.string = "value";
      return value;
    case 'b':
      value.boolean = TRUE;
      return value;
    case 't':
      value.number = 77;
      return value;
    default:
      value.fd = pipe_fds[g_str_equal (c->name, "secret-fd") ? 1 : 0];
      return value;
    }
}

static void
assert_holds (const FelOptions *options, const OptionCase *c, const FelOptionValue *value)
{
  if (g_str_equal (c->name, "token"))
    g_assert_cmpmem (options->token->bytes, options->token->len, "value", 5);
  else if (c->type == 's')
    g_assert_cmpstr (G_STRUCT_MEMBER (char *, options, c->offset), ==, "value");
  else if (c->type == 'b')
    g_assert_true (G_STRUCT_MEMBER (gboolean, options, c->offset));
  else if (c->type == 't')
    g_assert_cmpint (G_STRUCT_MEMBER (gint64, options, c->offset), ==, 77);
  else
    g_assert_cmpint (G_STRUCT_MEMBER (int, options, c->offset), ==, value->fd);
}

static void
check_option (const OptionCase *c, FelCall call, const int pipe_fds[2])
{
  g_autoptr (FelOptions) options = fel_options_new ();
  FelOptionValue value = good_value (c, pipe_fds);
  gboolean known = (c->calls & call) != 0;

  g_test_message ("%s in call %u", c->name, call);
  for (const char *type = "sbthxuayvog"; *type != '\0'; type++)
    if (*type != c->type)
      g_assert_false (set (options, call, c->name, (FelOptionValue){ .type = *type, .number = 0 }));
  g_assert_cmpint (set (options, call, c->name, value), ==, known);
  if (known)
    assert_holds (options, c, &value);
  g_assert_false (set (options, call, c->name, value)); /* twice */
}

static void
test_every_option (void)
{
  int pipe_fds[2];

  g_assert_cmpint (pipe (pipe_fds), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    for (gsize k = 0; k < G_N_ELEMENTS (calls); k++)
      check_option (&table[i], calls[k], pipe_fds);
  close (pipe_fds[0]);
  close (pipe_fds[1]);
}

static void
test_unknown (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (unknown); i++)
    for (gsize k = 0; k < G_N_ELEMENTS (calls); k++)
      {
        g_autoptr (FelOptions) options = fel_options_new ();

        g_assert_false (set (options, calls[k], unknown[i], (FelOptionValue){ .type = 's', .string = "x" }));
      }
}

/* The message is one line of bounded length, whatever the name. */
static void
test_unknown_name_is_cut (void)
{
  g_autoptr (FelOptions) options = fel_options_new ();
  g_autofree char *long_name = g_strnfill (100000, 'n');
  const FelOptionValue value = { .type = 's', .string = "x" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) line_error = NULL;

  g_assert_false (fel_options_set (options, C, long_name, &value, &error));
  g_assert_cmpuint (strlen (error->message), <, 200);
  g_assert_false (fel_options_set (options, C, "a\nb\033[31m", &value, &line_error));
  g_assert_null (strpbrk (line_error->message, "\n\033"));
}

static void
test_defaults (void)
{
  g_autoptr (FelOptions) options = fel_options_new ();

  g_assert_cmpint (options->min_validity_sec, ==, 30);
  g_assert_true (options->interactive);
  g_assert_false (options->internal || options->create || options->local_only || options->provider
                  || options->revoke_credentials);
  g_assert_cmpint (options->secret_fd, ==, -1);
  g_assert_cmpint (options->token_fd, ==, -1);
  g_assert_cmpint (options->refresh_token_fd, ==, -1);
  g_assert_null (options->token);
  g_assert_cmpuint (options->seen, ==, 0);
  fel_options_free (NULL);
}

static const struct
{
  const char *name;
  gboolean good;
} names[] = {
  { "", FALSE },      { "a", TRUE },          { ".", FALSE },
  { "..", FALSE },    { "...", TRUE },        { ".a", TRUE },
  { "a/b", TRUE },    { " ", TRUE },          { "gr\303\266\303\237e", TRUE },
  { "a\nb", FALSE },  { "\t", FALSE },        { "a\033", FALSE },
  { "a\177", FALSE }, { "a\302\205", FALSE },                            /* U+0085, a control of the second block */
  { "\xff", FALSE },  { "\xc0\x80", FALSE },  { "\xed\xa0\x80", FALSE }, /* half of a surrogate pair */
};

static void
check_name (const char *name, gboolean good)
{
  g_autofree char *shown = g_strescape (name, NULL);
  g_autoptr (GError) error = NULL;

  g_test_message ("%s", shown);
  g_assert_cmpint (fel_name_check ("the thing", name, &error), ==, good);
  g_assert_true (good == (error == NULL));
  if (!good)
    {
      g_assert_error (error, FEL_ERROR, FEL_ERROR_INVALID_ARGUMENTS);
      g_assert_true (g_str_has_prefix (error->message, "the thing"));
    }
}

static void
test_names (void)
{
  g_autofree char *at = g_strnfill (256, 'n');
  g_autofree char *past = g_strnfill (257, 'n');
  g_autofree char *wide = g_strconcat (at + 1, "\303\266", NULL); /* 256 characters, 257 bytes */

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    check_name (names[i].name, names[i].good);
  check_name (at, TRUE);
  check_name (past, FALSE);
  check_name (wide, FALSE);
}

/* Every option that is a name has the same rule; the token's rule is its own and comes later. */
static void
test_names_in_options (void)
{
  g_autofree char *at = g_strnfill (256, 'n');
  g_autofree char *past = g_strnfill (257, 'n');
  const char *const bad[] = { "", ".", "..", "a\nb", past };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (FelOptions) options = fel_options_new ();
      FelCall call = table[i].calls & ~(table[i].calls - 1); /* one of them */

      if (table[i].type != 's' || g_str_equal (table[i].name, "token"))
        continue;
      for (gsize k = 0; k < G_N_ELEMENTS (bad); k++)
        g_assert_false (set (options, call, table[i].name, (FelOptionValue){ .type = 's', .string = bad[k] }));
      g_assert_null (G_STRUCT_MEMBER (char *, options, table[i].offset));
      g_assert_true (set (options, call, table[i].name, (FelOptionValue){ .type = 's', .string = at }));
    }
}

static const struct
{
  guint64 seconds;
  gboolean good;
} validities[] = {
  { 0, TRUE }, { 1, TRUE }, { 31622400, TRUE }, { 31622401, FALSE }, { G_MAXINT64, FALSE }, { G_MAXUINT64, FALSE },
};

static void
test_min_validity (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (validities); i++)
    {
      g_autoptr (FelOptions) options = fel_options_new ();
      FelOptionValue value = { .type = 't', .number = validities[i].seconds };

      g_assert_cmpint (set (options, G, "min-validity", value), ==, validities[i].good);
      g_assert_cmpint (options->min_validity_sec, ==, validities[i].good ? (gint64) validities[i].seconds : 30);
    }
}

typedef enum
{
  FD_NONE,
  FD_CLOSED,
  FD_READ_END,
  FD_WRITE_END,
  FD_FIFO_BOTH,
  FD_SOCKET,
  FD_FILE_READ,
  FD_FILE_WRITE,
  FD_DIRECTORY,
  FD_NULL_DEVICE,
  N_FDS,
} FdKind;

static void
open_fds (const char *directory, int fds[N_FDS])
{
  g_autofree char *file = g_build_filename (directory, "file", NULL);
  g_autofree char *fifo = g_build_filename (directory, "fifo", NULL);
  int pair[2], sockets[2];

  g_assert_cmpint (pipe (pair), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, sockets), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  close (sockets[1]);
  fds[FD_NONE] = -1;
  fds[FD_CLOSED] = 1 << 19; /* above any limit of descriptors here */
  fds[FD_READ_END] = pair[0];
  fds[FD_WRITE_END] = pair[1];
  fds[FD_FIFO_BOTH] = open (fifo, O_RDWR);
  fds[FD_SOCKET] = sockets[0];
  fds[FD_FILE_READ] = open (file, O_RDONLY);
  fds[FD_FILE_WRITE] = open (file, O_WRONLY);
  fds[FD_DIRECTORY] = open (directory, O_RDONLY | O_DIRECTORY);
  fds[FD_NULL_DEVICE] = open ("/dev/null", O_WRONLY);
  g_unlink (file);
  g_unlink (fifo);
  g_rmdir (directory);
}

static const struct
{
  const char *name;
  FelCall call;
  FdKind good;
  gsize offset;
} fd_options[] = {
  { "secret-fd", C, FD_WRITE_END, AT (secret_fd) },
  { "secret-fd", G, FD_WRITE_END, AT (secret_fd) },
  { "token-fd", I, FD_READ_END, AT (token_fd) },
  { "refresh-token-fd", I, FD_READ_END, AT (refresh_token_fd) },
};

static void
test_fds (void)
{
  g_autofree char *directory = g_dir_make_tmp (NULL, NULL);
  int fds[N_FDS];

  open_fds (directory, fds);
  for (gsize i = 0; i < G_N_ELEMENTS (fd_options); i++)
    for (guint kind = 0; kind < N_FDS; kind++)
      {
        g_autoptr (FelOptions) options = fel_options_new ();
        FelOptionValue value = { .type = 'h', .fd = fds[kind] };
        gboolean good = kind == fd_options[i].good;

        g_test_message ("%s with kind %u", fd_options[i].name, kind);
        g_assert_cmpint (set (options, fd_options[i].call, fd_options[i].name, value), ==, good);
        g_assert_cmpint (G_STRUCT_MEMBER (int, options, fd_options[i].offset), ==, good ? fds[kind] : -1);
      }
  for (guint kind = FD_READ_END; kind < N_FDS; kind++)
    g_assert_cmpint (close (fds[kind]), ==, 0); /* borrowed: still ours */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/options/every-option", test_every_option);
  g_test_add_func ("/options/unknown", test_unknown);
  g_test_add_func ("/options/unknown-name-is-cut", test_unknown_name_is_cut);
  g_test_add_func ("/options/defaults", test_defaults);
  g_test_add_func ("/options/names", test_names);
  g_test_add_func ("/options/names-in-options", test_names_in_options);
  g_test_add_func ("/options/min-validity", test_min_validity);
  g_test_add_func ("/options/fds", test_fds);
  return g_test_run ();
}
