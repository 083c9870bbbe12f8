// SPDX-FileCopyrightText: The felucca authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A client on a D-Bus library that shares no code with the daemon's or the tests': each argument is one call, as JSON
// [interface, method, ...arguments], where {"v": [type, value]} is a variant and {"$": i} the id that call i gave.
// Prints a JSON list of what came back: {result}, or {error, message}; last {signals}, the names that were heard.

import dbus from 'dbus-next';

const NAME = 'org.felucca.Credentials1';
const SIGNALS = ['CredentialAdded', 'CredentialChanged', 'CredentialRemoved', 'SignInRequired'];

// Variants become [type, value] so that the test sees the types.
function plain(value) {
  if (value instanceof dbus.Variant) return [value.signature, plain(value.value)];
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
  return value;
}

function argument(value, results) {
  if (value === null || typeof value !== 'object') return value;
  if ('$' in value) return results[value.$].result.id[1];
  return Object.fromEntries(Object.entries(value).map(([key, { v: [type, inner] }]) => [key, new dbus.Variant(type, inner)]));
}

async function call(object, [interfaceName, method, ...rest], results) {
  try {
    const result = await object.getInterface(interfaceName)[method](...rest.map((one) => argument(one, results)));
    return { result: plain(result ?? null) };
  } catch (error) {
    return { error: error.type ?? String(error), message: error.text ?? '' };
  }
}

const bus = dbus.sessionBus();
const object = await bus.getProxyObject(NAME, '/org/felucca/Credentials1');
const heard = [];
for (const signal of SIGNALS) object.getInterface(NAME).on(signal, () => heard.push(signal));

const results = [];
for (const text of process.argv.slice(2)) results.push(await call(object, JSON.parse(text), results));
console.log(JSON.stringify([...results, { signals: heard }]));
bus.disconnect();
