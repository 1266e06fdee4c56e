// Package desk owns a human agent's day: his telephony session and state, the missed-call queue, dialling, disposing,
// the work list and the question who calls.
//
// Two things live here and nowhere else:
//
//   - An agent's presence ([Agents]): one KV entry per agent id. It keeps apart what the agent asked for and what the
//     provider says; a report older than the last is ignored, because pushes come late (ozonetel.md 12.2). A report of a state
//     that our own command led through is held back for a moment: it counts only when nothing contradicts it (presence.go).
//
//   - The missed-call queue ([Queue]): one KV entry per caller, the authority over who waits for a call back and who
//     holds him. Every move is one compare-and-set, so two agents never get the same caller, on one replica or on two.
//     FortyTwo shows the queue and does not decide it; the queue works while FortyTwo is down.
//
// The life of an entry:
//
//	                 claim                dial               dispose (answered)
//	PENDING (free) ────────> PENDING (held) ────> ATTEMPTED ───────────────────> COMPLETED
//	     ^                       │                   │  ^
//	     └── released, lapsed ───┘                   └──┘ dialled again
//
// What people change in FortyTwo comes back by webhook, and by a sweep since webhooks may be lost ([Edits]). A status that
// they set moves the entry like any other move; our own word, which FortyTwo may show late, is never taken for theirs. A
// deleted record is written again, for the patient waits all the same. Changes of follow-ups and leads are passed on
// as signals: which list, which item, and nothing that a reader might have no right to.
//
// What is due by the clock is done by tending, on one replica: lapsed offers, offers to desks that are gone, wishes that a
// call was in the way of, after-call work that was forgotten.
//
// Failure policy: what the provider refuses is an answer for the agent, never a fault. Dialling is tried once; a
// provider that does not answer leaves UNKNOWN_OUTCOME. Disposing and changing state may be repeated. Reading FortyTwo
// happens with the agent's own token and degrades only the part that needed it. Who calls is told again for two seconds, to
// the same token only.
//
// It refuses to know wire formats and GraphQL, and it never writes to FortyTwo itself: it submits records.
package desk
