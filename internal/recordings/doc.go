// Package recordings owns how recordings of calls are listened to: by short-lived links of ours, never by the provider's.
//
// A provider's recording URL opens to whoever has it, for ever (ozonetel.md 9). A link of ours holds that URL encrypted
// and ends after half an hour; the gateway fetches the recording and passes it on. Recordings that the gateway makes itself
// have names instead of URLs and are served under links of the same kind; who keeps them opens them ([Own]).
//
// Invariants: only hosts that the operator allowed are fetched, redirects are not followed, and nothing of the link or
// of the URL or name is logged. Byte ranges pass through, so that a player can seek.
//
// Failure policy: a link that ended, was tampered with or names another host is 404, indistinguishable; a provider that
// does not answer is 502.
//
// It refuses to keep recordings, to know how they are kept, and to know who may listen: whoever makes the link has decided that.
package recordings
