// Documents by their hashes: Apollo Client's link for persisted queries against the store that clients fill themselves.
import { createHash } from 'node:crypto';

import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';

import * as sandbox from './sandbox.js';
import { authorizedFetch, signInVariables } from './session.js';

const whose = 'Apollo Client with persisted queries';

export const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** A client whose requests are noted: their method, and whether they carried the document. */
export function persisting(options) {
  const sent = [];
  const noting = (input, init) => {
    const { searchParams } = new URL(input);
    const body = init.body ? JSON.parse(init.body) : {};
    sent.push(`${init.method} ${body.query || searchParams.has('query') ? 'text' : 'hash'}`);
    return authorizedFetch(input, init);
  };
  const client = new ApolloClient({
    link: new PersistedQueryLink(options).concat(new HttpLink({ uri: sandbox.url, fetch: noting })),
    cache: new InMemoryCache(),
    defaultOptions: { query: { fetchPolicy: 'network-only' } },
  });
  return { client, sent };
}

/** All checks. */
export async function persistedQueries(check, must) {
  for (const [method, options] of [['POST', {}], ['GET', { useGETForHashedQueries: true }]]) {
    const { client, sent } = persisting({ sha256, ...options });
    const query = gql(`query ViewerBy${method} { viewer { user { email } } }`);
    const ask = async () => {
      const { data } = await client.query({ query });
      must(data.viewer.user.email === signInVariables.email, 'not the viewer');
    };
    await check(whose, `by ${method}: what is not known is registered, and named from then on`, async () => {
      await ask();
      await ask();
      must(sent.join() === `${method} hash,POST text,${method} hash`, `sent ${sent}`);
    });
    client.stop();
  }
}
