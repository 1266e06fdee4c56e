// Package timeline is the sandbox's source of time: a clock and the timers that hang on it.
//
// Everything the emulators do later (an agent's phone is picked up, wrap-up runs out, a push is repeated) is a timer here.
// Under Run the timers follow the clock. A test leaves the clock fixed and calls Advance instead: timers then fire one
// after the other, each seeing its own due instant as Now, and no real time passes. Two runs that schedule the same
// timers fire them in the same order, because equal instants are ordered by the order of scheduling.
//
// The package holds no bound of its own: each timer belongs to a call, an agent or a push, and those are bounded by their owners.
// A function given to After runs on the goroutine of Run or Advance, one at a time, and may schedule further timers.
package timeline
