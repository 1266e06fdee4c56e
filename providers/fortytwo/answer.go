package fortytwo

import (
	"bytes"
	"encoding/json"
	"errors"
)

// answer is a GraphQL response as FortyTwo sends it: status 200 almost always, errors without path (fortytwo.md 0, 11).
type answer struct {
	Data   json.RawMessage
	Errors []graphqlError
}

type graphqlError struct {
	Message    looseText  `json:"message"`
	Extensions extensions `json:"extensions"`
}

// extensions are hints only: any of them may be absent or, between versions, of another type.
type extensions struct {
	Code        looseText `json:"code"`
	SubCode     looseText `json:"subCode"`
	Friendly    looseText `json:"userFriendlyMessage"`
	ConflictsID looseText `json:"conflictingRecordId"`
}

// UnmarshalJSON takes whatever is there: extensions that are no object count as none.
func (e *extensions) UnmarshalJSON(b []byte) error {
	type plain extensions
	if json.Unmarshal(b, (*plain)(e)) != nil {
		*e = extensions{}
	}
	return nil
}

// looseText reads a string, or the message of an object {id, message}, which is how the token middleware of 2.x writes
// userFriendlyMessage (fortytwo.md 0.15). Anything else reads as "".
type looseText string

// UnmarshalJSON never fails.
func (t *looseText) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = looseText(s)
		return nil
	}
	var o struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(b, &o) == nil {
		*t = looseText(o.Message)
	}
	return nil
}

var errNotGraphQL = errors.New("the answer is not a GraphQL response")

// decodeAnswer reads a body. A body with neither data nor errors, such as the JSON of a failing web server, is refused.
// What it gives is JSON and lies in the body.
func decodeAnswer(body []byte) (answer, error) {
	if !json.Valid(body) {
		return answer{}, errNotGraphQL
	}
	return skimAnswer(body, nil)
}

// skimAnswer reads a body as decodeAnswer does, but checks no more of it than its errors, and that it is one object which ends
// where the body does. The data may be broken inside. pause, when there is one, is called now and then: a large body takes
// milliseconds.
func skimAnswer(body []byte, pause func()) (answer, error) {
	var a answer
	var failed []byte
	end := 0
	for name, value := range membersTo(body, &end, pause) {
		switch {
		case named(name, "data"):
			a.Data = value
		case named(name, "errors"):
			failed = value
		}
	}
	if end == 0 || skipSpace(body, end) < len(body) {
		return answer{}, errNotGraphQL
	}
	if isNull(a.Data) {
		a.Data = nil
	}
	if !isNull(failed) && json.Unmarshal(failed, &a.Errors) != nil {
		return answer{}, errNotGraphQL // the decoder's own text may quote the body
	}
	if a.Data == nil && len(a.Errors) == 0 {
		return answer{}, errNotGraphQL
	}
	return a, nil
}

func isNull(raw json.RawMessage) bool {
	return len(raw) == 0 || bytes.Equal(bytes.TrimSpace(raw), []byte("null"))
}
