/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Calls the verbs of one backend without a daemon: `verb-runner MODULE.so`. One JSON object a line on standard input,
 * {"tag", "verb", "settings": {…}, "workspace", "database", "tenant", "internal", "id", "intent", "token", "ttl", "timeout",
 * "cancel-msec"}; one a line on standard output, in the order in which they are done: {"tag", "ok", "failure",
 * "maybe-minted", "sentence", "secret", "fields": {…}, "list": [{…}]}. Every call has a thread of its own. For tests:
 * it prints passwords. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "field-names.h"

struct FelOut
{
  JsonObject *answer; /* owned */
  JsonObject *fields; /* owned; of the credential that is being said */
  JsonArray *list;    /* owned */
};

typedef struct
{
  JsonNode *asked; /* owned */
  GCancellable *cancellable;
  GMutex lock;
  GCond done;
  gboolean is_done;
} Call;

static const FelBackend *backend;
static GMutex print_lock;

static bool
host_fail (FelOut *out, int failure, const char *sentence)
{
  g_assert_true (sentence != NULL && g_utf8_validate (sentence, -1, NULL));
  json_object_set_int_member (out->answer, "failure", failure & ~FEL_FAILURE_MAYBE_MINTED);
  json_object_set_boolean_member (out->answer, "maybe-minted", (failure & FEL_FAILURE_MAYBE_MINTED) != 0);
  json_object_set_string_member (out->answer, "sentence", sentence);
  return false;
}

static void
host_set_string (FelOut *out, FelField field, const char *value)
{
  if (value != NULL && *value != '\0')
    json_object_set_string_member (out->fields, field_names[field], value);
}

static void
host_set_int64 (FelOut *out, FelField field, int64_t value)
{
  json_object_set_int_member (out->fields, field_names[field], value);
}

static void
host_set_bool (FelOut *out, FelField field, bool value)
{
  json_object_set_boolean_member (out->fields, field_names[field], value);
}

static void
host_set_secret (FelOut *out, const char *bytes, size_t len)
{
  g_autofree char *text = g_strndup (bytes, len);

  json_object_set_string_member (out->answer, "secret", text);
}

static void
host_set_refresh_secret (FelOut *out, const char *bytes, size_t len)
{
}

static void
host_next (FelOut *out)
{
  json_array_add_object_element (out->list, out->fields);
  out->fields = json_object_new ();
}

static const FelHost host = {
  .struct_size = sizeof (FelHost),
  .fail = host_fail,
  .set_string = host_set_string,
  .set_int64 = host_set_int64,
  .set_bool = host_set_bool,
  .set_secret = host_set_secret,
  .set_refresh_secret = host_set_refresh_secret,
  .next = host_next,
};

static FelVerb
find_verb (const char *name)
{
  const struct
  {
    const char *name;
    FelVerb verb;
  } verbs[] = {
    { "check", backend->check }, { "mint", backend->mint },   { "revoke", backend->revoke },
    { "list", backend->list },   { "renew", backend->renew }, { "refresh", backend->refresh },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_strcmp0 (verbs[i].name, name) == 0)
      return verbs[i].verb;
  return NULL;
}

static const char *
text_of (JsonObject *object, const char *member)
{
  return json_object_get_string_member_with_default (object, member, NULL);
}

static void
add_setting (JsonObject *object, const char *member, JsonNode *node, gpointer user_data)
{
  FelSetting setting = { member, json_node_get_string (node) };

  g_array_append_val ((GArray *) user_data, setting);
}

static void
print_answer (FelOut *out)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), out->answer);
  g_autofree char *text = json_to_string (node, FALSE);

  g_mutex_lock (&print_lock);
  puts (text);
  fflush (stdout);
  g_mutex_unlock (&print_lock);
}

static void
run_verb (JsonObject *asked, GCancellable *cancellable)
{
  FelOut out = { json_object_new (), json_object_new (), json_array_new () };
  g_autoptr (GArray) settings = g_array_new (FALSE, FALSE, sizeof (FelSetting));
  FelVerb verb = find_verb (text_of (asked, "verb"));
  FelVerbRequest request = {
    .struct_size = sizeof request,
    .instance = "local",
    .workspace = json_object_get_string_member_with_default (asked, "workspace", "local"),
    .database = text_of (asked, "database"),
    .tenant_id = text_of (asked, "tenant"),
    .internal = json_object_get_boolean_member_with_default (asked, "internal", FALSE),
    .id = text_of (asked, "id"),
    .timeout_sec = (unsigned) json_object_get_int_member_with_default (asked, "timeout", 30),
    .cancellable = cancellable,
    .ttl_sec = (guint64) json_object_get_int_member_with_default (asked, "ttl", 0),
    .intent = text_of (asked, "intent"),
    .token = text_of (asked, "token"),
  };

  if (json_object_has_member (asked, "settings"))
    json_object_foreach_member (json_object_get_object_member (asked, "settings"), add_setting, settings);
  request.settings = (const FelSetting *) (gpointer) settings->data;
  request.n_settings = settings->len;
  json_object_set_int_member (out.answer, "tag", json_object_get_int_member (asked, "tag"));
  json_object_set_boolean_member (out.answer, "ok", verb != NULL && verb (&host, &request, &out));
  json_object_set_object_member (out.answer, "fields", out.fields);
  json_object_set_array_member (out.answer, "list", out.list);
  print_answer (&out);
  json_object_unref (out.answer);
}

static gpointer
run_call (gpointer data)
{
  Call *call = data;

  run_verb (json_node_get_object (call->asked), call->cancellable);
  g_mutex_lock (&call->lock);
  call->is_done = TRUE;
  g_cond_signal (&call->done);
  g_mutex_unlock (&call->lock);
  return NULL;
}

/* The host's part: cancels it where the test wants that, and waits for it however long it takes. */
static gpointer
run_line (gpointer data)
{
  g_autoptr (JsonNode) asked = data;
  Call call = { .asked = asked, .cancellable = g_cancellable_new () };
  gint64 msec = json_object_get_int_member_with_default (json_node_get_object (asked), "cancel-msec", 0);
  gint64 end_usec = g_get_monotonic_time () + msec * 1000;
  GThread *thread;

  g_mutex_init (&call.lock);
  g_cond_init (&call.done);
  thread = g_thread_new ("verb", run_call, &call);
  g_mutex_lock (&call.lock);
  while (msec > 0 && !call.is_done)
    if (!g_cond_wait_until (&call.done, &call.lock, end_usec))
      break;
  g_mutex_unlock (&call.lock);
  if (msec > 0)
    g_cancellable_cancel (call.cancellable);
  g_thread_join (thread);
  g_mutex_clear (&call.lock);
  g_cond_clear (&call.done);
  g_object_unref (call.cancellable);
  return NULL;
}

int
main (int argc, char **argv)
{
  void *module = argc == 2 ? dlopen (argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  char *line = NULL;
  size_t size = 0;

  backend = module != NULL ? dlsym (module, FEL_BACKEND_SYMBOL) : NULL;
  if (backend == NULL)
    {
      fprintf (stderr, "usage: verb-runner MODULE.so: %s\n", argc == 2 ? dlerror () : "one argument");
      return 2;
    }
  while (getline (&line, &size, stdin) > 0)
    {
      JsonNode *asked = json_from_string (line, NULL);

      g_assert_nonnull (asked);
      g_ptr_array_add (threads, g_thread_new ("line", run_line, asked));
    }
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (threads->pdata[i]);
  free (line);
  return 0;
}
