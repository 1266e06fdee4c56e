// Package ozonetel drives one account of Ozonetel CloudAgent: agents, dials, dispositions, reports and pushes.
//
// It owns the translation between CloudAgent's wire formats and the words of package helix: which request says what,
// how one account authenticates, and what an answer or a push means. The protocol is described in ozonetel.md; numbers
// in comments are its sections.
//
//	Login Dial …  ── send ── credentials ── providers.Client ── CloudAgent
//	                   │          │                └── limits: one queue for each family
//	                   │          └── tokens: one for all replicas, in a TokenStore
//	                   └── normalise ── failureOf: documented text ── helix.Code
//
//	CallRecords ── recordBook: answers of lately, shared requests ── send
//
//	push body ── readPush ── fields ── DecodeEvents, DecodeCDR, DecodeScreenPop ── helix.ProviderReports
//
// Invariants:
//   - The body of an answer decides, not its HTTP status: CloudAgent answers 200 to nearly everything (0).
//   - A dial leaves once. It is sent a second time only after the token layer refused the first, which stands before
//     the application that dials: nothing was placed.
//   - Ids are strings from the first byte on; none passes through floating point.
//   - Local times of the account become UTC here and nowhere else; so do the two meanings of `Duration` (12.3).
//   - Numbers, passwords, keys and tokens appear in no error; texts of the vendor lose their digits first.
//
// Failure policy: what the vendor documents as an error although the wish is fulfilled ("already logged in", "already
// Disposed") is success. A text that we do not know is UPSTREAM_REJECTED with the text for the operator. What is no
// answer at all is UPSTREAM_UNAVAILABLE, or UNKNOWN_OUTCOME for a dial. An account without an API key answers every
// call with NOT_CONFIGURED and still decodes pushes.
//
// Limits: requests beyond what the account counts wait, first come, first served, and are refused at once when their
// turn comes after the caller's deadline. At most 64 answers about past calls are kept, the oldest goes first.
//
// Every request of sections 1 to 12 can be made, those that the desk has no button for included: [Client.DialPhone] and
// [Client.ReleaseLines].
//
// It refuses to keep state of agents or of calls that are up, and to know who may do what.
package ozonetel
