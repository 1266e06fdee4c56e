// Package plan turns a validated document into what has to be fetched for its answer, and the answers' shapes.
//
//	document ── collect.go: fields, merged and conditions decided ── build.go: roots and levels
//	                ├── local.go: what our generated executor is asked; hops to FortyTwo's records
//	                ├── remote.go: what FortyTwo is asked; hops to our fields and to lists (hops.go)
//	                └── request.go: one upstream request, with arguments coerced (value.go) and lowered (filter.go, order.go)
//
// FortyTwo understands less than the specification says (fortytwo.md section 0). Lowering makes of what a client asks what it
// understands: one root field, no alias, no directive, no argument below the root, one operator for each field of a filter, no
// empty `in`, every field that cursors are made of selected. Arguments go as variables of the types that FortyTwo declares,
// coerced completely here: with literals, defaults and absent variables as the specification has them.
//
// Invariants:
//   - A plan is immutable and belongs to one version of the schema and one choice of the variables that decide @skip and
//     @include, so that nothing in it is conditional. Parsed documents, which are shared, are never written to.
//   - What goes upstream depends on the plan and on arguments alone; aliases, fragments and the order of keys are ours.
//   - Records of one type on one level are asked for by one request, whatever wants them: selections without aliases and
//     arguments always merge.
//
// Bounds: 200 records on a page; 32 documents of one root field for orders that come in variables (others are written anew).
//
// Failure policy: an argument that cannot be meant (null where none may be, an id that FortyTwo does not take, a page too long,
// cursors in an order that loses records) is an error of the field, before anything is sent. A schema that plans cannot be made
// over is INTERNAL.
//
// It refuses to send anything, to read answers, and to know who asks.
package plan
