/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nile-answer.h"

#include <string.h>

#include "failure.h"
#include "json.h"
#include "jwt.h"
#include "nile-error.h"
#include "nile-salvage.h"

#define PORT 5432

static const struct
{
  const char *region;
  const char *host;
} region_hosts[] = {
  { "AWS_US_WEST_2", "us-west-2.db.thenile.dev" },
  { "AWS_EU_CENTRAL_1", "eu-central-1.db.thenile.dev" },
  { "AZURE_EASTUS", "db.eastus.azure.thenile.dev" },
};

/* Failures */

/* errorCode, or the `error` of RFC 6749, section 5.2 */
static const char *
error_code_of (JsonObject *object)
{
  const char *code = fel_json_string (object, "errorCode");

  return code != NULL ? code : fel_json_string (object, "error");
}

static const char *
error_message_of (JsonObject *object)
{
  const char *message = fel_json_string (object, "message");
  JsonArray *errors = fel_json_array (object, "errors");

  if (message == NULL)
    message = fel_json_string (object, "error_description");
  if (message == NULL && errors != NULL && json_array_get_length (errors) > 0)
    message = fel_json_as_string (json_array_get_element (errors, 0));
  return message;
}

/* mint: an answer that leaves open whether something was made is for nobody to try again, and one that is lost is told
 * as such only where something could have been made. */
static FelFailure
failure_of_answer (guint status, const char *code, bool mint)
{
  FelFailure failure = code != NULL ? nile_failure_of_code (code) : 0;

  if (failure == 0)
    failure = nile_failure_of_status (status);
  if (status == 401 || (code != NULL && g_str_equal (code, "invalid_grant")))
    failure = FEL_FAILURE_UNAUTHENTICATED;
  if (mint && failure == FEL_FAILURE_UNAUTHENTICATED && !nile_status_proves_nothing_minted (status))
    failure = FEL_FAILURE_PROVIDER;
  if (!mint && failure == FEL_FAILURE_NO_ANSWER)
    failure = status == 408 ? FEL_FAILURE_TIMED_OUT : FEL_FAILURE_PROVIDER;
  return failure;
}

static bool
fail_status (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, bool mint, const char *token)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonObject *object = fel_json_as_object (root);
  const char *code = error_code_of (object);
  g_autofree char *shown = fel_presentable (error_message_of (object), token);
  g_autofree char *shown_code = fel_presentable (code, token);
  g_autofree char *sentence = g_strdup_printf ("Nile answered %u: %s%s%s%s", answer->status,
                                               shown != NULL ? shown : "it gave no reason",
                                               shown_code != NULL ? " (" : "", shown_code != NULL ? shown_code : "",
                                               shown_code != NULL ? ")" : "");
  int failure = (int) failure_of_answer (answer->status, code, mint);
  bool proven = (shown != NULL || shown_code != NULL) && failure != FEL_FAILURE_NO_ANSWER
                && nile_status_proves_nothing_minted (answer->status);

  return host->fail (out, mint && !proven ? failure | FEL_FAILURE_MAYBE_MINTED : failure, sentence);
}

static bool
fail_nonsense (const FelHost *host, FelOut *out, const char *what, bool mint)
{
  g_autofree char *sentence = g_strdup_printf ("Nile's answer makes no sense: %s", what);

  return host->fail (out, mint ? FEL_FAILURE_PROTOCOL | FEL_FAILURE_MAYBE_MINTED : FEL_FAILURE_PROTOCOL, sentence);
}

/* A mint that did not end well: what can be told to be its id still goes out, so that it gets revoked. */
static void
report_salvaged (const FelHost *host, FelOut *out, const FelHttpAnswer *answer)
{
  char id[NILE_SALVAGED_LEN + 1];

  if (answer->status >= 200 && answer->status < 300 && nile_salvage_id (answer->body, answer->len, id))
    host->set_string (out, FEL_FIELD_ID, id);
}

bool
nile_answer_fail (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, bool mint, const char *token)
{
  if (answer->outcome == FEL_HTTP_ANSWERED)
    return fail_status (host, out, answer, mint, token);
  if (mint)
    report_salvaged (host, out, answer);
  return fel_fail_unanswered (host, out, answer, "Nile", mint);
}

/* Fields */

static void
report_bool (const FelHost *host, FelOut *out, FelField field, JsonObject *object, const char *member)
{
  gboolean value;

  if (fel_json_boolean (object, member, &value))
    host->set_bool (out, field, value);
}

/* RFC 3339, section 5.6 */
static void
report_time (const FelHost *host, FelOut *out, FelField field, const char *text)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, utc) : NULL;

  if (time != NULL)
    host->set_int64 (out, field, g_date_time_to_unix (time));
}

/* The specification says URI, the service sends bare host names: both become a bare one. NULL: there is none. */
static char *
bare_host (const char *text)
{
  g_autofree char *as_uri = NULL;
  g_autoptr (GUri) uri = NULL;

  if (text == NULL)
    return NULL;
  as_uri = strstr (text, "://") != NULL ? g_strdup (text) : g_strconcat ("host://", text, NULL);
  uri = g_uri_parse (as_uri, G_URI_FLAGS_PARSE_RELAXED, NULL);
  if (uri == NULL || g_uri_get_host (uri) == NULL || !fel_http_is_plain_host (g_uri_get_host (uri)))
    return NULL;
  return g_strdup (g_uri_get_host (uri));
}

