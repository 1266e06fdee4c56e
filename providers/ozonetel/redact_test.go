package ozonetel

import (
	"bytes"
	"net/url"
	"testing"
)

const key = "KK0123456789abcdef0123456789abcdef"

// keyedPushes carry the account's key in every way in which a push is wrapped.
var keyedPushes = map[string]struct {
	contentType, body string
	exact             string // the stored body; "" when only the key's absence counts
}{
	"JSON":                    {"application/json", `{"Did":"91","Apikey":"` + key + `","UserName":"x"}`, `{"Did":"91","Apikey":"0","UserName":"x"}`},
	"JSON with space":         {"application/json", "{\n  \"apiKey\" :\n  \"" + key + "\"\n}", "{\n  \"apiKey\" :\n  \"0\"\n}"},
	"a bare number":           {"application/json", `{"APIKEY":12345678901,"n":1}`, `{"APIKEY":0,"n":1}`},
	"no value":                {"application/json", `{"Apikey":"","n":"` + "1" + `"}`, `{"Apikey":"","n":"1"}`},
	"a form":                  {"application/x-www-form-urlencoded", url.Values{"data": {`{"Apikey":"` + key + `","n":1}`}}.Encode(), "data=" + url.QueryEscape(`{"Apikey":"0","n":1}`)},
	"a form with spaces":      {"application/x-www-form-urlencoded", url.Values{"data": {`{"Apikey": "` + key + `", "n": 1}`}}.Encode(), "data=" + url.QueryEscape(`{"Apikey": "0", "n": 1}`)},
	"single fields":           {"application/x-www-form-urlencoded", "Did=91&Apikey=" + key + "&n=1", "Did=91&Apikey=0&n=1"},
	"text in text":            {"application/json", `{"data":"{\"Apikey\":\"` + key + `\"}"}`, `{"data":"{\"Apikey\":\"0\"}"}`},
	"an address with the key": {"application/json", `{"AudioFile":"https://x.test/a.mp3?api_key=` + key + `&b=1"}`, `{"AudioFile":"https://x.test/a.mp3?api_key=0&b=1"}`},
	"multipart": {
		"multipart/form-data; boundary=x",
		"--x\r\nContent-Disposition: form-data; name=\"Apikey\"\r\n\r\n" + key + "\r\n--x--\r\n",
		"--x\r\nContent-Disposition: form-data; name=\"Apikey\"\r\n\r\n0\r\n--x--\r\n",
	},
	"a name spelt in escapes":       {"application/json", `{"\u0041pikey":"` + key + `"}`, `{"\u0041pikey":"0"}`},
	"another name":                  {"application/json", `{"secret":"` + key + `"}`, `{"secret":"0"}`},
	"cut short in the key":          {"application/json", `{"Did":"91","Apikey":"` + key, `{"Did":"91","Apikey":"0`},
	"cut short behind it":           {"application/x-www-form-urlencoded", "data=%7B%22Apikey%22%3A%22" + key + "%22%2", "data=%7B%22Apikey%22%3A%220%22%2"},
	"nonsense around it":            {"", "\xff\xfe<html>Apikey=" + key + "</html>", "\xff\xfe<html>Apikey=0</html>"},
	"a name as the value of a name": {"", `"Apikey":"Apikey":"other-key-1"`, `"Apikey":"0":"0"`},
	"nothing to remove":             {"application/json", `{"Did":"918000000001"}`, `{"Did":"918000000001"}`},
	"another account's odd key":     {"application/json", `{"Apikey":"so\"odd","monitorUCID":21799900000000459}`, `[{"Apikey":"0","monitorUCID":21799900000000459}]`},
	"another account's deep key":    {"application/json", `{"data":{"list":[{"Apikey":{"v":"other-key-1"}}]}}`, `[{"data":{"list":[{"Apikey":"0"}]}}]`},
	"a key by a name in escapes":    {"application/json", `{"\u0041pikey":"other-key-1"}`, `[{"Apikey":"0"}]`},
	"a deep key in a text in text":  {"application/json", `{"data":"{\"\\u0041pikey\":\"other-key-1\"}"}`, `[{"data":"[{\"Apikey\":\"0\"}]"}]`},
}

func TestRedactAPIKey(t *testing.T) {
	t.Parallel()
	c := &Client{apiKey: key}
	for name, push := range keyedPushes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := string(c.RedactAPIKey(push.contentType, []byte(push.body))); got != push.exact {
				t.Errorf("%s became\n%s, want\n%s", push.body, got, push.exact)
			}
		})
	}
}

func TestARedactedPushIsStillDecoded(t *testing.T) {
	t.Parallel()
	c := &Client{apiKey: key, location: india}
	for _, push := range []struct{ contentType, body string }{
		{"application/json", `{"monitorUCID":"21799900000000459","StartTime":"2026-01-14 16:10:20","Apikey":"` + key + `"}`},
		{"application/x-www-form-urlencoded", url.Values{"data": {`{"monitorUCID":21799900000000459,"StartTime":"2026-01-14 16:10:20","Apikey":"` + key + `"}`}}.Encode()},
		{"application/x-www-form-urlencoded", url.Values{"data": {`{"monitorUCID":21799900000000459,"StartTime":"2026-01-14 16:10:20","Apikey":"o\"dd"}`}}.Encode()},
	} {
		got, err := c.DecodeCDR(push.contentType, c.RedactAPIKey(push.contentType, []byte(push.body)))
		if err != nil || len(got.Calls) != 1 || got.Calls[0].ProviderCallID != "21799900000000459" {
			t.Errorf("%s is read as %+v, %v", push.body, got, err)
		}
	}
}

