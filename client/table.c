/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "table.h"

#include "text.h"

#define GAP 2
#define LAST_MIN 12 /* a last column is not cut to less than this */
#define BOLD "\033[1m"
#define COLOUR_END "\033[0m"

typedef struct StateColour
{
  const char *text;
  const char *colour;
} StateColour;

static const StateColour state_colours[] = {
  { "running", "\033[32m" },
  { "on", "\033[32m" },
  { "partly", "\033[33m" },
  { "not reached", "\033[31m" },
  { "active", "\033[32m" },
  { "ready", "\033[32m" },
  { "unlocked", "\033[32m" },
  { "expiring", "\033[33m" },
  { "revoking", "\033[33m" },
  { "locked", "\033[33m" },
  { "sign-in-required", "\033[33m" },
  { "expired", "\033[31m" },
  { "failed", "\033[31m" },
  { "absent", "\033[31m" },
  { "sent", "\033[33m" },
  { "minted", "\033[33m" },
};

struct FelTable
{
  guint n_columns;
  gboolean has_headings; /* the first row */
  GPtrArray *rows;       /* of char *[n_columns + 1]; a note is a char *[2] */
};

FelTable *
fel_table_new (guint n_columns)
{
  FelTable *self = g_new0 (FelTable, 1);

  g_assert (n_columns > 0 && n_columns <= FEL_TABLE_COLUMNS_MAX);
  self->n_columns = n_columns;
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  return self;
}

void
fel_table_free (FelTable *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->rows);
  g_free (self);
}

void
fel_table_set_headings (FelTable *self, const char *const *headings)
{
  g_assert (self->rows->len == 0);
  fel_table_add (self, headings);
  self->has_headings = TRUE;
}

void
fel_table_add (FelTable *self, const char *const *cells)
{
  char **row = g_new0 (char *, self->n_columns + 1);

  for (guint i = 0; i < self->n_columns; i++)
    row[i] = fel_text_printable (cells[i] != NULL ? cells[i] : "");
  g_ptr_array_add (self->rows, row);
}

void
fel_table_add_note (FelTable *self, const char *text)
{
  char **row = g_new0 (char *, 2);

  g_assert (self->n_columns > 1);
  row[0] = fel_text_printable (text);
  g_ptr_array_add (self->rows, row);
}

static gboolean
is_note (const FelTable *self, char **row)
{
  return self->n_columns > 1 && row[1] == NULL;
}

/* Width of what a column holds below its heading; 0: the column is left out. */
static guint
column_width (const FelTable *self, guint column)
{
  guint width = 0;

  for (guint i = self->has_headings ? 1 : 0; i < self->rows->len; i++)
    {
      char **row = g_ptr_array_index (self->rows, i);

      if (!is_note (self, row))
        width = MAX (width, fel_text_width (row[column]));
    }
  if (width > 0 && self->has_headings)
    width = MAX (width, fel_text_width (((char **) g_ptr_array_index (self->rows, 0))[column]));
  return width;
}

/* Returns whether there is anything to show. */
static gboolean
measure (const FelTable *self, guint screen, guint widths[FEL_TABLE_COLUMNS_MAX])
{
  guint last = 0, total = 0;

  for (guint i = 0; i < self->n_columns; i++)
    {
      widths[i] = column_width (self, i);
      if (widths[i] == 0)
        continue;
      total += (total > 0 ? GAP : 0) + widths[i];
      last = i;
    }
  if (screen > 0 && total > screen && widths[last] > LAST_MIN)
    widths[last] -= MIN (total - screen, widths[last] - LAST_MIN);
  return total > 0;
}

static const char *
cell_colour (const char *text, gboolean heading)
{
  if (heading)
    return BOLD;
  for (gsize i = 0; i < G_N_ELEMENTS (state_colours); i++)
    if (g_str_equal (text, state_colours[i].text))
      return state_colours[i].colour;
  return NULL;
}

static void
append_spaces (FelBuffer *out, guint n)
{
  for (guint i = 0; i < n; i++)
    fel_buffer_append_c (out, ' ');
}

static void
render_cell (const char *text, const char *colour, FelBuffer *out)
{
  if (colour != NULL)
    fel_buffer_append (out, colour);
  fel_buffer_append (out, text);
  if (colour != NULL)
    fel_buffer_append (out, COLOUR_END);
}

static void
render_note (const char *text, FelBuffer *out)
{
  append_spaces (out, GAP);
  fel_buffer_append (out, text);
  fel_buffer_append_c (out, '\n');
}

/* Spaces wait until a cell follows, so that no line ends in them. */
static void
render_row (char **row, const guint *widths, guint n_columns, gboolean heading, gboolean colour, FelBuffer *out)
{
  guint spaces = 0;

  for (guint i = 0; i < n_columns; i++)
    {
      g_autofree char *text = fel_text_cut (row[i], widths[i]);

      if (widths[i] == 0)
        continue;
      if (*text != '\0')
        {
          append_spaces (out, spaces);
          render_cell (text, colour ? cell_colour (text, heading) : NULL, out);
          spaces = 0;
        }
      spaces += widths[i] + GAP - fel_text_width (text);
    }
  fel_buffer_append_c (out, '\n');
}

void
fel_table_render (const FelTable *self, gboolean colour, guint width, FelBuffer *out)
{
  guint widths[FEL_TABLE_COLUMNS_MAX];

  if (!measure (self, width, widths))
    return;
  for (guint i = 0; i < self->rows->len; i++)
    {
      char **row = g_ptr_array_index (self->rows, i);

      if (is_note (self, row))
        render_note (row[0], out);
      else
        render_row (row, widths, self->n_columns, self->has_headings && i == 0, colour, out);
    }
}
