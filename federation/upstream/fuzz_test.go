package upstream

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzErrors holds that whatever FortyTwo writes becomes few errors, each with a code and a short text without numbers.
func FuzzErrors(f *testing.F) {
	f.Add([]byte(`[{"message":"Record not found","extensions":{"code":"NOT_FOUND","subCode":"RECORD_NOT_FOUND"}}]`), 200)
	f.Add([]byte(`[{"message":"Invalid value \"9876500000\" for field \"callStatus\"","extensions":{"code":"BAD_USER_INPUT"}}]`), 200)
	f.Add([]byte(`[{"message":"x","extensions":{"code":"FORBIDDEN","userFriendlyMessage":{"id":"1","message":"No access to 12 345"}}}]`), 200)
	f.Add([]byte(`[{"message":"Cannot update more than 200 records","extensions":{"code":"BAD_USER_INPUT"}},7]`), 500)
	f.Add([]byte(`{"message":"x"}`), 401)
	f.Add([]byte(`null`), 429)
	telling := regexp.MustCompile("[\"`@<>{}\\\\\n\r\t]|[0-9]{5}")
	f.Fuzz(func(t *testing.T, raw []byte, status int) {
		list := Errors(raw, status)
		if len(list) > maxErrors+1 {
			t.Fatalf("%d errors", len(list))
		}
		if _, err := json.Marshal(list); err != nil {
			t.Fatal(err)
		}
		for i, e := range list {
			code, _ := e.Extensions["code"].(string)
			if code == "" || e.Path != nil {
				t.Errorf("error %d is %+v", i, e)
			}
			texts := []string{e.Message}
			if friendly, sent := e.Extensions["userFriendlyMessage"]; sent {
				texts = append(texts, friendly.(string))
			}
			for _, text := range texts {
				if text == "" || len(text) > 2*maxText || !utf8.ValidString(text) {
					t.Errorf("text %q", text)
				}
				if i < maxErrors && telling.MatchString(text) && !strings.Contains(text, "more errors") {
					t.Errorf("%q tells too much", text)
				}
			}
		}
	})
}
