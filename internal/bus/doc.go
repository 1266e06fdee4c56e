// Package bus is the durable log and the small state of the gateway, kept in NATS JetStream.
//
// It owns the connections (to an embedded server over a directory, or to a NATS cluster), every stream and every bucket
// (streams.go defines them all), and the ways in which the gateway uses them:
//
//	Inbox    raw provider pushes; stored before they are answered, those that come together as one message;
//	         handled lane by lane, deleted soon after the last of a message is handled
//	Events   the log of calls; compare-and-append per call, replay in pages, one live tail per process
//	Outbox   commands for FortyTwo; one lane per call, drained in batches by whoever holds the drainer's lease
//	Dials    the queue of outbound calls to be dialled, now or later; whoever has room takes one
//	Bucket   typed key-value state whose every move can be a compare-and-set
//	Lease    which replica does a thing, with a fencing token
//	Tell     what concerns only those who listen at this moment, in all processes; the one thing that is not stored
//
// Invariants:
//   - A write that returned nil survives kill -9 and the loss of power. The embedded server syncs every write to disk
//     before it answers; writes that come at the same time share a sync (group.go, commit.go).
//   - Messages of one lane are handled in order and never two at the same time, over all replicas: one replica at a
//     time reads the inbox and one the outbox (a lease says which), and whoever takes over starts with the oldest
//     message that is not done. There is no message that waits for a time-out of the server.
//   - Nothing that was stored is dropped before it was handled, except by age: no stream keeps anything longer than
//     Options.Retention.
//   - A directory belongs to one process. A second one is refused with [ErrLocked].
//
// A message of the inbox or the outbox goes this way; where it ends is the only way out of the stream:
//
//	        ┌────────────── back-off ◄─────────────┐
//	        ▼                                      │ error
//	stored ─► next of its lane ─► handled by one ──┼── nil ─► deleted
//	                                               │
//	                                               └── Permanent, or maxAttempts ─► dead letter
//
// Messages of the inbox are deleted in steps (removal.go): those before the first that is not handled in one request,
// every 50 ms, and those that have waited behind it for five seconds one by one. A crash before that gives them again, and
// all pushes of a message with them. Commands that were written together are deleted together, before it is told that they
// are written.
//
// A dead letter of the inbox leaves its lane, which goes on. A dead letter of the outbox keeps its place: the lane is
// parked behind it until an operator replays or drops it, so later commands of the call never overtake it.
//
// Erasing a person (EraseEvents, Discard) overwrites what the log held of him; an ordinary deletion leaves the bytes on the
// disk until the server tidies up. Values of buckets can only be deleted in the ordinary way. A message of which only some
// pushes are erased is overwritten as a whole, after the others were stored again at the end of the inbox: the one case in
// which a push leaves its place in its lane.
//
// Failure policy: delivery is at-least-once, handlers are idempotent. A handler that panics has failed and is tried
// again. Followers (TailEvents, Watch, ConsumeInbox, DrainOutbox) outlive a lost connection and go on where they were;
// they return nil when their context ends. Appends do not wait for a lost connection: they fail at once, so that a
// webhook is answered 503 and the provider tries again. A full inbox or outbox refuses with [ErrFull].
//
// It refuses to know what a message means, to hold audio or interim transcripts, and to put a phone number into a
// subject or a key: callers hand over tokens.
package bus
