/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec-answer.h"

#include <string.h>

#include "exec-failure.h"
#include "json.h"
#include "setting.h"

#define PASSWORD_LEN_MAX 1024
#define TEXT_LEN_MAX 256
#define UUID_LEN 36
#define TIME_MAX_SEC G_GINT64_CONSTANT (253402300799) /* the last second of the year 9999; milliseconds are above it */

typedef struct
{
  const FelHost *host;
  FelOut *out;
  const ExecCall *call;
} Reader;

/* One of its members is not what it has to be. */
typedef struct
{
  const char *member; /* NULL: all is well so far */
  const char *rule;
} Problem;

typedef struct
{
  const char *member;
  FelField field;
  char type; /* s: string, h: host, m: ssl mode, p: port, t: time, b: boolean */
} Member;

static const Member mint_members[] = {
  { "user", FEL_FIELD_USER, 's' },          { "host", FEL_FIELD_HOST, 'h' },
  { "port", FEL_FIELD_PORT, 'p' },          { "database", FEL_FIELD_DATABASE_NAME, 's' },
  { "sslMode", FEL_FIELD_SSL_MODE, 'm' },   { "created", FEL_FIELD_CREATED, 't' },
  { "notAfter", FEL_FIELD_NOT_AFTER, 't' }, { "loginOnly", FEL_FIELD_LOGIN_ONLY, 'b' },
};

static const Member list_members[] = {
  { "created", FEL_FIELD_CREATED, 't' },
  { "intent", FEL_FIELD_INTENT, 's' },
};

static const Member renew_members[] = {
  { "notAfter", FEL_FIELD_NOT_AFTER, 't' },
  { "renewable", FEL_FIELD_RENEWABLE, 'b' },
};

/* Members */

/* What is null or an empty string counts as absent. */
static JsonNode *
member_node (JsonObject *object, const char *member)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, member) : NULL;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node) || g_strcmp0 (fel_json_as_string (node), "") == 0)
    return NULL;
  return node;
}

static gboolean
has_control (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return TRUE;
  return FALSE;
}

/* NULL: it is fine. */
static const char *
judge_text (const char *text, gsize len_max)
{
  if (text == NULL)
    return "is missing or not a string";
  if (*text == '\0')
    return "is empty";
  if (strlen (text) > len_max)
    return "is too long";
  return has_control (text) ? "has a control character in it" : NULL;
}

static const char *
judge_string (const Member *member, JsonNode *node)
{
  const char *text = fel_json_as_string (node);
  const char *rule = judge_text (text, TEXT_LEN_MAX);

  if (rule == NULL && member->type == 'h' && strpbrk (text, " ,;@?#") != NULL)
    rule = "is not one bare host";
  if (rule == NULL && member->type == 'm' && !g_strv_contains (fel_ssl_modes, text))
    rule = "is none of libpq's modes";
  return rule;
}

static gboolean
node_integer (JsonNode *node, gint64 *ret_value)
{
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *ret_value = json_node_get_int (node);
  return TRUE;
}

/* Unix seconds, or RFC 3339 with its offset. */
static gboolean
node_time (JsonNode *node, gint64 *ret_sec)
{
  const char *text = fel_json_as_string (node);
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, NULL) : NULL;

  if (time != NULL)
    *ret_sec = g_date_time_to_unix (time);
  else if (text != NULL || !node_integer (node, ret_sec))
    return FALSE;
  return *ret_sec > 0 && *ret_sec <= TIME_MAX_SEC;
}

/* NULL: it is fine. */
static const char *
judge_node (const Member *member, JsonNode *node)
{
  gint64 number;

  switch (member->type)
    {
    case 'p':
      return node_integer (node, &number) && number >= 1 && number <= G_MAXUINT16 ? NULL : "is not in 1..65535";
    case 't':
      return node_time (node, &number) ? NULL : "is neither a time of RFC 3339 nor Unix seconds";
    case 'b':
      return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN
                 ? NULL
                 : "is neither true nor false";
    default:
      return judge_string (member, node);
    }
}

static void
report_node (const Reader *self, const Member *member, JsonNode *node)
{
  gint64 number = 0;

  switch (member->type)
    {
    case 'p':
      node_integer (node, &number);
      self->host->set_int64 (self->out, member->field, number);
      break;
    case 't':
      node_time (node, &number);
      self->host->set_int64 (self->out, member->field, number);
      break;
    case 'b':
      self->host->set_bool (self->out, member->field, json_node_get_boolean (node));
      break;
    default:
      self->host->set_string (self->out, member->field, json_node_get_string (node));
    }
}

