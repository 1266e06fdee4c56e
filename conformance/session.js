// The caller of every check: a supervisor, who sees all calls, and whose token is renewed when a server does not know it.
import { pause, url } from './sandbox.js';

export const signInDocument = /* GraphQL */ `
  mutation SignIn($email: String!, $password: String!) {
    signIn(input: { email: $email, password: $password }) {
      ok
      error { code message }
      session { accessToken viewer { user { email } roles } }
    }
  }
`;
export const signInVariables = { email: 'meera@sandbox.test', password: 'sandbox' };
export const viewerDocument = /* GraphQL */ `query Viewer { viewer { user { email } roles } }`;
export const eventsDocument = /* GraphQL */ `subscription Events($after: Cursor) { callEvents(after: $after) { cursor kind callId } }`;

let token;

/** The access token, once for all clients of one server. */
export function accessToken() {
  token ??= signIn().catch((error) => {
    token = undefined;
    throw error;
  });
  return token;
}

/** Forgets the token: the server that knew it is gone. */
export function forget() {
  token = undefined;
}

export const headers = async () => ({ Authorization: `Bearer ${await accessToken()}` });

const authorized = (token) => async (input, init = {}) => {
  const all = new Headers(init.headers);
  all.set('Authorization', `Bearer ${await token()}`);
  return fetch(input, { ...init, headers: all });
};

/** fetch as the signed-in caller. */
export const authorizedFetch = authorized(accessToken);

/** fetch as an agent, who signs in each time: what is an agent's own is not a supervisor's. */
export const agentFetch = authorized(() => signIn({ ...signInVariables, email: 'asha@sandbox.test' }));

async function signIn(variables = signInVariables) {
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ query: signInDocument, variables }),
      });
      const { data } = await response.json();
      if (!data?.signIn?.ok) throw new Error('signIn was refused');
      return data.signIn.session.accessToken;
    } catch (error) {
      if (attempt === 1000) throw error;
      await pause(100); // the server is being started
    }
  }
}
