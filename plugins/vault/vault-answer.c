/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vault-answer.h"

#include <string.h>

#include "failure.h"
#include "json.h"
#include "salvage.h"

#define NAME_LEN_MAX 256
#define PASSWORD_LEN_MAX 1024

/* Failures */

/* NULL: it is no answer of Vault's with errors. */
static JsonArray *
errors_of (JsonNode *root)
{
  return fel_json_array (fel_json_as_object (root), "errors");
}

static const char *
first_of (JsonArray *errors)
{
  if (errors == NULL || json_array_get_length (errors) == 0)
    return NULL;
  return fel_json_as_string (json_array_get_element (errors, 0));
}

VaultVerdict
vault_answer_judge (const FelHttpAnswer *answer, gboolean *ret_is_readable)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonArray *errors = errors_of (root);

  if (ret_is_readable != NULL)
    *ret_is_readable = errors != NULL;
  return vault_judge (answer->status, first_of (errors));
}

gboolean
vault_answer_is_empty_list (const FelHttpAnswer *answer)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonArray *errors = errors_of (root);

  return answer->outcome == FEL_HTTP_ANSWERED && answer->status == 404 && errors != NULL
         && json_array_get_length (errors) == 0;
}

/* What to say when Vault itself says nothing. */
static const char *
reason_of_status (guint status)
{
  if (status >= 300 && status < 400)
    return "it points to another address, and redirects are not followed; is its url that of the active node?";
  return status == 404 ? "there is nothing at this path" : "it gave no reason";
}

static bool
fail_status (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, bool mint, const char *token)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonArray *errors = errors_of (root);
  VaultVerdict verdict = vault_judge (answer->status, first_of (errors));
  g_autofree char *shown = fel_presentable (first_of (errors), token);
  g_autofree char *sentence = g_strdup_printf ("Vault answered %u: %s", answer->status,
                                               shown != NULL ? shown : reason_of_status (answer->status));
  bool proven = verdict.proven && errors != NULL;
  int failure = (int) verdict.failure;

  /* Only what proves that nothing was minted may make the host ask once more. */
  if (mint && !proven && verdict.failure == FEL_FAILURE_UNAUTHENTICATED)
    failure = FEL_FAILURE_PROVIDER;
  if (!mint && verdict.failure == FEL_FAILURE_NO_ANSWER)
    failure = FEL_FAILURE_TIMED_OUT;
  return host->fail (out, mint && !proven ? failure | FEL_FAILURE_MAYBE_MINTED : failure, sentence);
}

bool
vault_answer_fail (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, bool mint, const char *token)
{
  if (answer->outcome == FEL_HTTP_ANSWERED)
    return fail_status (host, out, answer, mint, token);
  return fel_fail_unanswered (host, out, answer, "Vault", mint);
}

static bool
fail_nonsense (const FelHost *host, FelOut *out, const char *what, bool mint)
{
  g_autofree char *sentence = g_strdup_printf ("Vault's answer makes no sense: %s", what);

  return host->fail (out, mint ? FEL_FAILURE_PROTOCOL | FEL_FAILURE_MAYBE_MINTED : FEL_FAILURE_PROTOCOL, sentence);
}

/* Fields */

/* Whole seconds from 0 on, sent as an integer or as a fraction; -1: not sent, or nothing that could be meant. */
static gint64
seconds_of (JsonObject *object, const char *member)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, member) : NULL;
  double value;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || (json_node_get_value_type (node) != G_TYPE_INT64 && json_node_get_value_type (node) != G_TYPE_DOUBLE))
    return -1;
  value = json_node_get_double (node);
  return value >= 0 && value < G_MAXINT32 ? (gint64) value : -1;
}

/* 0: not sent, or no time (RFC 3339, section 5.6) */
static gint64
time_of (JsonObject *object, const char *member)
{
  const char *text = fel_json_string (object, member);
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, utc) : NULL;

  return time != NULL ? g_date_time_to_unix (time) : 0;
}

