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
		return documents(nil, body, maxUnwraps)
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

// documents appends the JSON objects in raw: itself, the elements of an array, or what a string encodes.
func documents(into []document, raw []byte, unwraps int) ([]document, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, errUnreadable
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errUnreadable
	}
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	for _, item := range items {
		switch item := item.(type) {
		case document:
			if len(into) >= maxDocuments {
				return nil, errors.New("the push holds too many documents")
			}
			into = append(into, item)
		case string:
			if unwraps == 0 {
				return nil, errUnreadable
			}
			var err error
			if into, err = documents(into, []byte(item), unwraps-1); err != nil {
				return nil, err
			}
		default:
			return nil, errUnreadable
		}
	}
	return into, nil
}

// fields are the scalars of one record. They are found whatever the casing and the separators of their names.
type fields map[string]string

// flatten merges a document with what its `data` holds: one record, or one for each element of an array. Fields of
// `data` win over those around it (12.2).
func flatten(doc document) []fields {
	outer := fields{}
	outer.add(doc)
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
		record := fields{}
		record.add(data)
		for name, value := range outer {
			if record[name] == "" {
				record[name] = value
			}
		}
		records = append(records, record)
	}
	return records
}

// add takes in an object's scalars under their lower-case names: event_time and eventTime mean different things (12.2).
// Of two spellings of one name, the first non-empty in sorted order counts.
func (f fields) add(doc document) {
	for _, name := range sortedKeys(doc) {
		key := strings.ToLower(name)
		if f[key] != "" {
			continue
		}
		switch v := doc[name].(type) {
		case string:
			f[key] = FlexString(v).Value()
		case json.Number:
			f[key] = v.String()
		case bool:
			if v {
				f[key] = "true"
			}
		}
	}
}

// get gives the first non-empty field of these names, exactly spelt (but for case) if possible, else without
// separators.
func (f fields) get(names ...string) string {
	for _, name := range names {
		if v := f[name]; v != "" {
			return v
		}
	}
	for _, name := range names {
		want := canonical(name)
		for _, key := range sortedKeys(f) {
			if v := f[key]; v != "" && canonical(key) == want {
				return v
			}
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
