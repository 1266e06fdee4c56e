package federationtest

import (
	"encoding/json"
	"testing"
)

func TestAnswersAreTheSameOrNot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, a, b string
		same       bool
	}{
		{"escapes and ways to write a number do not count", `{"data":{"a":"\u00e9","b":1.50}}`, `{"data":{"a":"é","b":15e-1}}`, true},
		{"the order of members counts", `{"data":{"a":1,"b":2}}`, `{"data":{"b":2,"a":1}}`, false},
		{"null is not nothing", `{"data":{"a":null}}`, `{"data":{}}`, false},
		{"a text is no number", `{"data":{"a":"1"}}`, `{"data":{"a":1}}`, false},
		{"a longer list differs", `{"data":{"a":[1]}}`, `{"data":{"a":[1,2]}}`, false},
		{"texts of errors do not count", `{"data":{"a":null},"errors":[{"message":"x","path":["a"]}]}`, `{"data":{"a":null},"errors":[{"message":"y","path":["a"]}]}`, true},
		{"paths count", `{"data":{"a":[null]},"errors":[{"message":"x","path":["a"]}]}`, `{"data":{"a":[null]},"errors":[{"message":"x","path":["a",0]}]}`, false},
		{
			"codes count", `{"data":{"a":null},"errors":[{"message":"x","path":["a"],"extensions":{"code":"A"}}]}`,
			`{"data":{"a":null},"errors":[{"message":"x","path":["a"],"extensions":{"code":"B"}}]}`, false,
		},
		{
			"how often an error is told counts", `{"data":{"a":null},"errors":[{"message":"x","path":["a"]},{"message":"x","path":["a"]}]}`,
			`{"data":{"a":null},"errors":[{"message":"x","path":["a"]}]}`, false,
		},
		{
			"several errors below one null are one", `{"data":{"a":null},"errors":[{"message":"x","path":["a","b"]},{"message":"x","path":["a","c"]}]}`,
			`{"data":{"a":null},"errors":[{"message":"x","path":["a","c"]}]}`, true,
		},
		{"an error below a null is needed", `{"data":null,"errors":[{"message":"x","path":["a","b"]}]}`, `{"data":null}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var a, b Response
			if err := json.Unmarshal([]byte(c.a), &a); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(c.b), &b); err != nil {
				t.Fatal(err)
			}
			if err := Compare(a, b); (err == nil) != c.same {
				t.Error(err)
			}
		})
	}
}
