// Runs clients that others wrote against a fresh sandbox. The last lines say how many checks of whom have passed.
import { auditServer } from 'graphql-http';

import { normalisedCache } from './cache.js';
import { clients } from './clients.js';
import { persistedQueries } from './persisted.js';
import { introspection } from './introspection.js';
import * as sandbox from './sandbox.js';
import { authorizedFetch, eventsDocument, forget, signInDocument, signInVariables, viewerDocument } from './session.js';
import { subgraph } from './subgraph.js';
import * as trusted from './trusted.js';
import { typedClient } from './typed.js';
import { voice } from './voice.js';

// How long a busy machine may take, in ms; nothing waits for it where all goes well.
const wholeRun = 900_000;
const oneCheck = 120_000;

const tally = new Map(); // passed and failed checks, by whose they are

function report(whose, what, error) {
  const counts = tally.get(whose) ?? { passed: 0, failed: 0 };
  tally.set(whose, counts);
  if (!error) {
    counts.passed++;
    console.log(`ok      ${whose}: ${what}`);
    return;
  }
  counts.failed++;
  console.log(`FAILED  ${whose}: ${what}: ${error.message ?? JSON.stringify(error)}`);
}

async function check(whose, what, run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${oneCheck} ms`)), oneCheck);
  });
  try {
    await Promise.race([run(), late]);
    report(whose, what);
  } catch (error) {
    report(whose, what, error);
  } finally {
    clearTimeout(timer);
  }
}

function must(condition, what) {
  if (!condition) throw new Error(what);
}

/** Asks again until the answer is true; a check is bounded as a whole. */
async function eventually(ask) {
  while (!(await ask())) await sandbox.pause(100);
}

/** A subscription that keeps the cursors of what comes, and lets one wait for more. */
function listening(client, variables = {}) {
  const heard = { cursors: [], error: undefined };
  heard.stop = client.listen(
    eventsDocument,
    variables,
    (result) => {
      const cursor = result.data?.callEvents?.cursor;
      if (cursor) heard.cursors.push(cursor);
      else heard.error = result.errors ?? result;
    },
    (error) => (heard.error = error),
  );
  // The moment at which a subscription is in force is not told by any of the protocols, so calls ring in until one is heard.
  heard.more = async () => {
    const before = heard.cursors.length;
    while (heard.cursors.length === before) {
      if (heard.error) throw heard.error;
      await sandbox.ring();
      await sandbox.pause(300);
    }
  };
  // What is replayed comes by itself.
  heard.atLeast = async (count) => {
    while (heard.cursors.length < count) {
      if (heard.error) throw heard.error;
      await sandbox.pause(20);
    }
  };
  return heard;
}

/** The audits of the specification's authors; a warning of theirs is a failure here. */
async function audits() {
  for (const result of await auditServer({ url: sandbox.url, fetchFn: authorizedFetch })) {
    const { id, name, status, reason } = result;
    report('graphql-http audits', `${id} ${name}`, status === 'ok' ? undefined : new Error(`${status}: ${reason}`));
  }
}

/** One answer each of a mutation and of a query. */
async function asks(name, client, when) {
  await check(name, `mutation${when}`, async () => {
    const { data } = await client.ask(signInDocument, signInVariables);
    must(data?.signIn?.session?.accessToken, 'no access token');
  });
  await check(name, `query${when}`, async () => {
    const { data } = await client.ask(viewerDocument, {});
    must(data?.viewer?.user?.email === signInVariables.email, 'not the viewer');
  });
}

async function conversations() {
  const listeners = [];
  for (const [name, { make, reconnects }] of Object.entries(clients)) {
    const client = make();
    await asks(name, client, '');
    const heard = listening(client);
    await check(name, 'subscription', async () => {
      while (heard.cursors.length < 2) await heard.more();
    });
    if (!reconnects) heard.stop();
    listeners.push({ name, client, heard, reconnects });
  }
  return listeners;
}

/** A subscription after an early cursor begins with exactly what followed it, in order, and goes on live. */
async function resumes(name, client, before) {
  const heard = listening(client, { after: before[0] });
  await check(name, 'resumes with a cursor of before', async () => {
    const missed = before.slice(1);
    await heard.atLeast(missed.length);
    must(missed.every((cursor, i) => heard.cursors[i] === cursor), 'not the events that followed the cursor');
    await heard.more();
    must(new Set(heard.cursors).size === heard.cursors.length, 'an event came twice');
  });
  heard.stop();
}

/** The server closes every connection and another one takes its place, to which the token means nothing. */
async function reconnects(listeners) {
  await sandbox.stop();
  forget();
  const before = listeners.map(({ heard }) => [...heard.cursors]);
  await sandbox.start();
  const reconnecting = listeners.filter((l) => l.reconnects);
  await Promise.all(reconnecting.map(({ name, heard }) => check(name, 'reconnects when the server goes away', heard.more)));
  for (const [i, { name, client }] of listeners.entries()) {
    await asks(name, client, ' afterwards');
    await resumes(name, client, before[i]);
  }
  for (const { heard } of listeners) heard.stop();
  // One who comes later hears what those who have left must not hear.
  const witness = clients['graphql-ws'].make();
  const later = listening(witness);
  for (const { name, client, heard } of listeners) {
    await check(name, 'stops listening', async () => {
      await later.more();
      must(!later.cursors.some((cursor) => heard.cursors.includes(cursor)), 'events after the end');
    });
    await client.close();
  }
  later.stop();
  await witness.close();
}

process.once('exit', sandbox.cleanUp);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
let timer;

function finish() {
  console.log();
  const all = { passed: 0, failed: 0 };
  for (const [whose, { passed, failed }] of tally) {
    all.passed += passed;
    all.failed += failed;
    console.log(`${String(passed).padStart(3)} passed, ${failed} failed  ${whose}`);
  }
  console.log(`${all.passed} passed, ${all.failed} failed`);
  process.exit(all.failed === 0 ? 0 : 1);
}

try {
  await sandbox.build();
  timer = setTimeout(() => {
    report('the run', 'in time', new Error(`not done within ${wholeRun} ms`));
    finish();
  }, wholeRun);
  await sandbox.start();
  await audits();
  await introspection(check, must);
  await subgraph(check, must);
  await reconnects(await conversations());
  await voice(check, must, eventually);
  await persistedQueries(check, must);
  await normalisedCache(check, must, eventually);
  const typed = await typedClient(check);
  await sandbox.stop();
  forget();
  await trusted.start(typed.manifest);
  await trusted.trustedDocuments(check, must, typed.manifest);
  await typed.again();
  await sandbox.stop();
} catch (error) {
  report('the run', 'to its end', error);
}
clearTimeout(timer);
finish();
