package day

import (
	_ "embed"

	"github.com/helix-engage/gateway/sandbox/client"
)

// Documents is what a desk's frontend sends: every operation of an agent and of a supervisor.
//
//go:embed desk.graphql
var Documents string

// queueDocuments are operations on the missed-call queue that [Documents] leaves out.
//
//go:embed queue.graphql
var queueDocuments string

// document is one operation of the documents, empty for an unknown one.
func document(name string) string { return client.Operation(Documents+queueDocuments, name) }
