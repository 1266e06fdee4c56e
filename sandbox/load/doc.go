// Package load measures a gateway that runs in a process of its own: what the work list adds to its slowest upstream
// query, how many pushes are stored and answered, how fast call events reach thousands of subscribers, what a call's
// audio costs, what FortyTwo's own fields cost beside a bare proxy and while its schema changes. `helix load` starts what a
// measurement needs and prints what came of it.
//
//	driver: emulators, clients, clocks  ──HTTP, WebSockets──  gateway: the process that is measured
//	        └── /proc/<pid>, /metrics: CPU time, memory, descriptors, what waits in the log
//
// Invariants: a rate is kept by the clock and not by the answers, and a latency counts from when its push was due, so
// that a gateway that stalls is charged for what it holds up. What did not come back is counted as lost, never left
// out. The bodies of pushes are those that the emulator of Ozonetel sends, recorded anew at each start.
//
// Failure policy: a request that fails is counted; a measurement that could not be made at all is an error. Every wait
// has a limit, and what had not happened by then is told as such.
//
// The package decides nothing: it has figures, and targets at most as text beside them. It imports nothing of the
// gateway, so that what it sends and reads is the protocol alone.
package load
