/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The backend ABI of felucca, version 1.
 *
 * A backend teaches the daemon one kind of provider. It is a shared object in $libdir/felucca/backends-1/ that exports
 * one constant, `felucca_backend_v1`. It is opened when it is first needed and never closed again.
 *
 * Rules that hold for everything below:
 *  - The major version is in the symbol and in the directory. Within a major version structs only grow at their end;
 *    `struct_size` tells how much of one is there. A verb that is NULL or lies behind the end is Unsupported.
 *  - Verbs block. They run on worker threads, any number of them at once, never on the daemon's main thread.
 *  - Strings are UTF-8 with a NUL at the end. Everything a verb is given lives until the verb returns.
 *  - Nothing is freed across the border: results go out through the calls of FelHost, which copy.
 *  - A secret must leave through set_secret() or set_refresh_secret() alone; messages are shown to people and logged.
 *  - A verb should look at the cancellable (g_cancellable_is_cancelled()); at its deadline the host cancels it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* GLib's; opaque here, so that a backend without GLib needs no header of it. */
struct _GCancellable;

/* Collects what one call of a verb has to say. Owned by the host. */
typedef struct FelOut FelOut;

/* Why a verb failed. It decides what the daemon does and which D-Bus error the caller sees (in brackets). */
typedef enum
{
  FEL_FAILURE_INTERNAL = 1,    /* the backend itself is broken [BackendFailed] */
  FEL_FAILURE_INVALID,         /* this cannot be asked of this provider [InvalidArguments] */
  FEL_FAILURE_UNAUTHENTICATED, /* the token is missing, expired or revoked: the host refreshes it and calls once more,
                                  then gives up [SignInRequired] */
  FEL_FAILURE_DENIED,          /* signed in, but not allowed [AccessDenied] */
  FEL_FAILURE_NOT_FOUND,       /* no such workspace, database or credential [NotFound] */
  FEL_FAILURE_CONFLICT,        /* [Conflict] */
  FEL_FAILURE_QUOTA,           /* more than the plan allows [QuotaExceeded] */
  FEL_FAILURE_RATE_LIMITED,    /* too many calls, later perhaps [RateLimited] */
  FEL_FAILURE_UNREACHABLE,     /* no name, no connection, no trust in the certificate [Unreachable] */
  FEL_FAILURE_TIMED_OUT,       /* [TimedOut] */
  FEL_FAILURE_CANCELLED,       /* the cancellable was cancelled [Cancelled] */
  FEL_FAILURE_PROVIDER,        /* the provider says that it failed [ProviderError] */
  FEL_FAILURE_PROTOCOL,        /* the provider's answer makes no sense [ProtocolViolation] */
  FEL_FAILURE_UNSUPPORTED,     /* not offered by this provider [Unsupported] */
  FEL_FAILURE_NO_ANSWER,       /* the request went out and nothing that can be used came back [OutcomeUnknown] */
} FelFailure;

/* Or this to a failure of `mint` unless it is certain that nothing was minted. */
#define FEL_FAILURE_MAYBE_MINTED 0x100

/* What a verb can report. The comment says the type of the setter and the verbs. */
typedef enum
{
  FEL_FIELD_ID = 1,        /* string; mint, list: the provider's identifier. probe: of the account */
  FEL_FIELD_USER,          /* string; mint: the role name to log in with; left out: the id */
  FEL_FIELD_HOST,          /* string; mint: a bare host name or address */
  FEL_FIELD_PORT,          /* int64; mint, 1 to 65535 */
  FEL_FIELD_SSL_MODE,      /* string; mint: libpq's sslmode */
  FEL_FIELD_DATABASE_ID,   /* string; mint, list */
  FEL_FIELD_TENANT_ID,     /* string; mint, list */
  FEL_FIELD_INTERNAL,      /* bool; mint, list */
  FEL_FIELD_CREATED,       /* int64; mint, list: Unix seconds */
  FEL_FIELD_NOT_AFTER,     /* int64; mint, renew: Unix seconds; 0 or left out: never, as far as the provider knows */
  FEL_FIELD_REGION,        /* string; mint */
  FEL_FIELD_STATUS,        /* string; mint: of the database */
  FEL_FIELD_API_HOST,      /* string; mint */
  FEL_FIELD_SHARDED,       /* bool; mint */
  FEL_FIELD_EXPANDABLE,    /* bool; mint */
  FEL_FIELD_ACCOUNT,       /* string; probe: for people, best an e-mail address */
  FEL_FIELD_WORKSPACE,     /* string, once for each; probe: what this account may use */
  FEL_FIELD_EXPIRES,       /* int64; probe, refresh, exchange: Unix seconds; left out: unknown */
  FEL_FIELD_DATABASE_NAME, /* string; mint: to connect to, where it is not the request's `database` */
  FEL_FIELD_RENEWABLE,     /* bool; mint, renew: `renew` can move not-after */
  FEL_FIELD_LOGIN_ONLY,    /* bool; mint: its end is looked at when somebody logs in; open sessions outlive it */
  FEL_FIELD_INTENT,        /* string; list: FelVerbRequest.intent of its mint, where the provider keeps it */
  FEL_FIELD_URL,           /* string; authorize_url: https, or http to a loopback host; for the user's browser */
  FEL_FIELD_PROTOCOL,      /* string; mint: "mysql" for MariaDB and MySQL; left out: the server speaks PostgreSQL's */
} FelField;

