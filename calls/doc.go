// Package calls owns what a call is: its identity, its events and their order.
//
//	push ── inbox ── decode ──┐
//	                          ├── [Service.Ingest] ── decide ── effects ── append ── tail ── [Stream]
//	poll ── abandoned calls, ─┘                          │                             │
//	        detail records                               │                             │
//	                                              fold of the events          ring, private replay
//
// A call is the fold of its events and nothing else. Providers report the same thing several times, late and out of
// order; decide compares a report with the fold and yields the events that are news, often none. Appending is a
// compare-and-set on the call's last event, so two replicas that handle reports of one call at once agree on one story.
//
// Invariants:
//   - Sequence counts from 1 without gaps within a call; the log order within a call is its sequence order.
//   - What a report causes elsewhere (a missed-call entry, an agent's state, a record in FortyTwo) is done before its
//     event is appended. A crash in between repeats it, and each of these effects is idempotent; a crash never loses it.
//   - Every event is sealed over itself and the seal of the event before it in its call, and names an event of any call
//     that stood in the log; so a log that was changed behind the gateway's back is found out (seal.go, verify.go).
//   - An erased person leaves holes that are noted before they are made, and nothing that says who it was (erase.go).
//   - A stream that resumes from a cursor sees every later event exactly once, then goes on live.
//
// Failure policy: a report that cannot be handled now is an error, and the inbox delivers it again; a push that cannot
// be decoded is permanent and becomes a dead letter. A slow subscriber costs only itself: it holds a position, not a
// queue, and reads from the log when it has fallen behind the ring.
//
// The package refuses to talk to providers (decoders are passed in), to know GraphQL, and to decide who may dial.
package calls
