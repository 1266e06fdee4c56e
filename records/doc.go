// Package records owns writes to FortyTwo: the outbox and who drains it.
//
//	Submit ── outbox (durable, one lane per call) ── Run on the lease holder ── coalesce ── FortyTwo upsert ── done
//
// Invariants:
//   - A write that Submit accepted reaches FortyTwo at least once, also after a crash and while FortyTwo is down. Writes
//     are absolute values under client-made ids, so a second delivery changes nothing.
//   - Writes of one lane arrive in order. Writes of several lanes are sent together, up to a batch.
//   - One replica drains at a time. That is economy, not safety: two would only repeat idempotent writes.
//
// Failure policy: a write that FortyTwo cannot take now waits and is tried again with back-off, and its lane waits with
// it; one that FortyTwo refuses for good becomes a dead letter and parks its own lane alone.
//
// It refuses to read from FortyTwo and to write fields that the gateway does not own.
package records
