// Package graph is the runtime of schema.graphqls and federation.graphqls: models, argument parsing, completion. gqlgen generates
// it; make generate does so anew.
//
// Written by hand are this file, federation.go, which binds what routers ask for, and package scalar.
//
// It refuses to hold behaviour: resolvers has that.
package graph
