package ozonetel

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strconv"
	"strings"

	helix "github.com/helix-engage/gateway"
)

// Bounds of a push. Its size is bounded by the webhook that took it.
const (
	maxDocuments = 500 // objects in one push
	maxParts     = 64  // fields of a multipart form
	maxUnwraps   = 3   // JSON documents inside strings inside JSON documents
)

// document is one JSON object of a push. Numbers are [json.Number], so that ids keep their digits.
type document = map[string]any

var errUnreadable = errors.New("the push holds no JSON object and no form")

// readPush finds the documents of a push whatever it is wrapped in: JSON, an array, a form or multipart form with one
// field `data`, or a form of single fields (12.3). The body's first character counts more than its content type,
// which is not to be trusted.
func readPush(contentType string, body []byte) ([]document, error) {
	body = bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\xef\xbb\xbf"))
	if isComposite(body) {
		found, err := documents(nil, body, maxUnwraps)
		if err == nil && len(found) == 0 {
			err = errUnreadable
		}
		return found, err
	}
	form, err := readForm(contentType, body)
	if err != nil {
		return nil, err
	}
	flat := document{}
	var found []document
	for _, name := range sortedKeys(form) {
		for _, value := range form[name] {
			if canonical(name) == "data" {
				if found, err = documents(found, []byte(value), maxUnwraps); err != nil {
					return nil, err
				}
				continue
			}
			if _, given := flat[name]; !given {
				flat[name] = value
			}
		}
	}
	switch {
	case len(found) == 0 && len(flat) == 0:
		return nil, errUnreadable
	case len(found) == 0:
		return []document{flat}, nil
	}
	for _, doc := range found { // single fields beside `data` are an envelope
		for name, value := range flat {
			if _, given := doc[name]; !given {
				doc[name] = value
			}
		}
	}
	return found, nil
}

// readForm reads a URL-encoded or multipart form.
func readForm(contentType string, body []byte) (url.Values, error) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || !strings.HasPrefix(media, "multipart/") {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, errUnreadable
		}
		return form, nil
	}
	form := url.Values{}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for range maxParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return form, nil
		}
		if err != nil {
			return nil, errUnreadable
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, errUnreadable
		}
		form.Add(part.FormName(), string(value))
	}
	return nil, errUnreadable
}

// documents appends the JSON objects in raw: itself, the elements of an array, or what a string encodes. Scalars are
// passed over.
func documents(into []document, raw []byte, unwraps int) ([]document, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return into, errUnreadable
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return into, errUnreadable
	}
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	for _, item := range items {
		switch item := item.(type) {
		case document:
			if len(into) >= maxDocuments {
				return into, errors.New("the push holds too many documents")
			}
			into = append(into, item)
		case string:
			if unwraps == 0 {
				return into, errUnreadable
			}
			var err error
			if into, err = documents(into, []byte(item), unwraps-1); err != nil {
				return into, err
			}
		}
	}
	return into, nil
}

// fields are the scalars of one record, found by their names in lower case, and by their names without separators when
// nothing is spelt exactly so: event_time and eventTime mean different things (12.2), agent_id and agentId do not.
type fields struct{ exact, loose map[string]string }

// flatten merges a document with what its `data` holds: one record, or one for each element of an array. Fields of
// `data` win over those around it (12.2).
func flatten(doc document) []fields {
	outer := newFields(doc)
	var inner []document
	for _, name := range sortedKeys(doc) {
		if canonical(name) != "data" {
			continue
		}
		switch data := doc[name].(type) {
		case document:
			inner = append(inner, data)
		case []any, string:
			raw, err := json.Marshal(data)
			if err == nil {
				inner, _ = documents(inner, raw, maxUnwraps) // what is no record is no loss
			}
		}
	}
	if len(inner) == 0 {
		return []fields{outer}
	}
	records := make([]fields, 0, len(inner))
	for _, data := range inner {
		records = append(records, newFields(data).under(outer))
	}
	return records
}

// newFields takes an object's scalars. Of two spellings of one name, the first non-empty in sorted order counts.
func newFields(doc document) fields {
	f := fields{exact: make(map[string]string, len(doc)), loose: make(map[string]string, len(doc))}
	for _, name := range sortedKeys(doc) {
		var value string
		switch v := doc[name].(type) {
		case string:
			value = FlexString(v).Value()
		case json.Number:
			value = v.String()
		case bool:
			value = strconv.FormatBool(v)
		}
		fill(f.exact, strings.ToLower(name), value)
		fill(f.loose, canonical(name), value)
	}
	return f
}

// under gives f with what is missing or empty taken from outer.
func (f fields) under(outer fields) fields {
	for name, value := range outer.exact {
		fill(f.exact, name, value)
	}
	for name, value := range outer.loose {
		fill(f.loose, name, value)
	}
	return f
}

// fill sets what is missing or empty.
func fill(into map[string]string, name, value string) {
	if into[name] == "" {
		into[name] = value
	}
}

// get gives the first non-empty field of these names, which are in lower case.
func (f fields) get(names ...string) string {
	for _, name := range names {
		if v := f.exact[name]; v != "" {
			return v
		}
	}
	for _, name := range names {
		if v := f.loose[canonical(name)]; v != "" {
			return v
		}
	}
	return ""
}

var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

// canonical makes the spellings of a name equal: Agent ID, agent_id, AgentId.
func canonical(name string) string { return strings.ToLower(separators.Replace(name)) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// badPush refuses a push. reason never quotes it.
func badPush(reason error) *helix.Error {
	err := helix.BadInput("the push cannot be read")
	err.Provider, err.Detail = helix.ProviderOzonetel, reason.Error()
	return err
}
