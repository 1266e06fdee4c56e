// Runs clients that others wrote against a fresh sandbox. The last line says how many checks have passed.
import { auditServer } from 'graphql-http';

import { clients } from './clients.js';
import * as sandbox from './sandbox.js';
import { authorizedFetch, eventsDocument, forget, signInDocument, signInVariables, viewerDocument } from './session.js';

const wholeRun = 240_000; // ms
const oneCheck = 20_000;

let passed = 0;
let failed = 0;

function report(name, error) {
  if (!error) {
    passed++;
    console.log(`ok      ${name}`);
    return;
  }
  failed++;
  console.log(`FAILED  ${name}: ${error.message ?? JSON.stringify(error)}`);
}

async function check(name, run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${oneCheck} ms`)), oneCheck);
  });
  try {
    await Promise.race([run(), late]);
    report(name);
  } catch (error) {
    report(name, error);
  } finally {
    clearTimeout(timer);
  }
}

function must(condition, what) {
  if (!condition) throw new Error(what);
}

/** A subscription that counts what comes, and lets one wait for more. */
function listening(client) {
  const heard = { events: 0, error: undefined };
  heard.stop = client.listen(
    eventsDocument,
    (result) => (result.data?.callEvents?.cursor ? heard.events++ : (heard.error = result.errors ?? result)),
    (error) => (heard.error = error),
  );
  // The moment at which a subscription is in force is not told by any of the protocols, so calls ring in until one is heard.
  heard.more = async () => {
    const before = heard.events;
    while (heard.events === before) {
      if (heard.error) throw heard.error;
      await sandbox.ring();
      await sandbox.pause(300);
    }
  };
  return heard;
}

async function audits() {
  for (const result of await auditServer({ url: sandbox.url, fetchFn: authorizedFetch })) {
    const { id, name, status, reason } = result;
    report(`graphql-http ${id}: ${name}`, status === 'ok' ? undefined : new Error(`${status}: ${reason}`));
  }
}

async function conversations() {
  const listeners = [];
  for (const [name, { make, reconnects }] of Object.entries(clients)) {
    const client = make();
    await check(`${name}: mutation`, async () => {
      const { data } = await client.ask(signInDocument, signInVariables);
      must(data?.signIn?.session?.accessToken, 'no access token');
    });
    await check(`${name}: query`, async () => {
      const { data } = await client.ask(viewerDocument, {});
      must(data?.viewer?.user?.email === signInVariables.email, 'not the viewer');
    });
    const heard = listening(client);
    await check(`${name}: subscription`, heard.more);
    if (reconnects) {
      listeners.push({ name, client, heard });
      continue;
    }
    heard.stop();
    client.close();
  }
  return listeners;
}

/** The server closes every connection and another one takes its place, to which the token means nothing. */
async function reconnects(listeners) {
  await sandbox.stop();
  forget();
  await sandbox.start();
  await Promise.all(listeners.map(({ name, heard }) => check(`${name}: reconnects when the server goes away`, heard.more)));
  for (const { name, client, heard } of listeners) {
    await check(`${name}: stops listening`, async () => {
      heard.stop();
      await sandbox.pause(100);
      const before = heard.events;
      await sandbox.ring();
      await sandbox.pause(300);
      must(heard.events === before, 'events after the end');
    });
    await client.close();
  }
}

process.once('exit', sandbox.cleanUp);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const timer = setTimeout(() => {
  report('the whole run', new Error(`not done within ${wholeRun} ms`));
  finish();
}, wholeRun);

function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

try {
  await sandbox.build();
  await sandbox.start();
  await audits();
  await reconnects(await conversations());
  await sandbox.stop();
} catch (error) {
  report('the run', error);
}
clearTimeout(timer);
finish();