static Problem
judge_members (JsonObject *object, const Member *members, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      JsonNode *node = member_node (object, members[i].member);
      const char *rule = node != NULL ? judge_node (&members[i], node) : NULL;

      if (rule != NULL)
        return (Problem){ members[i].member, rule };
    }
  return (Problem){ NULL, NULL };
}

static void
report_members (const Reader *self, JsonObject *object, const Member *members, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      JsonNode *node = member_node (object, members[i].member);

      if (node != NULL)
        report_node (self, &members[i], node);
    }
}

/* Ids */

gint64
exec_id_end_sec (const char *id)
{
  g_autofree char *uuid = g_strndup (id, UUID_LEN);
  guint64 end_sec;

  if (!g_uuid_string_is_valid (uuid) || id[UUID_LEN] != '.'
      || !g_ascii_string_to_unsigned (id + UUID_LEN + 1, 10, 1, (guint64) TIME_MAX_SEC, &end_sec, NULL))
    return 0;
  return (gint64) end_sec;
}

/* Of what cannot be revoked: when it ends by itself. A helper that was told a lifetime and says nothing has heeded it: that
 * is what it was told for, and nobody else could. 0: it is not known. */
static gint64
own_end_sec (const ExecCall *call, JsonObject *object)
{
  JsonNode *end = member_node (object, "notAfter");
  gint64 end_sec;

  if (end == NULL)
    return call->wished_end_sec;
  return node_time (end, &end_sec) ? end_sec : 0;
}

static char *
own_id (const ExecCall *call, JsonObject *object)
{
  gint64 end_sec = own_end_sec (call, object);

  if (call->intent == NULL || end_sec == 0)
    return g_strdup (call->intent);
  return g_strdup_printf ("%s.%" G_GINT64_FORMAT, call->intent, end_sec);
}

static gboolean
is_id (const char *text)
{
  return judge_text (text, TEXT_LEN_MAX) == NULL && !g_str_equal (text, ".") && !g_str_equal (text, "..");
}

/* Of a credential that can be used: the helper's where it takes one back, else ours. NULL: it is not usable. */
static char *
id_of_minted (const ExecCall *call, JsonObject *object)
{
  const char *id = fel_json_string (object, "id");

  if (!call->plan->can[EXEC_REVOKE])
    return own_id (call, object);
  /* Not for an empty one: who has ids of its own and loses one must not be asked for the intent later. */
  if (!json_object_has_member (object, "id"))
    return g_strdup (call->intent);
  return is_id (id) ? g_strdup (id) : NULL;
}

/* Something may live all the same: what can be told for certain to be its id goes out, so that it gets revoked. The
 * intent alone is not certain: a helper that has ids of its own would say that there is no such credential. */
static void
report_salvaged (const Reader *self, JsonObject *object)
{
  const ExecCall *call = self->call;
  const char *id = fel_json_string (object, "id");
  g_autofree char *own = NULL;

  if (call->operation != EXEC_MINT || object == NULL)
    return;
  if (call->plan->can[EXEC_REVOKE] && is_id (id))
    self->host->set_string (self->out, FEL_FIELD_ID, id);
  if (call->plan->can[EXEC_REVOKE])
    return;
  own = own_id (call, object);
  if (own != NULL && exec_id_end_sec (own) != 0)
    self->host->set_string (self->out, FEL_FIELD_ID, own);
}

/* Answers */

static bool
fail_nonsense (const Reader *self, JsonObject *object, Problem problem)
{
  g_autofree char *sentence = g_strdup_printf ("the helper of '%s' answered what makes no sense: %s %s",
                                               self->call->plan->instance, problem.member, problem.rule);

  report_salvaged (self, object);
  return exec_fail (self->host, self->out, self->call->operation, FEL_FAILURE_PROTOCOL, sentence);
}

static Problem
judge_minted (const ExecCall *call, JsonObject *object)
{
  Problem problem = judge_members (object, mint_members, G_N_ELEMENTS (mint_members));
  g_autofree char *id = id_of_minted (call, object);
  const char *rule = judge_text (fel_json_string (object, "password"), PASSWORD_LEN_MAX);

  if (problem.member == NULL && id == NULL)
    problem = (Problem){ "its id", "is not usable" };
  if (problem.member == NULL && rule != NULL)
    problem = (Problem){ "its password", rule };
  if (problem.member == NULL && member_node (object, "user") == NULL && call->plan->user == NULL)
    problem = (Problem){ "the user", "is missing" };
  return problem;
}

