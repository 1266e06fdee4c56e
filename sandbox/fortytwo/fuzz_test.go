package fortytwo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// FuzzDocuments feeds whole bodies to both endpoints: whatever comes, the answer is one JSON object with data or errors, or a refusal
// of the transport.
func FuzzDocuments(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		if data, ok := requestBody(f, file); ok {
			f.Add(data)
		}
	}
	f.Add(`{"query":"{calls(filter:{and:[{or:[]},{not:{}}]},orderBy:{name:AscNullsLast},after:\"e30=\"){edges{node{lead{calls}}}}}"}`)
	f.Add(`{"query":"mutation($d:JSON){createCalls(data:$d){id}}","variables":{"d":[{"lead":{"connect":{"where":{}}},"callerNumber":{"additionalPhones":[null]}}]}}`)
	f.Add(`{"query":"{callsGroupBy(groupBy:[{startedAt:{granularity:WEEK,timeZone:\"UTC\"}}],orderBy:[{aggregate:{}}]){edges{node{id}}}}"}`)
	servers := []*Server{fuzzed(f, Line27), fuzzed(f, Line15)}
	f.Fuzz(func(t *testing.T, body string) {
		var probe map[string]any
		if json.Unmarshal([]byte(body), &probe) == nil && (probe["query"] == nil || probe["query"] == "") {
			t.Skip("hangs by design")
		}
		for _, server := range servers {
			server.tryBody(t, body)
		}
	})
}

func fuzzed(f *testing.F, line Line) *Server {
	f.Helper()
	server, err := New(Options{
		Line: line, Rate: RateLimit{Off: true}, Metadata: recordedObjects(), Empty: true,
		Now: func() time.Time { return time.Unix(1_800_000_000, 0) },
	})
	if err != nil {
		f.Fatal(err)
	}
	return server
}

// tryBody posts a body to both endpoints of a workspace with one lead and one call.
func (s *Server) tryBody(t *testing.T, body string) {
	t.Helper()
	token, err := s.AccessToken("admin@sandbox.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range s.main().objects {
		if o.singular != "workspaceMember" {
			s.main().tables[o] = newTable() // an input must not depend on those before it
		}
	}
	s.main().seedRow("lead", row{"id": leadID, "name": "Asha"})
	s.main().seedRow("call", row{"leadId": leadID, "name": "c"})
	for _, path := range []string{"/graphql", "/metadata"} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+token)
		recorder := httptest.NewRecorder()
		s.serveFuzzed(recorder, request)
		if recorder.Code >= 500 {
			t.Fatalf("status %d: %s", recorder.Code, recorder.Body)
		}
		var out map[string]any
		if err := json.Unmarshal(recorder.Body.Bytes(), &out); err != nil && recorder.Code != http.StatusNotAcceptable {
			t.Fatalf("%v: %s", err, recorder.Body)
		}
	}
}

// serveFuzzed is the handler without the requests that would hang.
func (s *Server) serveFuzzed(w http.ResponseWriter, r *http.Request) {
	in, refused, hangs := readRequest(r)
	switch {
	case hangs:
		nestError(http.StatusBadRequest, "hangs", "hangs").write(w)
	case refused != nil:
		refused.write(w)
	default:
		s.serveOperation(w, r, in)
	}
}

func requestBody(f *testing.F, file string) (string, bool) {
	f.Helper()
	var t testing.T
	s := readSample(&t, file)
	data, err := json.Marshal(s.Request.Body)
	return string(data), err == nil && len(data) < 10_000
}

// FuzzLike checks the matcher against a plain recursive one.
func FuzzLike(f *testing.F) {
	f.Add("%a_b\\%", "xxaxb%")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 12 || len(text) > 12 {
			t.Skip("the reference takes exponential time")
		}
		if got, want := like(pattern, text, false), likeReference([]rune(pattern), []rune(text)); got != want {
			t.Errorf("like(%q, %q) = %v, want %v", pattern, text, got, want)
		}
	})
}

func likeReference(pattern, text []rune) bool {
	switch {
	case len(pattern) == 0:
		return len(text) == 0
	case pattern[0] == '%':
		return likeReference(pattern[1:], text) || len(text) > 0 && likeReference(pattern, text[1:])
	case len(text) == 0:
		return false
	case pattern[0] == '_':
		return likeReference(pattern[1:], text[1:])
	case pattern[0] == '\\' && len(pattern) > 1:
		return pattern[1] == text[0] && likeReference(pattern[2:], text[1:])
	default:
		return pattern[0] == text[0] && likeReference(pattern[1:], text[1:])
	}
}
