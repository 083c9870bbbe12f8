/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is known about one database credential, without its password. Filled once, then never changed, so that it can
 * be shared by reference. One table says for every field how it is called on the bus and whether the keyring keeps it. */
#pragma once

#include <glib.h>

typedef enum
{
  FEL_UNSET = 0,
  FEL_FALSE,
  FEL_TRUE,
} FelTristate;

typedef struct FelCredential
{
  gatomicrefcount refs;
  char *id;
  char *backend;
  char *workspace;
  char *database;
  char *database_id;
  char *tenant_id;
  char *user;
  char *host;
  char *ssl_mode;
  char *protocol; /* NULL: PostgreSQL's */
  char *label;
  char *region;
  char *status;
  char *api_host;
  char *database_name; /* to connect to, where it is not `database` */
  char *request_id;    /* under which the caller asked for it */
  gint64 port;
  gint64 created_sec;   /* by the provider's clock; 0: not told */
  gint64 not_after_sec; /* 0: never */
  gint64 stored_sec;    /* when the keyring took it */
  FelTristate internal;
  FelTristate sharded;
  FelTristate expandable;
  FelTristate renewable;
  FelTristate login_only; /* its end is looked at when somebody logs in */
  char *intent;           /* list alone: of the mint that made it */
} FelCredential;

typedef enum
{
  FEL_FIELD_OF_MINT,    /* known at the mint alone */
  FEL_FIELD_OF_LABEL,   /* kept as the item's label */
  FEL_FIELD_OF_KEYRING, /* kept as an attribute of the same name */
  FEL_FIELD_OF_OURS,    /* kept as an attribute, not shown on the bus */
  FEL_FIELD_OF_NOTHING, /* for the daemon's own use */
} FelFieldHome;

typedef struct FelCredentialField
{
  const char *key;
  char type; /* D-Bus: s, q, x, b */
  FelFieldHome home;
  gsize offset;
} FelCredentialField;

const FelCredentialField *fel_credential_fields (gsize *ret_n);

FelCredential *fel_credential_new (void);
FelCredential *fel_credential_ref (FelCredential *self);
void fel_credential_unref (FelCredential *self); /* (nullable) */
FelCredential *fel_credential_copy (const FelCredential *self);
gboolean fel_credential_equal (const FelCredential *a, const FelCredential *b);

/* FALSE: there is nothing to show for this field. Strings are `const char **`, numbers `gint64 *`, booleans `gboolean *`. */
gboolean fel_credential_get_string (const FelCredential *self, const FelCredentialField *field, const char **ret_value);
gboolean fel_credential_get_number (const FelCredential *self, const FelCredentialField *field, gint64 *ret_value);
gboolean fel_credential_get_boolean (const FelCredential *self, const FelCredentialField *field, gboolean *ret_value);

/* Keyring attributes, xdg:schema among them. */
GHashTable *fel_credential_to_attributes (const FelCredential *self);

/* NULL: not an item of ours, or one without the attributes that identify it. */
FelCredential *fel_credential_from_attributes (GHashTable *attributes, const char *label, gint64 stored_sec);

/* The label that an item gets when the user chose none: WORKSPACE/DATABASE (BACKEND). */
char *fel_credential_default_label (const FelCredential *self);

/* Newest first. Within one second: the one that lives longer, then what ids of the UUIDv7 kind tell (RFC 9562, section
 * 5.7). */
int fel_credential_compare_age (const FelCredential *a, const FelCredential *b);

gboolean fel_credential_is_expired (const FelCredential *self, gint64 now_sec);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelCredential, fel_credential_unref)