/* What the host offers. The same struct for every call; calls are allowed from the worker that runs the verb only. */
typedef struct FelHost
{
  size_t struct_size;

  /* Says why the verb failed, in one sentence for people that holds no secret: it is copied and cut at 512 bytes.
   * `failure` is a FelFailure, perhaps with FEL_FAILURE_MAYBE_MINTED. Always returns false, so that a verb can
   * `return host->fail (out, …)`. */
  bool (*fail) (FelOut *out, int failure, const char *sentence);

  /* Reports one field. An empty or NULL string, or one that is not UTF-8, counts as not sent. At most 256 bytes, a URL
   * 4096. */
  void (*set_string) (FelOut *out, FelField field, const char *value);
  void (*set_int64) (FelOut *out, FelField field, int64_t value);
  void (*set_bool) (FelOut *out, FelField field, bool value);

  /* mint: the password, 1 to 1024 bytes without control characters. refresh, exchange: the access token. The bytes are
   * copied into memory that is erased after use; erase your own. */
  void (*set_secret) (FelOut *out, const char *bytes, size_t len);

  /* refresh: the refresh token that replaces the one of the request; left out: that one stays good. exchange: the first
   * one, where the provider gives any. */
  void (*set_refresh_secret) (FelOut *out, const char *bytes, size_t len);

  /* list: what was set so far is one credential; a new one begins. */
  void (*next) (FelOut *out);
} FelHost;

/* One line of the instance's group in the configuration. */
typedef struct FelSetting
{
  const char *key;
  const char *value;
} FelSetting;

/* What a verb is asked. A pointer is NULL where there is nothing to say. */
typedef struct FelVerbRequest
{
  size_t struct_size;
  const char *instance;       /* name of the configured instance */
  const char *workspace;      /* mint, list, revoke */
  const char *database;       /* mint, list, revoke */
  const char *tenant_id;      /* mint, list */
  bool internal;              /* mint, list */
  const char *id;             /* revoke, renew: of the credential */
  const char *label;          /* mint: what the user calls it */
  const char *token;          /* the access token; never NULL where FEL_BACKEND_NEEDS_TOKEN is set, but in refresh,
                                 authorize_url and exchange */
  const char *refresh_token;  /* refresh */
  const FelSetting *settings; /* of the instance, without those that the host itself knows */
  size_t n_settings;
  unsigned timeout_sec; /* the verb should be done by then; the host cancels it if it is not */
  struct _GCancellable *cancellable;
  uint64_t ttl_sec;   /* mint, renew: seconds that it is wished to live from now on; 0: as the provider likes */
  const char *intent; /* mint: a UUID of this mint alone, to be left at the provider where it keeps such a thing */
  const char *redirect_uri;   /* authorize_url, exchange: http://localhost:PORT/callback */
  const char *state;          /* authorize_url: to be sent along (RFC 6749, section 4.1.1) */
  const char *code_challenge; /* authorize_url: of the method S256 (RFC 7636, section 4.3) */
  const char *code;           /* exchange: a secret */
  const char *code_verifier;  /* exchange: a secret */
} FelVerbRequest;

/* A verb: true, with its results set; or what host->fail() returned. */
typedef bool (*FelVerb) (const FelHost *host, const FelVerbRequest *request, FelOut *out);

/* FelBackend.flags */
#define FEL_BACKEND_NEEDS_TOKEN 0x1   /* verbs need an access token: users sign in to this provider */
#define FEL_BACKEND_NO_WORKSPACES 0x2 /* the provider has no such level: the instance's name stands in for it */
#define FEL_BACKEND_LISTS_INTENTS 0x4 /* `list` reports FEL_FIELD_INTENT for all that `mint` has made */
#define FEL_BACKEND_RENEWS_TOKEN 0x8  /* `refresh` prolongs the access token itself, from the middle of its life on */

/* What a backend exports. */
typedef struct FelBackend
{
  size_t struct_size;
  const char *name;        /* the module's name, that of its file without ".so": "nile" */
  const char *description; /* for people: "Nile (thenile.dev)" */
  const char *version;     /* of the backend */
  uint64_t flags;

  /* Names of the settings that it knows, NULL at the end. One that is not here makes an instance fail. */
  const char *const *settings;

  /* Are these settings usable? Called once, before the first verb, on a worker; without a token. May be NULL. */
  FelVerb check;

  /* Makes a new credential; the only verb that every backend has. Called at most once for each wish of a user, and
   * once more only after UNAUTHENTICATED. Where a failure comes after the id was parsed, set the id first: the host
   * then revokes it. */
  FelVerb mint;

  /* Ends one credential. One that is already gone is success. */
  FelVerb revoke;

  /* Lists the credentials of one database; each has an id. */
  FelVerb list;

  /* Whose token is this, and is it alive? */
  FelVerb probe;

  /* Trades the refresh token for a new access token (RFC 6749, section 6); with FEL_BACKEND_RENEWS_TOKEN, prolongs
   * `token` and reports it again with its new end. */
  FelVerb refresh;

  /* Moves the end of one credential: reports its new FEL_FIELD_NOT_AFTER, whatever was wished. NOT_FOUND: it has ended
   * already. */
  FelVerb renew;

  /* Reports FEL_FIELD_URL: where a user signs in with a browser (RFC 6749, section 4.1.1, with RFC 7636). Asks nobody. */
  FelVerb authorize_url;

  /* Trades the code that the browser came back with for tokens (RFC 6749, section 4.1.3). Called once for a code. */
  FelVerb exchange;
} FelBackend;

#define FEL_BACKEND_SYMBOL "felucca_backend_v1"
#define FEL_BACKEND_EXPORT __attribute__ ((visibility ("default")))

/* Every backend defines this one: `const FelBackend felucca_backend_v1 = { … };` */
extern FEL_BACKEND_EXPORT const FelBackend felucca_backend_v1;

#ifdef __cplusplus
}
#endif
