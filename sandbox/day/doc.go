// Package day plays an agent's day against a running sandbox, as a frontend would: through the gateway's public GraphQL
// API alone, in the documents that a frontend sends (desk.graphql). Patients are played through the sandbox's control
// server, and FortyTwo is read through its own API, with the agent's own token, to see what it holds in the end.
//
// Each step says in words what it does and what came of it; the first step that fails ends the day with an error. It
// knows nothing of the gateway's insides, so that it can be run against any build of it.
package day
