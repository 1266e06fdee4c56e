package main

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/helix-engage/gateway/internal/auth"
	"github.com/helix-engage/gateway/internal/documents"
	"github.com/helix-engage/gateway/internal/limits"
	"github.com/helix-engage/gateway/internal/server"
)

// documentLimits refuses documents by their size and shape.
func (g *Gateway) documentLimits() *limits.Documents {
	c := g.cfg.Limits
	return limits.NewDocuments(limits.Options{
		Tokens: c.Tokens, Depth: c.Depth, Aliases: c.Aliases, RootFields: c.RootFields, Complexity: c.Complexity,
	})
}

// buildDocuments makes what knows documents by name, and reads the trusted ones.
func (g *Gateway) buildDocuments() (err error) {
	mode := documents.Mode(g.cfg.Documents.Mode)
	if mode != documents.Off {
		if g.trusted, err = documents.OpenFolder(documents.FolderOptions{Dir: g.cfg.Documents.Dir, Logger: g.log}); err != nil {
			return err
		}
	}
	g.documents = documents.New(documents.Options{
		Mode: mode, Folder: g.trusted, Logger: g.log,
		Known: func(ctx context.Context) bool {
			_, err := auth.Anyone(ctx)
			return err == nil
		},
	})
	return nil
}

// documentComponents follow the folder of trusted documents.
func (g *Gateway) documentComponents() []server.Component {
	if g.trusted == nil {
		return nil
	}
	return []server.Component{{Name: "trusted-documents", Run: g.trusted.Run}}
}

// documentChecks tell whether the folder of trusted documents is in force as it is.
func (g *Gateway) documentChecks() []server.Check {
	if g.trusted == nil {
		return nil
	}
	return []server.Check{{Name: "trusted-documents", Probe: func(context.Context) (server.State, string) {
		if g.trusted.Fault() != "" {
			return server.StateDegraded, "the folder cannot be read as a whole; what was read before is in force, the log says why"
		}
		return server.StateUp, ""
	}}}
}

// executeOwn runs a document that the gateway itself has written, which no folder needs to name.
func (g *Gateway) executeOwn(r *http.Request, document string, variables map[string]any) (json.RawMessage, gqlerror.List) {
	return g.graphQL.Execute(r.WithContext(documents.Own(r.Context())), document, variables)
}
