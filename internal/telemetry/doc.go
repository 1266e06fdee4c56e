// Package telemetry owns what operators see: structured logs, traces and metrics.
//
// Everything is a value that main hands on: a *slog.Logger from [NewLogger], providers and a registry from [New]. The
// OpenTelemetry globals stay as they are, with one exception that [RouteFaults] explains.
//
// Invariants:
//   - No patient data and no secret leaves the process here. Callers do not log such; [Redactor] is the last line of
//     defence: it knows keys, the shapes of values, and the configured secrets themselves.
//   - Every log line that is written with a context carries request_id, trace_id and span_id, as far as there are any.
//   - Metrics have bounded labels: what a client can choose at will (host, agent string) is no label.
//   - /metrics works without a collector; traces and metrics go to one when an endpoint is configured.
//
// Failure policy: a collector that is away costs its own data. Exporters drop when their queue is full, after 2,048
// spans, and never hold up a request.
//
// The package refuses to log to files or over the network: stderr is the log, and whoever runs the process collects it.
package telemetry
