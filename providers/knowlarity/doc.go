// Package knowlarity drives one account of Knowlarity: it dials patients, reads the call log and what the account reports,
// and speaks the dialect of its audio socket.
//
// It owns the translation between Knowlarity's wire formats and the words of package helix. The protocol is described in
// knowlarity.md; numbers in comments are its sections.
//
//	Dial ── flow, makecall or campaign ── answer ── placed, refused, or not known
//	                                        └── providers.Client, Safety Once
//
//	CallLog ────────────┐
//	DecodeCallback ── record: lenient fields ── status ── helix.DialReport
//
//	Check ── a page of the call log ── whether the account answers and takes our keys
//
//	Line ── metadata: JSON or Python literal ── helix.LineStart
//	  └──── playAudio, killAudio, disconnect, transfer
//
// Invariants:
//   - A dial leaves once. The provider knows no idempotency key, so a repetition would ring the patient twice (2.4).
//   - A dial is refused only where that is proven: no connection was made, a 4xx, or an `error` in words that do not tell
//     of a fault. Everything else that is no success is UNKNOWN_OUTCOME: a time-out, a reset, a 5xx (a gateway in front
//     of the dialler answers so too, before or after the dial), a 200 that is no JSON or says neither.
//   - Keys, stream addresses, phone numbers and what patients are told appear in no error.
//   - Nothing in a callback or in a stream's first message is proof of anything: neither is signed (5, 6.3).
//
// Failure policy: a field that cannot be read counts as missing, a document that cannot be read is an error that does not
// quote it. A first message of a stream that is cut or broken starts the stream with what can be read of it. An account
// without a key answers every request with NOT_CONFIGURED and still decodes.
//
// Bounds: 500 records in one callback, 40 pages of the call log, 64 KB for a document to decode, 32 levels of nesting,
// 4 KB of metadata.
//
// It refuses to follow calls, to decide whether one may be dialled, and to listen to the account's event stream: the
// stream has no replay (4), callbacks and the call log tell the same.
package knowlarity
