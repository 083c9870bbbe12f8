/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postgres-end.h"

#include <string.h>

#include "postgres-failure.h"
#include "postgres-role.h"

#define SESSIONS_POLL_MSEC 20
#define TRIES_MAX 10
#define LEFTOVERS_MAX 8
#define LEFTOVERS_AFTER_SEC 3600
#define LEFTOVERS_BUDGET_MSEC 2000
#define SERVER_WITH_INHERIT 160000 /* GRANT … WITH INHERIT; before, it is an attribute of the member */

typedef struct
{
  const char *name;   /* the request's */
  char *identifier;   /* owned; quoted */
  char *oid;          /* owned */
  char *group;        /* owned; that its sessions become; empty: none */
  gboolean can_login; /* FALSE: somebody has begun to end it */
  gboolean is_ours;   /* we may act in its name */
} Role;

static void
role_clear (Role *self)
{
  g_free (self->identifier);
  g_free (self->oid);
  g_free (self->group);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Role, role_clear)

gboolean
postgres_end_await_mints (PostgresLink *link, GError **error)
{
  return postgres_link_run (link, "SELECT pg_advisory_xact_lock (" POSTGRES_MINT_LOCK ")", error);
}

/* is there: ret_found. FALSE also for one that is not ours. */
static gboolean
role_find (Role *self, PostgresLink *link, const char *prefix, gboolean *ret_found, GError **error)
{
  g_autofree char *literal = postgres_link_literal (link, self->name);
  g_autofree char *sql = g_strdup_printf (
      "SELECT oid, rolcanlogin, pg_has_role (oid, 'USAGE'), coalesce ((SELECT substr (c, 6) FROM unnest (rolconfig) c "
      "WHERE c LIKE 'role=%%' LIMIT 1), ''), shobj_description (oid, 'pg_authid') FROM pg_roles WHERE rolname = %s",
      literal);
  g_autoptr (PostgresResult) result = postgres_link_query (link, sql, error);
  g_autoptr (PostgresMark) mark = NULL;

  if (result == NULL)
    return FALSE;
  *ret_found = PQntuples (result) == 1;
  if (!*ret_found)
    return TRUE;
  mark = postgres_mark_parse (PQgetvalue (result, 0, 4));
  if (mark == NULL || !g_str_has_prefix (self->name, prefix))
    {
      g_set_error (
          error, POSTGRES_ERROR, FEL_FAILURE_DENIED,
          "role '%s' is left alone: its name does not begin with '%s' or its comment does not say that felucca "
          "made it",
          self->name, prefix);
      return FALSE;
    }
  self->oid = g_strdup (PQgetvalue (result, 0, 0));
  self->can_login = *PQgetvalue (result, 0, 1) == 't';
  self->is_ours = *PQgetvalue (result, 0, 2) == 't';
  self->group = g_strdup (PQgetvalue (result, 0, 3));
  return TRUE;
}

/* An admin that is no superuser may end sessions and hand over objects only of roles that it is a member of. */
static gboolean
role_join (const Role *self, PostgresLink *link, GError **error)
{
  const char *how = PQserverVersion (link->conn) >= SERVER_WITH_INHERIT ? " WITH INHERIT TRUE" : "";
  g_autofree char *sql = g_strdup_printf ("GRANT %s TO CURRENT_USER%s", self->identifier, how);

  return self->is_ours || postgres_link_run (link, sql, error);
}

static gboolean
role_end_sessions (const Role *self, PostgresLink *link, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("SELECT pg_terminate_backend (pid) FROM pg_stat_activity WHERE usesysid = %s",
                                          self->oid);

  for (;;)
    {
      g_autoptr (PostgresResult) result = postgres_link_query (link, sql, error);

      if (result == NULL)
        return FALSE;
      if (PQntuples (result) == 0)
        return TRUE;
      if (!postgres_link_pause (link, SESSIONS_POLL_MSEC, error))
        return FALSE;
    }
}

/* In one database: what it owns becomes the group's, what it was granted is taken back. */
static gboolean
role_hand_over_in (const Role *self, const FelVerbRequest *request, PostgresLink *link, const char *database,
                   GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (PostgresLink) other = postgres_link_open (request, database, link->deadline_usec, &failure);
  g_autofree char *group = other != NULL ? postgres_link_identifier (other, self->group) : NULL;
  g_autofree char *sql = g_strdup_printf ("BEGIN; REASSIGN OWNED BY %s TO %s; DROP OWNED BY %s; COMMIT",
                                          self->identifier, group, self->identifier);

  if (other != NULL && postgres_link_run (other, sql, &failure))
    return TRUE;
  g_set_error (error, POSTGRES_ERROR, failure->code,
               "role '%s' cannot log in any more, but it owns something in database '%s' that could not be handed to "
               "'%s', so it could not be dropped: %s",
               self->name, database, self->group, failure->message);
  return FALSE;
}

