package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	helix "github.com/helix-engage/gateway"
)

// input is what a request says: decoded JSON of the body, texts from anywhere else.
type input struct {
	body   map[string]any
	query  url.Values
	header http.Header
	path   func(name string) string
}

// refusal is an answer for a reason of HTTP.
type refusal struct {
	status int
	err    *helix.Error
}

// read takes a request apart.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (in input, refused *refusal) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || !utf8.ValidString(r.URL.RawQuery) {
		return in, &refusal{http.StatusBadRequest, helix.BadInput("the query string cannot be decoded")}
	}
	in = input{query: query, header: r.Header, path: r.PathValue}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return in, nil
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.o.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		limit := strconv.FormatInt(h.o.MaxBody, 10)
		return in, &refusal{http.StatusRequestEntityTooLarge, &helix.Error{
			Code: helix.CodeLimitExceeded, Message: "the request body is larger than the limit of " + limit + " bytes",
		}}
	case err != nil:
		return in, &refusal{http.StatusBadRequest, helix.BadInput("the request body ended early")}
	}
	if raw = bytes.TrimSpace(raw); len(raw) == 0 {
		return in, nil // clients that post nothing declare all sorts of types
	}
	if err := checkContent(r.Header); err != nil {
		return in, &refusal{http.StatusUnsupportedMediaType, err}
	}
	body, coded := decodeBody(raw)
	if coded != nil {
		return in, &refusal{http.StatusBadRequest, coded}
	}
	in.body = body
	return in, nil
}

// checkContent admits JSON in UTF-8 alone.
func checkContent(header http.Header) *helix.Error {
	const want = "Content-Type must be application/json"
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	charset := params["charset"]
	switch {
	case err != nil || media != "application/json":
		return helix.BadInput(want)
	case charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8"):
		return helix.BadInput(want + " in UTF-8")
	}
	if encoding := header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return helix.BadInput("a Content-Encoding is not supported")
	}
	return nil
}

// decodeBody reads one JSON object; numbers keep their digits, since ids of the telephony provider are numbers beyond 2^53
// (ozonetel.md 0).
func decodeBody(raw []byte) (map[string]any, *helix.Error) {
	if !utf8.Valid(raw) {
		return nil, helix.BadInput("the request body is not valid UTF-8")
	}
	var body map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err := dec.Decode(&body)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, helix.BadInput("the request body is not JSON: syntax error at byte " + strconv.FormatInt(syntax.Offset, 10))
	case err != nil || body == nil:
		return nil, helix.BadInput("the request body must be one JSON object")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, helix.BadInput("the request body must be one JSON object")
	}
	return body, nil
}

// variables fills the variables of the endpoint's document.
func (h *Handler) variables(ctx context.Context, e endpoint, in input) (map[string]any, error) {
	variables := make(map[string]any, len(e.fields)+1)
	if e.first > 0 {
		variables["first"] = min(e.first, h.o.PageSize)
	}
	for _, f := range e.fields {
		if _, taken := variables[f.variable]; taken {
			continue
		}
		value, err := h.take(ctx, f, in)
		if err != nil {
			return nil, err
		}
		if value == nil && f.otherwise != nil {
			value = f.otherwise(h)
		}
		if value != nil {
			variables[f.variable] = value
		}
	}
	for _, f := range e.fields {
		if _, there := variables[f.variable]; f.required && !there {
			return nil, helix.BadInput(f.names[0] + " is missing")
		}
	}
	return variables, nil
}

// member finds a member of a body, or of an object within it.
func member(body map[string]any, name string) any {
	for {
		outer, inner, nested := strings.Cut(name, ".")
		if !nested {
			return body[name]
		}
		body, _ = body[outer].(map[string]any)
		name = inner
	}
}

// take finds the first of a field's names that says something; nil when none does.
func (h *Handler) take(ctx context.Context, f field, in input) (any, error) {
	for _, name := range f.names {
		var given any
		switch f.in {
		case inBody:
			given = member(in.body, name)
		case inQuery:
			given = in.query.Get(name)
		case inPath:
			given = in.path(name)
		case inHeader:
			given = in.header.Get(name)
		}
		if text, is := given.(string); is {
			given = strings.TrimSpace(text)
		}
		if given == nil || given == "" {
			continue
		}
		value, err := f.read(ctx, h, given)
		if err != nil {
			coded := *helix.AsError(err)
			if coded.Code == helix.CodeBadInput {
				coded.Message = name + " " + coded.Message
			}
			return nil, &coded
		}
		return value, nil
	}
	return nil, nil
}
