// A normalised cache over one graph of two sides: FortyTwo's records and what the gateway says of them.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import { createClient } from 'graphql-ws';
import { OperationTypeNode } from 'graphql';
import WebSocket from 'ws';

import * as sandbox from './sandbox.js';
import { authorizedFetch, headers } from './session.js';

const whose = 'Apollo Client with a normalised cache';

const page = gql`
  query Page($first: Int!, $after: String) {
    leads(first: $first, after: $after, orderBy: [{ id: AscNullsFirst }]) {
      edges { cursor node { id name leadStatus phone { primaryPhoneCallingCode primaryPhoneNumber } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;
const profile = gql`
  query Profile($phone: PhoneNumber!) {
    callerProfile(phone: $phone) { phone known lead { id leadStatus assignee { id name { firstName } } callTimeline(first: 1) { edges { node { kind at } } } } }
  }
`;
const update = gql`
  mutation Update($id: UUID!, $status: LeadLeadStatusEnum!) { updateLead(id: $id, data: { leadStatus: $status }) { id leadStatus } }
`;
const changes = gql`
  subscription Changes($id: UUID!) { recordChanged(object: "lead", id: $id) { action recordId updatedFields after } }
`;
const status = gql`fragment Status on Lead { leadStatus }`;

function connect() {
  const socket = createClient({ url: sandbox.socketUrl, webSocketImpl: WebSocket, connectionParams: headers });
  const sent = []; // operations that went to the server
  const http = new HttpLink({ uri: sandbox.url, fetch: authorizedFetch });
  const noting = new ApolloLink((operation, forward) => {
    sent.push(operation.operationName);
    return forward(operation);
  });
  const link = ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, new GraphQLWsLink(socket), http);
  const client = new ApolloClient({
    link: noting.concat(link),
    cache: new InMemoryCache({ typePolicies: { Query: { fields: { leads: relayStylePagination(['filter', 'orderBy']) } } } }),
  });
  return { client, sent, close: () => socket.dispose() };
}

/** Keeps what a watched query shows. */
function watch(client, query, variables) {
  const observed = client.watchQuery({ query, variables });
  let last = {};
  const subscription = observed.subscribe((result) => (last = result));
  const data = () => {
    if (last.error) throw last.error;
    return last.data;
  };
  return { data, observed, stop: () => subscription.unsubscribe() };
}

/** All checks. eventually asks again until the answer is true. */
export async function normalisedCache(check, must, eventually) {
  const { client, sent, close } = connect();
  const leads = watch(client, page, { first: 2 });
  const shown = () => leads.data()?.leads?.edges ?? [];
  let lead, caller;
  const statuses = () => [shown()[0]?.node.leadStatus, caller.data()?.callerProfile?.lead?.leadStatus];
  const bothShow = (wanted) => eventually(() => statuses().every((status) => status === wanted));

  await check(whose, 'a record that both sides tell of is one entity', async () => {
    await eventually(() => shown().length === 2);
    lead = shown()[0].node;
    caller = watch(client, profile, { phone: lead.phone.primaryPhoneCallingCode + lead.phone.primaryPhoneNumber });
    await eventually(() => caller.data()?.callerProfile?.lead);
    const entities = Object.entries(client.cache.extract()).filter(([key]) => key === `Lead:${lead.id}`);
    must(entities.length === 1, `${entities.length} entities`);
    const members = Object.keys(entities[0][1]);
    must(['name', 'assignee', 'callTimeline({"first":1})'].every((name) => members.includes(name)), `it has ${members}`);
    const { assignee } = entities[0][1];
    must(assignee === null || assignee.__ref?.startsWith('WorkspaceMember:'), 'whom it is assigned to is no entity');
  });
  await check(whose, 'a mutation updates the record in both queries, without another request', async () => {
    const wanted = lead.leadStatus === 'CONTACTED' ? 'QUALIFIED' : 'CONTACTED';
    const before = sent.length;
    await client.mutate({ mutation: update, variables: { id: lead.id, status: wanted } });
    await bothShow(wanted);
    must(sent.slice(before).join() === 'Update', `sent ${sent.slice(before)}`);
  });
  await check(whose, 'pages of a connection merge', async () => {
    const after = leads.data().leads.pageInfo.endCursor;
    await leads.observed.fetchMore({ variables: { first: 3, after } });
    await eventually(() => shown().length === 5);
    must(new Set(shown().map(({ node }) => node.id)).size === 5, 'a record is shown twice');
    must(shown()[0].node.id === lead.id, 'the first page has changed');
  });
  await check(whose, 'a subscription to a record writes to the cache', async () => {
    const heard = [];
    const subscription = client.subscribe({ query: changes, variables: { id: lead.id } }).subscribe(({ data }) => {
      const { action, after } = data.recordChanged;
      heard.push(action);
      client.cache.writeFragment({ id: `Lead:${lead.id}`, fragment: status, data: { __typename: 'Lead', leadStatus: after.leadStatus } });
    });
    // Somebody else edits the record until the subscription, whose beginning nothing tells, has heard of it.
    for (let i = 0; heard.length === 0; i++) {
      await edit(lead.id, ['LOST', 'NEW'][i % 2]);
      await sandbox.pause(300);
    }
    await edit(lead.id, 'QUALIFIED');
    await bothShow('QUALIFIED');
    must(heard.every((action) => action === 'UPDATED'), `heard ${heard}`);
    subscription.unsubscribe();
  });
  leads.stop();
  caller?.stop();
  client.stop();
  await close();
}

/** Changes a record behind the cache's back. */
async function edit(id, wanted) {
  const response = await authorizedFetch(sandbox.url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query: update.loc.source.body, variables: { id, status: wanted } }),
  });
  const { errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
}
