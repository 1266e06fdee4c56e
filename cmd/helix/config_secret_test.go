package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestASecretIsShownByNothing(t *testing.T) {
	t.Parallel()
	const value = "open-sesame-0123"
	type exported struct{ Key Secret }
	type unexported struct{ key Secret }
	type deep struct {
		inner  unexported
		list   []Secret
		byName map[string]Secret
	}
	s := NewSecret(value)
	hidden := unexported{key: s}
	var b strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t"} {
		for _, holder := range []any{
			s, &s,
			exported{s},
			&exported{s}, hidden, &hidden,
			[]Secret{s},
			map[string]Secret{"k": s},
			deep{hidden, []Secret{s}, map[string]Secret{"k": s}},
		} {
			fmt.Fprintf(&b, verb+"\n", holder)
		}
	}
	for _, encode := range []func(any) ([]byte, error){json.Marshal, xml.Marshal} {
		text, err := encode(exported{s})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("", "secret", s, "in", exported{s}, "hidden", hidden)
	slog.New(slog.NewTextHandler(&log, nil)).Info("", "secret", s, "in", exported{s}, "hidden", hidden)
	shown := b.String() + log.String()
	for _, form := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value), fmt.Sprintf("%d", []byte(value))} {
		if strings.Contains(shown, form) {
			t.Errorf("%q is shown in:\n%s", form, shown)
		}
	}
	if !strings.Contains(shown, redacted) {
		t.Errorf("nothing tells that there is a value:\n%s", shown)
	}
}

func TestASecretRevealsWhatItWasMadeOf(t *testing.T) {
	t.Parallel()
	var read Secret
	if err := json.Unmarshal([]byte(`"from a file"`), &read); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		secret Secret
		value  string
	}{{NewSecret("value"), "value"}, {read, "from a file"}, {Secret{}, ""}, {NewSecret(""), ""}} {
		if got := tc.secret.Reveal(); got != tc.value || tc.secret.Empty() != (tc.value == "") {
			t.Errorf("reveals %q, empty %t; want %q", got, tc.secret.Empty(), tc.value)
		}
	}
	if shown := fmt.Sprintf("%v|%s", Secret{}, NewSecret("")); shown != "|" {
		t.Errorf("an empty secret shows %q", shown)
	}
}
