// Package graph is the runtime of schema.graphqls and federation.graphqls: models, argument parsing, completion. gqlgen generates
// it, and package trim makes what completes lists and plain fields faster; make generate does both anew.
//
// Written by hand are this file, execute.go, which the trimmed code calls, federation.go, which binds what routers ask for, and
// package scalar.
//
// It refuses to hold behaviour: resolvers has that.
package graph

//go:generate go run ./trim generated.go
