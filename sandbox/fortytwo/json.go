package fortytwo

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"time"
)

// maxJSONDepth bounds the nesting of a request body; decoding recurses once per level.
const maxJSONDepth = 500

var errTooDeep = errors.New("JSON nests too deeply")

// dict is a JSON object that remembers the order of its keys: the order of an orderBy object counts, and so does which of
// two wrong keys is complained about first.
type dict struct {
	keys   []string
	values []any          // one for each key
	places map[string]int // of the keys, once there are many
}

// maxSearched is the most keys that are looked for one after another.
const maxSearched = 16

func newDict() *dict { return &dict{} }

// newDictOf has room for n keys.
func newDictOf(n int) *dict { return &dict{keys: make([]string, 0, n), values: make([]any, 0, n)} }

func (d *dict) set(key string, value any) {
	if at := d.place(key); at >= 0 {
		d.values[at] = value
		return
	}
	d.keys, d.values = append(d.keys, key), append(d.values, value)
	switch {
	case d.places != nil:
		d.places[key] = len(d.keys) - 1
	case len(d.keys) > maxSearched:
		d.places = make(map[string]int, 2*len(d.keys))
		for i, k := range d.keys {
			d.places[k] = i
		}
	}
}

// place is where a key stands, negative when it is absent.
func (d *dict) place(key string) int {
	if d.places == nil {
		return slices.Index(d.keys, key)
	}
	if at, ok := d.places[key]; ok {
		return at
	}
	return -1
}

func (d *dict) get(key string) (any, bool) {
	if d == nil {
		return nil, false
	}
	if at := d.place(key); at >= 0 {
		return d.values[at], true
	}
	return nil, false
}

// at is the value of a key, nil when it is absent.
func (d *dict) at(key string) any {
	value, _ := d.get(key)
	return value
}

func (d *dict) size() int {
	if d == nil {
		return 0
	}
	return len(d.keys)
}

// decodeJSON gives objects as *dict, lists as []any, numbers as float64.
func decodeJSON(data []byte) (any, error) {
	if !json.Valid(data) {
		var out any
		return nil, json.Unmarshal(data, &out) // says what is wrong
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	return decodeValue(decoder, 0)
}

func decodeValue(decoder *json.Decoder, depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, errTooDeep
	}
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return decodeObject(decoder, depth)
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			item, err := decodeValue(decoder, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err := decoder.Token()
		return list, err
	default:
		return token, nil
	}
}

func decodeObject(decoder *json.Decoder, depth int) (any, error) {
	object := newDict()
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if !ok {
			return nil, io.ErrUnexpectedEOF
		}
		value, err := decodeValue(decoder, depth+1)
		if err != nil {
			return nil, err
		}
		object.set(name, value)
	}
	_, err := decoder.Token()
	return object, err
}

// appendJSON writes what the engine holds: plain values, times as ISO with milliseconds, *dict in its key order.
func appendJSON(out []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(out, "null"...)
	case bool:
		return strconv.AppendBool(out, v)
	case int:
		return strconv.AppendInt(out, int64(v), 10)
	case float64:
		return appendNumber(out, v)
	case string:
		return appendString(out, v)
	case time.Time:
		return appendString(out, formatInstant(v))
	case []string:
		return appendList(out, len(v), func(out []byte, i int) []byte { return appendString(out, v[i]) })
	case []any:
		return appendList(out, len(v), func(out []byte, i int) []byte { return appendJSON(out, v[i]) })
	case []*dict:
		return appendList(out, len(v), func(out []byte, i int) []byte { return appendJSON(out, v[i]) })
	case *dict:
		if v == nil {
			return append(out, "null"...)
		}
		out = append(out, '{')
		for i, key := range v.keys {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(appendString(out, key), ':')
			out = appendJSON(out, v.values[i])
		}
		return append(out, '}')
	default:
		return appendOther(out, value)
	}
}

func appendOther(out []byte, value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		return append(out, "null"...) // only values of this package come here; none of them can fail
	}
	return append(out, encoded...)
}

func appendList(out []byte, n int, item func([]byte, int) []byte) []byte {
	out = append(out, '[')
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		out = item(out, i)
	}
	return append(out, ']')
}

func appendNumber(out []byte, v float64) []byte {
	if v == math.Trunc(v) && math.Abs(v) < 1e21 {
		return strconv.AppendFloat(out, v, 'f', 0, 64)
	}
	return strconv.AppendFloat(out, v, 'g', -1, 64)
}

func appendString(out []byte, s string) []byte {
	if plainText(s) {
		return append(append(append(out, '"'), s...), '"')
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string always encodes
	return append(out, bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))...)
}

// plainText tells a text that stands in JSON as it is.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// MarshalJSON lets a dict stand inside values that encoding/json writes.
func (d *dict) MarshalJSON() ([]byte, error) { return appendJSON(nil, d), nil }

const instantLayout = "2006-01-02T15:04:05.000Z"

func formatInstant(t time.Time) string { return t.UTC().Format(instantLayout) }
