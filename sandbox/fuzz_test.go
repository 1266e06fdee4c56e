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
		`{"number":"+919812345678","calls":[{"outcome":"busy"},{"lines":[{"say":"wait","when":"over","afterMs":800}]}]}`,
		`{"dialect":"python","framing":"odd","resetAfterMs":1}`, `{"kind":"die","afterMs":6000}`, `{"code":1011,"reason":"x"}`, `{"shapes":["query"]}`,
	} {
		f.Add(seed)
	}
	shared := run(f, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	call := shared.ok("POST", "/sandbox/calls", "")["ucid"].(string)
	f.Fuzz(func(t *testing.T, body string) {
		s := *shared
		s.t = t
		for _, endpoint := range []struct{ method, path string }{
			{"POST", "/sandbox/calls"},
			{"POST", "/sandbox/calls/" + call + "/offer"},
			{"POST", "/sandbox/calls/" + call + "/hangup"},
			{"POST", "/sandbox/dials/next"},
			{"POST", "/sandbox/faults"},
			{"POST", "/sandbox/pushes"},
			{"POST", "/sandbox/fortytwo/fields"},
			{"PUT", "/sandbox/knowlarity/patients"},
			{"PUT", "/sandbox/knowlarity/stream"},
			{"PUT", "/sandbox/knowlarity/callbacks"},
			{"POST", "/sandbox/knowlarity/callbacks/faults"},
			{"POST", "/sandbox/knowlarity/calls/1/speak"},
			{"POST", "/sandbox/knowlarity/calls/1/press"},
			{"POST", "/sandbox/elevenlabs/conversations/faults"},
			{"POST", "/sandbox/elevenlabs/conversations/1/end"},
			{"PUT", "/sandbox/elevenlabs/webhook"},
			{"POST", "/sandbox/elevenlabs/webhook/faults"},
		} {
			code, out := s.control(endpoint.method, endpoint.path, body)
			_, refused := out["error"].(string)
			if refused != (code >= 400) || code >= http.StatusInternalServerError {
				t.Errorf("%s %q: %d %v", endpoint.path, body, code, out)
			}
		}
	})
}
