package fortytwo

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// raw sends a body as it is.
func (b *bench) raw(ctx context.Context, method, path, contentType, body string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, b.http.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	return b.http.Client().Do(request)
}

func TestTheTransportRefusesWhatUpstreamRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, tt := range []struct {
		name, contentType, body string
		status                  int
		contains                string
	}{
		{"text/plain", "text/plain", `{"query":"{calls{totalCount}}"}`, 415, ""},
		{"no content type", "", `{"query":"{calls{totalCount}}"}`, 415, ""},
		{"malformed JSON", "application/json", `{"query":`, 400, `"statusCode":400`},
		{"trailing text", "application/json", `{"query":"{a}"} x`, 400, `"error":"Bad Request"`},
		{"a JSON scalar", "application/json", `5`, 400, `"statusCode":400`},
		{"an array", "application/json", `[{"query":"{calls{totalCount}}"}]`, 400, "Batching is not supported."},
		{"variables that are no object", "application/json", `{"query":"{a}","variables":[1]}`, 400, "variables"},
		{"more than 10 MB", "application/json", `{"query":"` + strings.Repeat(" ", maxBody) + `"}`, 500, "request entity too large"},
		{"too many levels", "application/json", `{"query":"{a}","variables":{"v":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}`, 400, `"statusCode":400`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			response, err := b.raw(t.Context(), http.MethodPost, "/graphql", tt.contentType, tt.body)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			var text bytes.Buffer
			if _, err := text.ReadFrom(response.Body); err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != tt.status || !strings.Contains(text.String(), tt.contains) {
				t.Errorf("status %d, body %.200s", response.StatusCode, text.String())
			}
		})
	}
}

func TestAGetReachesTheCoreSchemaAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.http.URL+"/graphql?query="+url.QueryEscape(`{calls{totalCount}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+b.token(adminEmail))
	if got := b.do(request); got.failure() != `/: Cannot query field "calls" on type "Query".` || got.status != 200 {
		t.Errorf("status %d: %s", got.status, got.text)
	}
}

func TestTheAcceptHeaderDecidesTheStatusOfARefusedDocument(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const strict = "application/graphql-response+json"
	token := b.token(adminEmail)
	for query, want := range map[string]int{`{currentUser{nosuch}}`: 400, `{`: 400, `{currentUser{id}}`: 200} {
		if got := b.post("/metadata", token, map[string]any{"query": query}, "Accept", strict); got.status != want {
			t.Errorf("%s: status %d, want %d", query, got.status, want)
		}
	}
	if got := b.post("/graphql", token, map[string]any{"query": `{calls(filter:{nosuch:1}){totalCount}}`}, "Accept", strict); got.status != 200 {
		t.Errorf("record queries are 200 either way: %d", got.status)
	}
}

func TestTrap18ABodyWithoutAQueryHangsUntilTheClientLeaves(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, leave := context.WithCancel(t.Context())
	answered := make(chan error, 1)
	go func() {
		response, err := b.raw(ctx, http.MethodPost, "/graphql", "application/json", `{"variables":{}}`)
		if err == nil {
			err = errors.Join(errors.New("answered "+response.Status), response.Body.Close())
		}
		answered <- err
	}()
	for len(b.Requests()) == 0 { // the request has arrived and is in the log before it hangs
		select {
		case err := <-answered:
			t.Fatalf("it did not hang: %v", err)
		default:
		}
	}
	leave()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("the client's leave ends it: %v", err)
	}
}

func TestAHangingRequestEndsWithTheServer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := b.Run(ctx); err != nil {
		t.Fatal(err)
	}
	response, err := b.raw(t.Context(), http.MethodPost, "/metadata", "application/json", `{}`)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
}
