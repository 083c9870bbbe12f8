/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record.h"

#include <string.h>

#include "json.h"

typedef enum FieldType
{
  FIELD_TEXT,
  FIELD_NUMBER,
  FIELD_FLAG,
  FIELD_LIST,
  FIELD_RECORD,
  FIELD_RECORDS,
} FieldType;

typedef struct Field
{
  char *key;
  FieldType type;
  union
  {
    char *text;
    gint64 number;
    gboolean flag;
    char **list;
    FelRecord *record;
    GPtrArray *records;
  };
} Field;

struct FelRecord
{
  GPtrArray *fields; /* of Field */
};

static void
field_free (gpointer data)
{
  Field *field = data;

  g_free (field->key);
  if (field->type == FIELD_TEXT)
    g_free (field->text);
  else if (field->type == FIELD_LIST)
    g_strfreev (field->list);
  else if (field->type == FIELD_RECORD)
    fel_record_free (field->record);
  else if (field->type == FIELD_RECORDS)
    g_ptr_array_unref (field->records);
  g_free (field);
}

FelRecord *
fel_record_new (void)
{
  FelRecord *self = g_new0 (FelRecord, 1);

  self->fields = g_ptr_array_new_with_free_func (field_free);
  return self;
}

void
fel_record_free (FelRecord *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->fields);
  g_free (self);
}

static Field *
add_field (FelRecord *self, const char *key, FieldType type)
{
  Field *field = g_new0 (Field, 1);

  field->key = g_strdup (key);
  field->type = type;
  g_ptr_array_add (self->fields, field);
  return field;
}

void
fel_record_set_text (FelRecord *self, const char *key, const char *text)
{
  add_field (self, key, FIELD_TEXT)->text = g_strdup (text);
}

void
fel_record_set_number (FelRecord *self, const char *key, gint64 number)
{
  add_field (self, key, FIELD_NUMBER)->number = number;
}

void
fel_record_set_flag (FelRecord *self, const char *key, gboolean flag)
{
  add_field (self, key, FIELD_FLAG)->flag = flag;
}

void
fel_record_set_list (FelRecord *self, const char *key, char **list)
{
  add_field (self, key, FIELD_LIST)->list = list;
}

void
fel_record_set_record (FelRecord *self, const char *key, FelRecord *record)
{
  add_field (self, key, FIELD_RECORD)->record = record;
}

void
fel_record_set_records (FelRecord *self, const char *key, GPtrArray *records)
{
  add_field (self, key, FIELD_RECORDS)->records = records;
}

static const Field *
find_field (const FelRecord *self, const char *key, FieldType type)
{
  for (guint i = 0; i < self->fields->len; i++)
    {
      const Field *field = g_ptr_array_index (self->fields, i);

      if (field->type == type && strcmp (field->key, key) == 0)
        return field;
    }
  return NULL;
}

const char *
fel_record_text (const FelRecord *self, const char *key)
{
  const Field *field = find_field (self, key, FIELD_TEXT);

  return field != NULL ? field->text : NULL;
}

gboolean
fel_record_number (const FelRecord *self, const char *key, gint64 *ret_number)
{
  const Field *field = find_field (self, key, FIELD_NUMBER);

  if (field == NULL)
    return FALSE;
  *ret_number = field->number;
  return TRUE;
}

gboolean
fel_record_flag (const FelRecord *self, const char *key)
{
  const Field *field = find_field (self, key, FIELD_FLAG);

  return field != NULL && field->flag;
}

char **
fel_record_list (const FelRecord *self, const char *key)
{
  const Field *field = find_field (self, key, FIELD_LIST);

  return field != NULL ? field->list : NULL;
}

const FelRecord *
fel_record_record (const FelRecord *self, const char *key)
{
  const Field *field = find_field (self, key, FIELD_RECORD);

  return field != NULL ? field->record : NULL;
}

GPtrArray *
fel_record_records (const FelRecord *self, const char *key)
{
  const Field *field = find_field (self, key, FIELD_RECORDS);

  return field != NULL ? field->records : NULL;
}

FelRecord *
fel_record_steal_record (FelRecord *self, const char *key)
{
  for (guint i = 0; i < self->fields->len; i++)
    {
      Field *field = g_ptr_array_index (self->fields, i);

      if (field->type == FIELD_RECORD && strcmp (field->key, key) == 0)
        {
          FelRecord *record = g_steal_pointer (&field->record);

          g_ptr_array_remove_index (self->fields, i);
          return record;
        }
    }
  return NULL;
}

gboolean
fel_record_has (const FelRecord *self, const char *key)
{
  for (guint i = 0; i < self->fields->len; i++)
    if (strcmp (fel_record_key (self, i), key) == 0)
      return TRUE;
  return FALSE;
}

guint
fel_record_size (const FelRecord *self)
{
  return self->fields->len;
}

const char *
fel_record_key (const FelRecord *self, guint i)
{
  const Field *field = g_ptr_array_index (self->fields, i);

  return field->key;
}

static void
list_to_json (char **list, FelBuffer *out)
{
  fel_json_open (out, '[');
  for (gsize i = 0; list[i] != NULL; i++)
    fel_json_string (out, list[i]);
  fel_json_close (out, ']');
}

static void
field_to_json (const Field *field, FelBuffer *out)
{
  fel_json_key (out, field->key);
  switch (field->type)
    {
    case FIELD_TEXT:
      fel_json_string (out, field->text);
      break;
    case FIELD_NUMBER:
      fel_json_number (out, field->number);
      break;
    case FIELD_FLAG:
      fel_json_bool (out, field->flag);
      break;
    case FIELD_LIST:
      list_to_json (field->list, out);
      break;
    case FIELD_RECORD:
      fel_record_to_json (field->record, out);
      break;
    case FIELD_RECORDS:
      fel_record_array_to_json (field->records, out);
      break;
    default:
      g_assert_not_reached ();
    }
}

void
fel_record_fields_to_json (const FelRecord *self, FelBuffer *out)
{
  for (guint i = 0; i < self->fields->len; i++)
    field_to_json (g_ptr_array_index (self->fields, i), out);
}

void
fel_record_to_json (const FelRecord *self, FelBuffer *out)
{
  fel_json_open (out, '{');
  fel_record_fields_to_json (self, out);
  fel_json_close (out, '}');
}

void
fel_record_array_to_json (GPtrArray *records, FelBuffer *out)
{
  fel_json_open (out, '[');
  for (guint i = 0; i < records->len; i++)
    fel_record_to_json (g_ptr_array_index (records, i), out);
  fel_json_close (out, ']');
}
