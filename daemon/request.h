/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One call from start to reply: an explicit state machine on the main thread. This is what all kinds of calls share;
 * each kind has a file of its own with one step function (request-create.c, request-get.c, …).
 *
 * A step function is one switch: `break` goes on to the next state, `return` waits. Only a kind's own file writes the
 * state. What is waited for answers exactly once and by its own deadline; a turn in line ends with those before it.
 * A caller that leaves takes its answer with it, not the work: a mint under way is stored all the same. */
#pragma once

#include "backend-call.h"
#include "ledger.h"
#include "options.h"

typedef struct FelRequest FelRequest;

/* The answer is in the request: error, or what its kind fills in. */
typedef void (*FelRequestDone) (FelRequest *self, gpointer user_data);

typedef struct FelRequestKind
{
  const char *name; /* of the method, for the journal */
  FelCall call;     /* which options it takes; 0: none */
  gboolean unlocks; /* the keyring is unlocked and the catalog filled before the first step */
  void (*step) (FelRequest *self);
  gboolean (*at_once) (FelRequest *self); /* a shorter way, tried first; TRUE: it is being gone. (nullable) */
  void (*abandon) (FelRequest *self);     /* the caller has left; NULL: the work is done all the same */
} FelRequestKind;

extern const FelRequestKind fel_request_create;
extern const FelRequestKind fel_request_get;
extern const FelRequestKind fel_request_list;
extern const FelRequestKind fel_request_revoke;
extern const FelRequestKind fel_request_rotate;
extern const FelRequestKind fel_request_renew; /* nobody can ask for it: `expiry` does */
extern const FelRequestKind fel_request_list_unresolved;
extern const FelRequestKind fel_request_resolve_unresolved;
extern const FelRequestKind fel_request_sign_in;
extern const FelRequestKind fel_request_start_sign_in;
extern const FelRequestKind fel_request_finish_sign_in;
extern const FelRequestKind fel_request_sign_out;
extern const FelRequestKind fel_request_list_accounts;
extern const FelRequestKind fel_request_backends;
extern const FelRequestKind fel_request_reset_backend;

struct FelRequest
{
  grefcount refs;
  FelBroker *broker;
  const FelRequestKind *kind;

  /* asked */
  const FelRequestKind *asked; /* the method; kind may become another */
  char *caller;                /* for the journal; owned, like all strings here */
  char *workspace;
  char *database;
  char *id;
  char *backend;
  char *intent; /* to be resolved, and how */
  char *action;
  char *handle; /* of a sign-in: asked for, or the answer */
  FelOptions *options;

  /* on the way */
  guint state;       /* of the kind's machine; 0 is its first */
  gboolean orphaned; /* the caller has left */
  gboolean finished;
  FelInstance *instance;
  FelBackendCall *call;
  char *path;           /* of the keyring item */
  guint64 epoch;        /* of the held secrets, when the item's was asked for */
  gint64 modified_sec;  /* of the item; 0: not known */
  gint64 looked_sec;    /* wall clock, when it was looked at */
  gboolean confirmed;   /* what is held of it was compared with the item */
  char *flight;         /* key under which equal calls find this one */
  GPtrArray *followers; /* of FelRequest: equal calls that get the same answer */
  FelToken *token;
  FelSecret *refresh_token;
  FelSignIn *sign_in; /* that this request ends */
  gint64 expires_sec; /* of the token, as the one who issued it said; 0: it did not */
  struct FelSecretPipe *pipe;
  GError *undo_reason; /* why a mint is being undone */
  gboolean in_mint_queue;
  FelLedgerEntry *entry; /* of the mint under way, or the one to be resolved */
  guint pending;         /* completions that are waited for at one time */
  GPtrArray *targets;    /* of FelCredential: databases that are still to be listed */

  /* answer */
  FelCredential *credential;
  FelSecret *secret;
  char *url;
  GPtrArray *list; /* of FelListed; for accounts, of FelInstance; for a sign-out, of paths; of FelLedgerEntry */
  GError *error;
  GError *reply_error; /* why the answer did not reach the caller; for the journal alone */

  gint64 started_usec; /* monotonic */
  FelRequestDone done;
  gpointer done_data;
};

/* One line of a list: what is known, and whether we hold it. */
typedef struct FelListed
{
  FelCredential *credential;
  gboolean stored;
  gboolean revoking;
} FelListed;

FelRequest *fel_request_new (FelBroker *broker, const FelRequestKind *kind, FelOptions *options /* (transfer full) */);
FelRequest *fel_request_ref (FelRequest *self);
void fel_request_unref (FelRequest *self); /* (nullable) */

/* Runs until `done` was called, holding itself. */
void fel_request_start (FelRequest *self, FelRequestDone done, gpointer user_data);

/* The journal's line of a call that is refused before it starts. caller: (nullable) */
void fel_request_log_refusal (FelRequest *self, const char *caller, const GError *error);

/* The caller is gone: nobody reads the answer any more. */
void fel_request_orphan (FelRequest *self);

/* For the kinds */

void fel_request_step (FelRequest *self);

/* The way of its kind from the beginning, after a shorter one that led nowhere. */
void fel_request_enter (FelRequest *self);

/* Ends it, with the error if there is one. */
void fel_request_finish (FelRequest *self);
void fel_request_fail (FelRequest *self, const GError *error); /* copies it, then finishes */

/* Starts again as another kind: a Get that has to mint becomes a Create. */
void fel_request_become (FelRequest *self, const FelRequestKind *kind);

/* TRUE: an equal call is under way and this one will get its answer. FALSE: this one leads from now on, or leads others
 * already. */
gboolean fel_request_join (FelRequest *self, char *key /* (transfer full) */);

/* The stored one with the request's id; fails the request and returns NULL when there is none, or more than one. */
FelCatalogEntry *fel_request_find_stored (FelRequest *self); /* (transfer none) */

/* Puts what is known about a stored credential in its keyring item, then steps. What the keyring does not take is known
 * until the daemon ends. */
void fel_request_change (FelRequest *self, const char *path, FelCredential *credential);

/* The instance that is meant. */
FelInstance *fel_request_find_instance (FelRequest *self, GError **error);

/* Finds, loads and judges the instance that is meant. FALSE: the request has failed; or it waits for the instance, and
 * the same step of the same state comes again. So nothing may be done in that state before this is TRUE. */
gboolean fel_request_resolve (FelRequest *self);

/* A call of the resolved instance, about the request's target. */
FelBackendCall *fel_request_new_call (FelRequest *self, FelVerbKind verb);

/* Steps when what is stored is known; fails when it cannot be read. */
void fel_request_load (FelRequest *self);

/* Completions that keep the outcome in the request, then step. user_data is the request; its reference is taken over
 * from the one who started the work. */
void fel_request_on_ready (gpointer user_data);
void fel_request_on_outcome (gpointer result, const GError *error, gpointer user_data);
void fel_request_on_call (FelBackendCall *call, const GError *error, gpointer user_data);

/* The outcome that the last completion left: NULL is success. Taking it clears it. */
GError *fel_request_take_outcome (FelRequest *self);

void fel_listed_free (FelListed *self); /* (nullable) */
FelListed *fel_listed_new (FelCredential *credential, gboolean stored, gboolean revoking);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelRequest, fel_request_unref)
