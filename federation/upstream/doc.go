// Package upstream carries composed documents to FortyTwo: one HTTP request with one root field, and back the bytes of its answer.
//
//	Do ── mutation ── close the caller's flights ── send ── close them again
//	   └─ query ── join an open flight of the same caller and the same bytes, else start one ── send
//
//	send ── breaker ── span ── one exchange of package wire ── is it GraphQL? ── breaker, health, histogram
//
// What it owns: the use of FortyTwo's /graphql, the headers that go along, the time and size of an exchange, the
// sharing of identical queries, the code of a failure that is not in a GraphQL body, and the words in which errors that
// are in one reach a client ([Errors]). Where a GraphQL body is read, its errors attributed and its data raised is the
// executor's affair.
//
// Why not providers.Client, which carries the drivers' requests: here each request is a user's own, under load there are
// thousands in a second, and what the kit adds (repeats with pauses, turns, a connection for each command, a context for
// each layer) costs more than the request itself. The kit's Circuit is used, so that "FortyTwo is gone" means the same to
// both; its words for network failures as well.
//
// Why not net/http: an exchange of its client costs 43 allocations, and 61 with what is needed here, where a whole request
// of the gateway may cost 80. Package wire costs one, and says the same of what has left.
//
// Invariants:
//   - A mutation leaves at most once, and on a connection that is quiet as far as this machine can know.
//   - A failed mutation is UPSTREAM_UNAVAILABLE only when it is proved that nothing happened: the breaker was open, no
//     byte of the request has left, or a status says that nobody took it. Else it is UNKNOWN_OUTCOME.
//   - A query is sent again, once, on a new connection, when the kept one that it was given turned out to be closed by the
//     server before a byte of the answer; never for another reason.
//   - Callers share no request with each other: key, token and languages are compared, not their hash alone. Mutations
//     are shared with nobody, and no query that is sent after the start or the end of a mutation of its caller joins
//     one that was sent before.
//   - A caller who leaves gets his error at once; the first of several, whose goroutine makes the exchange, may have to write the
//     rest of the request before. The request goes on, in a goroutine of its own then, as long as somebody waits for
//     it, and is cancelled when the last one has left.
//   - Of a caller's headers Authorization, Accept-Language, x-locale and traceparent go along. No cookie, baggage or
//     tracestate does.
//   - An answer that one caller alone waits for stands in a buffer that his lease gives back; one that others have waited for too,
//     even if they have left, is never given back.
//   - No token, document, variable, answer or URL reaches a log, an error, a span or a metric.
//
// Bounds: as many connections as Options say, a request beyond waits for one within its time; documents of 10 MiB, which is
// what FortyTwo takes; answers of Options.MaxResponse; the table of flights holds no more than is under way; 4,096 labels of
// the histogram; 21 errors of an answer; 8 MiB of buffers for answers to come.
//
// Failure policy: network failures, time-outs, 5xx and answers without a GraphQL body are FortyTwo's and open the breaker
// when they come in a row; then requests are refused at once until a probe is answered. What is the caller's is not
// counted: that he left, that his token, right, quota or document is refused. A request that waited in vain for one of
// our own connections is not counted either.
//
// It refuses to wait and try again, to cache an answer, to decode one beyond its first member, to follow redirects, and to
// send anything without a token.
package upstream
