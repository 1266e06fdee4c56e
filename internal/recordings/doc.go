// Package recordings owns how recordings of calls are listened to: by short-lived links of ours, never by the provider's.
//
// A provider's recording URL opens to whoever has it, for ever (ozonetel.md 9). A link of ours holds that URL encrypted
// and ends after a few minutes; the gateway fetches the recording and passes it on.
//
// Invariants: only hosts that the operator allowed are fetched, redirects are not followed, and nothing of the link or
// of the URL is logged. Byte ranges pass through, so that a player can seek.
//
// Failure policy: a link that ended, was tampered with or names another host is 404, indistinguishable; a provider that
// does not answer is 502.
//
// It refuses to keep recordings and to know who may listen: whoever makes the link has decided that.
package recordings
