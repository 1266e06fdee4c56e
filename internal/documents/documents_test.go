package documents

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const (
	codeNotFound  = "PERSISTED_QUERY_NOT_FOUND"
	codeForbidden = "FORBIDDEN"
	codeBadInput  = "BAD_USER_INPUT"
	codeLimit     = "TOO_LONG"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

type knownKey struct{}

// world is an executor with the extension in front of a limit of 200 bytes.
type world struct {
	*executor.Executor
	documents *Documents
	log       *strings.Builder
}

func newWorld(t *testing.T, o Options) *world {
	t.Helper()
	w := &world{log: &strings.Builder{}}
	o.Logger = slog.New(slog.NewTextHandler(w.log, nil))
	o.Known = func(ctx context.Context) bool { return ctx.Value(knownKey{}) != nil }
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `type Query { a: String b: Query }`})
	w.Executor = executor.New(&graphql.ExecutableSchemaMock{SchemaFunc: func() *ast.Schema { return schema }})
	w.documents = New(o)
	w.Use(w.documents)
	w.Use(lengthLimit{})
	return w
}

type lengthLimit struct{}

func (lengthLimit) ExtensionName() string                   { return "LengthLimit" }
func (lengthLimit) Validate(graphql.ExecutableSchema) error { return nil }
func (lengthLimit) MutateOperationParameters(_ context.Context, p *graphql.RawParams) *gqlerror.Error {
	if len(p.Query) > 200 {
		return &gqlerror.Error{Message: "too long", Extensions: map[string]any{"code": codeLimit}}
	}
	return nil
}

// request is a document, the names that it is sent with, and by whom.
type request struct {
	query      string
	hash       string
	id         string
	extensions string // JSON, in place of hash and id
	known, own bool
}

// ask answers with the text that would run, and the first code.
func (w *world) ask(t *testing.T, r request) (text, code string) {
	t.Helper()
	params := &graphql.RawParams{Query: r.query, Extensions: map[string]any{}}
	if r.hash != "" {
		params.Extensions["persistedQuery"] = map[string]any{"version": json.Number("1"), "sha256Hash": r.hash}
	}
	if r.id != "" {
		params.Extensions["documentId"] = r.id
	}
	if r.extensions != "" {
		if err := json.Unmarshal([]byte(r.extensions), &params.Extensions); err != nil {
			t.Fatal(err)
		}
	}
	ctx := graphql.StartOperationTrace(t.Context())
	if r.known {
		ctx = context.WithValue(ctx, knownKey{}, true)
	}
	if r.own {
		ctx = Own(ctx)
	}
	oc, errs := w.CreateOperationContext(ctx, params)
	if len(errs) == 0 {
		return oc.RawQuery, ""
	}
	code, _ = errs[0].Extensions["code"].(string)
	return "", code
}

// step is a request and what becomes of it.
type step struct {
	request
	text, code string
}

func (w *world) play(t *testing.T, steps []step) {
	t.Helper()
	for i, s := range steps {
		text, code := w.ask(t, s.request)
		if text != s.text || code != s.code {
			t.Errorf("request %d: %q %q, want %q %q", i, text, code, s.text, s.code)
		}
	}
}

