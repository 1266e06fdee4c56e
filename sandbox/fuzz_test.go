package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/helix-engage/gateway/sandbox"
)

// FuzzControlBodies sends any body to every control endpoint that takes one: it is taken or refused with a 4xx, in JSON either way.
func FuzzControlBodies(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[1]`, `{"phone":"9812345678"}`, `{"talkSeconds":1e300}`, `{"target":"ozonetel","kind":"delay","count":-1}`,
		`{"outcome":"busy","ringSeconds":2}`, `{"effect":"drop","kind":"cdr"}`, `{"by":"agent"}`, `{"phone":"९८१२३४५६७८"}`,
	} {
		f.Add(seed)
	}
	shared := run(f, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	call := shared.ok("POST", "/sandbox/calls", "")["ucid"].(string)
	f.Fuzz(func(t *testing.T, body string) {
		s := *shared
		s.t = t
		for _, path := range []string{
			"/sandbox/calls", "/sandbox/calls/" + call + "/offer", "/sandbox/calls/" + call + "/hangup", "/sandbox/dials/next",
			"/sandbox/faults", "/sandbox/pushes", "/sandbox/fortytwo/fields",
		} {
			code, out := s.control("POST", path, body)
			_, refused := out["error"].(string)
			if refused != (code >= 400) || code >= http.StatusInternalServerError {
				t.Errorf("%s %q: %d %v", path, body, code, out)
			}
		}
	})
}
