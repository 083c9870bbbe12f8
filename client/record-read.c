/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The half of FelRecord that takes messages apart. Functions return a negative errno, as sd-bus does,
 * until the two public ones translate it. */
#include "record.h"

#include <errno.h>

#include "exit.h"

#define DOING "cannot read the daemon's answer"

static int read_dictionary (sd_bus_message *message, const char *contents, FelRecord *record);
static int read_value (sd_bus_message *message, FelRecord *record, const char *key);

static int
read_text (sd_bus_message *message, char type, FelRecord *record, const char *key)
{
  const char *text;
  int r = sd_bus_message_read_basic (message, type, &text);

  if (r > 0)
    fel_record_set_text (record, key, text);
  return r;
}

static int
read_flag (sd_bus_message *message, FelRecord *record, const char *key)
{
  int flag;
  int r = sd_bus_message_read_basic (message, SD_BUS_TYPE_BOOLEAN, &flag);

  if (r > 0)
    fel_record_set_flag (record, key, flag);
  return r;
}

static int
read_number (sd_bus_message *message, char type, FelRecord *record, const char *key)
{
  union
  {
    guint16 q;
    guint32 u;
    gint64 x;
    guint64 t;
  } value;
  int r = sd_bus_message_read_basic (message, type, &value);

  if (r <= 0)
    return r;
  if (type == SD_BUS_TYPE_UINT16)
    value.x = value.q;
  else if (type == SD_BUS_TYPE_UINT32)
    value.x = value.u;
  else if (type == SD_BUS_TYPE_UINT64)
    value.x = (gint64) MIN (value.t, (guint64) G_MAXINT64);
  fel_record_set_number (record, key, value.x);
  return r;
}

static int
read_list (sd_bus_message *message, FelRecord *record, const char *key)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  const char *text;
  int r = sd_bus_message_enter_container (message, SD_BUS_TYPE_ARRAY, "s");

  if (r < 0)
    return r;
  while ((r = sd_bus_message_read_basic (message, SD_BUS_TYPE_STRING, &text)) > 0)
    g_ptr_array_add (list, g_strdup (text));
  if (r < 0)
    return r;
  g_ptr_array_add (list, NULL);
  fel_record_set_list (record, key, (char **) g_ptr_array_free (g_steal_pointer (&list), FALSE));
  return sd_bus_message_exit_container (message);
}

static int
read_array (sd_bus_message *message, const char *contents, GPtrArray *records)
{
  char type;
  const char *entry;
  int r = sd_bus_message_enter_container (message, SD_BUS_TYPE_ARRAY, contents);

  if (r < 0)
    return r;
  while ((r = sd_bus_message_peek_type (message, &type, &entry)) > 0)
    {
      FelRecord *record = fel_record_new ();

      g_ptr_array_add (records, record);
      r = read_dictionary (message, entry, record);
      if (r < 0)
        return r;
    }
  return r < 0 ? r : sd_bus_message_exit_container (message);
}

static int
read_container (sd_bus_message *message, const char *contents, FelRecord *record, const char *key)
{
  int r;

  if (g_str_equal (contents, "s"))
    return read_list (message, record, key);
  if (g_str_has_prefix (contents, "{s"))
    {
      g_autoptr (FelRecord) inner = fel_record_new ();

      r = read_dictionary (message, contents, inner);
      if (r >= 0)
        fel_record_set_record (record, key, g_steal_pointer (&inner));
      return r;
    }
  if (g_str_has_prefix (contents, "a{s"))
    {
      g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_record_free);

      r = read_array (message, contents, records);
      if (r >= 0)
        fel_record_set_records (record, key, g_steal_pointer (&records));
      return r;
    }
  return sd_bus_message_skip (message, NULL);
}

static int
read_variant (sd_bus_message *message, const char *contents, FelRecord *record, const char *key)
{
  int r = sd_bus_message_enter_container (message, SD_BUS_TYPE_VARIANT, contents);

  if (r < 0)
    return r;
  r = read_value (message, record, key);
  return r < 0 ? r : sd_bus_message_exit_container (message);
}

static int
read_value (sd_bus_message *message, FelRecord *record, const char *key)
{
  const char *contents;
  char type;
  int r = sd_bus_message_peek_type (message, &type, &contents);

  if (r < 0)
    return r;
  switch (type)
    {
    case SD_BUS_TYPE_VARIANT:
      return read_variant (message, contents, record, key);
    case SD_BUS_TYPE_ARRAY:
      return read_container (message, contents, record, key);
    case SD_BUS_TYPE_STRING:
    case SD_BUS_TYPE_OBJECT_PATH:
      return read_text (message, type, record, key);
    case SD_BUS_TYPE_BOOLEAN:
      return read_flag (message, record, key);
    case SD_BUS_TYPE_UINT16:
    case SD_BUS_TYPE_UINT32:
    case SD_BUS_TYPE_INT64:
    case SD_BUS_TYPE_UINT64:
      return read_number (message, type, record, key);
    default:
      return sd_bus_message_skip (message, NULL); /* a type that a later daemon uses */
    }
}

static int
read_dictionary (sd_bus_message *message, const char *contents, FelRecord *record)
{
  const char *key, *entry;
  char type;
  int r = sd_bus_message_enter_container (message, SD_BUS_TYPE_ARRAY, contents);

  while (r >= 0 && (r = sd_bus_message_peek_type (message, &type, &entry)) > 0)
    {
      r = sd_bus_message_enter_container (message, SD_BUS_TYPE_DICT_ENTRY, entry);
      if (r >= 0)
        r = sd_bus_message_read_basic (message, SD_BUS_TYPE_STRING, &key);
      if (r >= 0)
        r = read_value (message, record, key);
      if (r >= 0)
        r = sd_bus_message_exit_container (message);
    }
  return r < 0 ? r : sd_bus_message_exit_container (message);
}

static int
peek_array (sd_bus_message *message, const char *prefix, const char **ret_contents)
{
  char type;
  int r = sd_bus_message_peek_type (message, &type, ret_contents);

  if (r < 0)
    return r;
  return r > 0 && type == SD_BUS_TYPE_ARRAY && g_str_has_prefix (*ret_contents, prefix) ? 0 : -EBADMSG;
}

FelRecord *
fel_record_read (sd_bus_message *message, GError **error)
{
  g_autoptr (FelRecord) record = fel_record_new ();
  const char *contents;

  if (!fel_exit_check (peek_array (message, "{s", &contents), DOING, error)
      || !fel_exit_check (read_dictionary (message, contents, record), DOING, error))
    return NULL;
  return g_steal_pointer (&record);
}

GPtrArray *
fel_record_read_array (sd_bus_message *message, GError **error)
{
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func ((GDestroyNotify) fel_record_free);
  const char *contents;

  if (!fel_exit_check (peek_array (message, "a{s", &contents), DOING, error)
      || !fel_exit_check (read_array (message, contents, records), DOING, error))
    return NULL;
  return g_steal_pointer (&records);
}
