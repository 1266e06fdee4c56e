// Package server owns the gateway's HTTP life: one listener, what every request passes through, the pages for
// operators, and how the process starts and stops.
//
//	request ── request id ── trace and metrics ── access log, panics ── headers, CORS ── routes of the caller
//
//	SIGTERM ── /readyz says 503 ── (DrainDelay) ── port closed, sockets told ── requests end (DrainTimeout) ── components
//	                                                                                             stop in reverse order
//
// Invariants:
//   - Every answer carries X-Request-Id, and every log line of the request carries the same.
//   - A log line, a span and a metric name the route's pattern, never the path or the query: secrets and patients' data
//     travel there.
//   - Another site's page is served only when its origin is configured; with "*" credentials are never allowed.
//   - A panic costs one request, a coded 500, and is logged with its stack.
//   - Contexts of requests outlive the signal to stop; they end with the time-out of the drain.
//
// Failure policy: a required dependency that is down makes /readyz say 503 and stops nothing. A component that ends by
// itself, with or without an error, stops the process: half a gateway is worse than a restarted one.
//
// The package refuses to know any route's meaning. Authentication, limits per caller and GraphQL are the routes' own.
package server
