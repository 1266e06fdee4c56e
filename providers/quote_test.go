package providers_test

import (
	"strings"
	"testing"

	"github.com/helix-engage/gateway/providers"
)

func TestQuotesLeaveOutWhatIsPrivate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text    string
		private []string
		want    string
	}{
		"nothing":                    {},
		"plain words":                {text: "Agent number is not registered", want: "Agent number is not registered"},
		"short numbers stay":         {text: "error 1008 after 20 s", want: "error 1008 after 20 s"},
		"phone numbers":              {text: "no +919812345678 nor 98123 45678 nor 080-4777-0003", want: "no # nor # nor #"},
		"addresses":                  {text: "cannot reach wss://x.example/t0k3n now", want: "cannot reach # now"},
		"words that are no ASCII":    {text: "said कृपया बाद", want: "said # #"},
		"bytes that are no text":     {text: "a\xff\x00b", want: "a#b"},
		"private texts":              {text: "cannot call Rahul Sharma", private: []string{"Rahul Sharma"}, want: "cannot call #"},
		"words of private texts":     {text: "Sharma, Rahul", private: []string{"Rahul Sharma"}, want: "#, #"},
		"short private words remain": {text: "to be or not", private: []string{"to", "be"}, want: "to be or not"},
		"a text that is cut":         {text: strings.Repeat("x", 500), want: strings.Repeat("x", 200)},
	} {
		if got := providers.Quote(c.text, c.private...); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
