/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How the tests call what a backend reports: the names that a credential's fields have on the bus, and those that go no
 * further than the host. */
#pragma once

#include "felucca-backend.h"

static const char *const field_names[] = {
  [FEL_FIELD_ID] = "id",
  [FEL_FIELD_USER] = "user",
  [FEL_FIELD_HOST] = "host",
  [FEL_FIELD_PORT] = "port",
  [FEL_FIELD_SSL_MODE] = "ssl-mode",
  [FEL_FIELD_DATABASE_ID] = "database-id",
  [FEL_FIELD_TENANT_ID] = "tenant-id",
  [FEL_FIELD_INTERNAL] = "internal",
  [FEL_FIELD_CREATED] = "created",
  [FEL_FIELD_NOT_AFTER] = "not-after",
  [FEL_FIELD_REGION] = "region",
  [FEL_FIELD_STATUS] = "status",
  [FEL_FIELD_API_HOST] = "api-host",
  [FEL_FIELD_SHARDED] = "sharded",
  [FEL_FIELD_EXPANDABLE] = "expandable",
  [FEL_FIELD_ACCOUNT] = "account",
  [FEL_FIELD_WORKSPACE] = "workspace",
  [FEL_FIELD_EXPIRES] = "expires",
  [FEL_FIELD_DATABASE_NAME] = "database-name",
  [FEL_FIELD_RENEWABLE] = "renewable",
  [FEL_FIELD_LOGIN_ONLY] = "login-only",
  [FEL_FIELD_INTENT] = "intent",
  [FEL_FIELD_PROTOCOL] = "protocol",
};