static void
report_database (const FelHost *host, FelOut *out, JsonObject *database, const char *ssl_mode)
{
  const char *region = fel_json_string (database, "region");
  g_autofree char *db_host = bare_host (fel_json_string (database, "dbHost"));
  g_autofree char *api_host = bare_host (fel_json_string (database, "apiHost"));
  const char *server = db_host;

  for (gsize i = 0; server == NULL && region != NULL && i < G_N_ELEMENTS (region_hosts); i++)
    if (g_str_equal (region_hosts[i].region, region))
      server = region_hosts[i].host;
  host->set_string (out, FEL_FIELD_DATABASE_ID, fel_json_string (database, "id"));
  host->set_string (out, FEL_FIELD_REGION, region);
  host->set_string (out, FEL_FIELD_STATUS, fel_json_string (database, "status"));
  host->set_string (out, FEL_FIELD_API_HOST, api_host);
  report_bool (host, out, FEL_FIELD_SHARDED, database, "sharded");
  report_bool (host, out, FEL_FIELD_EXPANDABLE, database, "expandable");
  if (server == NULL)
    return;
  host->set_string (out, FEL_FIELD_HOST, server);
  host->set_int64 (out, FEL_FIELD_PORT, PORT);
  host->set_string (out, FEL_FIELD_SSL_MODE, ssl_mode);
}

static void
report_credential (const FelHost *host, FelOut *out, JsonObject *object)
{
  host->set_string (out, FEL_FIELD_ID, fel_json_string (object, "id"));
  host->set_string (out, FEL_FIELD_TENANT_ID, fel_json_string (object, "tenant"));
  report_bool (host, out, FEL_FIELD_INTERNAL, object, "internal");
  report_time (host, out, FEL_FIELD_CREATED, fel_json_string (object, "created"));
}

bool
nile_answer_read_minted (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, const char *ssl_mode)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonObject *object = fel_json_as_object (root);
  const char *password = fel_json_string (object, "password");
  JsonObject *database = fel_json_object (object, "database");
  bool ok = true;

  if (object == NULL)
    {
      report_salvaged (host, out, answer);
      return fail_nonsense (host, out, "it is not a JSON object", true);
    }
  report_credential (host, out, object);
  report_database (host, out, database, ssl_mode);
  if (!fel_json_is_printable (fel_json_string (object, "id"), 256))
    ok = fail_nonsense (host, out, "the id is missing or not usable", true);
  else if (!fel_json_is_printable (password, 1024))
    ok = fail_nonsense (host, out, "the password is missing or not usable", true);
  else
    host->set_secret (out, password, strlen (password));
  fel_json_erase_string (object, "password");
  return ok;
}

bool
nile_answer_read_list (const FelHost *host, FelOut *out, const FelHttpAnswer *answer)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonArray *array = fel_json_as_array (root);

  if (array == NULL)
    return fail_nonsense (host, out, "it is not a JSON array", false);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonObject *object = fel_json_as_object (json_array_get_element (array, i));

      report_credential (host, out, object);
      host->set_string (out, FEL_FIELD_DATABASE_ID, fel_json_string (fel_json_object (object, "database"), "id"));
      host->next (out);
    }
  return true;
}

bool
nile_answer_read_account (const FelHost *host, FelOut *out, const FelHttpAnswer *answer)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonObject *object = fel_json_as_object (root);
  JsonArray *workspaces = fel_json_array (object, "workspaces");

  if (object == NULL)
    return fail_nonsense (host, out, "it is not a JSON object", false);
  host->set_string (out, FEL_FIELD_ID, fel_json_string (object, "id"));
  host->set_string (out, FEL_FIELD_ACCOUNT, fel_json_string (object, "email"));
  for (guint i = 0; workspaces != NULL && i < json_array_get_length (workspaces); i++)
    {
      JsonNode *node = json_array_get_element (workspaces, i);
      const char *slug = fel_json_as_string (node);

      host->set_string (out, FEL_FIELD_WORKSPACE,
                        slug != NULL ? slug : fel_json_string (fel_json_as_object (node), "slug"));
    }
  return true;
}

bool
nile_answer_read_token (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, gint64 now_sec)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonObject *object = fel_json_as_object (root);
  const char *access = fel_json_string (object, "access_token");
  const char *refresh = fel_json_string (object, "refresh_token");
  gint64 lifetime_sec = 0;

  if (access == NULL || *access == '\0')
    return fail_nonsense (host, out, "there is no access token in it", false);
  host->set_secret (out, access, strlen (access));
  if (refresh != NULL && *refresh != '\0')
    host->set_refresh_secret (out, refresh, strlen (refresh));
  if (fel_json_integer (object, "expires_in", &lifetime_sec) && lifetime_sec > 0 && lifetime_sec < G_MAXINT32)
    host->set_int64 (out, FEL_FIELD_EXPIRES, now_sec + lifetime_sec);
  else
    host->set_int64 (out, FEL_FIELD_EXPIRES, fel_jwt_expiry (access, now_sec));
  fel_json_erase_string (object, "access_token");
  fel_json_erase_string (object, "refresh_token");
  return true;
}
