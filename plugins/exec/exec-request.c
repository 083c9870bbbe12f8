/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec-request.h"

#include <json-glib/json-glib.h>

/* value: (nullable), then there is no such member. */
static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  if (value == NULL)
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

/* 0: there is no such member. */
static void
add_number (JsonBuilder *builder, const char *name, guint64 value)
{
  if (value == 0)
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) MIN (value, (guint64) G_MAXINT64));
}

static void
add_defaults (JsonBuilder *builder, const ExecPlan *plan)
{
  json_builder_set_member_name (builder, "defaults");
  json_builder_begin_object (builder);
  add_string (builder, "user", plan->user);
  add_string (builder, "host", plan->host);
  add_number (builder, "port", plan->port);
  add_string (builder, "database", plan->database);
  add_string (builder, "sslMode", plan->ssl_mode);
  json_builder_end_object (builder);
}

char *
exec_request_to_json (const ExecPlan *plan, const FelVerbRequest *request, ExecOperation operation)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  add_string (builder, "operation", exec_operation_name (operation));
  add_string (builder, "instance", plan->instance);
  add_string (builder, "database", request->database);
  add_string (builder, "tenantId", request->tenant_id);
  if (operation == EXEC_MINT || operation == EXEC_LIST)
    {
      json_builder_set_member_name (builder, "internal");
      json_builder_add_boolean_value (builder, request->internal);
    }
  add_string (builder, "label", request->label);
  add_string (builder, "id", request->id);
  add_number (builder, "ttl", request->ttl_sec);
  add_string (builder, "intent", request->intent);
  add_defaults (builder, plan);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}
