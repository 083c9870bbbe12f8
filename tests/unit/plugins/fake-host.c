/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-host.h"

#include <string.h>

#include "field-names.h"

static const char *
field_name (FelField field)
{
  g_assert_cmpuint (field, >, 0);
  g_assert_cmpuint (field, <, G_N_ELEMENTS (field_names));
  return field_names[field];
}

static bool
fake_fail (FelOut *out, int failure, const char *sentence)
{
  g_assert_nonnull (sentence);
  g_assert_true (g_utf8_validate (sentence, -1, NULL));
  out->failure = failure;
  out->n_fails++;
  g_free (out->sentence);
  out->sentence = g_strdup (sentence);
  return false;
}

static void
fake_set_string (FelOut *out, FelField field, const char *value)
{
  if (value != NULL && *value != '\0')
    g_string_append_printf (out->said, "%s=%s\n", field_name (field), value);
}

static void
fake_set_int64 (FelOut *out, FelField field, int64_t value)
{
  g_string_append_printf (out->said, "%s=%" G_GINT64_FORMAT "\n", field_name (field), (gint64) value);
}

static void
fake_set_bool (FelOut *out, FelField field, bool value)
{
  g_string_append_printf (out->said, "%s=%s\n", field_name (field), value ? "true" : "false");
}

static void
fake_set_secret (FelOut *out, const char *bytes, size_t len)
{
  g_string_append_printf (out->said, "secret=%.*s\n", (int) len, bytes);
}

static void
fake_set_refresh_secret (FelOut *out, const char *bytes, size_t len)
{
  g_string_append_printf (out->said, "refresh-secret=%.*s\n", (int) len, bytes);
}

static void
fake_next (FelOut *out)
{
  g_string_append (out->said, "--\n");
}

const FelHost fake_host = {
  .struct_size = sizeof (FelHost),
  .fail = fake_fail,
  .set_string = fake_set_string,
  .set_int64 = fake_set_int64,
  .set_bool = fake_set_bool,
  .set_secret = fake_set_secret,
  .set_refresh_secret = fake_set_refresh_secret,
  .next = fake_next,
};

FelOut *
fake_out_new (void)
{
  FelOut *self = g_new0 (FelOut, 1);

  self->said = g_string_new (NULL);
  return self;
}

void
fake_out_free (FelOut *self)
{
  if (self == NULL)
    return;
  g_string_free (self->said, TRUE);
  g_free (self->sentence);
  g_free (self);
}

FelHttpAnswer *
fake_answer_new (guint status, const char *body)
{
  FelHttpAnswer *self = g_new0 (FelHttpAnswer, 1);

  self->status = status;
  self->len = strlen (body);
  g_assert_cmpuint (self->len, <=, FEL_HTTP_BODY_MAX);
  memcpy (self->body, body, self->len);
  return self;
}
