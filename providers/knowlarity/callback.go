package knowlarity

import (
	"bytes"
	"errors"
	"mime"
	"net/url"
	"strings"

	helix "github.com/helix-engage/gateway"
)

// maxRecords bounds one callback. Its size is bounded by the webhook that took it.
const maxRecords = 500

var errCallback = errors.New("the callback holds no record of a call")

// DecodeCallback reads a callback in any of its shapes (5): JSON or a Python literal, an object or a list of them; a form;
// or a query string, given as the body. The first character of the body counts more than contentType, which is not to be
// trusted. There is one report for each record that names a call, by an id or by the patient's number.
//
// A report's Status is "" when the record tells nothing of how the call stands. Callbacks come late, twice and out of
// order, and prove nothing: they are not signed. Errors: BAD_USER_INPUT, without a word of the callback.
func DecodeCallback(contentType string, body []byte) ([]helix.DialReport, error) {
	docs, err := documents(contentType, body)
	if err != nil {
		return nil, badCallback(err)
	}
	var reports []helix.DialReport
	for _, doc := range docs {
		r := newRecord(doc).report()
		if r.Call != "" || r.ProviderCallID != "" || r.Customer != "" {
			reports = append(reports, r)
		}
	}
	if len(reports) == 0 {
		return nil, badCallback(errCallback)
	}
	return reports, nil
}

// DecodeCallback is the function of that name, for those who hold a client.
func (c *Client) DecodeCallback(contentType string, body []byte) ([]helix.DialReport, error) {
	return DecodeCallback(contentType, body)
}

// documents finds the objects of a callback.
func documents(contentType string, body []byte) ([]map[string]any, error) {
	body = bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\xef\xbb\xbf"))
	if len(body) == 0 {
		return nil, errCallback
	}
	media, _, _ := mime.ParseMediaType(contentType)
	if body[0] == '{' || body[0] == '[' || body[0] == '(' || strings.HasSuffix(media, "json") {
		return composite(body)
	}
	form, err := url.ParseQuery(string(bytes.TrimPrefix(body, []byte("?"))))
	if err != nil {
		return nil, errors.New("the callback is no JSON, no form and no query")
	}
	flat := map[string]any{}
	for name, values := range form {
		if unwrapped, err := composite([]byte(values[0])); err == nil && len(form) == 1 {
			return unwrapped, nil // a form of one field that holds everything
		}
		flat[name] = values[0]
	}
	return []map[string]any{flat}, nil
}

// composite reads an object or a list of objects.
func composite(body []byte) ([]map[string]any, error) {
	v, err := value(body)
	if err != nil {
		return nil, err
	}
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	if len(items) > maxRecords {
		return nil, errors.New("the callback holds too many records")
	}
	var docs []map[string]any
	for _, item := range items {
		if doc := unwrap(item); doc != nil {
			docs = append(docs, doc)
		}
	}
	if len(docs) == 0 {
		return nil, errCallback
	}
	return docs, nil
}

// badCallback refuses a callback. reason never quotes it.
func badCallback(reason error) *helix.Error {
	err := helix.BadInput("the callback cannot be read")
	err.Provider, err.Op, err.Detail = helix.ProviderKnowlarity, "knowlarity.callback", reason.Error()
	return err
}
