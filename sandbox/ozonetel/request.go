package ozonetel

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
)

// maxBody bounds a request body; the vendor's bulk uploads (500 rows of 2,000 characters) fit.
const maxBody = 2 << 20

// request is one request with its body read.
type request struct {
	http *http.Request
	body []byte
}

// json reads the body as one JSON object. A GET carries it in its body too (ozonetel.md 8, 9).
func (r *request) json() (fields, *reply) {
	body, err := decodeFields(r.body)
	if err != nil {
		return nil, ptr(statusReply("false", "Invalid Json Pass Valid Json"))
	}
	return body, nil
}

// form reads the body as a URL-encoded form. What cannot be read is treated as absent.
func (r *request) form() url.Values {
	values, err := url.ParseQuery(string(r.body))
	if err != nil {
		return url.Values{}
	}
	return values
}

// fields are the members of a JSON body. Names are case-sensitive, as agentId and agentID are not the same to the vendor.
type fields map[string]any

func decodeFields(body []byte) (fields, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var out fields
	if err := decoder.Decode(&out); err != nil {
		return nil, err
	}
	if out == nil {
		return nil, errors.New("not an object")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return out, nil
}

// text is a member as text: strings, numbers and booleans are taken, anything else is empty.
func (f fields) text(name string) string {
	switch v := f[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	default:
		return ""
	}
}

// yes says whether a member is "true" or true.
func (f fields) yes(name string) bool { return f.text(name) == "true" }
