/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The names that the daemon and its clients share on the bus and in the keyring.
 * They are contract: a change here is a change of the API. */
#pragma once

#define FEL_BUS_NAME "org.felucca.Credentials1"
#define FEL_OBJECT_PATH "/org/felucca/Credentials1"
#define FEL_IFACE_CREDENTIALS "org.felucca.Credentials1"
#define FEL_IFACE_ACCOUNTS "org.felucca.Accounts1"
#define FEL_ERROR_PREFIX "org.felucca.Error."

/* Of the user's service manager. */
#define FEL_UNIT_SERVICE "felucca.service"
#define FEL_UNIT_SOCKET "felucca.socket"

/* The private socket, below XDG_RUNTIME_DIR. */
#define FEL_SOCKET_FOLDER "felucca"
#define FEL_SOCKET_NAME "bus"

/* Schemas (attribute xdg:schema) of the keyring items. */
#define FEL_SCHEMA_CREDENTIAL "org.felucca.Credential"
#define FEL_SCHEMA_TOKEN "org.felucca.Token"

/* What a server may speak, as FEL_KEY_PROTOCOL says it; PostgreSQL's goes without saying. */
#define FEL_PROTOCOL_MYSQL "mysql"

/* Keys of a credential on the bus. Those that are also keyring attributes carry the same name there. */
#define FEL_KEY_ID "id"
#define FEL_KEY_BACKEND "backend"
#define FEL_KEY_WORKSPACE "workspace"
#define FEL_KEY_DATABASE "database"
#define FEL_KEY_DATABASE_ID "database-id"
#define FEL_KEY_TENANT_ID "tenant-id"
#define FEL_KEY_INTERNAL "internal"
#define FEL_KEY_USER "user"
#define FEL_KEY_HOST "host"
#define FEL_KEY_PORT "port"
#define FEL_KEY_SSL_MODE "ssl-mode"
#define FEL_KEY_PROTOCOL "protocol"
#define FEL_KEY_CREATED "created"
#define FEL_KEY_NOT_AFTER "not-after"
#define FEL_KEY_RENEWABLE "renewable"
#define FEL_KEY_LOGIN_ONLY "login-only"
#define FEL_KEY_DATABASE_NAME "database-name"
#define FEL_KEY_LABEL "label"
#define FEL_KEY_REGION "region"
#define FEL_KEY_STATUS "status"
#define FEL_KEY_API_HOST "api-host"
#define FEL_KEY_SHARDED "sharded"
#define FEL_KEY_EXPANDABLE "expandable"
#define FEL_KEY_STORED "stored"
#define FEL_KEY_STATE "state"
#define FEL_KEY_PASSWORD "password"
