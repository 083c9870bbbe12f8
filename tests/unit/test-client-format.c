/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "format.h"

#include <string.h>

#include "exit.h"
#include "felucca-names.h"

/* Everything that some format has to escape. */
#define NASTY "a:b\\c'd e%f@g/h#i\303\251\"j"

typedef struct FormatCase
{
  FelFormat format;
  const char *password;
  const char *absent; /* a key that the credential does not have */
  const char *text;   /* NULL: refused */
} FormatCase;

static const FormatCase cases[] = {
  { FEL_FORMAT_PASSWORD, "pw", NULL, "pw\n" },
  { FEL_FORMAT_PASSWORD, NASTY, FEL_KEY_HOST, NASTY "\n" },
  { FEL_FORMAT_PASSWORD, "a\nb", NULL, "a\nb\n" },

  { FEL_FORMAT_URL, "pw", NULL, "postgres://u1:pw@db.example:5432/orders?sslmode=require\n" },
  { FEL_FORMAT_URL, NASTY, NULL,
    "postgres://u1:a%3Ab%5Cc%27d%20e%25f%40g%2Fh%23i%C3%A9%22j@db.example:5432/orders?sslmode=require\n" },
  { FEL_FORMAT_URL, "a\nb", NULL, "postgres://u1:a%0Ab@db.example:5432/orders?sslmode=require\n" },
  { FEL_FORMAT_URL, "\351", NULL, "postgres://u1:%E9@db.example:5432/orders?sslmode=require\n" },
  { FEL_FORMAT_URL, "pw", FEL_KEY_PORT, "postgres://u1:pw@db.example/orders?sslmode=require\n" },
  { FEL_FORMAT_URL, "pw", FEL_KEY_SSL_MODE, "postgres://u1:pw@db.example:5432/orders\n" },
  { FEL_FORMAT_URL, "pw", FEL_KEY_HOST, NULL },
  { FEL_FORMAT_URL, "pw", FEL_KEY_USER, NULL },
  { FEL_FORMAT_URL, "pw", FEL_KEY_DATABASE, NULL },

  { FEL_FORMAT_ENV, NASTY, NULL,
    "PGHOST='db.example'\nPGPORT='5432'\nPGUSER='u1'\nPGDATABASE='orders'\nPGSSLMODE='require'\n"
    "PGPASSWORD='a:b\\c'\\''d e%f@g/h#i\303\251\"j'\n" },
  { FEL_FORMAT_ENV, "a\nb", FEL_KEY_PORT,
    "PGHOST='db.example'\nPGUSER='u1'\nPGDATABASE='orders'\nPGSSLMODE='require'\nPGPASSWORD='a\nb'\n" },
  { FEL_FORMAT_ENV, "pw", FEL_KEY_HOST, NULL },

  { FEL_FORMAT_NILE_ENV, "p'w", NULL,
    "NILEDB_USER='u1'\nNILEDB_PASSWORD='p'\\''w'\nNILEDB_ID='db-1'\nNILEDB_NAME='orders'\n"
    "NILEDB_API_URL='https://api.example/v2/databases/db-1'\nNILEDB_POSTGRES_URL='postgres://db.example:5432/orders'\n"
    "NILEDB_TENANT='t1'\n" },
  { FEL_FORMAT_NILE_ENV, "pw", FEL_KEY_HOST,
    "NILEDB_USER='u1'\nNILEDB_PASSWORD='pw'\nNILEDB_ID='db-1'\nNILEDB_NAME='orders'\n"
    "NILEDB_API_URL='https://api.example/v2/databases/db-1'\nNILEDB_TENANT='t1'\n" },
  { FEL_FORMAT_NILE_ENV, "pw", FEL_KEY_API_HOST,
    "NILEDB_USER='u1'\nNILEDB_PASSWORD='pw'\nNILEDB_ID='db-1'\nNILEDB_NAME='orders'\n"
    "NILEDB_POSTGRES_URL='postgres://db.example:5432/orders'\nNILEDB_TENANT='t1'\n" },
  { FEL_FORMAT_NILE_ENV, "pw", FEL_KEY_DATABASE_ID,
    "NILEDB_USER='u1'\nNILEDB_PASSWORD='pw'\nNILEDB_NAME='orders'\nNILEDB_API_URL='https://api.example'\n"
    "NILEDB_POSTGRES_URL='postgres://db.example:5432/orders'\nNILEDB_TENANT='t1'\n" },

  { FEL_FORMAT_PGPASS, NASTY, NULL, "db.example:5432:orders:u1:a\\:b\\\\c'd e%f@g/h#i\303\251\"j\n" },
  { FEL_FORMAT_PGPASS, "pw", FEL_KEY_PORT, "db.example:5432:orders:u1:pw\n" },
  { FEL_FORMAT_PGPASS, "a\nb", NULL, NULL },
  { FEL_FORMAT_PGPASS, "a\rb", NULL, NULL },
  { FEL_FORMAT_PGPASS, "pw", FEL_KEY_HOST, NULL },

  { FEL_FORMAT_CONNINFO, NASTY, NULL,
    "host='db.example' port='5432' dbname='orders' user='u1' "
    "password='a:b\\\\c\\'d e%f@g/h#i\303\251\"j' sslmode='require'\n" },
  { FEL_FORMAT_CONNINFO, "a\nb", FEL_KEY_SSL_MODE,
    "host='db.example' port='5432' dbname='orders' user='u1' password='a\nb'\n" },
  { FEL_FORMAT_CONNINFO, "pw", FEL_KEY_HOST, NULL },

  { FEL_FORMAT_JSON, NASTY, NULL,
    "{\"user\":\"u1\",\"host\":\"db.example\",\"database\":\"orders\",\"ssl-mode\":\"require\",\"database-id\":\"db-"
    "1\","
    "\"tenant-id\":\"t1\",\"api-host\":\"api.example\",\"port\":5432,"
    "\"password\":\"a:b\\\\c'd e%f@g/h#i\303\251\\\"j\"}\n" },
  { FEL_FORMAT_JSON, "a\nb", FEL_KEY_HOST,
    "{\"user\":\"u1\",\"database\":\"orders\",\"ssl-mode\":\"require\",\"database-id\":\"db-1\",\"tenant-id\":\"t1\","
    "\"api-host\":\"api.example\",\"port\":5432,\"password\":\"a\\nb\"}\n" },
  { FEL_FORMAT_JSON, "\351", NULL, NULL },
};

