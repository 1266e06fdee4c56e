// Package scheduler owns what happens by the clock: ingestion of missed calls and the other jobs, on gocron.
//
// Invariants: of all replicas only the leader runs a job (the elector is asked before each run); a job never runs twice
// at once on one replica, and a run that is due while the last one is still going is skipped; a job that panics or fails
// is logged, counted and run again when it is next due.
//
// Leadership is economy, not safety: a stale leader may run a job once more, so every job must be idempotent.
//
// It refuses to know what a job does.
package scheduler
