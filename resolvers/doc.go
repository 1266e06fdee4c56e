// Package resolvers translates between the schema and the services: one file per subject, no logic of its own.
//
// Invariants: a resolver asks who calls before it does anything; it turns a coded error into the payload's `error` when
// the caller can act on it and into a top-level error otherwise (errors.go); it never shows the text of an error that
// has no code.
//
// It refuses to hold state, to talk to providers and to decide what a service decides.
package resolvers
