// What graphql-js makes of the gateway's introspection, with every option on.
import { buildClientSchema, getIntrospectionQuery, printSchema, validateSchema } from 'graphql';

import { authorizedFetch } from './session.js';
import * as sandbox from './sandbox.js';

const whose = 'graphql, a client schema';

const everything = {
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  experimentalDirectiveDeprecation: true,
  oneOf: true,
};

/** The check of a schema that is read from a running gateway. */
export async function introspection(check, must) {
  await check(whose, 'is built from introspection with every option', async () => {
    const response = await authorizedFetch(sandbox.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: getIntrospectionQuery(everything) }),
    });
    const { data, errors } = await response.json();
    must(!errors, JSON.stringify(errors));
    const schema = buildClientSchema(data);
    const faults = validateSchema(schema);
    must(faults.length === 0, faults.map((fault) => fault.message).join('; '));
    const printed = printSchema(schema);
    for (const type of ['type Lead ', 'type LiveCall ', 'input LeadFilterInput ', 'union _Entity ']) {
      must(printed.includes(type), `there is no ${type}`);
    }
  });
}
