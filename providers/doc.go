// Package providers is the outbound kit: the one way in which drivers of outside systems send HTTP requests.
//
//	driver ── Do(operation, request, read) ── retry ── limit ── breaker ── transport ── provider
//	                │                           │        │         │            │
//	                └── span, duration, health  │        │         │            └── may bytes have left? ── code of the failure
//	                                            │        │         └── is the provider gone?
//	                                            │        └── the family's turn
//	                                            └── by the operation's Safety, with jittered pauses
//
// It owns the policy that every driver would otherwise repeat: time-outs, retries, rate limits, the breaker, connection
// pools, the bound on an answer's size, traces, metrics, the health that /readyz shows, and the codes of failures that
// a provider did not put into words. A driver only builds requests and reads answers.
//
// Invariants:
//   - An operation of Safety [Once] leaves at most once. It travels on a connection of its own, over HTTP/1.1, with a
//     body that net/http cannot rewind, so that neither this package nor the standard library can repeat it.
//   - A failed Once is UPSTREAM_UNAVAILABLE only when no connection was ever handed to the request, which proves that
//     nothing was written. From then on it is UNKNOWN_OUTCOME.
//   - Redirects are not followed: they would repeat a command, or carry credentials to another host.
//   - No URL, header, body or address of a provider reaches a span, a metric, a log or an error.
//   - Trace context is not sent to providers: it would tell outsiders which requests belong together.
//
// Failure policy: a network failure, a 5xx and an answer that cannot be read are the provider's, they are repeated
// where the operation allows it and end as UPSTREAM_UNAVAILABLE; a 429 ends as TOO_MANY_REQUESTS. A caller who gives up
// ends the wait, never the command. A provider's Retry-After, or a turn, that reaches beyond the deadline is handed to
// the caller instead of being waited for. What an open breaker or a full queue refuses was never sent: it may be
// repeated, a dial too.
//
// It refuses to know any provider's protocol, and to stream: an answer is read whole, up to a bound.
package providers
