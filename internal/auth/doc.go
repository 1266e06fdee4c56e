// Package auth owns who is calling: it turns a bearer token of a user, or an API key of the CRM, into a [helix.Caller].
//
// The identity of a user is FortyTwo's own answer for this exact token. FortyTwo publishes no keys, so a claim read from
// the token may refuse (it has expired) and never grants. The answer is kept for at most a minute and never past the
// token's end, under the SHA-256 of the token; concurrent first requests ask once. Who needs to know more exactly says how old
// it may be ([Recent]); a refusal ends what was believed before.
//
// The CRM is known by a key in X-Api-Key, which the operator configured; there may be several at once, so that keys can be
// replaced. Nobody is asked. A key is never a token nor the other way round, and the gateway's own key to FortyTwo is
// neither.
//
// Invariants:
//   - A token of another workspace of the same FortyTwo server is refused although it is valid there.
//   - Identity is asked for only when a field needs it: signing in works with a stale token in the header.
//   - A token is never logged, never part of an error and never a map key in clear. Of a key only the SHA-256 is kept, from
//     the moment that a request is read; all hashes are compared, in constant time.
//   - A key is forbidden whatever does not ask for it by name: [Caller] and [Seat] are members, [Anyone] may be a key.
//
// Failure policy: FortyTwo that cannot be asked is UPSTREAM_UNAVAILABLE, not UNAUTHENTICATED, so that clients do not
// throw a good session away.
//
// It refuses to decide what a caller may do with a field; resolvers say what they need with [Caller], [Seat] and [Anyone].
package auth