func TestPersistedQueries(t *testing.T) {
	t.Parallel()
	const text = `{ a }`
	long := "{" + strings.Repeat(" a", 100) + "}"
	for name, steps := range map[string][]step{
		"a text without a name runs": {{request{query: text}, text, ""}},
		"a name that nobody registered is not found": {
			{request{hash: hashOf(text)}, "", codeNotFound}, {request{id: "sha256:" + hashOf(text)}, "", codeNotFound}, {request{id: "x"}, "", codeNotFound},
		},
		"a known caller registers with name and text, for everybody": {
			{request{query: text, hash: hashOf(text), known: true}, text, ""},
			{request{hash: hashOf(text)}, text, ""},
			{request{id: "sha256:" + hashOf(text)}, text, ""},
			{request{id: hashOf(text), hash: hashOf(text)}, text, ""},
		},
		"a stranger runs, and registers nothing": {
			{request{query: text, hash: hashOf(text)}, text, ""}, {request{hash: hashOf(text)}, "", codeNotFound},
		},
		"what the limits refuse is not registered": {
			{request{query: long, hash: hashOf(long), known: true}, "", codeLimit}, {request{hash: hashOf(long)}, "", codeNotFound},
		},
		"what is not valid is not registered": {
			{request{query: "{nothing}", hash: hashOf("{nothing}"), known: true}, "", "GRAPHQL_VALIDATION_FAILED"},
			{request{hash: hashOf("{nothing}"), known: true}, "", codeNotFound},
		},
		"a text under another's name is refused": {
			{request{query: text, hash: hashOf("{b{a}}"), known: true}, "", codeBadInput},
			{request{query: text, id: "mine", known: true}, "", codeBadInput},
			{request{hash: hashOf("{b{a}}")}, "", codeNotFound},
		},
		"two names for one document are refused": {{request{hash: hashOf(text), id: "another"}, "", codeBadInput}},
		"malformed names are refused": {
			{request{extensions: `{"persistedQuery":1}`}, "", codeBadInput},
			{request{extensions: `{"persistedQuery":{"version":2,"sha256Hash":"a"}}`}, "", codeBadInput},
			{request{extensions: `{"persistedQuery":{"version":1}}`}, "", codeBadInput},
			{request{extensions: `{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("a", 300) + `"}}`}, "", codeBadInput},
			{request{extensions: `{"documentId":1}`}, "", codeBadInput},
			{request{extensions: `{"documentId":"sha256:"}`}, "", codeBadInput},
		},
		"null is no name": {{request{query: text, extensions: `{"persistedQuery":null,"documentId":null}`}, text, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newWorld(t, Options{}).play(t, steps)
		})
	}
}

func TestTheStoreIsBoundedByEntriesAndBytes(t *testing.T) {
	t.Parallel()
	s := newStore(3, 80)
	for i := range 10 {
		s.add(fmt.Sprint(i), strings.Repeat("x", 10))
		s.get("0") // what is used stays
	}
	s.add("large", strings.Repeat("x", 11))
	var kept []string
	for i := range 10 {
		if _, found := s.get(fmt.Sprint(i)); found {
			kept = append(kept, fmt.Sprint(i))
		}
	}
	if diff := cmp.Diff([]string{"0", "8", "9"}, kept); diff != "" || s.bytes != 30 || len(s.byHash) != 3 {
		t.Errorf("%d bytes, %d entries (-want +got):\n%s", s.bytes, len(s.byHash), diff)
	}
	s = newStore(100, 80)
	for i := range 100 {
		s.add(fmt.Sprint(i), strings.Repeat("x", 9))
	}
	if s.bytes != 72 || s.order.Len() != 8 {
		t.Errorf("%d bytes in %d entries", s.bytes, s.order.Len())
	}
}

const manifest = `{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [
	{"id": "one", "name": "One", "type": "query", "body": "query One { a }"}]}`

func TestTrustedDocuments(t *testing.T) {
	t.Parallel()
	const one, other = "query One { a }", "query Other { b { a } }"
	dir := folderOf(t, map[string]string{"m.json": manifest, "b.graphql": "{ b { ...B } } fragment B on Query { a }"})
	allowed := []step{
		{request{query: one}, one, ""},
		{request{hash: hashOf(one)}, one, ""},
		{request{id: "one"}, one, ""},
		{request{hash: "sha256:" + hashOf(one)}, one, ""},
		{request{hash: "one"}, one, ""}, // Apollo's client sends the manifest's id there
		{request{query: one, id: "one"}, one, ""},
		{request{query: one, hash: hashOf(one)}, one, ""},
		{request{query: "query One{a,} # again"}, "query One{a,} # again", ""},
		{request{query: "query One{a}", hash: "one"}, "query One{a}", ""},
		{request{query: "fragment B on Query{a}{b{...B}}"}, "fragment B on Query{a}{b{...B}}", ""},
		{request{query: other, own: true}, other, ""},
		{request{query: "{ b { a } }", id: "one"}, "", codeBadInput},
	}
	for name, tt := range map[string]struct {
		mode  Mode
		steps []step
	}{
		"only": {Only, append([]step{
			{request{query: other, known: true}, "", codeForbidden},
			{request{query: other, hash: hashOf(other), known: true}, "", codeForbidden},
			{request{hash: hashOf(other), known: true}, "", codeForbidden},
			{request{id: "two", known: true}, "", codeForbidden},
			{request{query: "{ __typename }", known: true}, "", codeForbidden},
			{request{query: "query One { a", known: true}, "", codeForbidden},
		}, allowed...)},
		"log": {Log, append([]step{
			{request{query: other}, other, ""},
			{request{query: other, hash: hashOf(other), known: true}, other, ""},
			{request{hash: hashOf(other)}, other, ""},
			{request{id: "two"}, "", codeNotFound},
		}, allowed...)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder, err := OpenFolder(FolderOptions{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			newWorld(t, Options{Mode: tt.mode, Folder: folder}).play(t, tt.steps)
		})
	}
}

func TestADocumentThatIsNotTrustedIsLoggedOnceByHashAndName(t *testing.T) {
	t.Parallel()
	folder, err := OpenFolder(FolderOptions{Dir: folderOf(t, map[string]string{"m.json": manifest}), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, Options{Mode: Log, Folder: folder})
	const secret = `query Other { a # 9812345678
	}`
	for range 3 {
		w.ask(t, request{query: secret, known: true})
		w.ask(t, request{query: "query One { a }", known: true})
		w.ask(t, request{query: "{ nothing }", known: true})
	}
	if got := w.log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, hashOf(secret)) || !strings.Contains(got, "operation=Other") ||
		strings.Contains(got, "98123") {
		t.Errorf("logged: %s", got)
	}
	for i := range 2 * maxStrangerNotes {
		w.ask(t, request{query: fmt.Sprintf("query Q%d { a }", i)})
	}
	w.ask(t, request{query: "query Known { a }", known: true})
	if got := w.log.String(); strings.Count(got, "\n") != maxStrangerNotes+3 || !strings.Contains(got, "operation=Known") {
		t.Errorf("%d lines are logged", strings.Count(got, "\n"))
	}
	folder.set.Store(newSet())
	w.ask(t, request{query: secret, known: true})
	if got := w.log.String(); strings.Count(got, hashOf(secret)) != 2 {
		t.Error("it is not logged anew when the folder changes")
	}
}

// FuzzNames feeds what clients may put into extensions.
func FuzzNames(f *testing.F) {
	f.Add(`{"persistedQuery":{"version":1,"sha256Hash":"a"}}`)
	f.Add(`{"persistedQuery":{"version":"1","sha256Hash":[]},"documentId":"sha256:a"}`)
	f.Fuzz(func(t *testing.T, raw string) {
		var extensions map[string]any
		if json.Unmarshal([]byte(raw), &extensions) != nil {
			return
		}
		name, err := nameIn(extensions)
		if err != nil && err.Extensions["code"] != codeBadInput {
			t.Fatalf("error %v", err)
		}
		if len(name) > maxName || (err != nil && name != "") {
			t.Fatalf("name %q, error %v", name, err)
		}
	})
}
