// Package transport carries GraphQL over HTTP, over WebSockets and over Server-Sent Events: the bytes of a request in, the
// bytes of its answers out, over gqlgen's [graphql.GraphExecutor].
//
// It owns three things: the GraphQL-over-HTTP rules (media types, status codes, which method may do what), the streaming
// protocols with their ends, and the shape of an error in an answer. It follows the documents "GraphQL over HTTP" of the
// GraphQL foundation and PROTOCOL.md of the graphql-ws, graphql-sse and subscriptions-transport-ws packages to the letter; where they leave a
// choice, the choice is named beside the code.
//
// One [Handler] serves one path. An upgrade request becomes a socket (socket.go), a request that wants events an event
// stream (events.go, and reservation.go where one stream serves many operations), anything else gets one answer (http.go).
// All turn bytes into [graphql.RawParams] (params.go), prepare and run an operation (operation.go) and write its answers
// without decoding them (respond.go, dialect.go).
//
//	                      ┌─ http.go ──────────────────────┐
//	request ─ handler.go ─┼─ events.go ── reservation.go ──┼─ params.go ─ operation.go ─ respond.go
//	                      └─ upgrade.go ─ socket.go ───────┘
//	                         session.go: one goroutine per operation (stream.go) ─ queue.go ─┬─ one writer
//	                         or a place in a run that is shared (share.go) ─ hub.go ─────────┘
//
// # Invariants
//
//   - Nothing executes before it is known to be allowed: a form or text/plain POST, which a page of another origin can
//     send unasked, never executes, and a GET never mutates.
//   - The executor is chosen once per operation, so that none sees two schemas; a socket may outlive many of them.
//   - The data of an answer is written as it came from the executor. Over HTTP the operation's context has a [buffers.Lease] for what
//     data is part of; it ends when the answer was written to its last byte, and never when a write has failed.
//   - A socket has one reader and one writer, an event stream one writer. The reader decodes messages; it neither parses
//     nor executes GraphQL.
//   - After a client's complete no further frame of that operation is written; after the server's none follows.
//   - An event stream has one connection, and obeys only the caller who reserved it.
//   - An identifier is free again when its last frame has left the queue, not before, so that it cannot be confused
//     with that of a later operation.
//
// # Bounds and what happens at them
//
//   - Body and message size: refused with LIMIT_EXCEEDED and 413; a socket is closed with 1009.
//   - Sockets, event streams and reservations in all: 503. Reservations of one caller without a connection: 429; they lapse
//     after [SocketOptions.InitTimeout]. Operations per socket: an error message, or 429, for the one too many; the rest goes on.
//   - Frames and bytes waiting for a peer: an operation waits for room and meanwhile does not read its source, whose
//     own overflow policy applies. A peer that makes no room for [SocketOptions.SlowAfter] is disconnected with 1013,
//     or without a code where a half-written frame is in the way. No frame is ever left out. Of shared runs see below.
//   - Request errors per answer: the first twenty, and a count of the rest.
//
// # Shared runs
//
// Where [Options.Share] says that subscriptions of sockets are the same, one run of the operation, in a context without a
// caller, answers all of them: a hub. Each answer is encoded once, into a list; a subscriber is a place in that list, and has
// neither a goroutine nor a queue of its own. Publishing appends and wakes the writers, who frame what is shared straight
// into the write, their socket's own frames first.
//
//   - A run goes no faster than its quickest subscriber: up to MaxFrames and MaxQueued ahead of him. When even he makes no
//     room for SlowAfter, all are slow. Who is sixteen times MaxFrames or four times MaxQueued behind is disconnected with
//     1013 at once. What waits is held once, however many are behind, and no longer than until the slowest has it.
//   - A subscriber who resumes first has a run of his own. He joins after an answer where the hub has published nothing
//     beyond that place, and is spared what the hub publishes up to it: no gap and no repeat. He does not join a run that
//     does not tell its places.
//   - The run's errors and its end reach every subscriber; it ends with its last one. Each counts towards MaxOperations
//     and is reported to the hooks; the run is not.
//   - Event streams always have runs of their own.
//
// # Rights that change
//
// What a subscription may tell is decided when it begins. [Handler.Run] asks every ten seconds, once for each session, what its
// caller may do now, and ends his subscriptions with an error where that is not what it was: of a shared run his place in it
// alone. His client subscribes anew and is told what he may have. While nobody knows, everything goes on.
//
// # Close codes
//
// The codes of PROTOCOL.md, and three decisions of ours. A socket whose token has ended is closed with 4403, not 4401:
// graphql-ws treats 4401 (and 1011, 4400, 4409, 4429, 4500) as fatal and gives up, whereas after 4403 it connects again
// and asks for its connection parameters anew, which is what its own recipe for renewing a token builds on. A slow peer
// and a server that cannot check a token at the moment are told 1013, "try again later". A server that shuts down
// closes with 1001 and sends no complete for subscriptions, since a client takes a complete for the end of the stream
// and would not subscribe again elsewhere.
//
// # The legacy protocol
//
// A socket that offers only graphql-ws is served by its PROTOCOL.md (legacy.go), with the same bounds and close codes. What
// that document leaves open: a start before connection_init is refused, one that comes while Init is asked waits for the
// ack, a start under an identifier in use takes its place, and a second connection_init is an error that changes nothing.
//
// # The ends of event streams
//
// An event stream that its token, a shutdown or its slowness ends breaks off without a complete, for the same reason: its
// client connects again. A reservation is bound to what [Options.Caller] says, so the EventSource of browsers, which sends no
// header of one's choice, can connect to one only where callers are known by something that it does send.
//
// # Failure policy
//
// A panic costs the answer that it happened in: it is logged with its stack, answered as INTERNAL, and the process, the
// socket and its other operations go on. A text that is not coded never reaches a client.
//
// The package refuses to know who a caller is, which schema is served, and what a document may cost; these arrive as
// functions in [Options].
package transport
