package server_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/internal/server"
)

func TestPagesOfOtherOrigins(t *testing.T) {
	t.Parallel()
	const desk = "https://desk.example.org"
	names := []string{
		"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
		"Access-Control-Expose-Headers", "Access-Control-Max-Age",
	}
	preflight := func(origin, headers string) []string {
		return []string{"Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", headers}
	}
	for name, tc := range map[string]struct {
		origins []string
		method  string
		header  []string
		status  int
		want    [6]string // of the headers above
	}{
		"a request from no page": {[]string{desk}, "POST", nil, 200, [6]string{}},
		"a configured origin": {
			[]string{desk}, "POST", []string{"Origin", desk}, 200, [6]string{0: desk, 1: "true", 4: "X-Request-Id, Retry-After"},
		},
		"another one, which the browser keeps from reading": {
			[]string{desk}, "POST", []string{"Origin", "https://evil.example.org"}, 200, [6]string{4: "X-Request-Id, Retry-After"},
		},
		"one that begins like a configured one": {
			[]string{desk}, "OPTIONS", preflight(desk+".evil.org", "authorization"), 403, [6]string{},
		},
		"the null origin": {[]string{"null"}, "OPTIONS", preflight("null", "authorization"), 403, [6]string{}},
		"its preflight": {
			[]string{"http://localhost:5173", desk},
			"OPTIONS", preflight(desk, "authorization, content-type"), 204,
			[6]string{desk, "true", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", "authorization, content-type", "", "600"},
		},
		"a preflight with odd headers": {
			[]string{desk}, "OPTIONS", preflight(desk, "a\"b"), 204, [6]string{0: desk, 1: "true", 2: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", 5: "600"},
		},
		"any origin, without credentials": {
			[]string{"*"}, "POST", []string{"Origin", "https://any.example.org"}, 200, [6]string{0: "*", 4: "X-Request-Id, Retry-After"},
		},
		"its preflight, without credentials": {
			[]string{"*"},
			"OPTIONS", preflight("https://any.example.org", "authorization"), 204,
			[6]string{0: "*", 2: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", 3: "authorization", 5: "600"},
		},
		"nothing configured":                  {nil, "OPTIONS", preflight(desk, "authorization"), 403, [6]string{}},
		"an OPTIONS that is no preflight":     {[]string{desk}, "OPTIONS", nil, 405, [6]string{}},
		"a configured origin in another case": {[]string{"HTTPS://Desk.example.org"}, "POST", []string{"Origin", desk}, 200, [6]string{0: desk, 1: "true", 4: "X-Request-Id, Retry-After"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, server.Options{Origins: server.NewOrigins(tc.origins), Routes: []server.Route{
				route("POST /graphql", func(http.ResponseWriter, *http.Request) {}),
			}})
			res, text := srv.do(t, tc.method, "/graphql", tc.header...)
			var got [6]string
			for i, name := range names {
				got[i] = res.Header.Get(name)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" || res.StatusCode != tc.status {
				t.Errorf("status %d, want %d: %s\n(-want +got):\n%s", res.StatusCode, tc.status, text, diff)
			}
			if tc.origins == nil || tc.origins[0] != "*" {
				if vary := res.Header.Get("Vary"); vary != "Origin" {
					t.Errorf("Vary begins with %q", vary)
				}
			}
		})
	}
}

func TestARefusedOriginIsToldWhatToDo(t *testing.T) {
	t.Parallel()
	srv := start(t, server.Options{})
	_, text := srv.do(t, http.MethodOptions, "/healthz", "Origin", "https://desk.example.org", "Access-Control-Request-Method", "POST",
		"X-Request-Id", "request-of-test")
	want := `{"errors":[{"message":"pages of this origin may not call the gateway: add it to CORS_ORIGIN",` +
		`"extensions":{"code":"FORBIDDEN","requestId":"request-of-test"}}]}`
	if text != want {
		t.Errorf("got %s", text)
	}
}
