// A client in TypeScript whose types are generated from the schema that the gateway serves. What the schema does not promise
// does not compile; what the gateway does not keep is thrown.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';

import {
  CallerProfileDocument, DispositionsDocument, LeadsDocument, MissedCallQueueDocument, MixedDocument, SearchDocument, SubgraphSdlDocument,
  TwiceTheSameFieldDocument, ViewerDocument, WorklistDocument, WriteAndDialDocument,
} from './gql/graphql.js';
import type { LeadsQuery } from './gql/graphql.js';

export type Ask = <Result, Variables>(document: TypedDocumentNode<Result, Variables>, variables: Variables) => Promise<Result>;
export type Check = (what: string, run: () => Promise<void>) => Promise<void>;

function must(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

type Lead = NonNullable<LeadsQuery['leads']>['edges'][number]['node'];

export async function run(ask: Ask, check: Check): Promise<void> {
  let first: Lead | undefined;
  await check('Leads: aliases, directives, defaults of variables', async () => {
    const { leads } = await ask(LeadsDocument, {});
    must(leads?.edges.length === 3, 'not three leads');
    must(typeof leads.total === 'number' && leads.total > 3, 'no total');
    for (const { node } of leads.edges) {
      must(node.__typename === 'Lead' && typeof node.ident === 'string', 'not a lead');
      must(node.assignee === null || typeof node.assignee.name?.firstName === 'string', 'an assignee without a name');
    }
    first = leads.edges[0]?.node;
    const without = await ask(LeadsDocument, { withPhone: false, search: '%' });
    must(without.leads?.edges.every(({ node }) => !('phone' in node)), 'what is not included is there');
    // @ts-expect-error a variable that the document does not have
    void (() => ask(LeadsDocument, { limit: 3 }));
    // @ts-expect-error a field that the document does not select
    void (() => first?.leadStatus);
  });
  await check('TwiceTheSameField', async () => {
    const { __typename, newest, oldest } = await ask(TwiceTheSameFieldDocument, {});
    must(__typename === 'Query', 'not the root');
    const [last, early] = [newest?.edges[0]?.node, oldest?.edges[0]?.node];
    must(last && early && last.id !== early.id && String(last.createdAt) > String(early.createdAt), 'not the newest and the oldest');
  });
  await check('Mixed: both sides in one document', async () => {
    const { worklist, leads } = await ask(MixedDocument, { first: 3 });
    must(worklist.edges.length === 3 && leads?.edges.length === 2, 'not three items and two leads');
    for (const { node } of worklist.edges) {
      if (node.__typename !== 'LeadTask') continue;
      must(node.lead && typeof node.lead.createdAt === 'string', 'a lead without its fields');
    }
    for (const { node } of leads.edges) must(Array.isArray(node.callTimeline?.edges), 'a lead without its calls');
  });
  await check('WriteAndDial: mutations in order, on both sides', async () => {
    must(first, 'no lead');
    const written = await ask(WriteAndDialDocument, { id: first.ident, phone: '9812345678', requestId: 'typed-client' });
    must(Object.keys(written).join() === 'first,dial,second', `answered ${Object.keys(written)}`);
    must(written.first?.leadStatus === 'CONTACTED' && written.second?.leadStatus === 'QUALIFIED', 'not written in order');
    must(typeof written.dial.ok === 'boolean', 'a dial that is neither done nor refused');
    // @ts-expect-error a variable that is required
    void (() => ask(WriteAndDialDocument, { phone: '9812345678', requestId: 'r' }));
  });
  await check('SubgraphSDL', async () => {
    const { _service } = await ask(SubgraphSdlDocument, {});
    must(_service.sdl?.includes('@key'), 'no SDL of a subgraph');
  });
  await check('the documents of a desk', async () => {
    const { viewer } = await ask(ViewerDocument, {});
    must(viewer.user.name !== '', 'a viewer without a name');
    const { worklist } = await ask(WorklistDocument, { first: 10 });
    must(worklist.edges.length === 10, 'not ten items');
    const { missedCallQueue } = await ask(MissedCallQueueDocument, { first: 5 });
    must(missedCallQueue.groups.length === 5, 'not five groups');
    const { dispositions } = await ask(DispositionsDocument, {});
    must(dispositions.length > 0, 'no labels');
    const lead = worklist.edges.map(({ node }) => node).find((node) => node.__typename === 'LeadTask');
    must(lead?.phone, 'no lead with a number');
    const { callerProfile } = await ask(CallerProfileDocument, { phone: lead.phone });
    must(callerProfile.known && callerProfile.lead?.id, 'a caller who is not known');
    const { search } = await ask(SearchDocument, { query: lead.phone.slice(-6) });
    must(search.totalCount > 0, 'nothing is found');
  });
}
