// Package federation answers operations over one schema that is composed of ours and FortyTwo's.
//
//	operation ── executor of the current version ── plan ── rounds of fetches ──┬── ours: the generated executor, in process
//	             (federation.go, refresh.go)        (plans.go)  (run.go)        └── FortyTwo's: package upstream (fetch.go)
//	                                                              └── one writing pass over all that was fetched (package raise)
//
// FortyTwo speaks a dialect (fortytwo.md section 0). Package plan lowers what clients ask into what it understands, package
// raise makes of its answers what they asked for, package compose knows both schemas. Here the parts are put to work.
//
// # How an operation is answered
//
// Fetches go in rounds. The first asks for every root field: those of FortyTwo in one request each, ours together in one run
// of the generated executor with a narrowed selection. Then, level by level, what joins the two sides: the ids in the last
// round's answers are collected, and records of FortyTwo are read by id in one request for each type and level, our fields on
// its records in one run, and lists below its records in one request for each parent. A mutation takes its root fields one
// after another, each with all of its rounds.
//
// An answer of FortyTwo that is what was asked as it stands is checked and handed through without being decoded: data is then part
// of what FortyTwo sent, and may be used no longer than that, see Upstream.
//
// # Invariants
//
//   - A request sees one version of the schema from its first byte to its last; a subscription as long as it lasts.
//   - Whatever is read of FortyTwo is read with the caller's own token. Our fields on its records are answered only for
//     records that were just read so, see Options.Trusted.
//   - Each request to FortyTwo has one root field, so a failure is told where it belongs.
//   - A version that cannot be read or does not compose changes nothing: the one before goes on serving.
//   - While requests are served, a version is read, composed, validated and kept on disk in portions of a quarter of a
//     millisecond with rests between them.
//
// # Bounds
//
// Lists below other records: 50 in one document, 8 at a time (NESTED_LIST_TOO_WIDE). Ids in one request: 200. Records on one
// page: 200. Plans: 1,000 operations of each version, 32 choices of conditions each. What a document may cost at all is
// decided before (package limits).
//
// # Failure policy
//
// A failure of FortyTwo costs the fields that needed it: they are null, with an error at each. FortyTwo down at the start:
// the last version from disk is served, or our part alone; the state says so, and reading is tried again.
//
// The package refuses to know who a caller is, how FortyTwo is reached with the server's key, and what our fields mean.
package federation
