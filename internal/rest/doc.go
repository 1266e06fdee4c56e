// Package rest owns the REST paths of the systems that the gateway replaces, so that a frontend can move to GraphQL screen
// by screen. docs/rest.md lists them with what they take and answer.
//
// A path is one row of a table (endpoints.go): a method, a path, a GraphQL document, where the document's variables come
// from, and how its data becomes the answer. Nothing is decided here: documents are executed as those of POST /graphql are,
// with the same identity, limits and presence, and what GraphQL refuses is refused.
//
// What a request may look like:
//
//   - A body is one JSON object in UTF-8, or empty where nothing is required. Members that are not in the table are passed
//     over; so are null, empty text, and the agent's id and password that the old clients send: who calls follows from the token.
//   - Several names of one thing are accepted where old clients differ; of those given, the first in the table counts.
//   - Text may come as a number (ids of the telephony provider do, beyond 2^53), words in any case.
//   - Where a call is meant, the gateway's id and the telephony provider's (ucid, monitorUCID) are accepted.
//
// What an answer looks like, errors included, is JSON. An error is {"status":"error","message":…,"code":…} with a code of the
// GraphQL API, and under /api/ozonetel/ its status is 200, since the old clients show the message and go on. The
// exceptions, there as everywhere:
//
//	400  the request is wrong: not JSON, a member missing or of a wrong type, a value that cannot be
//	401  no valid token
//	403  not allowed
//	404  405  413  415  no such path; method, size or type of the body not accepted
//	429  this caller asks too often; Retry-After says when to come again
//	500  a fault of ours
//
// Elsewhere the status says what the code does: 404 for an id that does not exist, 409 where somebody else was first, 502
// and 503 for a system behind us. The paths of outbound calls, which the CRM calls with a key, have a form of errors of
// their own (outbound.go), {"error":…}.
//
// Invariants:
//
//   - [New] refuses a table whose documents do not fit the schema.
//   - What one request can cost is bounded: its body, and for a list the pages that are read for it. Each page is one
//     operation to the limits.
//   - Nothing of a request is logged or repeated in an error, but for a wish for an outbound call that is wrong: its sender is
//     shown what was understood.
//
// Failure policy: a list whose source fails in part is answered without that part, with the reason in "errors".
//
// The package refuses to know providers, services and resolvers: it asks by GraphQL alone. Only the id of a call that is
// known by the provider's is asked of a function, since GraphQL knows calls by our ids.
package rest
