/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postgres-dsn.h"

#include <string.h>

#include <libpq-fe.h>

#include "postgres-failure.h"

#define DATABASE_DEFAULT "postgres"
#define HOSTS_MAX 32

/* Addresses of all hosts, one name for each. */
typedef struct
{
  GString *hosts;
  GString *addresses;
  GString *ports;
  guint n;
  gboolean needed; /* there was a name to look up */
} Hosts;

static void
hosts_clear (Hosts *self)
{
  g_string_free (self->hosts, TRUE);
  g_string_free (self->addresses, TRUE);
  g_string_free (self->ports, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Hosts, hosts_clear)

static const char *
option (const PQconninfoOption *options, const char *keyword)
{
  for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
    if (g_str_equal (o->keyword, keyword))
      return o->val != NULL && *o->val != '\0' ? o->val : NULL;
  return NULL;
}

/* What libpq says about a broken one can hold a piece of it, and that could be a password. */
static PQconninfoOption *
parse (const char *dsn, GError **error)
{
  char *ignored = NULL;
  PQconninfoOption *options = PQconninfoParse (dsn, &ignored);

  PQfreemem (ignored);
  if (options == NULL)
    g_set_error_literal (error, POSTGRES_ERROR, FEL_FAILURE_INVALID,
                         "dsn: it is neither a list of keyword=value nor a URI that libpq can read");
  return options;
}

gboolean
postgres_dsn_check (const char *dsn, GError **error)
{
  static const char *const secrets[] = { "password", "sslpassword" };
  PQconninfoOption *options = parse (dsn, error);
  gboolean ok = options != NULL;

  for (gsize i = 0; ok && i < G_N_ELEMENTS (secrets); i++)
    if (option (options, secrets[i]) != NULL)
      {
        g_set_error (error, POSTGRES_ERROR, FEL_FAILURE_INVALID,
                     "dsn: a configuration file is no place for '%s'; use passfile=FILE, service=NAME or peer "
                     "authentication",
                     secrets[i]);
        ok = FALSE;
      }
  PQconninfoFree (options);
  return ok;
}

static void
dsn_add (PostgresDsn *self, const char *keyword, const char *value)
{
  g_ptr_array_add (self->keywords, g_strdup (keyword));
  g_ptr_array_add (self->values, g_strdup (value));
}

void
postgres_dsn_free (PostgresDsn *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->keywords);
  g_ptr_array_unref (self->values);
  g_free (self);
}

static PostgresDsn *
dsn_new (const char *dsn, const char *database, GError **error)
{
  g_autoptr (PostgresDsn) self = NULL;
  PQconninfoOption *options = parse (dsn, error);

  if (options == NULL)
    return NULL;
  self = g_new0 (PostgresDsn, 1);
  self->keywords = g_ptr_array_new_with_free_func (g_free);
  self->values = g_ptr_array_new_with_free_func (g_free);
  for (const PQconninfoOption *o = options; o->keyword != NULL; o++)
    if (o->val != NULL && *o->val != '\0' && (database == NULL || !g_str_equal (o->keyword, "dbname")))
      dsn_add (self, o->keyword, o->val);
  if (database != NULL)
    dsn_add (self, "dbname", database);
  else if (option (options, "dbname") == NULL && option (options, "service") == NULL)
    dsn_add (self, "dbname", DATABASE_DEFAULT);
  dsn_add (self, "client_encoding", "UTF8");
  dsn_add (self, "fallback_application_name", "felucca");
  PQconninfoFree (options);
  return g_steal_pointer (&self);
}

static void
hosts_add (Hosts *self, const char *host, const char *address, const char *port)
{
  const char *comma = self->n > 0 ? "," : "";

  if (self->n == HOSTS_MAX)
    return;
  self->n++;
  g_string_append_printf (self->hosts, "%s%s", comma, host);
  g_string_append_printf (self->addresses, "%s%s", comma, address);
  g_string_append_printf (self->ports, "%s%s", comma, port);
}

static gboolean
hosts_look_up (Hosts *self, const char *host, const char *port, GCancellable *cancellable, GError **error)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  GList *addresses = g_resolver_lookup_by_name (resolver, host, cancellable, error);

  for (GList *l = addresses; l != NULL; l = l->next)
    {
      g_autofree char *address = g_inet_address_to_string (l->data);

      hosts_add (self, host, address, port);
    }
  self->needed = TRUE;
  g_resolver_free_addresses (addresses);
  return addresses != NULL;
}

