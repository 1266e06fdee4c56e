// A typed client by GraphQL Code Generator, from the schema of the running gateway: generated, type-checked, compiled and run.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { preset } from '@graphql-codegen/client-preset';
import { codegen } from '@graphql-codegen/core';
import { buildClientSchema, getIntrospectionQuery, parse, print, printSchema } from 'graphql';

import * as sandbox from './sandbox.js';
import { agentFetch } from './session.js';

const whose = 'GraphQL Code Generator';
const here = dirname(fileURLToPath(import.meta.url));
const sources = ['cmd/helix/testdata/federation.graphql', 'sandbox/day/desk.graphql'];

// Strings, but for what may be anything.
const scalars = { UUID: 'string', DateTime: 'string', Date: 'string', PhoneNumber: 'string', Cursor: 'string', JSON: 'unknown' };

async function post(body) {
  const response = await agentFetch(sandbox.url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return data;
}

/** Everything that graphql-js knows to ask. */
const introspection = getIntrospectionQuery({
  descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true,
});

/** Writes the generated files, and the manifest of the documents. */
async function generate(folder) {
  const schemaAst = buildClientSchema(await post({ query: introspection }));
  const documents = sources.map((location) => {
    const rawSDL = readFileSync(join(dirname(here), location), 'utf8');
    return { location, rawSDL, document: parse(rawSDL) };
  });
  const outputs = await preset.buildGeneratesSection({
    baseOutputDir: `${folder}/gql/`, schema: parse(printSchema(schemaAst)), schemaAst, documents, plugins: [], pluginMap: {},
    config: { scalars, useTypeImports: true, nonOptionalTypename: true, enumType: 'string-literal', importExtension: '.js' },
    presetConfig: { fragmentMasking: false, persistedDocuments: true },
  });
  mkdirSync(join(folder, 'gql'));
  await Promise.all(outputs.map(async (output) => writeFileSync(output.filename, await codegen(output))));
}

function compile(folder) {
  cpSync(join(here, 'typed'), folder, { recursive: true });
  symlinkSync(join(here, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  const options = ['--strict', '--target', 'es2022', '--module', 'nodenext', '--noUncheckedIndexedAccess', '--types', '', '--skipLibCheck'];
  const { status, stdout } = spawnSync(process.execPath, [join(here, 'node_modules/typescript/bin/tsc'), ...options, 'client.ts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stdout);
}

const byText = (document, variables) => post({ query: print(document), variables });
const byHash = (document, variables) => post({ documentId: document.__meta__.hash, variables });

/** Generates and runs the client. It answers with the file of its documents by hash, and with what runs it again by hash alone. */
export async function typedClient(check) {
  const folder = join(sandbox.folder, 'typed');
  mkdirSync(folder);
  await check(whose, 'generates from the introspected schema', () => generate(folder));
  await check(whose, 'what it generates compiles', () => compile(folder));
  const { run } = await import(pathToFileURL(join(folder, 'client.js')));
  const checked = (suffix) => (what, test) => check(whose, `${what}${suffix}`, test);
  await run(byText, checked(''));
  return {
    manifest: join(folder, 'gql', 'persisted-documents.json'),
    again: () => run(byHash, checked(', by hash, where only trusted documents run')),
  };
}
