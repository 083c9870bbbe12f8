// SPDX-FileCopyrightText: The felucca authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Says who may log in where, and until when: gjs -m summary.js WORKSPACE/DATABASE

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';

// What is used of it here; all of the interface is in dbus/org.felucca.Credentials1.xml.
const INTERFACE = `
  <node>
    <interface name="org.felucca.Credentials1">
      <method name="GetCredential">
        <arg name="workspace" type="s" direction="in"/>
        <arg name="database" type="s" direction="in"/>
        <arg name="options" type="a{sv}" direction="in"/>
        <arg name="credential" type="a{sv}" direction="out"/>
      </method>
    </interface>
  </node>`;
const TIMEOUT_MSEC = 180 * 1000; // the keyring may be asking the user meanwhile

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

// The password is in the reply: GJS cannot make the pipe that the option secret-fd would need.
async function getCredential(workspace, database) {
  const Credentials = Gio.DBusProxy.makeProxyWrapper(INTERFACE);
  const felucca = new Credentials(Gio.DBus.session, 'org.felucca.Credentials1', '/org/felucca/Credentials1');
  felucca.set_default_timeout(TIMEOUT_MSEC);
  const options = { create: new GLib.Variant('b', true) };
  const [credential] = await felucca.GetCredentialAsync(workspace, database, options);
  return Object.fromEntries(Object.entries(credential).map(([key, value]) => [key, value.deepUnpack()]));
}

// The password goes to whatever logs in, and never to a terminal or a log.
function summary(credential) {
  const name = credential['database-name'] ?? credential.database;
  const end = credential['not-after'];
  const until = end ? `until ${GLib.DateTime.new_from_unix_local(end).format('%F %T')}` : 'until it is revoked';
  return `${credential.user} may log in to ${name} on ${credential.host}, port ${credential.port}, ${until}`;
}

function explain(error) {
  const name = error instanceof GLib.Error ? Gio.DBusError.get_remote_error(error) : null;
  const detail = error.message.replace(`GDBus.Error:${name}: `, '');
  return name in ADVICE ? `${ADVICE[name]}\n(${detail})` : detail;
}

const [, workspace, database] = ARGV.join(' ').match(/^([^/]+)\/(.+)$/) ?? [];
if (!database) {
  printerr('usage: gjs -m summary.js WORKSPACE/DATABASE');
  System.exit(2);
}

try {
  print(summary(await getCredential(workspace, database)));
} catch (error) {
  printerr(explain(error));
  System.exit(1);
}
