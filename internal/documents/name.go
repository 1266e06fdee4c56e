package documents

import (
	"encoding/json"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// keyDocumentID is under which extension transports hand the parameter documentId on.
const keyDocumentID = "documentId"

// maxName bounds an id, in bytes; a hash has 64.
const maxName = 256

// nameIn finds what a document is called in the extensions of a request, "" where it is not named.
func nameIn(extensions map[string]any) (string, *gqlerror.Error) {
	persisted, err := persistedIn(extensions["persistedQuery"])
	if err != nil {
		return "", err
	}
	given, named := extensions[keyDocumentID]
	if !named || given == nil {
		return persisted, nil
	}
	id, ok := given.(string)
	id = plain(id)
	if !ok || id == "" || len(id) > maxName {
		return "", refusal(helix.CodeBadInput, "documentId must be a string of 1 to 256 bytes")
	}
	if persisted != "" && persisted != id {
		return "", refusal(helix.CodeBadInput, "documentId and extensions.persistedQuery name two documents")
	}
	return id, nil
}

// persistedIn reads extensions.persistedQuery as it was decoded, with numbers of either kind.
func persistedIn(extension any) (string, *gqlerror.Error) {
	if extension == nil {
		return "", nil
	}
	members, ok := extension.(map[string]any)
	if !ok {
		return "", refusal(helix.CodeBadInput, "extensions.persistedQuery must be an object")
	}
	switch version := members["version"].(type) {
	case json.Number:
		ok = version == "1"
	case float64:
		ok = version == 1
	default:
		ok = false
	}
	if !ok {
		return "", refusal(helix.CodeBadInput, "extensions.persistedQuery.version must be 1")
	}
	hash, ok := members["sha256Hash"].(string)
	if !ok || plain(hash) == "" || len(hash) > maxName {
		return "", refusal(helix.CodeBadInput, "extensions.persistedQuery.sha256Hash must be a string of 1 to 256 bytes")
	}
	return plain(hash), nil
}

// plain takes off the mark of a name that is a hash. GraphQL Code Generator writes it into its manifest, and its clients send it.
func plain(name string) string { return strings.TrimPrefix(name, "sha256:") }
