// Joins GraphiQL to the endpoint: POST for queries and mutations, graphql-transport-ws for subscriptions.
'use strict';

(() => {
  const root = document.getElementById('graphiql');
  const options = JSON.parse(root.dataset.options);
  const post = GraphiQL.createFetcher({ url: options.endpoint, enableIncrementalDelivery: false });

  function socketURL() {
    const url = new URL(options.subscriptionEndpoint, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    return url.href;
  }

  // One client for all subscriptions with the same headers: they identify a socket, not an operation.
  let client = null;
  let clientKey = '';
  function clientFor(headers) {
    const key = JSON.stringify(headers ?? {});
    if (client === null || key !== clientKey) {
      client?.dispose();
      client = graphqlWs.createClient({ url: socketURL(), connectionParams: headers ?? {} });
      clientKey = key;
    }
    return client;
  }

  async function* subscribe(params, headers) {
    try {
      yield* clientFor(headers).iterate(params);
    } catch (failure) {
      // A socket that was closed fails with an event, of which GraphiQL would show nothing.
      throw failure instanceof CloseEvent ? new Error(`socket closed: ${failure.code} ${failure.reason}`) : failure;
    }
  }

  function isSubscription(documentAST, operationName) {
    const operations = (documentAST?.definitions ?? []).filter((d) => d.kind === 'OperationDefinition');
    const chosen = operationName ? operations.find((o) => o.name?.value === operationName) : operations[0];
    return chosen?.operation === 'subscription';
  }

  function fetcher(params, fetcherOptions) {
    if (isSubscription(fetcherOptions?.documentAST, params.operationName)) {
      return subscribe(params, fetcherOptions?.headers);
    }
    return post(params, fetcherOptions);
  }

  ReactDOM.createRoot(root).render(React.createElement(GraphiQL, {
    fetcher,
    defaultQuery: options.defaultQuery || undefined,
    defaultHeaders: options.defaultHeaders || undefined,
    shouldPersistHeaders: false,
    isHeadersEditorEnabled: true,
  }));
})();
