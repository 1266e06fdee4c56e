package upstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"

	helix "github.com/helix-engage/gateway"
)

// maxErrors is how many errors of one answer are shown; one more says how many there were.
const maxErrors = 20

// fault is an error as FortyTwo writes it: without path, without locations in record errors (fortytwo.md 11).
type fault struct {
	Message    looseString `json:"message"`
	Extensions struct {
		Code     looseString `json:"code"`
		SubCode  looseString `json:"subCode"`
		Friendly looseString `json:"userFriendlyMessage"`
	} `json:"extensions"`
}

// looseString is a text that another version may write as something else.
type looseString string

// UnmarshalJSON takes a string, or the message of an object {id, message}, which is how the token middleware of 2.x writes
// userFriendlyMessage (fortytwo.md 0.15). Anything else is the empty string, never an error.
func (s *looseString) UnmarshalJSON(raw []byte) error {
	*s = ""
	var object struct {
		Message string `json:"message"`
	}
	switch raw[0] {
	case '"':
		return json.Unmarshal(raw, (*string)(s))
	case '{':
		if json.Unmarshal(raw, &object) == nil {
			*s = looseString(object.Message)
		}
	}
	return nil
}

// ErrUnknownRoot is the Err of an error that says that FortyTwo does not know the document's root field. It says so to a token that
// opens no workspace, for which the error is written, and of a field that is gone from the schema: who knows the token better has
// to write another. Nothing was done then.
var ErrUnknownRoot = errors.New("FortyTwo does not know the root field")

// Errors turns the errors array of an answer, raw JSON, into errors for the client: at most 20 and one that counts the
// rest. status is the answer's, a hint where the array says nothing. No errors give nil.
//
// Each has extensions.code: FortyTwo's own where fortytwo.md 11 has it and it tells the client something, else one of
// helix.Code. subCode is kept when it is a word; userFriendlyMessage is always a string and there when FortyTwo sent one.
// retryAfter, in seconds, comes with TOO_MANY_REQUESTS. Texts hold no value of a record and no internals of FortyTwo: its
// own pass where the tables of meaning.go say so and they are plain. There are no paths: FortyTwo gives none.
func Errors(raw []byte, status int) gqlerror.List {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		if status < http.StatusBadRequest {
			return nil
		}
		return gqlerror.List{present(fault{}, status)}
	}
	faults, count := decodeFaults(raw)
	var list gqlerror.List
	for _, f := range faults {
		list = append(list, present(f, status))
	}
	if rest := count - len(faults); rest > 0 {
		list = append(list, &gqlerror.Error{
			Message:    "and " + strconv.Itoa(rest) + " more errors of FortyTwo",
			Extensions: map[string]any{"code": list[len(list)-1].Extensions["code"]},
		})
	}
	return list
}

// decodeFaults reads the first faults and counts all. What is not an array of objects is one fault of which nothing is known.
func decodeFaults(raw []byte) (faults []fault, count int) {
	array := json.NewDecoder(bytes.NewReader(raw))
	if open, err := array.Token(); err != nil || open != json.Delim('[') {
		return []fault{{}}, 1
	}
	for array.More() {
		var f fault
		into := any(&f)
		if count >= maxErrors {
			into = &struct{}{}
		}
		if err := array.Decode(into); err != nil {
			if _, odd := errors.AsType[*json.UnmarshalTypeError](err); !odd {
				return []fault{{}}, 1 // not JSON
			}
		}
		if count < maxErrors {
			faults = append(faults, f)
		}
		count++
	}
	return faults, count
}

// present writes one error for the client.
func present(f fault, status int) *gqlerror.Error {
	m := meaningOf(f, status)
	shown, friendly := m.texts(f)
	extensions := map[string]any{"code": m.code}
	if isWord(f.Extensions.SubCode) {
		extensions["subCode"] = string(f.Extensions.SubCode)
	}
	if friendly != "" {
		extensions["userFriendlyMessage"] = friendly
	}
	if m.code == string(helix.CodeTooManyRequests) {
		extensions["retryAfter"] = int(limitPause.Seconds())
	}
	presented := &gqlerror.Error{Message: shown, Extensions: extensions}
	if m.code == string(helix.CodeUnauthenticated) && isUnknownRoot(string(f.Message)) {
		presented.Err = ErrUnknownRoot
	}
	return presented
}

// isWord reports whether a code looks like one.
func isWord(code looseString) bool {
	return code != "" && len(code) <= 64 &&
		!strings.ContainsFunc(string(code), func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
}
