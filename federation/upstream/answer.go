package upstream

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/helix-engage/gateway/federation/upstream/wire"
)

// isGraphQL reports whether an answer is a GraphQL response as far as its type and its first member tell. Whether it is
// JSON to the end is for its reader.
func isGraphQL(answer *wire.Answer) bool {
	if !isJSON(answer.ContentType) {
		return false
	}
	body := bytes.TrimSpace(answer.Body)
	if len(body) < 2 || body[0] != '{' || body[len(body)-1] != '}' {
		return false
	}
	first := bytes.TrimLeft(body[1:], " \t\r\n")
	if bytes.HasPrefix(first, []byte(`"data"`)) || bytes.HasPrefix(first, []byte(`"errors"`)) {
		return true
	}
	var members struct { // another order of members, or the JSON of a web server
		Data   json.RawMessage `json:"data"`
		Errors json.RawMessage `json:"errors"`
	}
	return json.Unmarshal(body, &members) == nil && (members.Data != nil || members.Errors != nil)
}

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.TrimSpace(media)
	return strings.EqualFold(media, "application/json") || strings.EqualFold(media, "application/graphql-response+json")
}
