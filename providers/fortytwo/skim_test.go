package fortytwo

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnAnswerIsSkimmed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body, data string
		errors     int
		refused    bool
	}{
		"data alone":                         {`{"data":{"a":1}}`, `{"a":1}`, 0, false},
		"white space everywhere":             {" {\n\"data\" : [1, 2]\t}\r\n", `[1, 2]`, 0, false},
		"data beside what nobody asked for":  {`{"extensions":{"data":7},"data":{"a":1},"more":"}"}`, `{"a":1}`, 0, false},
		"errors alone":                       {`{"errors":[{"message":"no"}]}`, ``, 1, false},
		"errors before data":                 {`{"errors":[{"message":"no"},{}],"data":{"a":1}}`, `{"a":1}`, 2, false},
		"errors behind data":                 {`{"data":{"a":1},"errors":[{"message":"no"}]}`, `{"a":1}`, 1, false},
		"errors behind data that is null":    {`{"data":null,"errors":[{"message":"no"}]}`, ``, 1, false},
		"errors in the data are data":        {`{"data":{"errors":[{}]}}`, `{"errors":[{}]}`, 0, false},
		"names that are escaped":             {`{"d\u0061ta":{},"\u0065rrors":[{}]}`, `{}`, 1, false},
		"errors that are null":               {`{"data":{},"errors":null}`, `{}`, 0, false},
		"no errors in a list":                {`{"data":{},"errors":[]}`, `{}`, 0, false},
		"quotes and brackets in texts":       {`{"data":{"a":"\\","b":"}\"]","c":"{"}}`, `{"a":"\\","b":"}\"]","c":"{"}`, 0, false},
		"what is broken inside is left":      {`{"data":{"a":}}`, `{"a":}`, 0, false},
		"errors that are no list":            {`{"data":{},"errors":{"a":1}}`, ``, 0, true},
		"errors that are broken":             {`{"data":{},"errors":[{"message":]}`, ``, 0, true},
		"nothing":                            {``, ``, 0, true},
		"a page":                             {`<html>{"data":{}}</html>`, ``, 0, true},
		"a list":                             {`[{"data":{}}]`, ``, 0, true},
		"neither data nor errors":            {`{}`, ``, 0, true},
		"data that is null":                  {`{"data":null}`, ``, 0, true},
		"an answer that breaks off in data":  {`{"data":{"a":{"b":1}`, ``, 0, true},
		"an answer that breaks off in text":  {`{"data":{"a":"b`, ``, 0, true},
		"an answer that breaks off after it": {`{"data":{"a":1}`, ``, 0, true},
		"an answer that breaks off further":  {`{"data":{"a":1},`, ``, 0, true},
		"a comma before nothing":             {`{"data":{"a":1},}`, ``, 0, true},
		"a bracket too many":                 {`{"data":{"a":1}}}`, ``, 0, true},
		"two answers":                        {`{"data":{"a":1}}{"errors":[{}]}`, ``, 0, true},
		"a member without a name":            {`{"data":{},{}}`, ``, 0, true},
		"a member without a value":           {`{"data"}`, ``, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := skimAnswer([]byte(c.body), nil)
			if (err != nil) != c.refused || string(a.Data) != c.data || len(a.Errors) != c.errors {
				t.Errorf("data %s, %d errors, %v", a.Data, len(a.Errors), err)
			}
		})
	}
}

func TestALargeAnswerIsSkimmed(t *testing.T) {
	t.Parallel()
	body := schemaAnswer(12_000)
	pauses := 0
	a, err := skimAnswer(body, func() { pauses++ })
	if most := len(body) / betweenPauses; pauses > most || pauses < most/2 {
		t.Errorf("%d pauses in %d bytes", pauses, len(body))
	}
	if err != nil || len(a.Data) != len(body)-len(`{"data":}`) || !json.Valid(a.Data) {
		t.Errorf("%d of %d bytes, %v", len(a.Data), len(body), err)
	}
	if _, err := skimAnswer(body[:len(body)-3], nil); err == nil {
		t.Error("an answer that breaks off was accepted")
	}
	behind := slices.Concat(body[:len(body)-1], []byte(`,"errors":[{"message":"no"}]}`))
	if a, err := skimAnswer(behind, nil); err != nil || len(a.Errors) != 1 || a.Errors[0].Message != "no" {
		t.Errorf("%d errors, %v", len(a.Errors), err)
	}
}

// FuzzSkimming: of JSON skimming finds what package json does, and nothing makes it panic.
func FuzzSkimming(f *testing.F) {
	for _, body := range answerSamples(f) {
		f.Add(body)
	}
	f.Add([]byte(`{"data":{},"errors":[{"message":[],"extensions":[]}]} `))
	f.Add([]byte(`{"data":{"a":"\\\""`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := skimAnswer(body, nil)
		if !json.Valid(body) {
			return
		}
		var whole map[string]json.RawMessage
		var want answer
		if wrong := json.Unmarshal(body, &whole); wrong == nil && !isNull(whole["errors"]) {
			wrong = json.Unmarshal(whole["errors"], &want.Errors)
			if wrong != nil && err == nil {
				t.Fatalf("errors %s were accepted", whole["errors"])
			}
		}
		if !isNull(whole["data"]) {
			want.Data = whole["data"]
		}
		if diff := cmp.Diff(want, got); err == nil && diff != "" {
			t.Fatalf("want -, got +:\n%s", diff)
		}
		if err != nil && len(want.Data) > 0 && isNull(whole["errors"]) {
			t.Fatalf("%s was refused", body)
		}
	})
}

// BenchmarkSkimming finds the data of an introspection of 4 MB.
func BenchmarkSkimming(b *testing.B) {
	body := schemaAnswer(12_000)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if a, err := skimAnswer(body, nil); err != nil || len(a.Data) == 0 {
			b.Fatal(err)
		}
	}
}

// schemaAnswer is shaped as an answer to introspection is.
func schemaAnswer(fields int) []byte {
	field := `{"name":"followUpsOfLead","description":"Follow-ups of the lead, \"open\" ones first","args":[{"name":"first","description":null,` +
		`"type":{"kind":"SCALAR","name":"Int","ofType":null},"defaultValue":"20"}],"type":{"kind":"NON_NULL","name":null,"ofType":` +
		`{"kind":"OBJECT","name":"FollowUpConnection","ofType":null}},"isDeprecated":false,"deprecationReason":null}`
	return []byte(`{"data":{"__schema":{"types":[` + strings.Repeat(field+",", fields-1) + field + `]}}}`)
}
