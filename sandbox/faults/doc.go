// Package faults holds what every emulator needs to go wrong on purpose and to tell what it received: a book of armed faults, a log of
// requests, and the ways in which a connection can fail.
//
// Invariants: a fault armed for n takings is taken n times, first armed first taken; counts of the log never go down. Bounds: a book
// holds 100 faults (Arm is false beyond), a log the latest 1,000 records and 1,000 counted names (further ones count under "…").
// What a fault means is its emulator's business. All types are safe for concurrent use, and their zero values are ready.
package faults
