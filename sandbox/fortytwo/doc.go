// Package fortytwo emulates FortyTwo, a metadata-driven CRM, in the dialect of line 2.7 or of line 1.5 (fortytwo.md).
//
// What it owns: two workspaces in memory, each with its metadata, records, members, roles, API keys and webhooks, behind the
// server's own HTTP endpoints.
//
//	/graphql   records, executed directly (graphql.go): no validation, one error per root field without a path, aliases below the root
//	           ignored, nested arguments ignored, unknown fields null, one operator per filter field, … (fortytwo.md section 0);
//	           introspection of the workspace; search
//	/metadata  a conforming executor over metadata.graphqls: sign-in, who am I, objects and fields, API keys, webhooks;
//	           the event stream (stream.go, streamserve.go)
//
// On line 1.5 a conforming executor answers both endpoints (execute15.go) over one schema, administration included (core15.go), with the same
// engine for records below it. What else differs stands in line.go and where Line15 is asked for.
//
// Where to look for the dialect: graphql.go and document.go (what becomes of a document), filter.go, operator.go, order.go, page.go
// (arguments of lists), read.go and project.go (what is answered), coerce.go, transform.go, create.go, update.go, remove.go (writes), authenticate.go
// and token.go (tokens), http.go (transport). Values that upstream would keep in PostgreSQL are kept as store.go says.
//
// Invariants:
//   - A root field holds its workspace's lock for as long as it works: each is atomic, and a failed one leaves nothing behind.
//   - A stored row is never changed, only replaced; whoever reads holds a consistent one.
//   - The same seed and start time give the same records with the same ids. Tokens and metadata of a running server differ.
//   - Nothing of a request but its path, operation name and root fields is logged; its document is kept in memory so as not to parse it again.
//   - The schema, and with it each answer to introspection, is made once for each metadata version.
//
// Bounds: 250,000 records per object, 100 webhooks, 1,000 API keys, 1,000 event streams of
// 1,000 queries and 1,000 waiting frames each (a stream that is further behind is cut off), 10,000 waiting deliveries (more are dropped and counted), 1,000
// logged requests (the oldest go), 100 armed faults, 10,000 refresh tokens (the oldest go), 1,000 documents, 8 answers to introspection, 10,000 verified tokens
// and 10,000 counted callers (each forgotten together when it is full), bodies of 10 MB, 500 levels of nesting.
//
// Failure policy: a request is answered as upstream would, or as an armed Fault says; outside input never panics. A webhook is sent
// once and then forgotten.
//
// What it refuses to do: /rest; onDbEvent of line 1.5, which is described alone, and its administration, which is FORBIDDEN; events of metadata and the small nested lists of `after` in the event stream; file upload; mergeXs; views,
// workflows, applications; two-factor sign-in; the OAuth endpoints; row-level permissions; purging the trash. Roles and users are
// configured (Options, SetRole), not edited over the API.
package fortytwo
