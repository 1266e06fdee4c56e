// Package day plays a day of two agents and their supervisor against a running sandbox, as a frontend would: through the
// gateway's public GraphQL API alone, in the documents that a frontend sends (desk.graphql, queue.graphql). Patients and
// the provider's troubles are played through the sandbox's control server, and FortyTwo is read through its own API, with
// a desk's own token, to see what it holds in the end.
//
// Each step says in words what it does and then what was seen in the answers; the first step that fails ends the day
// with an error. Steps are grouped in chapters, a file each. Bounds: a step takes Options.Patience at most; what the
// subscriptions tell is kept until the day is over. It knows nothing of the gateway's insides, so that it can be run
// against any build of it.
package day
