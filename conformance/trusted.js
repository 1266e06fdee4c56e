// Trusted documents: a gateway that runs what the clients' builds have named, and nothing else.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { gql } from '@apollo/client';

import { persisting, sha256 } from './persisted.js';
import * as sandbox from './sandbox.js';
import { signInDocument, signInVariables } from './session.js';

const whose = 'trusted documents';

/** A manifest as Apollo's generator writes it. */
const manifest = (operations) => ({
  format: 'apollo-persisted-query-manifest',
  version: 1,
  operations: operations.map(([id, name, body]) => ({ id, name, type: 'query', body })),
});

/** Fills a folder with the manifests of two builds and a document as it is written, and starts a gateway that trusts them alone. */
export async function start(generated) {
  const folder = join(sandbox.folder, 'trusted');
  mkdirSync(folder);
  copyFileSync(generated, join(folder, 'typed.json'));
  writeFileSync(join(folder, 'session.graphql'), signInDocument);
  writeFileSync(join(folder, 'apollo.json'), JSON.stringify(manifest([['viewer-1', 'Viewer', 'query Viewer { viewer { user { email __typename } __typename } }']])));
  await sandbox.start({ TRUSTED_DOCUMENTS: 'only', TRUSTED_DOCUMENTS_DIR: folder });
}

/** All checks. */
export async function trustedDocuments(check, must, generated) {
  const query = gql`query Viewer { viewer { user { email } } }`;
  await check(whose, "Apollo Client names a document by its manifest's id", async () => {
    const { client, sent } = persisting({ generateHash: () => 'viewer-1' });
    const { data } = await client.query({ query });
    must(data.viewer.user.email === signInVariables.email && sent.join() === 'POST hash', `sent ${sent}`);
  });
  await check(whose, 'its text may be sent as well', async () => {
    const { client, sent } = persisting({ sha256, disable: () => true, retry: () => true });
    const { data } = await client.query({ query });
    must(data.viewer.user.email === signInVariables.email, `sent ${sent}`);
  });
  await check(whose, 'another document is refused, and registers nothing', async () => {
    const { client, sent } = persisting({ sha256 });
    for (const text of ['query Other { viewer { roles } }', '{ __schema { queryType { name } } }']) {
      const refused = await client.query({ query: gql(text) }).then(() => undefined, (error) => error);
      must(refused && JSON.stringify(refused.errors ?? refused.bodyText).includes('FORBIDDEN'), `it was not: ${refused}, sent ${sent}`);
    }
    must(sent.every((request) => request === 'POST hash'), `sent ${sent}`);
  });
  await check(whose, 'every generated document is named by its hash', async () => {
    const documents = Object.entries(JSON.parse(readFileSync(generated, 'utf8')));
    must(documents.length > 20 && documents.every(([hash, text]) => hash === `sha256:${sha256(text)}`), `${documents.length} documents`);
  });
}
