package outboundday

import (
	_ "embed"

	"github.com/helix-engage/gateway/sandbox/client"
)

// Documents is what a CRM sends: every operation on outbound AI calls.
//
//go:embed outbound.graphql
var Documents string

// document is one operation of the documents, empty for an unknown one.
func document(name string) string { return client.Operation(Documents, name) }
