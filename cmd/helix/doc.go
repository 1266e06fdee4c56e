// Command helix is the gateway: `helix serve` against real providers, `helix sandbox` against emulators of them.
//
// It owns the configuration (config*.go), the wiring (gateway.go, http.go, adapters.go) and the subcommands; it is the only
// package that knows all others and the only one that reads the environment.
//
// Invariants: every fault of the configuration is reported at once, with the fix and without a secret; components start
// in an order in which each finds what it needs, and stop in the reverse one; nothing is kept in package variables but
// the version.
//
// Failure policy: a gateway that cannot be wired does not start; a provider that is not configured or does not answer is
// told by /readyz and `helix doctor` and stops nothing. A component that ends by itself ends the process.
//
// It refuses to hold any logic of the business.
package main
