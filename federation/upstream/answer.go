package upstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// errTooLarge says that an answer is longer than Options.MaxResponse.
var errTooLarge = errors.New("upstream: the answer is larger than the limit")

// read reads the answer's body into one buffer of its size.
func (c *Client) read(res *http.Response) ([]byte, error) {
	switch n := res.ContentLength; {
	case n > c.maxResponse:
		return nil, errTooLarge
	case n >= 0:
		body := make([]byte, n)
		_, err := io.ReadFull(res.Body, body)
		return body, err
	default:
		return c.readUnmeasured(res.Body)
	}
}

// scratch are buffers for answers whose length is not known before their end. One that has grown large is not kept.
var scratch = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const maxScratch = 1 << 20

func (c *Client) readUnmeasured(from io.Reader) ([]byte, error) {
	buffer := scratch.Get().(*bytes.Buffer)
	buffer.Reset()
	defer func() {
		if buffer.Cap() <= maxScratch {
			scratch.Put(buffer)
		}
	}()
	if _, err := buffer.ReadFrom(io.LimitReader(from, c.maxResponse+1)); err != nil {
		return nil, err
	}
	if int64(buffer.Len()) > c.maxResponse {
		return nil, errTooLarge
	}
	return bytes.Clone(buffer.Bytes()), nil
}

// isGraphQL reports whether an answer is a GraphQL response as far as its type and its first member tell. Whether it is
// JSON to the end is for its reader.
func isGraphQL(header http.Header, body []byte) bool {
	if !isJSON(header["Content-Type"]) {
		return false
	}
	body = bytes.TrimSpace(body)
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

func isJSON(contentType []string) bool {
	if len(contentType) != 1 {
		return false
	}
	media, _, _ := strings.Cut(contentType[0], ";")
	media = strings.TrimSpace(media)
	return strings.EqualFold(media, "application/json") || strings.EqualFold(media, "application/graphql-response+json")
}
