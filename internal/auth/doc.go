// Package auth owns who is calling: it turns a bearer token into a [helix.Caller].
//
// The identity of a user is FortyTwo's own answer for this exact token. FortyTwo publishes no keys, so a claim read from
// the token may refuse (it has expired) and never grants. The answer is kept for at most a minute and never past the
// token's end, under the SHA-256 of the token; concurrent first requests ask once.
//
// Invariants:
//   - A token of another workspace of the same FortyTwo server is refused although it is valid there.
//   - Identity is asked for only when a field needs it: signing in works with a stale token in the header.
//   - A token is never logged, never part of an error and never a map key in clear.
//
// Failure policy: FortyTwo that cannot be asked is UPSTREAM_UNAVAILABLE, not UNAUTHENTICATED, so that clients do not
// throw a good session away.
//
// It refuses to decide what a caller may do with a field; resolvers say what they need with [Caller] and
// [Seat].
package auth
