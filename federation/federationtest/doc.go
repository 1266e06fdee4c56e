// Package federationtest holds what the federation is compared with: a conforming executor, random documents, and the comparison of
// two answers.
//
//	Executor   executes documents over any schema, straight from the GraphQL specification of October 2021 (executor.go, collect.go,
//	           arguments.go, complete.go); a Source answers single fields
//	Local      the same executor as a graphql.ExecutableSchema: a gateway's local half that a test writes in a few functions
//	Generator  draws valid documents with their variables over a schema; every choice is rapid's, so that failures shrink
//	Compare    tells whether two answers say the same, and what not
//
// The differential test draws a document, has it executed by the gateway, over an emulated FortyTwo with its dialect, and by an
// Executor over the same records, and compares.
//
// Invariants:
//   - Nothing of federation/plan or federation/raise is used: what both sides share cannot be found by comparing them.
//   - The executor works field after field in document order; with a deterministic Source its answers are deterministic.
//   - A drawn document is valid, and what it asks for is bounded (Hints).
//
// Failure policy: a document that cannot be executed is answered with errors and without data. Functions never panic on a document
// or on variables; a Source that gives an object where the schema has a scalar is answered with an error.
//
// What it refuses to do: introspection, subscriptions, incremental delivery, and comparing the texts of errors.
package federationtest
