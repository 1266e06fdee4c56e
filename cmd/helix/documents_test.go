package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func hashOf(document string) string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:])
}

// named is the body of a request for a document by its hash, with its text or without.
func named(hash, text string) string {
	body := map[string]any{"extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hash}}}
	if text != "" {
		body["query"] = text
	}
	raw, _ := json.Marshal(body)
	return string(raw)
}

// entrances are the ways in which an operation can be asked for. Each answers with the answer's bytes.
func (s *system) entrances() map[string]func(token, body string) string {
	return map[string]func(token, body string) string{
		"POST": func(token, body string) string {
			_, raw := s.send(http.MethodPost, "/graphql", "application/json", token, body)
			return string(raw)
		},
		"GET": func(token, body string) string {
			var members map[string]any
			if err := json.Unmarshal([]byte(body), &members); err != nil {
				s.t.Fatal(err)
			}
			query := url.Values{}
			for name, value := range members {
				text, is := value.(string)
				if !is {
					raw, _ := json.Marshal(value)
					text = string(raw)
				}
				query.Set(name, text)
			}
			_, raw := s.send(http.MethodGet, "/graphql?"+query.Encode(), "", token, "")
			return string(raw)
		},
		"WebSocket": func(token, body string) string { return string(overSocket(s.t, s, token, body).Payload) },
		"event stream": func(token, body string) string {
			req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(body))
			if err != nil {
				s.t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", "text/event-stream")
			name, value := headerOf(token)
			req.Header.Set(name, value)
			res, err := s.hc.Do(req)
			if err != nil {
				s.t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			raw, err := io.ReadAll(res.Body)
			if err != nil {
				s.t.Fatal(err)
			}
			return string(raw)
		},
	}
}

func TestADocumentIsRegisteredAndAskedForByItsHashOverEveryTransport(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	token := s.signIn("asha@sandbox.test")
	for name, ask := range s.entrances() {
		document := `query { viewer { user { email } } } # ` + name
		for _, step := range []struct{ token, body, says string }{
			{token, named(hashOf(document), ""), "PERSISTED_QUERY_NOT_FOUND"},
			{token, named(hashOf(document), document), "asha@sandbox.test"},
			{token, named(hashOf(document), ""), "asha@sandbox.test"},
			{token, `{"documentId":"sha256:` + hashOf(document) + `"}`, "asha@sandbox.test"},
			{token, named(hashOf(document+"x"), document), "BAD_USER_INPUT"},
		} {
			if answer := ask(step.token, step.body); !strings.Contains(answer, step.says) {
				t.Errorf("%s: %s: %s", name, step.body, answer)
			}
		}
	}
	post := s.entrances()["POST"]
	const open = `{ __typename }`
	if answer := post("", named(hashOf(open), open)); !strings.Contains(answer, "Query") {
		t.Errorf("a stranger's document: %s", answer)
	}
	if answer := post("", named(hashOf(open), "")); !strings.Contains(answer, "PERSISTED_QUERY_NOT_FOUND") {
		t.Errorf("a stranger has registered something: %s", answer)
	}
}

func TestOnlyTrustedDocumentsAreRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const me, signIn = "query Me { viewer { user { email } } }", `mutation SignIn { signIn(input: {email: "asha@sandbox.test", password: "sandbox"}) { session { accessToken } } }`
	write("desk.graphql", me+"\n"+signIn)
	write("manifest.json", `{"me": "query Me { viewer { user { email } } }"}`)
	s := startSystem(t, map[string]string{"TRUSTED_DOCUMENTS": "only", "TRUSTED_DOCUMENTS_DIR": dir})
	_, data, _ := s.ask("", signIn, nil)
	token, _ := at(data, "signIn", "session", "accessToken").(string)
	const introspection = `{"query":"{ __schema { queryType { name } } }"}`
	for name, ask := range s.entrances() {
		for body, says := range map[string]string{
			named(hashOf(me), ""): "asha@sandbox.test", `{"documentId":"me"}`: "asha@sandbox.test", `{"query":"` + me + `"}`: "asha@sandbox.test",
			introspection: "FORBIDDEN", `{"query":"{viewer{user{id}}}"}`: "FORBIDDEN", `{"documentId":"you"}`: "FORBIDDEN",
			named(hashOf("{__typename}"), "{__typename}"): "FORBIDDEN", named(hashOf("{__typename}"), ""): "FORBIDDEN",
		} {
			if answer := ask(token, body); !strings.Contains(answer, says) {
				t.Errorf("%s: %s: %s", name, body, answer)
			}
		}
	}
	if status, raw := s.send(http.MethodGet, "/api/worklist", "", token, ""); status != http.StatusOK || !strings.Contains(string(raw), "missedCalls") {
		t.Errorf("the REST paths run documents of our own: HTTP %d %.300s", status, raw)
	}

	readyz := func() string {
		_, raw := s.send(http.MethodGet, "/readyz", "", "", "")
		return string(raw)
	}
	if answer := readyz(); !strings.Contains(answer, `"trusted-documents":{"state":"up"`) {
		t.Errorf("ready: %s", answer)
	}
	write("manifest.json", "{")
	s.gateway.trusted.Refresh(t.Context())
	until(t, "the fault is told", func() bool { return strings.Contains(readyz(), `"trusted-documents":{"state":"degraded"`) })
	if answer := s.entrances()["POST"](token, `{"documentId":"me"}`); !strings.Contains(answer, "asha@sandbox.test") {
		t.Errorf("what was read before is not in force: %s", answer)
	}
	write("manifest.json", `{"you": "{ viewer { roles } }"}`)
	s.gateway.trusted.Refresh(t.Context())
	if answer := s.entrances()["POST"](token, `{"documentId":"you"}`); !strings.Contains(answer, "roles") {
		t.Errorf("the folder's change is not in force: %s", answer)
	}
}

func TestAFolderThatCannotBeReadStopsTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "desk.graphql"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := &Gateway{cfg: Config{Documents: DocumentsConfig{Mode: "log", Dir: dir}}}
	if err := g.buildDocuments(); err == nil || !strings.Contains(err.Error(), "desk.graphql") {
		t.Errorf("error %v", err)
	}
}
