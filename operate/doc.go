// Package operate is what supervisors do to the gateway itself: they decide about dead letters, erase a person, and ask
// whether the log was changed.
//
// Erasing goes from what could bring a person back to what tells where to look: pushes that wait to be handled, writes
// that wait for FortyTwo, the missed call, and the events last, since they name the calls that the rest belongs to.
// A trace is kept before anything is removed and completed at the end.
//
// Invariants:
//   - Nothing that is shown or kept of these operations holds a number, a name or a message's content.
//   - Every operation may be repeated. What was done already is not found again.
//
// Failure policy: an erasure that fails on the way says so, leaves a trace that is not finished, and is completed by
// asking for the same person again. A call that is open, or that waits for its disposition, is not erased: that would
// strand the agent who works on it.
//
// What it cannot reach, and refuses to pretend: records in FortyTwo, which are FortyTwo's to erase; the provider's own
// records; a push that a handler holds at this moment; a number that somebody brought into another person's call; and a
// push whose text hides the number so well that its digits are not found in it.
package operate
