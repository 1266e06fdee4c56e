package rest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	helix "github.com/helix-engage/gateway"
)

// object is a decoded JSON object. Its readers take what is not there, or of another type, for empty: the documents are
// ours, so the types are those of the schema.
type object map[string]any

// decode reads the data of an answer; nil for null. Numbers keep their digits.
func decode(raw json.RawMessage) (object, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var data map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&data); err != nil {
		return nil, helix.Internal("rest.decode", err)
	}
	objects(data)
	return data, nil
}

// objects gives every object below v the type [object].
func objects(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = objects(member)
		}
		return object(v)
	case []any:
		for i, item := range v {
			v[i] = objects(item)
		}
	}
	return v
}

func (o object) at(name string) object   { member, _ := o[name].(object); return member }
func (o object) text(name string) string { s, _ := o[name].(string); return s }
func (o object) items(name string) []any { items, _ := o[name].([]any); return items }

// nodes gives what a connection holds; never nil, so that an empty list is one.
func (o object) nodes() []object {
	edges := o.items("edges")
	out := make([]object, 0, len(edges))
	for _, edge := range edges {
		if edge, ok := edge.(object); ok {
			out = append(out, edge.at("node"))
		}
	}
	return out
}

// write answers.
func write(w http.ResponseWriter, status int, answer any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(answer); err != nil { // what was decoded from JSON can be encoded
		http.Error(w, string(helix.CodeInternal), http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(b.Len()))
	header.Set("Cache-Control", "no-store") // patient data
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that has gone needs no answer
}
