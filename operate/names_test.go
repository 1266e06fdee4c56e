package operate

import (
	"bytes"
	"testing"
)

func TestARawMessageNamesANumberInWhateverFormItIsWritten(t *testing.T) {
	t.Parallel()
	names := naming("+919812345678")
	for _, c := range []struct {
		name, text string
		want       bool
	}{
		{"ten digits", `{"CallerID":"9812345678"}`, true},
		{"with a trunk prefix", `{"CallerID":"09812345678"}`, true},
		{"with the country code", `{"CallerID":919812345678}`, true},
		{"in E.164 form", `caller=+919812345678&x=1`, true},
		{"in an encoded form", `caller=%2B919812345678`, true},
		{"behind an encoded space", `caller=%209812345678&x`, true},
		{"with an international prefix", `00919812345678`, true},
		{"in groups", `"98123 45678"`, true},
		{"in groups with hyphens, at the end", `98-1234-5678`, true},
		{"beside a time", `2026-01-14 10:40:00 9812345678`, true},
		{"in JSON inside a string", `data={\"caller\":\"9812345678\"}`, true},
		{"another number", `{"CallerID":"9812345679"}`, false},
		{"within a longer id", `{"ucid":"21798123456780000"}`, false},
		{"at the end of a longer id", `{"ucid":"2179999819812345678"}`, false},
		{"part of it", `812345678`, false},
		{"nothing", ``, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := names([]byte(c.text)); got != c.want {
				t.Errorf("%s: %v", c.text, got)
			}
		})
	}
}

func FuzzNaming(f *testing.F) {
	f.Add([]byte(`{"CallerID":"9812345678"}`), []byte("x"))
	f.Add([]byte("21798123456780000"), []byte("98-1"))
	names := naming("+919812345678")
	f.Fuzz(func(t *testing.T, before, after []byte) {
		names(before)
		if !names(bytes.Join([][]byte{before, []byte("+919812345678"), after}, []byte("|"))) {
			t.Errorf("not found between %q and %q", before, after)
		}
	})
}
