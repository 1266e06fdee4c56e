// The voice provider's own packages against its emulator: conversations in text with the client for browsers, everything else with
// the client for servers.
import { createServer } from 'node:http';
import { once } from 'node:events';
import WebSocket from 'ws';

import { setConversationWebhook, voiceUrl } from './sandbox.js';

globalThis.WebSocket ??= WebSocket; // a browser's; Node 20 has none
const { Conversation } = await import('@elevenlabs/client');
const { ElevenLabsClient } = await import('@elevenlabs/elevenlabs-js');

const apiKey = 'sk_sandbox_0000000000000000000000000000';
const agentId = 'agent_sandbox_intake';
const publicAgentId = 'agent_sandbox_public';
const secret = 'the secret of the conformance run';
const answers = ['61', 'knee pain', 'tomorrow'];
const browser = '@elevenlabs/client';
const servers = '@elevenlabs/elevenlabs-js';

const rest = new ElevenLabsClient({ apiKey, baseUrl: voiceUrl });
const origin = voiceUrl.replace('http', 'ws');

/** Lets a caller answer in text until the agent ends the conversation, and tells what the client has seen. */
async function talk(how) {
  const seen = { said: [], saved: {}, errors: [] };
  const over = new Promise((resolve) => (seen.resolve = resolve));
  const left = [...answers];
  const started = Conversation.startSession({
    ...how,
    connectionType: 'websocket',
    textOnly: true,
    userId: 'caller-1',
    dynamicVariables: { call_id: 'conformance' },
    clientTools: {
      save_patient_data: (values) => {
        Object.assign(seen.saved, values);
        return { saved: true };
      },
    },
    onMessage: ({ source, message }) => {
      seen.said.push(`${source}: ${message}`);
      if (source !== 'ai' || left.length === 0) return;
      const text = left.shift();
      started.then((conversation) => conversation.sendUserMessage(text)); // messages may come before the conversation is handed over
    },
    onError: (message) => seen.errors.push(message),
    onDisconnect: (details) => seen.resolve(details),
  });
  seen.id = (await started).getId();
  seen.end = await over;
  return seen;
}

/** Receives webhooks as an application would: the raw body and its header. */
async function receiver() {
  const received = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push({ body, signature: request.headers['elevenlabs-signature'] });
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { received, url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

function mustHaveTalked(seen, must) {
  must(seen.errors.length === 0, `errors ${seen.errors}`);
  must(seen.end.reason === 'agent', `ended by ${seen.end.reason}`);
  must(Object.keys(seen.saved).join() === 'age,symptom,preferred_time', `tools saved ${JSON.stringify(seen.saved)}`);
  must(seen.said.length >= 4, `${seen.said.length} messages`);
}

/** All checks. eventually asks again until the answer is true. */
export async function voice(check, must, eventually) {
  const hooks = await receiver();
  await setConversationWebhook({ url: hooks.url, secret });
  const ids = [];
  await check(browser, 'conversation by agent id, client tools, end by the agent', async () => {
    const seen = await talk({ agentId: publicAgentId, origin });
    ids.push(seen.id);
    mustHaveTalked(seen, must);
  });
  let signedUrl;
  await check(servers, 'conversations.getSignedUrl', async () => {
    ({ signedUrl } = await rest.conversationalAi.conversations.getSignedUrl({ agentId }));
    must(signedUrl?.startsWith(`${origin}/`), signedUrl);
  });
  await check(browser, 'conversation by signed URL, client tools, end by the agent', async () => {
    const seen = await talk({ signedUrl });
    ids.push(seen.id);
    mustHaveTalked(seen, must);
  });
  await check(browser, 'the caller ends the conversation', async () => {
    let ended;
    const over = new Promise((resolve) => (ended = resolve));
    const conversation = await Conversation.startSession({
      agentId: publicAgentId, origin, connectionType: 'websocket', textOnly: true, onDisconnect: ended,
    });
    await conversation.endSession();
    must((await over).reason === 'user', 'not by the user');
  });
  await check(browser, 'an unknown agent is refused', async () => {
    const refused = await talk({ agentId: 'nobody', origin }).then(() => false, () => true);
    must(refused, 'it was not');
  });
  await check(servers, 'conversations.get by its schema', async () => {
    let one;
    await eventually(async () => {
      one = await rest.conversationalAi.conversations.get(ids[0]);
      return one.status === 'done';
    });
    must(one.userId === 'caller-1' && one.transcript.length >= 7, `${one.userId}, ${one.transcript.length} turns`);
    must(String(one.analysis?.dataCollectionResults?.age?.value) === '61', 'the age was not collected');
    must(one.analysis.callSuccessful === 'success', one.analysis.callSuccessful);
  });
  await check(servers, 'conversations.list', async () => {
    const page = await rest.conversationalAi.conversations.list({ pageSize: 1 });
    must(page.conversations.length === 1 && page.hasMore && page.nextCursor, 'not the first of several pages');
  });
  await check(servers, 'conversations.audio.get', async () => {
    let bytes = 0;
    for await (const chunk of await rest.conversationalAi.conversations.audio.get(ids[0])) bytes += chunk.length;
    must(bytes > 0, 'nothing');
  });
  await check(servers, 'webhooks.constructEvent takes a delivered webhook', async () => {
    for (const id of ids) {
      await eventually(async () => {
        const hook = hooks.received.find(({ body }) => body.includes(id));
        if (!hook) return false;
        const event = await rest.webhooks.constructEvent(hook.body, hook.signature, secret);
        return event.type === 'post_call_transcription' && event.data.conversation_id === id;
      });
    }
  });
  await check(servers, 'webhooks.constructEvent refuses another body', async () => {
    const { body, signature } = hooks.received[0];
    const refused = await rest.webhooks.constructEvent(`${body} `, signature, secret).then(() => false, () => true);
    must(refused, 'it was taken');
  });
  await check(servers, 'a wrong key is refused', async () => {
    const stranger = new ElevenLabsClient({ apiKey: 'wrong', baseUrl: voiceUrl, maxRetries: 0 });
    const status = await stranger.conversationalAi.conversations.get(ids[0]).then(() => 200, (error) => error.statusCode);
    must(status === 401, `HTTP ${status}`);
  });
  hooks.close();
  await setConversationWebhook({});
}
