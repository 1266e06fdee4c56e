// The local schema as a part of a larger graph: what Apollo's own libraries make of the SDL that the gateway answers with.
import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';

import { authorizedFetch } from './session.js';
import * as sandbox from './sandbox.js';

const whose = '@apollo/subgraph and @apollo/composition';

/** As another router might see FortyTwo: a subgraph of its own with the same entities and the same page info. */
const fortyTwo = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
  scalar UUID
  scalar Cursor
  type Query { leads: [Lead!]! }
  type Lead @key(fields: "id") { id: UUID! name: String assignee: WorkspaceMember }
  type Patient @key(fields: "id") { id: UUID! name: String }
  type WorkspaceMember @key(fields: "id") { id: UUID! userEmail: String }
  type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: Cursor endCursor: Cursor }
`;

/** Throws what does not compose, and answers with the schema that a router would serve. */
function compose(...subgraphs) {
  const { errors, schema } = composeServices(subgraphs.map(([name, sdl]) => ({ name, url: sandbox.url, typeDefs: parse(sdl) })));
  if (errors?.length) throw new Error(errors.map((error) => error.message).join('; '));
  return schema.toAPISchema();
}

/** The checks of a schema that is read from a running gateway. */
export async function subgraph(check, must) {
  const ask = async (query, variables) => {
    const response = await authorizedFetch(sandbox.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await response.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };
  let sdl;
  await check(whose, 'a subgraph is built from the SDL', async () => {
    ({ sdl } = (await ask('{ _service { sdl } }'))._service);
    const schema = buildSubgraphSchema(parse(sdl));
    const entities = schema.getType('_Entity').getTypes().map(String).sort();
    must(entities.join() === 'Appointment,Call,FollowUp,Lead,Patient,WorkspaceMember', `the entities are ${entities}`);
    must(!/\b_(service|entities|Any|Entity|Service)\b/.test(sdl), 'the SDL holds what routers add themselves');
  });
  await check(whose, 'it composes alone', () => {
    const lead = compose(['helix', sdl]).type('Lead');
    must(lead.field('callTimeline') && lead.field('id'), 'a lead lacks its fields');
  });
  await check(whose, 'it composes with another subgraph of the same entities', () => {
    const lead = compose(['helix', sdl], ['fortytwo', fortyTwo]).type('Lead');
    must(lead.field('callTimeline') && lead.field('name'), 'a lead lacks the fields of one side');
  });
  await check(whose, 'its own subgraph schema and the gateway agree on an entity', async () => {
    const { viewer } = await ask('{ viewer { user { memberId } } }');
    const representations = [{ __typename: 'WorkspaceMember', id: viewer.user.memberId }, { __typename: 'Lead', id: viewer.user.memberId }];
    const { _entities } = await ask(
      'query($representations: [_Any!]!) { _entities(representations: $representations) { __typename ... on WorkspaceMember { id } } }',
      { representations },
    );
    must(_entities.length === 2 && _entities[0]?.id === viewer.user.memberId && _entities[1] === null, JSON.stringify(_entities));
  });
}
