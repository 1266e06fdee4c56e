package upstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// render writes an error in one line.
func render(e *gqlerror.Error) string {
	x := e.Extensions
	line := fmt.Sprintf("%v", x["code"])
	if x["subCode"] != nil {
		line += fmt.Sprintf("/%v", x["subCode"])
	}
	line += fmt.Sprintf(" %q", e.Message)
	if x["userFriendlyMessage"] != nil {
		line += fmt.Sprintf(" %q", x["userFriendlyMessage"])
	}
	return line
}

// TestEachRecordedErrorIsPutAsItShould walks the exchanges that were recorded from both lines of the real server. What each
// error becomes stands in testdata/errors.txt: file, code and sub-code, message, userFriendlyMessage.
func TestEachRecordedErrorIsPutAsItShould(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../sandbox/fortytwo/testdata/[12].*/*.json")
	if err != nil || len(files) < 100 {
		t.Fatal(len(files), err)
	}
	var lines []string
	for _, file := range files {
		recorded, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var sample struct {
			Response struct {
				Status int
				Body   json.RawMessage
			}
		}
		var body struct{ Errors json.RawMessage }
		if json.Unmarshal(recorded, &sample) != nil || json.Unmarshal(sample.Response.Body, &body) != nil {
			continue // an event stream, or REST
		}
		name := filepath.Base(filepath.Dir(file)) + "/" + strings.TrimSuffix(filepath.Base(file), ".json")
		for _, e := range Errors(body.Errors, sample.Response.Status) {
			lines = append(lines, name+" "+render(e))
		}
	}
	slices.Sort(lines)
	golden, err := os.ReadFile("testdata/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(golden)), "\n"), lines); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsAreReadLeniently(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		raw    string
		status int
		want   []string
	}{
		"nothing":          {"", 200, nil},
		"null":             {" null ", 200, nil},
		"no errors":        {"[]", 200, nil},
		"nothing with 401": {"", 401, []string{`UNAUTHENTICATED "sign in again"`}},
		"null with 500":    {"null", 500, []string{`INTERNAL_SERVER_ERROR "FortyTwo has a fault of its own"`}},
		"not an array":     {`{"message":"no"}`, 200, []string{`UPSTREAM_REJECTED "FortyTwo refused the request"`}},
		"not JSON":         {`[{"message":`, 200, []string{`UPSTREAM_REJECTED "FortyTwo refused the request"`}},
		"not objects":      {`["no",7,null]`, 429, slices.Repeat([]string{`TOO_MANY_REQUESTS "too many requests: try again in a moment"`}, 3)},
		"extensions that are no object": {
			`[{"message":"no","extensions":"FORBIDDEN"}]`, 403, []string{`FORBIDDEN "FortyTwo does not allow it"`},
		},
		"codes of odd types": {
			`[{"message":["a"],"extensions":{"code":7,"subCode":{"a":1},"userFriendlyMessage":[1]}}]`, 200,
			[]string{`UPSTREAM_REJECTED "FortyTwo refused the request"`},
		},
		"a friendly message in two parts": {
			`[{"message":"x","extensions":{"code":"FORBIDDEN","userFriendlyMessage":{"id":"a/b","message":"Not for you."}}}]`, 200,
			[]string{`FORBIDDEN "Not for you" "Not for you."`},
		},
		"a friendly message in another script": {
			`[{"message":"x","extensions":{"code":"FORBIDDEN","userFriendlyMessage":"आपको अनुमति नहीं है, l’accès n'est pas permis"}}]`, 200,
			[]string{`FORBIDDEN "आपको अनुमति नहीं है, l’accès n'est pas permis" "आपको अनुमति नहीं है, l’accès n'est pas permis"`},
		},
		"a rate limit of 1.5": {
			`[{"message":"Too many requests.","extensions":{"code":"INTERNAL_SERVER_ERROR","userFriendlyMessage":"An error occurred."}}]`, 200,
			[]string{`TOO_MANY_REQUESTS "too many requests: try again in a moment" "An error occurred."`},
		},
		"a token without a workspace": {
			`[{"message":"Cannot query field \"leads\" on type \"Query\".","locations":[]}]`, 200, []string{`UNAUTHENTICATED "sign in again"`},
		},
		"a mutation of a token without a workspace": {
			`[{"message":"Cannot query field \"createLead\" on type \"Mutation\".","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]`, 400,
			[]string{`UNAUTHENTICATED "sign in again"`},
		},
		"a token of the wrong kind": {
			`[{"message":"x","extensions":{"code":"FORBIDDEN","subCode":"INVALID_JWT_TOKEN_TYPE"}}]`, 200,
			[]string{`UNAUTHENTICATED/INVALID_JWT_TOKEN_TYPE "sign in again"`},
		},
		"a document that FortyTwo finds invalid": {
			`[{"message":"Unknown type \"LeadFoo\".","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]`, 200,
			[]string{`UPSTREAM_REJECTED "FortyTwo refused the request"`},
		},
		"words of the database": {
			`[{"message":"relation \"core.lead\" does not exist","extensions":{"code":"INTERNAL_SERVER_ERROR","userFriendlyMessage":"relation core"}}]`, 200,
			[]string{`INTERNAL_SERVER_ERROR "FortyTwo has a fault of its own" "FortyTwo has a fault of its own"`},
		},
		"a code of nowhere": {
			`[{"message":"x","extensions":{"code":"TEAPOT","subCode":"short and stout","userFriendlyMessage":"Try tea."}}]`, 200,
			[]string{`UPSTREAM_REJECTED "Try tea" "Try tea."`},
		},
		"a sub-code of nowhere": {
			`[{"message":"x 9876500000","extensions":{"code":"BAD_USER_INPUT","subCode":"LEAD_IS_CONVERTED","userFriendlyMessage":"This lead is converted."}}]`, 200,
			[]string{`BAD_USER_INPUT/LEAD_IS_CONVERTED "This lead is converted" "This lead is converted."`},
		},
		"contradicting parts of a phone number": {
			`[{"message":"Calling code 91 of 9876500000","extensions":{"code":"BAD_USER_INPUT","subCode":"CONFLICTING_PHONE_CALLING_CODE"}}]`, 200,
			[]string{`BAD_USER_INPUT/CONFLICTING_PHONE_CALLING_CODE "the parts of a phone number contradict each other"`},
		},
		"a name in quotation marks": {
			`[{"message":"x","extensions":{"code":"FORBIDDEN","userFriendlyMessage":"No access to \"Asha Rao\""}}]`, 200,
			[]string{`FORBIDDEN "FortyTwo does not allow it" "FortyTwo does not allow it"`},
		},
		"a number in a friendly message": {
			`[{"message":"x","extensions":{"code":"FORBIDDEN","userFriendlyMessage":"No access to 987 650 000"}}]`, 200,
			[]string{`FORBIDDEN "FortyTwo does not allow it" "FortyTwo does not allow it"`},
		},
	} {
		var got []string
		for _, e := range Errors([]byte(c.raw), c.status) {
			got = append(got, render(e))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAnUnknownRootFieldIsToldApartFromARefusedToken(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		`{"message":"Cannot query field \"leads\" on type \"Query\".","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}`: true,
		`{"message":"Cannot query field \"createLead\" on type \"Mutation\"."}`:                                           true,
		`{"message":"Cannot query field \"colour\" on type \"Lead\"."}`:                                                   false,
		`{"message":"Token has expired.","extensions":{"code":"UNAUTHENTICATED","subCode":"UNAUTHENTICATED"}}`:            false,
	} {
		list := Errors([]byte("["+raw+"]"), 200)
		if got := errors.Is(list[0], ErrUnknownRoot); got != want {
			t.Errorf("%s: %t", raw, got)
		}
	}
}

func TestMoreErrorsThanAnybodyReadsAreCounted(t *testing.T) {
	t.Parallel()
	raw := "[" + strings.TrimSuffix(strings.Repeat(`{"message":"x","extensions":{"code":"FORBIDDEN"}},`, 10_000), ",") + "]"
	list := Errors([]byte(raw), 200)
	if len(list) != maxErrors+1 {
		t.Fatalf("%d errors", len(list))
	}
	if got := render(list[maxErrors]); got != `FORBIDDEN "and 9980 more errors of FortyTwo"` {
		t.Error(got)
	}
}

func TestARateLimitSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	list := Errors([]byte(`[{"message":"x","extensions":{"code":"BAD_USER_INPUT","subCode":"LIMIT_REACHED"}}]`), 200)
	if list[0].Extensions["retryAfter"] != 5 {
		t.Errorf("%v", list[0].Extensions)
	}
}
