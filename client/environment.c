/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "environment.h"

#include <string.h>

#include "buffer.h"

struct FelEnvironment
{
  GPtrArray *entries; /* of NAME=VALUE, inherited or in a buffer; NULL at the end */
  GPtrArray *buffers; /* of FelBuffer */
};

FelEnvironment *
fel_environment_new (char **inherited)
{
  FelEnvironment *self = g_new0 (FelEnvironment, 1);

  self->entries = g_ptr_array_new ();
  self->buffers = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_buffer_free);
  for (gsize i = 0; inherited[i] != NULL; i++)
    g_ptr_array_add (self->entries, inherited[i]);
  g_ptr_array_add (self->entries, NULL);
  return self;
}

void
fel_environment_free (FelEnvironment *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->entries);
  g_ptr_array_unref (self->buffers);
  g_free (self);
}

/* A name may be there more than once, and programs differ in which one they take. */
void
fel_environment_unset (FelEnvironment *self, const char *name)
{
  gsize len = strlen (name);

  for (guint i = self->entries->len - 1; i-- > 0;)
    {
      const char *entry = self->entries->pdata[i];

      if (strncmp (entry, name, len) == 0 && entry[len] == '=')
        g_ptr_array_remove_index (self->entries, i);
    }
}

void
fel_environment_set (FelEnvironment *self, const char *name, const char *value)
{
  FelBuffer *entry = fel_buffer_new ();

  fel_environment_unset (self, name);
  fel_buffer_append (entry, name);
  fel_buffer_append_c (entry, '=');
  fel_buffer_append (entry, value);
  g_ptr_array_add (self->buffers, entry);
  g_ptr_array_insert (self->entries, (int) self->entries->len - 1, entry->bytes);
}

char **
fel_environment_list (FelEnvironment *self)
{
  return (char **) self->entries->pdata;
}
