package desk

import (
	"encoding/base64"
	"slices"
	"testing"
	"time"

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

func TestTheCursorsOfAPageAreThoseOfItsItems(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 1, 14, 10, 40, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		began places
		kinds []WorklistKind
	}{
		"the first page":      {nil, []WorklistKind{WorkLead, WorkMissedCall, WorkFollowUp, WorkFollowUp, WorkLead}},
		"a page of one kind":  {places{}, []WorklistKind{WorkLead, WorkLead}},
		"a page after others": {places{WorkLead: {Due: began, ID: "z"}, WorkMissedCall: {}}, []WorklistKind{WorkFollowUp, WorkLead}},
		"an empty page":       {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := Worklist{began: c.began}
			if l.began == nil {
				l.began = places{}
			}
			var want []string
			for i, kind := range c.kinds {
				l.Items = append(l.Items, WorklistItem{Kind: kind, key: helix.DueKey{Due: began.Add(time.Duration(i) * time.Hour), ID: string('a' + rune(i))}})
				want = append(want, l.Cursor(i))
			}
			if got := l.Cursors(); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestACursorBehindATimeThatCannotBeWrittenBeginsThatSourceAnew(t *testing.T) {
	t.Parallel()
	far := helix.DueKey{Due: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), ID: "a"}
	l := Worklist{began: places{}, Items: []WorklistItem{{Kind: WorkFollowUp, key: far}, {Kind: WorkLead, key: helix.DueKey{ID: "b"}}}}
	at, err := parsePlaces(l.Cursors()[1])
	if _, known := at[WorkFollowUp]; err != nil || known || at[WorkLead].ID != "b" {
		t.Errorf("got %v, %v", at, err)
	}
}

func BenchmarkCursors(b *testing.B) {
	l := Worklist{began: places{}}
	for i := range 50 {
		l.Items = append(l.Items, WorklistItem{Kind: AllWork()[i%3], key: helix.DueKey{Due: time.Unix(int64(i), 0).UTC(), ID: "a0000000-0000-4000-8000-000000000000"}})
	}
	b.Run("together", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l.Cursors()
		}
	})
	b.Run("one by one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for i := range l.Items {
				l.Cursor(i)
			}
		}
	})
}
