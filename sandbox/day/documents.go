package day

import (
	_ "embed"
	"regexp"
)

// Documents is what a desk's frontend sends: every operation of an agent and of a supervisor.
//
//go:embed desk.graphql
var Documents string

// OutboundDocuments is what a CRM sends: every operation on outbound AI calls.
//
//go:embed outbound.graphql
var OutboundDocuments string

// queueDocuments are operations on the missed-call queue that [Documents] leaves out.
//
//go:embed queue.graphql
var queueDocuments string

// document cuts one operation out of the documents; each begins a line. It is empty for an unknown one.
func document(name string) string {
	all := Documents + queueDocuments
	begins := regexp.MustCompile(`(?m)^(?:query|mutation|subscription) (\w+)`).FindAllStringSubmatchIndex(all, -1)
	for i, at := range begins {
		if all[at[2]:at[3]] != name {
			continue
		}
		end := len(all)
		if i+1 < len(begins) {
			end = begins[i+1][0]
		}
		return all[at[0]:end]
	}
	return ""
}
