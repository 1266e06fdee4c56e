// Package introspection answers `__schema` and `__type` from a schema, as the specification has it.
//
// gqlgen's own answers pass over includeDeprecated wherever inputs are meant, give empty lists where null is due, and know nothing
// of deprecated directives, for which newer clients ask. [Extend] makes the last a part of the schema, [Serve] answers.
//
// Invariants: an answer is made of the schema alone and never fails; fields of a document that are not introspection are executed by
// the schema that is served, in one run.
//
// It refuses to decide who may introspect: while an operation's context forbids it, the served schema answers with its refusal.
package introspection
