package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	helix "github.com/helix-engage/gateway"
)

// parseParams reads the JSON object that asks for an operation, from a POST or from the payload of a subscribe message.
// Its error is a coded refusal that says what to change. Keys match exactly, unknown keys are passed over.
func parseParams(body []byte) (*graphql.RawParams, error) {
	if !utf8.Valid(body) {
		return nil, helix.BadInput("the request is not valid UTF-8")
	}
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) > 0 && first[0] == '[' {
		return nil, helix.BadInput("batching is not supported: send one operation per request")
	}
	var room [5]field
	given, err := parseObject(body, room[:0])
	if err != nil {
		return nil, notAnObject("the request", err)
	}
	params := &graphql.RawParams{}
	var documentID string
	if err := errFirst(
		stringField(given, "query", &params.Query),
		stringField(given, keyDocumentID, &documentID),
		stringField(given, "operationName", &params.OperationName),
		objectField(given, "variables", &params.Variables),
		objectField(given, "extensions", &params.Extensions),
	); err != nil {
		return nil, err
	}
	nameDocument(params, documentID)
	return params, requireQuery(params)
}

// keyDocumentID is the parameter that names a document instead of holding it (GraphQL over HTTP, appendix "Persisted
// Documents"), and the extension under which whoever knows documents by name finds it.
const keyDocumentID = "documentId"

func nameDocument(p *graphql.RawParams, id string) {
	if id == "" {
		return
	}
	if p.Extensions == nil {
		p.Extensions = make(map[string]any, 1)
	}
	p.Extensions[keyDocumentID] = id
}

// parseQueryString reads a GET's parameters: query, documentId and operationName as they are, variables and extensions as JSON.
func parseQueryString(raw string) (*graphql.RawParams, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, helix.BadInput("the query string cannot be decoded")
	}
	var objects fields
	params := &graphql.RawParams{}
	var documentID string
	for name, given := range values {
		if len(given) > 1 {
			return nil, helix.BadInput("a parameter of the query string is repeated")
		}
		if !utf8.ValidString(given[0]) {
			return nil, helix.BadInput("the request is not valid UTF-8")
		}
		switch name {
		case "query":
			params.Query = given[0]
		case keyDocumentID:
			documentID = given[0]
		case "operationName":
			params.OperationName = given[0]
		case "variables", "extensions":
			if given[0] == "" {
				continue
			}
			raw := bytes.TrimSpace([]byte(given[0]))
			if !json.Valid(raw) {
				return nil, helix.BadInput(name + " must be a JSON object or null")
			}
			objects = append(objects, field{[]byte(name), raw})
		}
	}
	if err := errFirst(
		objectField(objects, "variables", &params.Variables),
		objectField(objects, "extensions", &params.Extensions),
	); err != nil {
		return nil, err
	}
	nameDocument(params, documentID)
	return params, requireQuery(params)
}

// requireQuery refuses a request without a document. A name stands for its document.
func requireQuery(p *graphql.RawParams) error {
	if p.Query != "" {
		return nil
	}
	for _, name := range []string{"persistedQuery", keyDocumentID} {
		if _, named := p.Extensions[name]; named {
			return nil
		}
	}
	return helix.BadInput("query is missing: it must be a string that holds a GraphQL document")
}

// stringField takes an optional string; null counts as absent.
func stringField(f fields, name string, to *string) error {
	raw, ok := f.get(name)
	if !ok || isNull(raw) {
		return nil
	}
	if raw[0] != '"' {
		return helix.BadInput(name + " must be a string")
	}
	*to = textString(raw)
	return nil
}

// objectField takes an optional object; null counts as absent. Numbers keep their digits.
func objectField(f fields, name string, to *map[string]any) error {
	raw, ok := f.get(name)
	if !ok || isNull(raw) {
		return nil
	}
	if raw[0] != '{' {
		return helix.BadInput(name + " must be a JSON object or null")
	}
	*to = object(raw)
	return nil
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// notAnObject refuses text that [parseObject] did not read.
func notAnObject(what string, err error) error {
	if errors.Is(err, errNesting) {
		return &helix.Error{Code: helix.CodeLimitExceeded, Message: what + " nests too deep: the limit is " + strconv.Itoa(maxNesting) + " levels of JSON"}
	}
	return helix.BadInput(what + " is not a JSON object: " + err.Error())
}

// maxNesting is how deep JSON may nest for encoding/json.
const maxNesting = 10000

var errNesting = errors.New("exceeded max depth") // as encoding/json says it, which has no value for it

// describeJSON keeps what helps to find the fault and drops Go's type names.
func describeJSON(err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		if strings.HasSuffix(e.Error(), errNesting.Error()) {
			return errNesting
		}
		return fmt.Errorf("syntax error at byte %d", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("it is a JSON %s", e.Value)
	}
	return errors.New("it cannot be decoded")
}

func errFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
