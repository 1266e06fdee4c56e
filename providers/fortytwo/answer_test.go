package fortytwo

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	helix "github.com/helix-engage/gateway"
)

// recorded reads the first error of a recorded answer.
func recorded(t *testing.T, name string) graphqlError {
	t.Helper()
	a, err := decodeAnswer(sampleBody(t, filepath.Join("testdata", "answers", name+".json")))
	if err != nil || len(a.Errors) == 0 {
		t.Fatalf("%s: %d errors, %v", name, len(a.Errors), err)
	}
	return a.Errors[0]
}

func sampleBody(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Body json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return file.Body
}

func TestRecordedErrorsGetTheirCodes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		sample string
		want   helix.Code
		cause  error // that errors.Is must find, or nil
	}{
		{"1.5/auth-expired-metadata", helix.CodeUnauthenticated, nil},
		{"2.7/auth-expired-metadata", helix.CodeUnauthenticated, nil},
		{"1.5/auth-none-metadata", helix.CodeForbidden, nil},
		{"2.7/auth-none-metadata", helix.CodeForbidden, nil},
		{"2.7/auth-apikey-currentUser", helix.CodeForbidden, nil},
		{"2.7/auth-signup", helix.CodeForbidden, nil},
		{"1.5/err-unknown-root", helix.CodeUnauthenticated, errTokenless},
		{"2.7/err-unknown-root", helix.CodeUnauthenticated, errTokenless},
		{"2.7/perm-read-denied-object", helix.CodeForbidden, nil},
		{"2.7/perm-nested-denied", helix.CodeForbidden, nil},
		{"1.5/update-one-missing", helix.CodeNotFound, nil},
		{"2.7/update-one-missing", helix.CodeNotFound, nil},
		{"2.7/err-rate-limit", helix.CodeTooManyRequests, nil},
		{"1.5/err-bad-phone", helix.CodeBadInput, errPhone},
		{"2.7/err-bad-phone", helix.CodeBadInput, errPhone},
		{"1.5/err-bad-uuid", helix.CodeBadInput, nil},
		{"2.7/err-bad-uuid", helix.CodeRejected, errModelChanged},
		{"1.5/err-bad-cursor", helix.CodeBadInput, nil},
		{"2.7/err-bad-cursor", helix.CodeBadInput, nil},
		{"1.5/err-unknown-data-field", helix.CodeRejected, errModelChanged},
		{"2.7/err-unknown-data-field", helix.CodeBadInput, errModelChanged},
		{"1.5/err-unknown-filter-field", helix.CodeRejected, errModelChanged},
		{"2.7/err-unknown-filter-field", helix.CodeRejected, errModelChanged},
		{"1.5/err-bad-enum-create", helix.CodeRejected, errModelChanged},
		{"2.7/err-bad-enum-create", helix.CodeBadInput, errModelChanged},
		{"2.7/err-bad-enum-filter", helix.CodeBadInput, nil},
		{"1.5/err-wrong-type", helix.CodeRejected, errModelChanged},
		{"2.7/err-wrong-type", helix.CodeBadInput, errModelChanged},
		{"1.5/update-null", helix.CodeBadInput, nil},
		{"2.7/bad-fk", helix.CodeBadInput, nil},
		{"1.5/unique-violation", helix.CodeConflict, duplicateError{}},
		{"2.7/unique-violation", helix.CodeConflict, duplicateError{record: "1b974373-59ba-4de8-8b2b-153cd0bbf58b"}},
		{"1.5/create-client-id-dup", helix.CodeConflict, duplicateError{}},
		{"2.7/create-client-id-dup", helix.CodeConflict, duplicateError{record: "11111111-1111-4111-8111-111111111111"}},
	}
	for _, c := range cases {
		t.Run(c.sample, func(t *testing.T) {
			t.Parallel()
			g := recorded(t, c.sample)
			got := refusal(g, false)
			if got.Code != c.want || (c.cause != nil && !errors.Is(got, c.cause)) {
				t.Errorf("got %v, want %s caused by %v", got, c.want, c.cause)
			}
			if got.Retryable != (c.want == helix.CodeTooManyRequests || c.want == helix.CodeUnavailable) {
				t.Errorf("retryable = %t", got.Retryable)
			}
			if strings.Contains(got.Message+got.Error(), string(g.Message)) {
				t.Errorf("the upstream message leaks: %v", got)
			}
		})
	}
}

