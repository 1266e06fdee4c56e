// Package outbound owns outbound AI calls: their states, the queue of dials, attempts and retries, time-outs, the audit
// trail and the results.
//
//	Start ─ stored ─ queue ─ gates ─ intent stored ─ Dialler ─┬─ stream: Attach, Active, Said, Tool, Ended ─┐
//	                   ▲                                      ├─ Report (callback, call log)                ├─ over
//	                   └──── busy, no answer, refused ◄───────┴─ time: Deadlines, Reconcile                 │
//	                                                             Conversation (webhook, FetchConversations) ┘
//
// A call is one value in a bucket, moved by compare-and-set alone; states.go has the table of moves, docs/outbound.md its
// picture. The queue holds hints: whoever takes one reads the call and may find nothing to do.
//
// Invariants:
//   - An accepted Start is stored, and ends as COMPLETED or FAILED. Neither is ever left.
//   - The intent to dial (an attempt, DIALING) is stored before the request leaves. An attempt that is DIALING is never
//     dialled again, whoever finds it. A new attempt follows only a busy or unanswered call that the provider reported as
//     over, or a refusal that proves that nothing was placed; there are at most [helix.MaxAttempts].
//   - Time ends our wait, not the call. An attempt without word is asked for in the call log; absence there proves
//     nothing; after Options.Patience the call is FAILED with UNKNOWN_OUTCOME. Audio that arrives late is taken and cancels
//     a retry.
//   - An attempt's audio is attached once.
//   - What a change causes in FortyTwo and in the missed-call queue is done before the change is stored, and is
//     idempotent: a crash in between repeats it. Events follow the change and are made up for when they are missing.
//
// Results: the transcript of a finished conversation replaces what was heard while it ran. What the agent saved by tools
// stays; the provider's analysis of the whole conversation wins where both give a value for a key, since it has heard
// the patient correct himself; an analysis without a value erases nothing.
//
// Failure policy: when the bucket refuses or cannot be reached, methods fail with UPSTREAM_UNAVAILABLE and nothing
// happened; reports are then delivered again by the inbox. Lines that were spoken are stored in batches; a crash loses
// at most the last five seconds of them, which the provider's transcript brings back.
//
// It refuses to believe a report further than it goes: reports authorise nothing, and one that cannot be told from an
// earlier attempt's changes nothing.
package outbound

//go:generate go test -run TestDiagramIsInTheDocuments -update .
