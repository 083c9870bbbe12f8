// SPDX-FileCopyrightText: The felucca authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A client that shares no code with ours, against the stand-in: argv is its address, a token, a namespace ("": none) and
// then JSON calls [method, ...arguments] of node-vault; {"$": path} takes a value out of the first answer.
// Prints a JSON list of {result}, or {status, errors}.

import nodeVault from 'node-vault';

const [endpoint, token, namespace, ...calls] = process.argv.slice(2);
const vault = nodeVault({ endpoint, token, namespace: namespace || undefined });

function argument(value, first) {
  if (Array.isArray(value) || value === null || typeof value !== 'object') return value;
  if ('$' in value) return value.$.split('.').reduce((one, name) => one[name], first);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, argument(one, first)]));
}

const results = [];
for (const text of calls) {
  const [method, ...rest] = JSON.parse(text);
  try {
    const result = await vault[method](...rest.map((one) => argument(one, results[0]?.result)));
    results.push({ result: result ?? null });
  } catch (error) {
    results.push({ status: error.response?.statusCode ?? 0, errors: error.response?.body?.errors ?? [String(error)] });
  }
}
console.log(JSON.stringify(results));