func TestErrorsThatNoSampleHoldsGetTheirCodes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		body string
		want helix.Code
	}{
		"the rate limit of line 1.5": {
			`{"errors":[{"message":"Too many requests.","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`, helix.CodeTooManyRequests,
		},
		"an unexpected fault is passing": {
			`{"errors":[{"message":"boom","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`, helix.CodeUnavailable,
		},
		"a token of the wrong kind": {
			`{"errors":[{"message":"x","extensions":{"code":"FORBIDDEN","subCode":"INVALID_JWT_TOKEN_TYPE"}}]}`, helix.CodeUnauthenticated,
		},
		"a user who left the workspace": {
			`{"errors":[{"message":"x","extensions":{"code":"UNAUTHENTICATED","subCode":"USER_WORKSPACE_NOT_FOUND"}}]}`, helix.CodeUnauthenticated,
		},
		"a second factor is missing": {
			`{"errors":[{"message":"x","extensions":{"code":"FORBIDDEN","subCode":"TWO_FACTOR_AUTHENTICATION_VERIFICATION_REQUIRED"}}]}`,
			helix.CodeForbidden,
		},
		"two records match an upsert": {
			`{"errors":[{"message":"x","extensions":{"code":"BAD_USER_INPUT","subCode":"UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT"}}]}`,
			helix.CodeConflict,
		},
		"a code that nobody has met":    {`{"errors":[{"message":"x","extensions":{"code":"TEAPOT"}}]}`, helix.CodeRejected},
		"extensions that are no object": {`{"errors":[{"message":"x","extensions":"oops"}]}`, helix.CodeRejected},
		"a code that is a number": {
			`{"errors":[{"message":"x","extensions":{"code":7,"subCode":"LIMIT_REACHED"}}]}`, helix.CodeTooManyRequests,
		},
		"a message that is an object too": {
			`{"errors":[{"message":{"message":"Too many requests."},"extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`, helix.CodeTooManyRequests,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := decodeAnswer([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, refusal(a.Errors[0], false), c.want)
		})
	}
}

func TestARefusalOfTheServerKeyIsTheOperatorsAffair(t *testing.T) {
	t.Parallel()
	e := refusal(recorded(t, "2.7/auth-expired-metadata"), true)
	if e.Code != helix.CodeNotConfigured || !e.Retryable || !strings.Contains(e.Message, "PLATFORM_API_KEY") {
		t.Errorf("got %v", e)
	}
	wantCode(t, refusal(recorded(t, "2.7/err-unknown-root"), true), helix.CodeRejected)
	wantCode(t, refusal(recorded(t, "2.7/perm-read-denied-object"), true), helix.CodeForbidden)
}

func TestOnlyAPlainSentenceOfFortyTwoReachesTheUser(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text looseText
		want string
	}{
		"a plain sentence is shown without its full stop": {"User does not have permission.", "User does not have permission"},
		"an apostrophe may open a value":                  {"Vous n'avez pas la permission", messageForbidden},
		"a filler says nothing":                           {"An error occurred.", messageForbidden},
		"a quoted value is kept back":                     {`Invalid value "Asha"`, messageForbidden},
		"a number is kept back":                           {"Provided phone number is invalid 9812345678", messageForbidden},
		"an address is kept back":                         {"No user asha@clinic", messageForbidden},
		"nothing is said":                                 {"", messageForbidden},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := graphqlError{Message: "x", Extensions: extensions{Code: "FORBIDDEN", SubCode: "PERMISSION_DENIED", Friendly: c.text}}
			if got := refusal(g, false).Message; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTheOperatorsDetailNamesFieldsAndNoValues(t *testing.T) {
	t.Parallel()
	m := &model{words: map[string]bool{"callstatus": true, "call": true}}
	got := m.mentioned(`Invalid value "Asha Rao" for field "callStatus" of call 9812345678`)
	if got != "call,callStatus" {
		t.Errorf("got %q", got)
	}
	if got := (*model)(nil).mentioned("call"); got != "" {
		t.Errorf("without a model got %q", got)
	}
}

func FuzzAnswersAreReadWithoutPanic(f *testing.F) {
	for _, body := range answerSamples(f) {
		f.Add(body)
	}
	f.Add([]byte(`{"data":null,"errors":[]}`))
	f.Add([]byte(`{"errors":[{"message":[],"extensions":[]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := decodeAnswer(body)
		if err != nil {
			return
		}
		if a.Data == nil && len(a.Errors) == 0 {
			t.Fatal("an answer without data and errors was accepted")
		}
		for _, g := range a.Errors {
			for _, server := range []bool{false, true} {
				e := refusal(g, server)
				if e.Code == "" || e.Message == "" {
					t.Fatalf("an error without code or message: %#v", e)
				}
				if strings.ContainsAny(e.Message, "\"'@\n") {
					t.Fatalf("the message may quote a value: %q", e.Message)
				}
			}
		}
	})
}

func FuzzRecordsAreReadWithoutPanic(f *testing.F) {
	f.Add([]byte(`{"id":"A","phone":{"primaryPhoneNumber":"9812345678","primaryPhoneCallingCode":"+91"},` +
		`"fullName":{"firstName":"A"},"dueAt":"2026-05-01T10:00:00.000Z","lead":{"id":"x"}}`))
	f.Add([]byte(`{"phone":7,"fullName":[],"dueAt":{},"lead":null,"name":3}`))
	m := resolve(1, metadataOf(f, defaultObjects()), nil)
	o := m.objects[helix.ObjectFollowUp]
	lead := m.objects[helix.ObjectLead]
	f.Fuzz(func(t *testing.T, raw []byte) {
		n := nodeOf(raw, new(nameTable)) // whether raw is JSON or not
		item := m.followUp(o, keyed{node: n})
		for _, p := range []helix.Phone{item.Phone, n.phone(lead.fields["phone"])} {
			if p != "" && (p[0] != '+' || len(p) > 16 || !isDigits(string(p[1:]))) {
				t.Fatalf("not E.164: %q", p)
			}
		}
		n.displayName(lead)
		n.time("dueAt")
	})
}
