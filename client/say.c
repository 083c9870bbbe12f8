/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>

#include "felucca-names.h"
#include "output.h"
#include "text.h"
#include "view.h"

static void
say_line (const char *text)
{
  g_autofree char *line = fel_text_printable (text);

  fprintf (stderr, "felucca: %s\n", line);
}

void
fel_say_note (const FelCli *cli, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  if (cli->quiet)
    return;
  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  say_line (text);
}

void
fel_say_error (const GError *error)
{
  say_line (error->message);
}

gboolean
fel_say_text (const char *text, GError **error)
{
  g_autoptr (FelBuffer) out = fel_buffer_new ();

  fel_buffer_append (out, text);
  return fel_output_write_own (out, error);
}

gboolean
fel_say_table (const FelTable *table, GError **error)
{
  g_autoptr (FelBuffer) out = fel_buffer_new ();

  fel_table_render (table, fel_output_has_colour (), fel_output_width (), out);
  return fel_output_write_own (out, error);
}

gboolean
fel_say_record (const FelRecord *record, GError **error)
{
  g_autoptr (FelBuffer) out = fel_buffer_new ();

  fel_record_to_json (record, out);
  fel_buffer_append_c (out, '\n');
  return fel_output_write (out, error);
}

gboolean
fel_say_records (GPtrArray *records, GError **error)
{
  g_autoptr (FelBuffer) out = fel_buffer_new ();

  fel_record_array_to_json (records, out);
  fel_buffer_append_c (out, '\n');
  return fel_output_write (out, error);
}

/* The password is not shown unless a format asks for it: people look at the table with others beside them. */
static gboolean
say_metadata (const FelCli *cli, const FelRecord *record, GError **error)
{
  g_autoptr (FelTable) table = fel_view_credential (record, fel_say_now_sec ());
  const char *id = fel_record_text (record, FEL_KEY_ID);

  if (!fel_say_table (table, error))
    return FALSE;
  if (id != NULL)
    fel_say_note (cli, "the password: felucca get --format password %s", id);
  return TRUE;
}

gboolean
fel_say_credential (const FelCli *cli, const FelCredential *credential, GError **error)
{
  g_autoptr (FelBuffer) out = NULL;

  if (cli->format == FEL_FORMAT_TABLE)
    return say_metadata (cli, credential->record, error);
  out = fel_buffer_new ();
  return fel_format_credential (cli->format, credential, out, error) && fel_output_write (out, error);
}

gint64
fel_say_now_sec (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}
