// Package raise turns what FortyTwo and the local executor answered into what the client's document asked for.
//
//	body of FortyTwo ── Open ──┬─ Same: the value is handed through, byte for byte
//	                           └─ else ── Tape.Parse ──┬── Collect: keys of the records that hops need ── (executor asks)
//	                                                   └── Writer.Write: one pass in the order of the document, taking
//	                                                       each field from its object or from a hop's record
//
// A plan's [Shape] says how each value is made. No value is ever decoded: numbers, strings and custom scalars keep the
// bytes that came, so a long decimal or an escape is the client's as it was FortyTwo's.
//
// Invariants:
//   - Whatever Open or Parse accepts is JSON by RFC 8259 in valid UTF-8, at most 32 MiB long and 200 levels deep. Lone
//     surrogates in escapes are within the RFC and pass. White space in the value, but for that inside custom scalars,
//     makes Open say that it is not the same, since what is handed through is compact.
//   - What Write leaves in Buf is JSON with the members of the shape in its order, and nothing that the shape does not name.
//   - Nulls follow the GraphQL specification: null where the shape forbids it makes the nearest nullable parent null,
//     with one error at the place where it began. A missing member counts as null.
//   - Shapes are shared between requests and never written to. Tapes and writers belong to one request at a time; in the
//     steady state neither allocates anything but room for the answer.
//
// A name that one object has twice: [Value.Member] and Open take the first. Write looks where the member is expected
// before it searches from the start, so of two it can take the later one; FortyTwo's serialiser never produces either.
// A name that is spelled with escapes counts as unknown: names of GraphQL need none.
//
// Failure policy: a value of the wrong kind is a broken answer, null with an error, never passed on. Errors are bounded:
// [MaxErrors] of one answer are kept, the rest are counted in one last entry. Error texts hold no bytes of the answer.
//
// The package refuses to know GraphQL documents, schemas, HTTP and what FortyTwo's errors mean.
package raise
