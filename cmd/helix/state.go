package main

import (
	"strings"

	"github.com/helix-engage/gateway/internal/server"
	"github.com/helix-engage/gateway/providers/fortytwo"
)

// fortyTwoState says how FortyTwo does, for /readyz and `helix doctor`.
func fortyTwoState(s fortytwo.State) (server.State, string) {
	switch {
	case !s.Configured:
		return server.StateNotConfigured, "set PLATFORM_GRAPHQL_URL and PLATFORM_API_KEY"
	case !s.ModelReady:
		return server.StateDown, "the data model was not read yet: " + string(s.LastError)
	case s.LastError != "":
		return server.StateDegraded, string(s.LastError)
	case len(s.Missing) > 0:
		return server.StateDegraded, "the workspace lacks " + strings.Join(s.Missing, ", ")
	}
	return server.StateUp, ""
}
