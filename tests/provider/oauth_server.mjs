// SPDX-FileCopyrightText: The felucca authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An OAuth server that we did not write (npm oidc-provider), with its own pages for signing in and consent: what
// Nile's console and token endpoint are to felucca. Prints {"url": …} when it is ready; ends when stdin closes.
// TTL: seconds that an access token lives.
import http from 'node:http';
import { Provider } from 'oidc-provider';

const server = http.createServer();
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(url, {
    clients: [{
      client_id: 'nilecli',
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['http://localhost/callback'],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token'],
    }],
    pkce: { methods: ['S256'], required: () => true },
    routes: { authorization: '/authorize', token: '/oauth2/token' },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    ttl: {
      AccessToken: Number(process.env.TTL ?? 3600), AuthorizationCode: 60, Grant: 3600, IdToken: 60, Interaction: 600,
      RefreshToken: 3600, Session: 600,
    },
    cookies: { keys: ['for the tests'] },
  });
  provider.on('server_error', (_, error) => console.error(error));
  const serve = provider.callback();
  server.on('request', (request, response) => {
    // Nile is asked for no scope and knows what that means (RFC 6749, section 3.3); this one needs to be told.
    if (request.url.startsWith('/authorize?')) request.url += '&scope=openid';
    serve(request, response);
  });
  console.log(JSON.stringify({ url }));
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
