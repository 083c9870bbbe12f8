// SPDX-FileCopyrightText: The felucca authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A Node program that says nothing about where and who: prints whom the database takes it for.

import pg from 'pg';

const client = new pg.Client();
await client.connect();
console.log((await client.query('SELECT current_user AS me')).rows[0].me);
await client.end();
