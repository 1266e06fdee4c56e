// Package composetest makes schemas of FortyTwo of any size, for tests, benchmarks and load: shaped as the server's own are
// (fortytwo.md 3), with no server behind them.
//
// It owns the generator and the writing of introspection answers, and refuses to know any real workspace.
package composetest