static gboolean
role_hand_over (const Role *self, const FelVerbRequest *request, PostgresLink *link, GError **error)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT DISTINCT coalesce (d.datname, current_database ()) FROM pg_shdepend s LEFT JOIN pg_database d "
      "ON d.oid = s.dbid WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = %s",
      self->oid);
  g_autoptr (PostgresResult) result = NULL;

  if (*self->group == '\0')
    {
      g_set_error (error, POSTGRES_ERROR, FEL_FAILURE_CONFLICT,
                   "role '%s' cannot log in any more, but it owns something and has no group that could have it; run "
                   "REASSIGN OWNED and DROP OWNED for it",
                   self->name);
      return FALSE;
    }
  result = postgres_link_query (link, sql, error);
  for (int i = 0; result != NULL && i < PQntuples (result); i++)
    if (!role_hand_over_in (self, request, link, PQgetvalue (result, i, 0), error))
      return FALSE;
  return result != NULL;
}

static gboolean
is_state (const PostgresLink *link, const char *sqlstate)
{
  return g_str_equal (link->sqlstate, sqlstate);
}

static gboolean
role_drop (const Role *self, const FelVerbRequest *request, PostgresLink *link, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("DROP ROLE IF EXISTS %s", self->identifier);
  g_autoptr (GError) failure = NULL;

  if (postgres_link_run (link, sql, &failure))
    return TRUE;
  if (!is_state (link, "2BP01"))
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  g_clear_error (&failure);
  if (!role_hand_over (self, request, link, error))
    return FALSE;
  if (postgres_link_run (link, sql, &failure))
    return TRUE;
  g_set_error (
      error, POSTGRES_ERROR, failure->code,
      "role '%s' cannot log in any more, but it could not be dropped, perhaps because somebody granted it what "
      "this admin cannot take back: %s",
      self->name, failure->message);
  return FALSE;
}

/* The login ends first, so that no session begins while the others are ended. */
static gboolean
role_end (const Role *self, const FelVerbRequest *request, PostgresLink *link, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("ALTER ROLE %s NOLOGIN", self->identifier);

  return (!self->can_login || postgres_link_run (link, sql, error)) && role_join (self, link, error)
         && role_end_sessions (self, link, error) && role_drop (self, request, link, error);
}

/* ret_again: somebody else is ending it at the same time, and the server has put it roughly ("tuple concurrently
 * updated" is an internal error to it). */
static gboolean
end_once (PostgresLink *link, const FelVerbRequest *request, const char *prefix, gboolean *ret_again, GError **error)
{
  g_auto (Role) role = { .name = request->id };
  gboolean found;

  *ret_again = FALSE;
  if (!role_find (&role, link, prefix, &found, error))
    return FALSE;
  /* A mint whose answer was lost can still be under way. */
  if (!found && (!postgres_end_await_mints (link, error) || !role_find (&role, link, prefix, &found, error)))
    return FALSE;
  if (!found)
    return TRUE;
  role.identifier = postgres_link_identifier (link, role.name);
  if (role_end (&role, request, link, error))
    return TRUE;
  *ret_again = link->is_definite && (is_state (link, "42704") || is_state (link, "XX000"));
  return FALSE;
}

gboolean
postgres_end_role (PostgresLink *link, const FelVerbRequest *request, const char *prefix, GError **error)
{
  gboolean again = TRUE;
  g_autoptr (GError) failure = NULL;

  for (guint i = 0; again && i < TRIES_MAX; i++)
    {
      g_clear_error (&failure);
      if (i > 0 && !postgres_link_pause (link, SESSIONS_POLL_MSEC, &failure))
        break;
      if (end_once (link, request, prefix, &again, &failure))
        return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

void
postgres_end_leftovers (PostgresLink *link, const char *prefix, const char *by)
{
  g_autofree char *prefix_literal = postgres_link_literal (link, prefix);
  g_autofree char *sql = g_strdup_printf (
      "SET lock_timeout = %d; SET statement_timeout = %d; SELECT rolname, shobj_description (oid, 'pg_authid') FROM "
      "pg_roles r WHERE starts_with (rolname::text, %s) AND rolvaliduntil < now () - interval '%d seconds' AND NOT "
      "EXISTS "
      "(SELECT FROM pg_stat_activity WHERE usesysid = r.oid) AND NOT EXISTS (SELECT FROM pg_shdepend WHERE refclassid "
      "= "
      "'pg_authid'::regclass AND refobjid = r.oid) LIMIT 100",
      LEFTOVERS_BUDGET_MSEC, LEFTOVERS_BUDGET_MSEC, prefix_literal, LEFTOVERS_AFTER_SEC);
  gint64 end_usec = g_get_monotonic_time () + LEFTOVERS_BUDGET_MSEC * 1000;
  g_autoptr (PostgresResult) result = NULL;
  guint n = 0;

  link->deadline_usec = MIN (link->deadline_usec, end_usec);
  result = postgres_link_query (link, sql, NULL);
  for (int i = 0; result != NULL && i < PQntuples (result) && n < LEFTOVERS_MAX; i++)
    {
      g_autoptr (PostgresMark) mark = postgres_mark_parse (PQgetvalue (result, i, 1));
      g_autofree char *identifier = postgres_link_identifier (link, PQgetvalue (result, i, 0));
      g_autofree char *drop = g_strdup_printf ("DROP ROLE IF EXISTS %s", identifier);

      if (mark == NULL || !g_str_equal (mark->by, by))
        continue;
      n++;
      if (!postgres_link_run (link, drop, NULL) && !link->is_definite)
        return;
    }
}
