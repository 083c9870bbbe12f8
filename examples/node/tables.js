// SPDX-FileCopyrightText: The felucca authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Prints the tables of a database, and mints a credential for it if none is stored: node tables.js WORKSPACE/DATABASE

import dbus from 'dbus-next';
import pg from 'pg';

const NAME = 'org.felucca.Credentials1';
const PATH = '/org/felucca/Credentials1';

const ADVICE = {
  'org.felucca.Error.SignInRequired': 'You are not signed in at the provider: run `felucca sign-in`.',
  'org.felucca.Error.AccessDenied': 'The provider does not let you use this database: ask who administers it.',
  'org.felucca.Error.NotFound': 'There is no such workspace or database: look for a typing error.',
  'org.felucca.Error.KeyringLocked': 'Your keyring is locked: unlock it and try again.',
  'org.felucca.Error.PromptDismissed': 'Your keyring stays locked: try again and unlock it.',
  'org.felucca.Error.KeyringAbsent': 'There is no keyring to keep passwords in: start gnome-keyring, KeePassXC or KWallet.',
  'org.felucca.Error.Unreachable': 'The provider cannot be reached: are you online?',
  'org.freedesktop.DBus.Error.ServiceUnknown': 'felucca is not installed here, or the session bus does not know it.',
};

// libpq's ssl-mode in the words of node-postgres, which does not try both ways as "prefer" would.
const TLS = {
  disable: false,
  allow: false,
  prefer: false,
  require: { rejectUnauthorized: false },
  'verify-ca': { checkServerIdentity: () => undefined },
  'verify-full': true,
};

const TABLES = `
  SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
  WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`;

// The password is in the reply: dbus-next sends no file descriptors by itself, which the option secret-fd would need.
async function getCredential(workspace, database) {
  const bus = dbus.sessionBus();
  const gone = new Promise((_, reject) => bus.on('error', reject));
  try {
    const felucca = (await Promise.race([bus.getProxyObject(NAME, PATH), gone])).getInterface(NAME);
    const options = { create: new dbus.Variant('b', true) };
    const credential = await Promise.race([felucca.GetCredential(workspace, database, options), gone]);
    return Object.fromEntries(Object.entries(credential).map(([key, variant]) => [key, variant.value]));
  } finally {
    bus.disconnect();
  }
}

async function tables(credential) {
  const client = new pg.Client({
    host: credential.host,
    port: credential.port,
    user: credential.user,
    password: credential.password,
    database: credential['database-name'] ?? credential.database,
    ssl: TLS[credential['ssl-mode'] ?? 'require'],
  });
  await client.connect();
  try {
    return (await client.query(TABLES)).rows.map((row) => row.name);
  } finally {
    await client.end();
  }
}

const [, workspace, database] = process.argv.slice(2).join(' ').match(/^([^/]+)\/(.+)$/) ?? [];
if (!database) {
  console.error('usage: node tables.js WORKSPACE/DATABASE');
  process.exit(2);
}

try {
  for (const name of await tables(await getCredential(workspace, database))) console.log(name);
} catch (error) {
  const advice = ADVICE[error.type]; // of an error from the bus; `text` is its message
  console.error(advice ? `${advice}\n(${error.text})` : `It did not work: ${error.text ?? (error.message || error.code)}`);
  process.exitCode = 1;
}
