// Package providertest holds the suites that every driver of a kind must pass, whatever system it speaks to.
//
// A suite gets a harness: the driver, and levers on the far side of the wire. The far side is an emulator over real
// HTTP, or a live account whose levers a person pulls. A suite asks only what the rest of the gateway relies on: which
// commands may be repeated, which code a refusal carries, what is never sent twice.
//
// [Memory] is for the drivers' own tests of what they do about time.
//
// It refuses to look at wire formats; those are each driver's own tests.
package providertest