static const char *const texts[][2] = {
  { FEL_KEY_USER, "u1" },
  { FEL_KEY_HOST, "db.example" },
  { FEL_KEY_DATABASE, "orders" },
  { FEL_KEY_SSL_MODE, "require" },
  { FEL_KEY_DATABASE_ID, "db-1" },
  { FEL_KEY_TENANT_ID, "t1" },
  { FEL_KEY_API_HOST, "api.example" },
};

static FelCredential *
credential_without (const char *absent, const char *password)
{
  FelRecord *record = fel_record_new ();
  FelBuffer *secret = fel_buffer_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (g_strcmp0 (texts[i][0], absent) != 0)
      fel_record_set_text (record, texts[i][0], texts[i][1]);
  if (g_strcmp0 (FEL_KEY_PORT, absent) != 0)
    fel_record_set_number (record, FEL_KEY_PORT, 5432);
  fel_buffer_append (secret, password);
  return fel_credential_new (record, secret);
}

static void
test_formats (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (FelCredential) credential = credential_without (cases[i].absent, cases[i].password);
      g_autoptr (FelBuffer) out = fel_buffer_new ();
      g_autoptr (GError) error = NULL;
      gboolean ok = fel_format_credential (cases[i].format, credential, out, &error);

      g_test_message ("case %zu, %s", i, fel_format_name (cases[i].format));
      g_assert_cmpint (ok, ==, cases[i].text != NULL);
      if (ok)
        g_assert_cmpstr (out->bytes, ==, cases[i].text);
      else
        g_assert_error (error, FEL_EXIT, FEL_EXIT_FAILED);
    }
}

static const struct
{
  const char *host;
  const char *url;
} hosts[] = {
  { "::1", "postgres://u1:pw@[::1]:5432/orders?sslmode=require\n" },
  { "/run/postgresql", "postgres://u1:pw@%2Frun%2Fpostgresql:5432/orders?sslmode=require\n" },
  { "a@b", "postgres://u1:pw@a%40b:5432/orders?sslmode=require\n" },
};

static void
test_url_hosts (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      g_autoptr (FelCredential) credential = credential_without (FEL_KEY_HOST, "pw");
      g_autoptr (FelBuffer) out = fel_buffer_new ();

      fel_record_set_text (credential->record, FEL_KEY_HOST, hosts[i].host);
      g_assert_true (fel_format_credential (FEL_FORMAT_URL, credential, out, NULL));
      g_assert_cmpstr (out->bytes, ==, hosts[i].url);
    }
}

static const struct
{
  FelFormat format;
  const char *text;
} connections[] = {
  { FEL_FORMAT_URL, "postgres://u1:pw@db.example:5432/the%20shop?sslmode=require\n" },
  { FEL_FORMAT_ENV, "PGHOST='db.example'\nPGPORT='5432'\nPGUSER='u1'\nPGDATABASE='the shop'\nPGSSLMODE='require'\n"
                    "PGPASSWORD='pw'\n" },
  { FEL_FORMAT_NILE_ENV, "NILEDB_USER='u1'\nNILEDB_PASSWORD='pw'\nNILEDB_ID='db-1'\nNILEDB_NAME='the shop'\n"
                         "NILEDB_API_URL='https://api.example/v2/databases/db-1'\n"
                         "NILEDB_POSTGRES_URL='postgres://db.example:5432/the%20shop'\nNILEDB_TENANT='t1'\n" },
  { FEL_FORMAT_PGPASS, "db.example:5432:the shop:u1:pw\n" },
  { FEL_FORMAT_CONNINFO,
    "host='db.example' port='5432' dbname='the shop' user='u1' password='pw' sslmode='require'\n" },
};

