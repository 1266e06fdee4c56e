// Package helix holds the words of the business: what a call, an agent, a missed call, a disposition and an error are.
//
// A newcomer reads this package first. It owns the types that cross packages and the pure rules that belong to one
// type alone: who may see an event (event.go), which forms of a number providers take (phone.go), which failure may be
// tried again (error.go), where a subscriber stands in the log (cursor.go).
//
// Invariants:
//   - It imports the standard library and nothing else; every other package of the module may import it.
//   - No input or output, no clock, no goroutine, no global state: time arrives as a value.
//   - A type that means something is a type of its own: a [Phone] is not a string, a [CallID] is not an [AgentID].
//
// It refuses to know a provider's wire format, GraphQL or storage. Those speak these words; these words know none of
// them.
package helix