/* What every answer about a lease says; the answer is believed, whatever was wished. */
static void
report_lease (const FelHost *host, FelOut *out, JsonObject *object, gint64 now_sec, VaultLease *lease)
{
  lease->duration_sec = MAX (seconds_of (object, "lease_duration"), 0);
  if (lease->duration_sec > 0)
    host->set_int64 (out, FEL_FIELD_NOT_AFTER, now_sec + lease->duration_sec);
  if (fel_json_boolean (object, "renewable", &lease->renewable))
    host->set_bool (out, FEL_FIELD_RENEWABLE, lease->renewable);
}

/* The name and the password, or what is wrong with them. */
static const char *
report_login (const FelHost *host, FelOut *out, JsonObject *data)
{
  const char *user = fel_json_string (data, "username");
  const char *password = fel_json_string (data, "password");

  if (!fel_json_is_printable (user, NAME_LEN_MAX))
    return "the user name is missing or not usable";
  if (!fel_json_is_printable (password, PASSWORD_LEN_MAX))
    return "the password is missing or not usable";
  host->set_string (out, FEL_FIELD_USER, user);
  host->set_secret (out, password, strlen (password));
  return NULL;
}

/* Below the prefix there is a word of Vault's, in a namespace with a second one behind a dot. */
static gboolean
is_lease (const char *value, gsize len, const char *prefix)
{
  gsize prefix_len = strlen (prefix);

  if (len <= prefix_len || len > NAME_LEN_MAX || memcmp (value, prefix, prefix_len) != 0)
    return FALSE;
  for (gsize i = prefix_len; i < len; i++)
    if (!g_ascii_isalnum (value[i]) && value[i] != '-' && value[i] != '_' && value[i] != '.')
      return FALSE;
  return TRUE;
}

void
vault_answer_salvage (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, const char *prefix)
{
  gsize len;
  const char *found = NULL;
  g_autofree char *id = NULL;

  if (answer->status >= 200 && answer->status < 300)
    found = fel_salvage (answer->body, answer->len, "lease_id", is_lease, prefix, &len);
  if (found == NULL)
    return;
  id = g_strndup (found, len);
  host->set_string (out, FEL_FIELD_ID, id);
}

bool
vault_answer_read_minted (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, const char *prefix,
                          gint64 now_sec, VaultLease *ret_lease)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonObject *object = fel_json_as_object (root);
  JsonObject *data = fel_json_object (object, "data");
  const char *id = fel_json_string (object, "lease_id");
  const char *wrong = NULL;

  if (object == NULL)
    {
      vault_answer_salvage (host, out, answer, prefix);
      return fail_nonsense (host, out, "it is not a JSON object", true);
    }
  if (fel_json_is_printable (id, NAME_LEN_MAX))
    {
      host->set_string (out, FEL_FIELD_ID, id);
      ret_lease->id = g_strdup (id);
      report_lease (host, out, object, now_sec, ret_lease);
      wrong = report_login (host, out, data);
    }
  else
    wrong = "the lease is missing or not usable";
  fel_json_erase_string (data, "password");
  return wrong == NULL || fail_nonsense (host, out, wrong, true);
}

/* When the password is replaced: told as what is left, or by the last time and the period. 0: not told. */
static gint64
rotation_end (JsonObject *data, gint64 now_sec)
{
  gint64 ttl_sec = seconds_of (data, "ttl");
  gint64 last_sec = time_of (data, "last_vault_rotation");
  gint64 period_sec = seconds_of (data, "rotation_period");

  if (ttl_sec >= 0)
    return now_sec + ttl_sec;
  return last_sec > 0 && period_sec > 0 ? last_sec + period_sec : 0;
}

