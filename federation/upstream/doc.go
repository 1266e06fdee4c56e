// Package upstream carries composed documents to FortyTwo: one HTTP request with one root field, and back the bytes of its answer.
//
//	Do ── mutation ── close the caller's flights ── send ── close them again
//	   └─ query ── join an open flight of the same caller and the same bytes, else start one ── send
//
//	send ── breaker ── span ── one HTTP/1.1 round trip ── body in one buffer ── is it GraphQL? ── breaker, health, histogram
//
// What it owns: the connections to FortyTwo's /graphql, the headers that go along, the time and size of an exchange, the
// sharing of identical queries, the code of a failure that is not in a GraphQL body, and the words in which errors that
// are in one reach a client ([Errors]). Where a GraphQL body is read, its errors attributed and its data raised is the
// executor's affair.
//
// Why not providers.Client, which carries the drivers' requests: here each request is a user's own, under load there are
// thousands in a second, and what the kit adds (repeats with pauses, turns, a connection for each command, a context for
// each layer) costs more than the request itself. The kit's Circuit is used, so that "FortyTwo is gone" means the same to
// both; its words for network failures as well.
//
// Invariants:
//   - A mutation leaves at most once. It has no GetBody, so that net/http cannot send it again either.
//   - A failed mutation is UPSTREAM_UNAVAILABLE only when it is proved that nothing happened: the breaker was open, no
//     connection was ever given to the request, or a status says that nobody took it. Else it is UNKNOWN_OUTCOME.
//   - A query is sent again, once, when its connection turned out to be closed by the server; never for another reason.
//   - Callers share no request with each other: key, token and languages are compared, not their hash alone. Mutations
//     are shared with nobody, and no query that is sent after the start or the end of a mutation of its caller joins
//     one that was sent before.
//   - A caller who leaves gets his error at once. His request goes on as long as somebody waits for it, and is cancelled
//     when the last one has left.
//   - Of a caller's headers Authorization, Accept-Language, x-locale and traceparent go along. No cookie, baggage or
//     tracestate does.
//   - No token, document, variable, answer or URL reaches a log, an error, a span or a metric.
//
// Bounds: as many connections as Options say, a request beyond waits for one within its time; documents of 10 MiB, which is
// what FortyTwo takes; answers of Options.MaxResponse; the table of flights holds no more than is under way; 4,096 labels of
// the histogram; 21 errors of an answer.
//
// Failure policy: network failures, time-outs, 5xx and answers without a GraphQL body are FortyTwo's and open the breaker
// when they come in a row; then requests are refused at once until a probe is answered. What is the caller's is not
// counted: that he left, that his token, right, quota or document is refused. A request that waited in vain for one of
// our own connections is not counted either.
//
// It refuses to wait and try again, to cache an answer, to decode one beyond its first member, to follow redirects, and to
// send anything without a token.
package upstream
