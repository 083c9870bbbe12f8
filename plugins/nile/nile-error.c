/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nile-error.h"

static const struct
{
  const char *code;
  FelFailure failure;
} codes[] = {
  { "internal_error", FEL_FAILURE_PROVIDER },
  { "bad_request", FEL_FAILURE_INVALID },
  { "unsupported_operation", FEL_FAILURE_UNSUPPORTED },
  { "forbidden_operation", FEL_FAILURE_DENIED },
  { "entity_not_found", FEL_FAILURE_NOT_FOUND },
  { "duplicate_entity", FEL_FAILURE_CONFLICT },
  { "invalid_credentials", FEL_FAILURE_UNAUTHENTICATED },
  { "unknown_oidc_provider", FEL_FAILURE_PROVIDER },
  { "unknown_oidc_party", FEL_FAILURE_PROVIDER },
  { "provider_already_exists", FEL_FAILURE_CONFLICT },
  { "provider_config_error", FEL_FAILURE_PROVIDER },
  { "provider_mismatch", FEL_FAILURE_PROVIDER },
  { "provider_update_error", FEL_FAILURE_PROVIDER },
  { "provider_disabled", FEL_FAILURE_DENIED },
  { "session_state_missing", FEL_FAILURE_UNAUTHENTICATED },
  { "session_state_mismatch", FEL_FAILURE_UNAUTHENTICATED },
  { "oidc_code_missing", FEL_FAILURE_UNAUTHENTICATED },
  { "tenant_not_found", FEL_FAILURE_NOT_FOUND },
  { "constraint_violation", FEL_FAILURE_CONFLICT },
  { "sql_exception", FEL_FAILURE_PROVIDER },
  { "db_creation_failure", FEL_FAILURE_PROVIDER },
  { "db_status_failure", FEL_FAILURE_PROVIDER },
  { "db_initialization_failure", FEL_FAILURE_PROVIDER },
  { "db_deletion_failure", FEL_FAILURE_PROVIDER },
  { "db_config_missing", FEL_FAILURE_PROVIDER },
  { "db_rename_failure", FEL_FAILURE_PROVIDER }, /* seen, not in the specification */
  { "unauthorized_workspace_access", FEL_FAILURE_DENIED },
  { "email_send_failure", FEL_FAILURE_PROVIDER },
  { "jdbc_exception", FEL_FAILURE_PROVIDER },
  { "oidc_exception", FEL_FAILURE_PROVIDER },
  { "region_mismatch", FEL_FAILURE_CONFLICT },
  { "credential_creation_failure", FEL_FAILURE_PROVIDER },
  { "credential_propagation_failure", FEL_FAILURE_NO_ANSWER }, /* perhaps made, not usable yet */
  { "unauthorized_client", FEL_FAILURE_DENIED },
  { "unsupported_response_type", FEL_FAILURE_UNSUPPORTED },
  { "invalid_request", FEL_FAILURE_INVALID },
  { "server_error", FEL_FAILURE_PROVIDER },
  { "access_denied", FEL_FAILURE_DENIED },
  { "feature_ineligible", FEL_FAILURE_DENIED },
  { "customer_lookup_failure", FEL_FAILURE_PROVIDER },
  { "threshold_exceeded", FEL_FAILURE_QUOTA },
  { "create_rejected", FEL_FAILURE_DENIED },
};

static const struct
{
  guint status;
  FelFailure failure;
  gboolean proof; /* that nothing was minted */
} statuses[] = {
  { 400, FEL_FAILURE_INVALID, TRUE },     { 401, FEL_FAILURE_UNAUTHENTICATED, TRUE },
  { 403, FEL_FAILURE_DENIED, TRUE },      { 404, FEL_FAILURE_NOT_FOUND, TRUE },
  { 405, FEL_FAILURE_UNSUPPORTED, TRUE }, { 408, FEL_FAILURE_NO_ANSWER, FALSE },
  { 409, FEL_FAILURE_CONFLICT, TRUE },    { 415, FEL_FAILURE_PROTOCOL, TRUE },
  { 422, FEL_FAILURE_INVALID, TRUE },     { 429, FEL_FAILURE_RATE_LIMITED, TRUE },
};

FelFailure
nile_failure_of_code (const char *error_code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_str_equal (codes[i].code, error_code))
      return codes[i].failure;
  return 0;
}

FelFailure
nile_failure_of_status (guint status)
{
  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    if (statuses[i].status == status)
      return statuses[i].failure;
  return status >= 300 && status < 400 ? FEL_FAILURE_PROTOCOL : FEL_FAILURE_PROVIDER;
}

gboolean
nile_status_proves_nothing_minted (guint status)
{
  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    if (statuses[i].status == status)
      return statuses[i].proof;
  return FALSE;
}
