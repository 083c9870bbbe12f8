/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "setting.h"

#include <string.h>

const char *const fel_ssl_modes[] = {
  "disable", "allow", "prefer", "require", "verify-ca", "verify-full", NULL,
};

const char *
fel_setting (const FelVerbRequest *request, const char *key, const char *fallback)
{
  for (size_t i = 0; i < request->n_settings; i++)
    if (g_str_equal (request->settings[i].key, key))
      return request->settings[i].value;
  return fallback;
}

static gboolean
parse_port (const char *text, guint *ret_port)
{
  guint64 port;

  if (!g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT16, &port, NULL))
    return FALSE;
  *ret_port = (guint) port;
  return TRUE;
}

guint
fel_setting_port (const FelVerbRequest *request)
{
  guint port = 0;

  parse_port (fel_setting (request, "port", ""), &port);
  return port;
}

char *
fel_setting_check_server (const FelVerbRequest *request)
{
  const char *host = fel_setting (request, "host", NULL);
  const char *port = fel_setting (request, "port", NULL);
  const char *ssl_mode = fel_setting (request, "ssl-mode", NULL);
  guint ignored;

  if (host != NULL && (*host == '\0' || strpbrk (host, " ,;@?#") != NULL))
    return g_strdup ("host: it is not one bare host name, address or socket directory");
  if (port != NULL && !parse_port (port, &ignored))
    return g_strdup ("port: it is not in 1..65535");
  if (ssl_mode != NULL && !g_strv_contains (fel_ssl_modes, ssl_mode))
    return g_strdup ("ssl-mode: there is no such mode");
  return NULL;
}
