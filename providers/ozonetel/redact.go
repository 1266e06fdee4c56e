package ozonetel

import (
	"bytes"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// redacted replaces a key. As a digit it fits wherever a value stood: in a JSON string, bare in JSON, in a form.
const redacted = "0"

// A key is found in raw and in percent-encoded text by its name in any casing and what may stand between name and
// value; it reaches to whatever ends a value.
var (
	apiKeyName  = regexp.MustCompile(`(?i)api(?:[-_. +]|%20)?key(?:[\s"'\\:=+]|%(?:25)*(?:09|0a|0d|20|22|27|3a|3d|5c))+`)
	apiKeyValue = regexp.MustCompile(`(?i)^(?:[^\s"'\\&,;<>{}\[\]%]|%(?:25)*(?:2[134689abdef]|3[ad]|40|5f|7e))+`)
)

// minLiteral is the shortest key that is looked for by its value: a shorter one would occur in ordinary text.
const minLiteral = 8

// RedactAPIKey removes the account's key from a push before it is stored (12). Otherwise the body stays as it came,
// byte for byte; when the key hides in a way that text search does not see, the documents are written anew as JSON.
// It works on malformed bodies too.
func (c *Client) RedactAPIKey(contentType string, body []byte) []byte {
	if !mayNameKey(contentType, body) {
		return c.blankOwnKey(body)
	}
	return c.redactNamedKeys(contentType, body)
}

// blankOwnKey replaces the account's key whatever it is called.
func (c *Client) blankOwnKey(body []byte) []byte {
	if len(c.apiKey) < minLiteral {
		return body
	}
	out := bytes.ReplaceAll(body, []byte(c.apiKey), []byte(redacted))
	return bytes.ReplaceAll(out, []byte(url.QueryEscape(c.apiKey)), []byte(redacted))
}

// redactNamedKeys replaces what any spelling of the name stands before. Unless it is plain to see that only blank keys are
// left, that takes reading the whole push.
func (c *Client) redactNamedKeys(contentType string, body []byte) []byte {
	out := c.blankOwnKey(blankNamedKeys(body))
	if !mayNameKey(contentType, out) {
		return out
	}
	return redactByReading(contentType, out)
}

// redactByReading blanks the keys of the documents in a push of which the text is redacted.
func redactByReading(contentType string, out []byte) []byte {
	docs, err := readPush(contentType, out)
	if err != nil {
		return out
	}
	left := 0
	for _, doc := range docs {
		eachAPIKey(doc, maxUnwraps, func(value string) string {
			if value != "" && value != redacted {
				left++
			}
			return redacted
		})
	}
	if left == 0 {
		return out
	}
	clean, err := json.Marshal(docs)
	if err != nil {
		return []byte("[]") // documents that were read can be written; if not, better nothing than the key
	}
	return clean
}

// mayNameKey reports whether a body may hold the name of a key that is not blank, as it stands or percent-decoded, in any casing and with
// any separators. So may whatever can hide letters from a look at the text: escapes of JSON, parts of a multipart form
// that have encodings of their own, and characters beyond ASCII, some of which have the lower case of a letter.
func mayNameKey(contentType string, body []byte) bool {
	if strings.Contains(strings.ToLower(contentType), "multipart") {
		return true
	}
	encoded := bytes.IndexByte(body, '%') >= 0
	if !encoded || isComposite(bytes.TrimSpace(body)) { // else it is read percent-decoded only, where a name stays a name
		if namesKey(body) {
			return true
		}
	}
	return encoded && namesKey(percentDecoded(body))
}

// blankKey follows the name of a key in a JSON object when it is blank.
var blankKey = []byte(`":"` + redacted + `"`)

func namesKey(text []byte) bool {
	const name = "apikey" // no letter comes twice, so that a mismatch begins anew
	matched := 0
	for i, b := range text {
		lower := b | 0x20
		switch {
		case b >= utf8.RuneSelf, b == '\\' && i+1 < len(text) && text[i+1] == 'u':
			return true
		case b == '_', b == '-', b == '.', b == ' ', b == '+':
		case lower == name[matched]:
			if matched++; matched < len(name) {
				continue
			}
			if !bytes.HasPrefix(text[i+1:], blankKey) {
				return true
			}
			matched = 0
		case lower == name[0]:
			matched = 1
		default:
			matched = 0
		}
	}
	return false
}

// percentDecoded decodes what is percent-encoded and leaves what is not well-formed.
func percentDecoded(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		if body[i] == '%' && i+2 < len(body) {
			var decoded [1]byte
			if _, err := hex.Decode(decoded[:], body[i+1:i+3]); err == nil {
				out = append(out, decoded[0])
				i += 2
				continue
			}
		}
		out = append(out, body[i])
	}
	return out
}

// blankNamedKeys replaces what stands behind each name of a key. Names are looked for in what was a value too, so that
// a name given as the value of another does not hide its own.
func blankNamedKeys(body []byte) []byte {
	var out []byte
	copied := 0
	for _, name := range apiKeyName.FindAllIndex(body, -1) {
		start := name[1]
		if start < copied {
			continue // inside the value before, which ends where this one does
		}
		value := apiKeyValue.FindIndex(body[start:])
		if value == nil {
			continue
		}
		out = append(append(out, body[copied:start]...), redacted...)
		copied = start + value[1]
	}
	return append(out, body[copied:]...)
}

// CDRAPIKeyMatches reports whether a call-end callback carries the account's key, in each of its records: the vendor
// signs nothing, so this is the only proof besides the secret in the path (12).
func (c *Client) CDRAPIKeyMatches(contentType string, body []byte) bool {
	docs, err := readPush(contentType, body)
	if err != nil || c.apiKey == "" {
		return false
	}
	for _, doc := range docs {
		found, match := false, true
		eachAPIKey(doc, maxUnwraps, func(value string) string {
			found = true
			match = match && subtle.ConstantTimeCompare([]byte(value), []byte(c.apiKey)) == 1
			return value
		})
		if !found || !match {
			return false
		}
	}
	return true
}

// eachAPIKey visits the keys in a document, at any depth and inside JSON texts, and puts what visit gives in their
// place.
func eachAPIKey(v any, unwraps int, visit func(value string) string) {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = replaceAPIKeys(v[i], unwraps, visit)
		}
	case document:
		for name, value := range v {
			if canonical(name) == "apikey" {
				v[name] = visit(scalar(value))
				continue
			}
			v[name] = replaceAPIKeys(value, unwraps, visit)
		}
	}
}

// replaceAPIKeys does the same for a value that may be a JSON text itself.
func replaceAPIKeys(v any, unwraps int, visit func(value string) string) any {
	text, ok := v.(string)
	if !ok || unwraps == 0 {
		eachAPIKey(v, unwraps, visit)
		return v
	}
	inner, err := documents(nil, []byte(text), 0)
	if err != nil || len(inner) == 0 {
		return v
	}
	eachAPIKey(asList(inner), unwraps-1, visit)
	raw, err := json.Marshal(inner)
	if err != nil {
		return ""
	}
	return string(raw)
}

func asList(docs []document) []any {
	list := make([]any, len(docs))
	for i := range docs {
		list[i] = docs[i]
	}
	return list
}

// scalar is a value as text; an object or array, which no key is, as its JSON.
func scalar(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return redacted
	}
	return string(raw)
}
