// Package fortytwo is the driver of the CRM FortyTwo: it speaks its dialect of GraphQL, and the words of the business on
// the other side.
//
//	signIn, who-am-I, data model ── /metadata ── generated.go (genqlient), fixed operations
//	records                      ── /graphql  ── query.go, upsert.go, built from the model that was resolved at start
//	answers                      ── answer.go: errors or data; scan.go and node.go: what the data holds
//	webhooks                     ── webhook.go: the signature, what is kept of a body, what it says
//	changes of records, line 2.x ── /metadata ── streams.go: who watches what; stream.go, streamqueries.go: the event stream of a
//	                                token; sse.go, eventdata.go: what comes over it; recordread.go: the record, as its reader may see it
//
// A search is read by searchtext.go, asked by searchfilter.go, judged by searchrank.go and put together by search.go.
//
// A reader starts at client.go. The protocol is described in fortytwo.md; what is written here holds on its lines 1.5 and
// 2.x alike: one root field per request, values in variables, no alias, no directive, one operator per filter field,
// every field that is ordered by selected, record ids of UUID version 4 or 5.
//
// Invariants:
//   - Whose rights are used is said by every call's [helix.Access]; the zero Access is refused, and nothing falls back to
//     the server key. The model is read with the server key, records never on a user's behalf.
//   - No name of an object, field or value is assumed. Each is found in the workspace's metadata, or in Options.FieldMap;
//     what is missing is named by [Client.State] and fails or shrinks only what needs it.
//   - Writes are absolute values under ids of ours, sent as upserts, so repeating one is always safe.
//   - What is searched by is selected too: FortyTwo refuses to show a field that a role may not read, but would let it be
//     filtered by. Users' words reach a filter as literals, in variables.
//   - An event stream belongs to one token and ends with it, though FortyTwo would go on. It tells this package ids alone, and
//     whoever watches a record that it is to be read: after an interruption too, since nothing is replayed.
//   - The server key spends a budget of its own below FortyTwo's limit; write-back goes before look-ups. Users' tokens
//     are not limited here.
//
// Bounds of streams: 1,000 in this process, 100 records each, events of 256 kB; 30 s without a sign of life end one. It is opened
// again with back-off for as long as somebody watches; a server that knows none is not asked again for ten minutes.
//
// Failure policy: every failure is a coded [helix.Error]. FortyTwo's own text never reaches a message, except a plain
// sentence that it marks as fit for users; an operator's detail holds codes and names of the data model, never values.
// FortyTwo down is UPSTREAM_UNAVAILABLE, retryable, also while the data model was never read: [Client.Run] keeps trying.
// A refusal that a changed data model explains makes the model be looked at, and the request be made once more.
//
// It refuses to cache records or identities, to verify tokens (FortyTwo publishes no keys: its answer is the proof), and
// to pass on documents that clients wrote; those go through package federation.
package fortytwo
