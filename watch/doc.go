// Package watch follows single records of FortyTwo for those who may read them.
//
//	event stream of the subscriber's token ─┐
//	                                        ├─ "look now" ─► the record is read with his token ─► compared ─► told
//	webhook ─ inbox ─ Changed ─ all replicas ┘
//
// What comes from FortyTwo unasked is a signal and no more: webhooks hold every column and know no rights, and streams
// outlive tokens and lose what happens while they are down. So a signal makes the record be read again with the
// subscriber's own token, and everything that he is told, the names of changed fields too, is the difference between what
// he read before and what he reads now. A signal without a difference that he may see is not told.
//
// The event stream is the source where there is one (line 2.x). Webhooks are heeded by subscribers whose stream is not open:
// line 1.5 has none, and one that broke takes a moment to come back. They are told to all replicas by the bus, unstored:
// who is not listening needs none of it, who was cut off is told to look again, and a synced write for every record that
// anybody changes in FortyTwo would cost the disk more than all calls do.
//
// Invariants:
//   - Nobody is told of a record that he did not just read with his own token. A right that he loses ends his subscription with
//     an error, and so does his token.
//   - A burst is one change: at most one signal waits per subscriber, his record is read at most once per Spacing, and the
//     newest state is what he gets.
//   - A subscriber who does not take what he is told is not read for.
//
// Bounds: Max subscriptions in this process (LIMIT_EXCEEDED beyond); one waiting signal and the last state of one record for each.
//
// Failure policy: while FortyTwo does not answer, a subscriber waits and the read is repeated with back-off. A subscription
// that has no source at all is refused with NOT_CONFIGURED. Where a signal is lost (FortyTwo sends each webhook once) or
// withheld (its stream says nothing to whom it took the right from), the record is read within minutes all the same.
//
// It refuses to follow lists or objects, to replay what happened before, and to pass on what a webhook says.
package watch