bool
vault_answer_read_static (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, const char *id, gint64 now_sec)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonObject *data = fel_json_object (fel_json_as_object (root), "data");
  const char *wrong = data != NULL ? report_login (host, out, data) : "there is no data in it";
  gint64 end_sec = rotation_end (data, now_sec);

  fel_json_erase_string (data, "password");
  if (wrong != NULL)
    return fail_nonsense (host, out, wrong, false);
  host->set_string (out, FEL_FIELD_ID, id);
  if (end_sec > 0)
    host->set_int64 (out, FEL_FIELD_NOT_AFTER, end_sec);
  host->set_bool (out, FEL_FIELD_RENEWABLE, false);
  return true;
}

bool
vault_answer_read_renewed (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, gint64 now_sec)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonObject *object = fel_json_as_object (root);
  VaultLease lease = { NULL };

  if (seconds_of (object, "lease_duration") <= 0)
    return fail_nonsense (host, out, "it does not say how long the lease lives now", false);
  report_lease (host, out, object, now_sec, &lease);
  return true;
}

gint64
vault_answer_duration (const FelHttpAnswer *answer)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);

  return MAX (seconds_of (fel_json_as_object (root), "lease_duration"), 0);
}

GPtrArray *
vault_answer_read_keys (const FelHost *host, FelOut *out, const FelHttpAnswer *answer)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonArray *array = fel_json_array (fel_json_object (fel_json_as_object (root), "data"), "keys");
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);

  if (array == NULL)
    {
      fail_nonsense (host, out, "there is no list of leases in it", false);
      return NULL;
    }
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      const char *key = fel_json_as_string (json_array_get_element (array, i));

      /* With a slash at its end it is no lease, but a folder of them. */
      if (fel_json_is_printable (key, NAME_LEN_MAX) && !g_str_has_suffix (key, "/"))
        g_ptr_array_add (keys, g_strdup (key));
    }
  return g_steal_pointer (&keys);
}

bool
vault_answer_read_issued (const FelHost *host, FelOut *out, const FelHttpAnswer *answer)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonObject *object = fel_json_as_object (root);
  JsonObject *data = fel_json_object (object, "data");
  gint64 issued_sec = time_of (data != NULL ? data : object, "issue_time"); /* older documentation has no "data" */

  if (object == NULL)
    return fail_nonsense (host, out, "it is not a JSON object", false);
  if (issued_sec > 0)
    host->set_int64 (out, FEL_FIELD_CREATED, issued_sec);
  return true;
}

bool
vault_answer_read_account (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, gint64 now_sec)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonObject *data = fel_json_object (fel_json_as_object (root), "data");
  gint64 ttl_sec = seconds_of (data, "ttl");

  if (data == NULL)
    return fail_nonsense (host, out, "there is no data in it", false);
  host->set_string (out, FEL_FIELD_ID, fel_json_string (data, "entity_id"));
  host->set_string (out, FEL_FIELD_ACCOUNT, fel_json_string (data, "display_name"));
  if (ttl_sec > 0) /* a root token has none */
    host->set_int64 (out, FEL_FIELD_EXPIRES, now_sec + ttl_sec);
  fel_json_erase_string (data, "id"); /* the token */
  return true;
}

bool
vault_answer_read_token (const FelHost *host, FelOut *out, const FelHttpAnswer *answer, const char *token,
                         gint64 now_sec)
{
  g_autoptr (JsonNode) root = fel_json_parse (answer->body, answer->len);
  JsonObject *auth = fel_json_object (fel_json_as_object (root), "auth");
  gint64 duration_sec = seconds_of (auth, "lease_duration");

  fel_json_erase_string (auth, "client_token");
  if (duration_sec <= 0)
    return fail_nonsense (host, out, "it does not say how long the token lives now", false);
  host->set_secret (out, token, strlen (token));
  host->set_int64 (out, FEL_FIELD_EXPIRES, now_sec + duration_sec);
  return true;
}

void
vault_lease_clear (VaultLease *self)
{
  g_clear_pointer (&self->id, g_free);
}
