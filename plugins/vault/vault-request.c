/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vault-request.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "setting.h"

#define ID_LEN_MAX 256
#define LEASE_TAIL_LEN 48 /* what Vault puts behind the role: a random word and perhaps that of a namespace */

static const char *const role_types[] = { "dynamic", "static", NULL };

gboolean
vault_is_static (const FelVerbRequest *request)
{
  return g_str_equal (fel_setting (request, "role-type", "dynamic"), "static");
}

/* It travels in a header. */
static gboolean
is_namespace (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return FALSE;
  return *text != '\0';
}

static gboolean
is_one_of (const char *value, const char *const *values)
{
  return value == NULL || g_strv_contains (values, value);
}

bool
vault_check_settings (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  const char *url = fel_setting (request, "url", NULL);
  const char *name_space = fel_setting (request, "namespace", NULL);
  const char *ca_file = fel_setting (request, "ca-file", NULL);
  const char *server = fel_setting (request, "host", NULL);
  const char *port = fel_setting (request, "port", NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *sentence = NULL;

  if (url == NULL)
    return host->fail (out, FEL_FAILURE_INVALID, "url: it is missing; it says where Vault is");
  if (!fel_http_check_url (url, &error))
    {
      sentence = g_strdup_printf ("url: %s", error->message);
      return host->fail (out, FEL_FAILURE_INVALID, sentence);
    }
  if (name_space != NULL && !is_namespace (name_space))
    return host->fail (out, FEL_FAILURE_INVALID, "namespace: it is empty or has characters that no namespace has");
  if (ca_file != NULL && !g_file_test (ca_file, G_FILE_TEST_IS_REGULAR))
    return host->fail (out, FEL_FAILURE_INVALID, "ca-file: there is no such file");
  if (server != NULL && !fel_http_is_plain_host (server))
    return host->fail (out, FEL_FAILURE_INVALID, "host: it is not a host name or an address");
  if (port != NULL && !g_ascii_string_to_unsigned (port, 10, 1, G_MAXUINT16, NULL, NULL))
    return host->fail (out, FEL_FAILURE_INVALID, "port: it is not a number from 1 to 65535");
  if (!is_one_of (fel_setting (request, "ssl-mode", NULL), fel_ssl_modes))
    return host->fail (out, FEL_FAILURE_INVALID, "ssl-mode: it is none of libpq's modes");
  if (!is_one_of (fel_setting (request, "role-type", NULL), role_types))
    return host->fail (out, FEL_FAILURE_INVALID, "role-type: it is neither dynamic nor static");
  return true;
}

/* Vault decodes a path before it looks at it, so encoding alone would not keep names in their place. */
static gboolean
is_path (const char *text, guint n_segments_max)
{
  g_auto (GStrv) segments = g_strsplit (text, "/", -1);

  for (char **segment = segments; *segment != NULL; segment++)
    if (**segment == '\0' || g_str_equal (*segment, ".") || g_str_equal (*segment, ".."))
      return FALSE;
  return *text != '\0' && g_strv_length (segments) <= n_segments_max;
}

bool
vault_check_target (const FelHost *host, const FelVerbRequest *request, FelOut *out)
{
  if (request->workspace == NULL || request->database == NULL)
    return host->fail (out, FEL_FAILURE_INVALID, "Vault is asked for one mount and one role at a time");
  if (request->tenant_id != NULL || request->internal)
    return host->fail (out, FEL_FAILURE_INVALID, "Vault knows neither tenants nor internal credentials");
  if (!is_path (request->workspace, G_MAXUINT))
    return host->fail (out, FEL_FAILURE_INVALID, "this workspace cannot be the path of a secrets engine in Vault");
  if (!is_path (request->database, 1))
    return host->fail (out, FEL_FAILURE_INVALID, "this database cannot be the name of a role in Vault");
  if (strlen (request->workspace) + strlen (request->database) + strlen ("/static-creds//") + LEASE_TAIL_LEN
      > ID_LEN_MAX)
    return host->fail (out, FEL_FAILURE_INVALID, "the path of the secrets engine and the role are too long together");
  return true;
}

gboolean
vault_is_static_id (const char *id)
{
  g_auto (GStrv) segments = g_strsplit (id, "/", -1);
  guint n = g_strv_length (segments);

  return n >= 4 && g_str_equal (segments[n - 3], "static-creds") && g_uuid_string_is_valid (segments[n - 1]);
}

/* The base may end with a slash. */
static FelHttpAnswer *
exchange (const FelVerbRequest *request, const char *method, const char *path, const char *json)
{
  const char *base = fel_setting (request, "url", "");
  const char *name_space = fel_setting (request, "namespace", NULL);
  size_t len = strlen (base);
  g_autofree char *url = NULL;
  const char *headers[] = {
    "X-Vault-Request",
    "true", /* a proxy in between may ask for it */
    name_space != NULL ? "X-Vault-Namespace" : NULL,
    name_space,
    NULL,
  };
  FelHttpRequest http = {
    .method = method,
    .token = request->token,
    .json = json,
    .headers = headers,
    .ca_file = fel_setting (request, "ca-file", NULL),
    .cancellable = request->cancellable,
  };

  while (len > 0 && base[len - 1] == '/')
    len--;
  url = g_strdup_printf ("%.*s/v1/%s", (int) len, base, path);
  http.url = url;
  return fel_http_send (&http);
}

FelHttpAnswer *
vault_get (const FelVerbRequest *request, const char *path, const char *suffix)
{
  g_autofree char *encoded = g_uri_escape_string (path, "/", FALSE);
  g_autofree char *whole = g_strconcat (encoded, suffix, NULL);

  return exchange (request, "GET", whole, NULL);
}

FelHttpAnswer *
vault_put (const FelVerbRequest *request, const char *path, const char *json)
{
  return exchange (request, "PUT", path, json);
}

FelHttpAnswer *
vault_post (const FelVerbRequest *request, const char *path, const char *json)
{
  return exchange (request, "POST", path, json);
}

static char *
to_text (JsonObject *object /* (transfer full) */)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (root, object);
  return json_to_string (root, FALSE);
}

static JsonObject *
lease_object (const char *id)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "lease_id", id);
  return object;
}

char *
vault_lease_json (const char *id)
{
  return to_text (lease_object (id));
}

char *
vault_renew_json (const char *id, uint64_t increment_sec)
{
  JsonObject *object = lease_object (id);

  if (increment_sec > 0)
    json_object_set_int_member (object, "increment", (gint64) MIN (increment_sec, G_MAXINT32));
  return to_text (object);
}

/* sync: the answer comes when the database has forgotten the user, not when that is planned. */
char *
vault_revoke_json (const char *id)
{
  JsonObject *object = lease_object (id);

  json_object_set_boolean_member (object, "sync", TRUE);
  return to_text (object);
}

bool
vault_is_success (const FelHttpAnswer *answer)
{
  return answer->outcome == FEL_HTTP_ANSWERED && answer->status >= 200 && answer->status < 300;
}
