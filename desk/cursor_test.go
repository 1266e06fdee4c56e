package desk

import (
	"encoding/base64"
	"testing"

	helix "github.com/helix-engage/gateway"
)

func FuzzParsePlaces(f *testing.F) {
	for _, raw := range []string{
		`{"MISSED_CALL":{"Due":"2026-01-14T10:40:00Z","ID":"a"},"LEAD":{}}`, `{"ELSE":{}}`, `{"LEAD":null}`, `null`, `[]`, `{"LEAD":{"Due":"soon"}}`,
	} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(raw)))
	}
	f.Add("")
	f.Add("not a cursor")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := parsePlaces(cursor)
		if err != nil {
			if !helix.IsCode(err, helix.CodeBadInput) {
				t.Fatalf("error without a code: %v", err)
			}
			return
		}
		again, err := parsePlaces(p.String())
		if err != nil || again.String() != p.String() {
			t.Fatalf("%v became %v, %v", p, again, err)
		}
	})
}