/* What the provider calls it is not what one connects to. */
static void
test_database_name (void)
{
  static const char *const absent[] = { NULL, FEL_KEY_DATABASE };

  for (gsize i = 0; i < G_N_ELEMENTS (connections) * G_N_ELEMENTS (absent); i++)
    {
      gsize of = i / G_N_ELEMENTS (absent);
      g_autoptr (FelCredential) credential = credential_without (absent[i % G_N_ELEMENTS (absent)], "pw");
      g_autoptr (FelBuffer) out = fel_buffer_new ();

      fel_record_set_text (credential->record, FEL_KEY_DATABASE_NAME, "the shop");
      g_assert_true (fel_format_credential (connections[of].format, credential, out, NULL));
      g_assert_cmpstr (out->bytes, ==, connections[of].text);
    }
}

/* What MariaDB's drivers read, and a sentence instead of what none of them does. */
static void
test_mysql (void)
{
  static const struct
  {
    FelFormat format;
    const char *host;
    const char *text; /* NULL: refused */
  } mysql_cases[] = {
    { FEL_FORMAT_URL, "db.example", "mysql://u1:p%40w@db.example:5432/orders\n" },
    { FEL_FORMAT_URL, "/run/my sock", "mysql://u1:p%40w@localhost/orders?socket=%2Frun%2Fmy%20sock\n" },
    { FEL_FORMAT_PASSWORD, "db.example", "p@w\n" },
    { FEL_FORMAT_ENV, "db.example", NULL },
    { FEL_FORMAT_NILE_ENV, "db.example", NULL },
    { FEL_FORMAT_PGPASS, "db.example", NULL },
    { FEL_FORMAT_CONNINFO, "db.example", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (mysql_cases); i++)
    {
      g_autoptr (FelCredential) credential = credential_without (FEL_KEY_HOST, "p@w");
      g_autoptr (FelBuffer) out = fel_buffer_new ();
      g_autoptr (GError) error = NULL;

      fel_record_set_text (credential->record, FEL_KEY_HOST, mysql_cases[i].host);
      fel_record_set_text (credential->record, FEL_KEY_PROTOCOL, FEL_PROTOCOL_MYSQL);
      g_assert_cmpint (fel_format_credential (mysql_cases[i].format, credential, out, &error), ==,
                       mysql_cases[i].text != NULL);
      g_assert_cmpstr (out->bytes, ==, mysql_cases[i].text != NULL ? mysql_cases[i].text : "");
      g_assert_true (error == NULL || strstr (error->message, "--format url") != NULL);
    }
}

static void
test_empty_database_name (void)
{
  g_autoptr (FelCredential) credential = credential_without (NULL, "pw");
  g_autoptr (FelCredential) nameless = credential_without (FEL_KEY_DATABASE, "pw");
  g_autoptr (FelBuffer) out = fel_buffer_new ();

  fel_record_set_text (credential->record, FEL_KEY_DATABASE_NAME, "");
  fel_record_set_text (nameless->record, FEL_KEY_DATABASE_NAME, "");
  g_assert_true (fel_format_credential (FEL_FORMAT_PGPASS, credential, out, NULL));
  g_assert_cmpstr (out->bytes, ==, "db.example:5432:orders:u1:pw\n");
  g_assert_false (fel_format_credential (FEL_FORMAT_PGPASS, nameless, out, NULL));
}

/* libpq looks for the folder of sockets that it was built with as localhost. */
static void
test_pgpass_socket (void)
{
  g_autoptr (FelCredential) credential = credential_without (FEL_KEY_HOST, "p:w");
  g_autoptr (FelBuffer) out = fel_buffer_new ();

  fel_record_set_text (credential->record, FEL_KEY_HOST, "/run/a:b");
  g_assert_true (fel_format_credential (FEL_FORMAT_PGPASS, credential, out, NULL));
  g_assert_cmpstr (out->bytes, ==, "/run/a\\:b:5432:orders:u1:p\\:w\nlocalhost:5432:orders:u1:p\\:w\n");
}

static void
test_names (void)
{
  g_autoptr (GError) error = NULL;
  FelFormat format = FEL_FORMAT_URL;

  for (FelFormat i = 0; i < _FEL_FORMAT_MAX; i++)
    {
      g_assert_true (fel_format_parse (fel_format_name (i), &format, NULL));
      g_assert_cmpint (format, ==, i);
    }
  format = FEL_FORMAT_URL;
  g_assert_false (fel_format_parse ("URL", &format, &error));
  g_assert_error (error, FEL_EXIT, FEL_EXIT_USAGE);
  g_assert_cmpint (format, ==, FEL_FORMAT_URL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/format/credential", test_formats);
  g_test_add_func ("/client/format/url-hosts", test_url_hosts);
  g_test_add_func ("/client/format/mysql", test_mysql);
  g_test_add_func ("/client/format/database-name", test_database_name);
  g_test_add_func ("/client/format/empty-database-name", test_empty_database_name);
  g_test_add_func ("/client/format/pgpass-socket", test_pgpass_socket);
  g_test_add_func ("/client/format/names", test_names);
  return g_test_run ();
}