/* What the settings say where the helper says nothing. */
static void
report_defaults (const Reader *self, JsonObject *object)
{
  const ExecPlan *plan = self->call->plan;

  if (member_node (object, "user") == NULL)
    self->host->set_string (self->out, FEL_FIELD_USER, plan->user);
  if (member_node (object, "host") == NULL)
    self->host->set_string (self->out, FEL_FIELD_HOST, plan->host);
  if (member_node (object, "port") == NULL && plan->port != 0)
    self->host->set_int64 (self->out, FEL_FIELD_PORT, plan->port);
  if (member_node (object, "database") == NULL)
    self->host->set_string (self->out, FEL_FIELD_DATABASE_NAME, plan->database);
  if (member_node (object, "sslMode") == NULL)
    self->host->set_string (self->out, FEL_FIELD_SSL_MODE, plan->ssl_mode);
}

static bool
read_minted (const Reader *self, JsonObject *object)
{
  Problem problem = judge_minted (self->call, object);
  g_autofree char *id = id_of_minted (self->call, object);
  const char *password = fel_json_string (object, "password");

  if (problem.member != NULL)
    return fail_nonsense (self, object, problem);
  self->host->set_string (self->out, FEL_FIELD_ID, id);
  report_members (self, object, mint_members, G_N_ELEMENTS (mint_members));
  report_defaults (self, object);
  if (!self->call->plan->can[EXEC_REVOKE] && member_node (object, "notAfter") == NULL
      && self->call->wished_end_sec != 0)
    self->host->set_int64 (self->out, FEL_FIELD_NOT_AFTER, self->call->wished_end_sec);
  if (self->call->plan->can[EXEC_RENEW] && member_node (object, "notAfter") != NULL)
    self->host->set_bool (self->out, FEL_FIELD_RENEWABLE, true);
  self->host->set_secret (self->out, password, strlen (password));
  return true;
}

/* All or nothing: what is left out would count as gone. */
static bool
read_list (const Reader *self, JsonObject *object)
{
  JsonArray *array = fel_json_array (object, "credentials");
  Problem problem = { NULL, NULL };

  if (array == NULL)
    return fail_nonsense (self, NULL, (Problem){ "the list", "of credentials is missing" });
  for (guint i = 0; i < json_array_get_length (array) && problem.member == NULL; i++)
    {
      JsonObject *one = fel_json_as_object (json_array_get_element (array, i));

      problem = judge_members (one, list_members, G_N_ELEMENTS (list_members));
      if (!is_id (fel_json_string (one, "id")))
        problem = (Problem){ "an id", "is not usable" };
    }
  if (problem.member != NULL)
    return fail_nonsense (self, NULL, problem);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonObject *one = fel_json_as_object (json_array_get_element (array, i));

      self->host->set_string (self->out, FEL_FIELD_ID, fel_json_string (one, "id"));
      report_members (self, one, list_members, G_N_ELEMENTS (list_members));
      self->host->next (self->out);
    }
  return true;
}

static bool
read_renewed (const Reader *self, JsonObject *object)
{
  Problem problem = judge_members (object, renew_members, G_N_ELEMENTS (renew_members));

  if (problem.member == NULL && member_node (object, "notAfter") == NULL)
    problem = (Problem){ "notAfter", "is missing" };
  if (problem.member != NULL)
    return fail_nonsense (self, NULL, problem);
  report_members (self, object, renew_members, G_N_ELEMENTS (renew_members));
  return true;
}

static bool
read_object (const Reader *self, JsonObject *object)
{
  switch (self->call->operation)
    {
    case EXEC_MINT:
      return read_minted (self, object);
    case EXEC_LIST:
      return read_list (self, object);
    case EXEC_RENEW:
      return read_renewed (self, object);
    default:
      return true;
    }
}

bool
exec_answer_read (const FelHost *host, FelOut *out, const ExecCall *call, const ExecAnswer *answer)
{
  Reader self = { host, out, call };
  g_autoptr (JsonNode) root = answer->outcome != EXEC_TOO_LONG ? fel_json_parse (answer->body, answer->len) : NULL;
  JsonObject *object = fel_json_as_object (root);
  bool ok;

  if (answer->outcome == EXEC_EXITED && answer->status == 0 && object != NULL
      && !json_object_has_member (object, "error"))
    ok = read_object (&self, object);
  else
    {
      if (!exec_failure_is_certain (answer, object))
        report_salvaged (&self, object);
      ok = exec_failure_report (host, out, call->plan, call->operation, answer, object);
    }
  fel_json_erase_string (object, "password");
  return ok;
}
