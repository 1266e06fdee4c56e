// Package graphiql serves GraphiQL, the GraphQL editor for browsers, without any network but our own endpoint.
//
// It owns the page and the files that it is made of: GraphiQL, React and the graphql-ws client as their authors published
// them (assets, compressed, with their licences beside them; the fetch program obtains them), and a page and a script of
// ours (page). GraphiQL's own bundle carries no WebSocket client, so the script joins the two: queries and mutations go by
// POST, subscriptions by graphql-transport-ws. The header editor's headers go along with both, as the payload of
// connection_init in the second case.
//
// # Invariants
//
//   - Everything comes from this binary. The Content-Security-Policy allows no other source, no inline script and no eval,
//     so a missing file is seen at once and text from an answer cannot execute.
//   - Files are kept compressed and sent so to who takes it. Each has an ETag, so that a second visit costs a few 304s.
//   - Headers, tokens among them, are not kept by the page when it is closed.
//
// It refuses to know the schema and who may ask for it: the page asks like any other client.
package graphiql

//go:generate go run ./fetch -out assets
