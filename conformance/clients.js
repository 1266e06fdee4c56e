// Every client in one shape: how it asks for one answer, and how it listens.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { WebSocketLink } from '@apollo/client/link/ws';
import { OperationTypeNode } from 'graphql';
import { Client as UrqlClient, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { SubscriptionClient } from 'subscriptions-transport-ws';
import WebSocket from 'ws';

import { socketUrl, url } from './sandbox.js';
import { authorizedFetch, headers } from './session.js';

// Always again, soon: a run is bounded as a whole.
const soon = () => new Promise((resolve) => setTimeout(resolve, 200));
const retries = { retryAttempts: 1000, retryWait: soon, shouldRetry: () => true };

const socketClient = () =>
  createSocketClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: headers, ...retries });

const legacyClient = () =>
  new SubscriptionClient(socketUrl, { connectionParams: headers, reconnect: true, minTimeout: 5_000 }, WebSocket, 'graphql-ws');

/** Listens by the iterator that graphql-ws and graphql-sse share. */
const byProtocol = (client) => ({
  ask: (query, variables) =>
    new Promise((resolve, reject) => {
      client.subscribe({ query, variables }, { next: resolve, error: reject, complete: () => {} });
    }),
  listen: (query, variables, next, error) =>
    client.subscribe({ query, variables }, { next, error, complete: () => error(new Error('complete')) }),
  close: () => client.dispose(),
});

const apollo = (link, dispose) => {
  const client = new ApolloClient({
    link,
    cache: new InMemoryCache(),
    defaultOptions: { query: { fetchPolicy: 'network-only' } }, // what is asked twice is to be answered twice
  });
  return {
    ask: (query, variables) => {
      const document = gql(query);
      const mutates = document.definitions[0].operation === OperationTypeNode.MUTATION;
      return mutates ? client.mutate({ mutation: document, variables }) : client.query({ query: document, variables });
    },
    listen: (query, variables, next, error) => {
      const subscription = client.subscribe({ query: gql(query), variables }).subscribe({ next, error });
      return () => subscription.unsubscribe();
    },
    close: () => {
      client.stop();
      dispose();
    },
  };
};

const urql = (exchanges, options, dispose) => {
  const client = new UrqlClient({ url, fetch: authorizedFetch, exchanges, requestPolicy: 'network-only', ...options });
  return {
    ask: (query, variables) =>
      (/^\s*mutation/.test(query) ? client.mutation(query, variables) : client.query(query, variables)).toPromise(),
    listen: (query, variables, next, error) => {
      const { unsubscribe } = client.subscription(query, variables).subscribe((r) => (r.error ? error(r.error) : next(r)));
      return unsubscribe;
    },
    close: dispose,
  };
};

/** Makers of all clients by name. reconnects tells whether the client itself connects again when a server goes away. */
export const clients = {
  'graphql-ws': { reconnects: true, make: () => byProtocol(socketClient()) },
  'graphql-sse, distinct connections': {
    reconnects: true,
    make: () => byProtocol(createSseClient({ url, headers, ...retries })),
  },
  'graphql-sse, single connection': {
    reconnects: true,
    make: () => byProtocol(createSseClient({ url, headers, singleConnection: true, lazy: false, ...retries })),
  },
  'Apollo Client over graphql-ws': {
    reconnects: true,
    make: () => {
      const socket = socketClient();
      const http = new HttpLink({ uri: url, fetch: authorizedFetch });
      const link = ApolloLink.split(({ operationType }) => operationType === 'subscription', new GraphQLWsLink(socket), http);
      return apollo(link, () => socket.dispose());
    },
  },
  'Apollo Client over the legacy protocol': {
    reconnects: true,
    make: () => {
      const socket = legacyClient();
      return apollo(new WebSocketLink(socket), () => socket.close());
    },
  },
  'urql over graphql-ws': {
    reconnects: true,
    make: () => {
      const socket = socketClient();
      const forwardSubscription = ({ query, variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
      });
      return urql([fetchExchange, subscriptionExchange({ forwardSubscription })], {}, () => socket.dispose());
    },
  },
  'urql over fetch': {
    reconnects: false,
    make: () => urql([fetchExchange], { fetchSubscriptions: true }, () => {}),
  },
};