func TestCDRAPIKeyMatches(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		own, body string
		want      bool
	}{
		"our key":                    {key, `{"Apikey":"` + key + `"}`, true},
		"our key in nested data":     {key, `{"data":{"apiKey":"` + key + `"}}`, true},
		"another key":                {key, `{"Apikey":"KKother"}`, false},
		"no key":                     {key, `{"Did":"91"}`, false},
		"an empty key":               {key, `{"Apikey":""}`, false},
		"one record of two":          {key, `[{"Apikey":"` + key + `"},{"Did":"91"}]`, false},
		"one wrong key of two":       {key, `{"Apikey":"` + key + `","data":{"Apikey":"KKother"}}`, false},
		"an account without a key":   {"", `{"Apikey":""}`, false},
		"nonsense":                   {key, `Apikey"` + key, false},
		"our key, but redacted":      {key, `{"Apikey":"0"}`, false},
		"our key in the form's data": {key, "data=" + url.QueryEscape(`{"Apikey":"`+key+`"}`), true},
	} {
		if got := (&Client{apiKey: c.own}).CDRAPIKeyMatches("", []byte(c.body)); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

func FuzzRedactAPIKey(f *testing.F) {
	for _, push := range keyedPushes {
		f.Add(push.contentType, []byte(push.body))
	}
	c := &Client{apiKey: key}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		out := c.RedactAPIKey(contentType, body)
		if bytes.Contains(out, []byte(key)) {
			t.Fatalf("the account's key is left in %q", out)
		}
		if again := c.RedactAPIKey(contentType, out); !bytes.Equal(again, out) {
			t.Fatalf("%q is redacted again to %q", out, again)
		}
		docs, err := readPush(contentType, out)
		if err != nil {
			return
		}
		for _, doc := range docs {
			eachAPIKey(doc, maxUnwraps, func(value string) string {
				if value != "" && value != redacted {
					t.Fatalf("the key %q is left in %q", value, out)
				}
				return value
			})
		}
	})
}

// FuzzRedactAPIKeyWithoutReading compares the quick way, for bodies of which the text shows enough, with the thorough one.
func FuzzRedactAPIKeyWithoutReading(f *testing.F) {
	for _, push := range keyedPushes {
		f.Add(push.contentType, []byte(push.body))
	}
	for _, body := range []string{
		`{"a-p_i k.e y":"other-key-1"}`, `a%50i+key=other-key-1`, "{\"api\u212aey\":\"other-key-1\"}", "{\"ap\u0130key\":\"other-key-1\"}",
		`data=%7B%22%5Cu0061pikey%22%3A%22other-key-1%22%7D`, `{"data":"{\"\\u0041pikey\":1}"}`, `{"callStatus":"Answered"}`, `"aapikey`, `%`, `%4`, `%41pi%6Bey=1`,
		`data=%7B%22Apikey%22%3A%220%22%7D`, `{"Apikey":"0","ap.i-key":"0","x":"%61pikey"}`, `{"Apikey":"0:other-key-1"}`, `{"xApikey":"0","\u0041pikey":"1"}`,
	} {
		f.Add("", []byte(body))
	}
	c := &Client{apiKey: key}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		quick, thorough := c.RedactAPIKey(contentType, body), redactByReading(contentType, c.blankOwnKey(blankNamedKeys(body)))
		if !bytes.Equal(quick, thorough) {
			t.Fatalf("%q is redacted to %q, and by reading it to %q", body, quick, thorough)
		}
	})
}

func TestABodyThatCannotNameAKeyIsNotRead(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{"Did":"918000000001","AgentID":"a1","Comments":"rapid key"}`:                        false,
		`data=%7B%22monitorUCID%22%3A%2221799900000000459%22%2C%22Type%22%3A%22inbound%22%7D`: false,
		`{"Apikey":"0","UserName":"x"}`:                                                       false,
		`data=%7B%22Apikey%22%3A%220%22%7D`:                                                   false,
		`{"Apikey":"0x"}`:                                                                     true,
		`{"Apikey":""}`:                                                                       true,
		`{"API_Key":""}`:                                                                      true,
		`{"a.p-i key":""}`:                                                                    true,
		`a%70i%6bey=1`:                                                                        true,
		`{"\\u0041pikey":""}`:                                                                 true,
		`{"name":"आशा"}`:                                                                      true,
		`aapikey`:                                                                             true,
		`a+p+i+k+e+y=1`:                                                                       true,
	} {
		if got := mayNameKey("", []byte(body)); got != want {
			t.Errorf("%s: %t, want %t", body, got, want)
		}
	}
	if !mayNameKey("Multipart/form-data; boundary=x", nil) {
		t.Error("a multipart form may name one in an encoding of its own")
	}
}

// FuzzRedactAPIKeyBetween puts another account's key between arbitrary text, where nothing may be well-formed.
func FuzzRedactAPIKeyBetween(f *testing.F) {
	names := []string{`"Apikey":"`, "%22Apikey%22%3A%22", "api_key=", "APIKEY: ", "name=\"Apikey\"\r\n\r\n", `\"apiKey\" : \"`}
	for i := range names {
		f.Add(`{"Did":1,`, i, `","x":1}`)
	}
	f.Add("data=%7B", 1, "%22%7D")
	f.Add(`"Apikey":`, 0, "")
	f.Add("api_key=", 2, "&")
	f.Fuzz(func(t *testing.T, before string, i int, after string) {
		const other = "KKz9y8x7w6v5u4t3"
		name := names[uint(i)%uint(len(names))]
		out := (&Client{apiKey: key}).RedactAPIKey("", []byte(before+name+other+after))
		if bytes.Contains(out, []byte(other)) {
			t.Fatalf("the key is left in %q", out)
		}
	})
}