/* hosts: libpq's list. One that has no address is left out, unless it is the last hope. */
static gboolean
hosts_resolve (Hosts *self, const char *list, const char *port_list, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) hosts = g_strsplit (list, ",", -1);
  g_auto (GStrv) ports = g_strsplit (port_list != NULL ? port_list : "", ",", -1);
  guint n_ports = g_strv_length (ports);
  g_autoptr (GError) failure = NULL;

  for (guint i = 0; hosts[i] != NULL; i++)
    {
      const char *port = i < n_ports ? ports[i] : n_ports == 1 ? ports[0] : "";

      /* A socket's folder, or the default one; what is an address needs no looking up. */
      if (hosts[i][0] == '/' || hosts[i][0] == '@' || hosts[i][0] == '\0')
        hosts_add (self, hosts[i], "", port);
      else if (g_hostname_is_ip_address (hosts[i]))
        hosts_add (self, hosts[i], hosts[i], port);
      else
        hosts_look_up (self, hosts[i], port, cancellable, failure == NULL ? &failure : NULL);
    }
  if (self->n > 0 && !g_cancellable_is_cancelled (cancellable))
    return TRUE;
  g_set_error (error, POSTGRES_ERROR,
               g_cancellable_is_cancelled (cancellable) ? FEL_FAILURE_TIMED_OUT : FEL_FAILURE_UNREACHABLE,
               "looking up the server: %s", failure != NULL ? failure->message : "it was not done in time");
  return FALSE;
}

/* What the dsn means once its service file and libpq's defaults are read. A mode that does not exist makes libpq stop
 * right there: before it looks up a name. (nullable) */
static PQconninfoOption *
dsn_expand (const PostgresDsn *self)
{
  g_autoptr (GPtrArray) keywords = g_ptr_array_new ();
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  PQconninfoOption *expanded;
  PGconn *conn;

  for (guint i = 0; i < self->keywords->len; i++)
    if (!g_str_equal (self->keywords->pdata[i], "sslmode"))
      {
        g_ptr_array_add (keywords, self->keywords->pdata[i]);
        g_ptr_array_add (values, self->values->pdata[i]);
      }
  g_ptr_array_add (keywords, (char *) "sslmode");
  g_ptr_array_add (values, (char *) "none-such");
  g_ptr_array_add (keywords, NULL);
  g_ptr_array_add (values, NULL);
  conn = PQconnectStartParams ((const char *const *) keywords->pdata, (const char *const *) values->pdata, 0);
  expanded = conn != NULL ? PQconninfo (conn) : NULL;
  PQfinish (conn);
  return expanded;
}

static void
dsn_drop (PostgresDsn *self, const char *keyword)
{
  for (guint i = self->keywords->len; i-- > 0;)
    if (g_str_equal (self->keywords->pdata[i], keyword))
      {
        g_ptr_array_remove_index (self->keywords, i);
        g_ptr_array_remove_index (self->values, i);
      }
}

static gboolean
dsn_resolve_hosts (PostgresDsn *self, GCancellable *cancellable, GError **error)
{
  g_auto (Hosts) hosts = { g_string_new (NULL), g_string_new (NULL), g_string_new (NULL), 0, FALSE };
  PQconninfoOption *expanded = dsn_expand (self);
  const char *list = option (expanded, "host");
  gboolean ok = TRUE;

  if (list != NULL && option (expanded, "hostaddr") == NULL)
    ok = hosts_resolve (&hosts, list, option (expanded, "port"), cancellable, error);
  PQconninfoFree (expanded);
  if (!ok || !hosts.needed)
    return ok;
  dsn_drop (self, "host");
  dsn_drop (self, "port");
  dsn_add (self, "host", hosts.hosts->str);
  dsn_add (self, "hostaddr", hosts.addresses->str);
  dsn_add (self, "port", hosts.ports->str);
  return TRUE;
}

PostgresDsn *
postgres_dsn_resolve (const char *dsn, const char *database, GCancellable *cancellable, GError **error)
{
  g_autoptr (PostgresDsn) self = dsn_new (dsn, database, error);

  if (self == NULL || !dsn_resolve_hosts (self, cancellable, error))
    return NULL;
  g_ptr_array_add (self->keywords, NULL);
  g_ptr_array_add (self->values, NULL);
  return g_steal_pointer (&self);
}
