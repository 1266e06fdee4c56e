// Package wire posts documents to one server over HTTP/1.1: as little of the protocol as that takes, strictly.
//
//	Do ── idle connection that is quiet, else a new one, else wait for one ── head and body in one write ── read ── keep or close
//
// Why not net/http: its client makes 43 allocations for an exchange, has two goroutines for each connection and hands
// every request and every answer from one to another. Here the goroutine that calls [Client.Do] writes and reads, and an
// exchange on a kept connection allocates its answer's body at most.
//
// What it owns: the connections to the server, how a request is spelled, where an answer ends, and the proof that nothing
// of a request has left.
//
// Invariants:
//   - An [Exchange] with Once is written at most once. Another is written again once, on a new connection, when the kept
//     connection that it was given was closed before a byte of the answer came.
//   - Exchange.Sent is false only when no byte has left: there was no connection, or the first write failed with nothing written.
//   - A connection is kept only when request and answer are complete, the answer says where it ends and that the connection
//     may stay, and nothing came behind it. Before it is used again it must be quiet: neither closed nor with a byte
//     unread, as far as this machine can know. So no answer reaches a request that it was not for.
//   - An answer is refused when two readers could disagree about where it ends: Content-Length twice or beside
//     Transfer-Encoding, a coding other than chunked, a line end that is not CRLF, folded lines, control characters.
//   - A body is read where it stays. Memory that an Exchange lends for it comes back when there is no answer, else it is the caller's.
//   - A field's value with a control character is refused before anything is sent.
//   - [Exchange.Interrupt] ends a Do that waits for a connection or for bytes, so that another goroutine can go on where it was.
//     [Exchange.Abort] ends it wherever it is, and closes the connection.
//
// Bounds: Options.MaxConns connections, idle ones included; who comes later waits in line, at most until his deadline; 64 KiB of
// heads, chunk extensions and trailers of an answer; Options.MaxBody bytes of its body.
//
// Deadlines are the network's, so they are in the time of the machine and not of a clock that is given.
//
// It refuses HTTP/2, proxies, redirects, cookies, compression, upgrades and requests whose length is not known.
package wire
