// A sandbox of its own for a run: built from this tree, started, restarted and stopped here.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const url = 'http://127.0.0.1:4100/graphql';
export const socketUrl = 'ws://127.0.0.1:4100/graphql';
export const voiceUrl = 'http://127.0.0.1:4104';
const controlUrl = 'http://127.0.0.1:4109/sandbox';

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
/** Of this run; removed with it. */
export const folder = mkdtempSync(join(tmpdir(), 'helix-conformance-'));
const program = join(folder, 'helix');
let child;

/** Compiles the gateway and refuses to run beside somebody else's sandbox. */
export async function build() {
  if (await listens()) throw new Error('port 4100 is taken: stop the sandbox that runs there');
  const { status, error } = spawnSync(process.env.GO ?? 'go', ['build', '-o', program, './cmd/helix'], {
    cwd: repository,
    stdio: 'inherit',
  });
  if (error || status !== 0) throw new Error('the gateway does not build');
}

/** Starts the sandbox, with settings besides those of every run, and waits until it serves. */
export async function start(settings = {}) {
  child = spawn(program, ['sandbox'], {
    // The gateway's log outlives a restart, what the emulators knew does not.
    env: { ...process.env, SANDBOX_TRAFFIC: 'off', LOG_LEVEL: 'error', DATA_DIR: join(folder, 'data'), ...settings },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const started = child;
  const deadline = Date.now() + 120_000;
  while (!(await ready())) {
    if (started.exitCode !== null || Date.now() > deadline) throw new Error('the sandbox does not start');
    await pause(100);
  }
}

/** Lets the server close every connection in good order, and waits until it is gone. */
export async function stop() {
  const stopping = child;
  child = undefined;
  if (!stopping || stopping.exitCode !== null || stopping.signalCode !== null) return;
  const gone = new Promise((resolve) => stopping.once('exit', resolve));
  stopping.kill('SIGTERM');
  const timer = setTimeout(() => stopping.kill('SIGKILL'), 120_000);
  await gone;
  clearTimeout(timer);
}

/** Leaves nothing behind, whatever state the run is in. */
export function cleanUp() {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

/** Lets a patient ring in and give up: events for every subscriber to call events. */
export async function ring() {
  const { ucid } = await control('POST', '/calls');
  await control('POST', `/calls/${ucid}/abandon`);
}

/** Says where the results of conversations go and what signs them; nothing: to the gateway. */
export const setConversationWebhook = (webhook) => control('PUT', '/elevenlabs/webhook', webhook);

async function control(method, path, body = {}) {
  const response = await fetch(controlUrl + path, { method, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`the control server answers ${response.status}`);
  return response.json();
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function ready() {
  try {
    return (await fetch('http://127.0.0.1:4100/readyz')).ok;
  } catch {
    return false;
  }
}

function listens() {
  return new Promise((resolve) => {
    const socket = connect(4100, '127.0.0.1');
    socket.once('connect', () => resolve(socket.destroy() && true));
    socket.once('error', () => resolve(false));
  });
}
