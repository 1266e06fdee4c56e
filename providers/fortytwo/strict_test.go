package fortytwo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// strict is an upstream in the manner of line 1.5: it validates every document and every variable against a schema, and
// then really filters, orders and upserts what it holds, by the microsecond. The emulator in sandbox/ plays line 2.7.
type strict struct {
	*httptest.Server
	records, metadata *ast.Schema

	mu           sync.Mutex
	rows         map[string][]map[string]any // by plural
	requests     []string                    // documents, in order of arrival
	version      int
	objects      []map[string]any
	user         map[string]any                               // answer to currentUser
	secondFactor bool                                         // whether sign-in asks for one
	intercept    func(w http.ResponseWriter, doc string) bool // answers in the server's place
}

func newStrict(t *testing.T) *strict {
	t.Helper()
	s := &strict{
		records:  loadSchema(t, "testdata/records-1.5.graphqls"),
		metadata: loadSchema(t, "metadata.graphqls"),
		rows:     map[string][]map[string]any{},
		version:  7,
		objects:  defaultObjects(),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /graphql", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, s.records) })
	mux.HandleFunc("POST /metadata", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, s.metadata) })
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// client gives a client of s whose model is resolved.
func (s *strict) client(t *testing.T, change func(*Options)) *Client {
	t.Helper()
	c := s.unresolved(t, change)
	if err := c.Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// unresolved gives a client of s that has sent nothing yet.
func (s *strict) unresolved(t *testing.T, change func(*Options)) *Client {
	t.Helper()
	kit, err := providers.NewHTTP(providers.Options{Provider: helix.ProviderFortyTwo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kit.Close)
	o := Options{
		URL: s.URL + "/graphql", APIKey: "server-key", Origin: "http://crm.test", HTTP: kit,
		RequestsPerMinute: 60_000, Burst: 1000,
	}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// documents gives what arrived since the last call, without the metadata.
func (s *strict) documents() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	docs := slices.DeleteFunc(s.requests, func(d string) bool {
		return strings.Contains(d, "currentWorkspace") || strings.Contains(d, "listObjects")
	})
	s.requests = nil
	return docs
}

func (s *strict) serve(w http.ResponseWriter, r *http.Request, schema *ast.Schema) {
	var in struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, in.Query)
	if s.intercept != nil && s.intercept(w, in.Query) {
		return
	}
	doc, errs := gqlparser.LoadQueryWithRules(schema, in.Query, rules.NewDefaultRules())
	if errs != nil {
		fail(w, errs[0].Message, nil)
		return
	}
	vars, err := validator.VariableValues(schema, doc.Operations[0], in.Variables)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		fail(w, "a variable does not fit: "+err.Error(), map[string]any{"code": "BAD_USER_INPUT"})
		return
	}
	if len(doc.Operations[0].SelectionSet) != 1 {
		fail(w, "more than one root field", nil)
		return
	}
	field := doc.Operations[0].SelectionSet[0].(*ast.Field)
	data, code := s.resolve(field, field.ArgumentMap(vars))
	if code != nil {
		fail(w, "refused", code)
		return
	}
	reply(w, map[string]any{"data": map[string]any{field.Name: selected(data, field.SelectionSet)}})
}

// selected leaves of a value what a document asks for.
func selected(value any, set ast.SelectionSet) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, s := range set {
			f := s.(*ast.Field)
			out[f.Name] = v[f.Name]
			if len(f.SelectionSet) > 0 {
				out[f.Name] = selected(v[f.Name], f.SelectionSet)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, selected(item, set))
		}
		return out
	default:
		return v
	}
}

// resolve answers one root field.
func (s *strict) resolve(f *ast.Field, args map[string]any) (any, map[string]any) {
	switch f.Name {
	case "currentWorkspace":
		return map[string]any{"id": workspaceID, "metadataVersion": s.version}, nil
	case "currentUser":
		return s.user, nil
	case "getLoginTokenFromCredentials":
		if args["password"] != "right" {
			return nil, map[string]any{"code": "FORBIDDEN", "subCode": "FORBIDDEN_EXCEPTION", "userFriendlyMessage": "Wrong password"}
		}
		return map[string]any{"loginToken": map[string]any{"token": "login for " + fmt.Sprint(args["origin"]), "expiresAt": tokenExpiry}}, nil
	case "getAuthTokensFromLoginToken":
		return tokens(fmt.Sprint(args["loginToken"]), s.secondFactor)
	case "renewToken":
		if args["appToken"] != "refresh" {
			return nil, map[string]any{"code": "FORBIDDEN", "subCode": "FORBIDDEN_EXCEPTION"}
		}
		return tokens("renewed", false)
	case "objects":
		var edges []any
		for _, o := range s.objects {
			edges = append(edges, map[string]any{"node": o})
		}
		return map[string]any{"edges": edges, "pageInfo": map[string]any{"hasNextPage": false}}, nil
	case "leads", "patients", "appointments", "calls", "followUps":
		return s.find(f.Name, args), nil
	default:
		return s.upsert(strings.ToLower(f.Name[6:7])+f.Name[7:], args["data"].([]any))
	}
}

func (s *strict) find(plural string, args map[string]any) map[string]any {
	filter, _ := args["filter"].(map[string]any)
	var found []map[string]any
	for _, row := range s.rows[plural] {
		if matches(row, filter) {
			found = append(found, row)
		}
	}
	total := len(found)
	orders, _ := args["orderBy"].([]any)
	slices.SortStableFunc(found, func(a, b map[string]any) int {
		for _, o := range orders {
			for column, direction := range o.(map[string]any) {
				c := compare(a[column], b[column])
				if strings.HasPrefix(fmt.Sprint(direction), "Desc") {
					c = -c
				}
				if c != 0 {
					return c
				}
			}
		}
		return 0
	})
	if first, err := strconv.Atoi(fmt.Sprint(args["first"])); err == nil {
		found = found[:min(first, len(found))]
	}
	edges := []any{}
	for _, row := range found {
		edges = append(edges, map[string]any{"node": s.present(row)})
	}
	return map[string]any{"totalCount": total, "edges": edges}
}

// present tells times by the millisecond, as FortyTwo does, and joins lead and patient.
func (s *strict) present(row map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range row {
		if t, ok := v.(time.Time); ok {
			v = t.Format("2006-01-02T15:04:05.000Z")
		}
		out[k] = v
	}
	for relation, plural := range map[string]string{"lead": "leads", "patient": "patients"} {
		for _, target := range s.rows[plural] {
			if id, ok := row[relation+"Id"]; ok && target["id"] == id {
				out[relation] = s.present(target)
			}
		}
	}
	return out
}

func (s *strict) upsert(plural string, data []any) (any, map[string]any) {
	var kept []any
	for _, d := range data {
		in := d.(map[string]any)
		if in["name"] == "poison" {
			return nil, map[string]any{"code": "BAD_USER_INPUT"}
		}
		if in["name"] == "fault" {
			return nil, map[string]any{"code": "INTERNAL_SERVER_ERROR"}
		}
		if p, ok := in["callerNumber"].(map[string]any); ok && p["primaryPhoneNumber"] == "1234567" {
			return nil, map[string]any{"code": "BAD_USER_INPUT", "subCode": "INVALID_PHONE_NUMBER"}
		}
	}
	for _, d := range data {
		in := d.(map[string]any)
		i := slices.IndexFunc(s.rows[plural], func(row map[string]any) bool {
			return row["id"] == in["id"] || in["providerCallId"] != nil && row["providerCallId"] == in["providerCallId"]
		})
		if i < 0 {
			s.rows[plural] = append(s.rows[plural], map[string]any{"id": in["id"]})
			i = len(s.rows[plural]) - 1
		}
		for k, v := range in {
			if k != "id" {
				s.rows[plural][i][k] = v
			}
		}
		kept = append(kept, s.present(s.rows[plural][i]))
	}
	slices.Reverse(kept) // the order of the answer is not promised
	return kept, nil
}

// matches evaluates a filter. Like line 1.5 it would drop a second operator silently, so a test must not send two.
func matches(row, filter map[string]any) bool {
	for key, cond := range filter {
		ok := false
		switch key {
		case "and":
			ok = !slices.ContainsFunc(cond.([]any), func(f any) bool { return !matches(row, f.(map[string]any)) })
		case "or":
			ok = slices.ContainsFunc(cond.([]any), func(f any) bool { return matches(row, f.(map[string]any)) })
		default:
			c := cond.(map[string]any)
			if nested, composite := row[key].(map[string]any); composite {
				ok = matches(nested, c)
				break
			}
			for operator, want := range c {
				ok = holds(row[key], operator, want)
				break
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

func holds(have any, operator string, want any) bool {
	switch operator {
	case "is":
		return (have == nil) == (want == "NULL")
	case "eq":
		return have != nil && compare(have, want) == 0
	case "gt":
		return have != nil && compare(have, want) > 0
	case "gte":
		return have != nil && compare(have, want) >= 0
	case "lt":
		return have != nil && compare(have, want) < 0
	case "in":
		return have != nil && slices.ContainsFunc(want.([]any), func(w any) bool { return compare(have, w) == 0 })
	case "ilike":
		return have != nil && like(strings.ToLower(fmt.Sprint(want)), strings.ToLower(fmt.Sprint(have)))
	default:
		panic("operator " + operator)
	}
}

// like is SQL's LIKE with its usual escape.
func like(pattern, text string) bool {
	var expr strings.Builder
	for escaped := false; pattern != ""; {
		r, size := utf8.DecodeRuneInString(pattern)
		pattern = pattern[size:]
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '%':
			expr.WriteString(".*")
		case !escaped && r == '_':
			expr.WriteString(".")
		default:
			expr.WriteString(regexp.QuoteMeta(string(r)))
		}
		escaped = false
	}
	return regexp.MustCompile(`^(?s:` + expr.String() + `)$`).MatchString(text)
}

func compare(a, b any) int {
	if t, ok := a.(time.Time); ok {
		u, ok := b.(time.Time)
		if !ok {
			u, _ = time.Parse(time.RFC3339Nano, fmt.Sprint(b))
		}
		return t.Compare(u)
	}
	return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

func tokens(access string, secondFactor bool) (any, map[string]any) {
	if secondFactor {
		return nil, map[string]any{"code": "FORBIDDEN", "subCode": "TWO_FACTOR_AUTHENTICATION_VERIFICATION_REQUIRED"}
	}
	return map[string]any{"tokens": map[string]any{
		"accessOrWorkspaceAgnosticToken": map[string]any{"token": access, "expiresAt": tokenExpiry},
		"refreshToken":                   map[string]any{"token": "refresh", "expiresAt": tokenExpiry},
	}}, nil
}

const tokenExpiry = "2026-05-01T10:30:00.000Z"

const workspaceID = "5d6c4f3b-6f35-4f7b-9d3c-0a6f6a2f7c01"

// defaultObjects is the metadata of a workspace that has all of fortytwo-model.md, under exactly these names.
func defaultObjects() []map[string]any {
	var objects []map[string]any
	for _, w := range wanted() {
		var fields []map[string]any
		for _, f := range w.fields {
			var options []any
			for _, v := range f.values {
				options = append(options, map[string]any{"value": v})
			}
			field := map[string]any{"name": f.name, "type": f.kind, "isActive": true, "isUnique": f.name == "providerCallId", "options": options}
			if f.kind == kindRelation {
				field["settings"] = map[string]any{"joinColumnName": f.name + "Id"}
			}
			fields = append(fields, field)
		}
		objects = append(objects, map[string]any{
			"nameSingular": string(w.object), "namePlural": string(w.object) + "s", "isActive": true, "fieldsList": fields,
		})
	}
	return objects
}

func loadSchema(t *testing.T, path string) *ast.Schema {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: path, Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func fail(w http.ResponseWriter, message string, extensions map[string]any) {
	e := map[string]any{"message": message}
	if extensions != nil {
		e["extensions"] = extensions
	}
	reply(w, map[string]any{"errors": []any{e}})
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(body)
}

// wantCode fails the test unless err carries the code; "" stands for no error.
func wantCode(t *testing.T, err error, code helix.Code) {
	t.Helper()
	var got helix.Code
	if err != nil {
		got = helix.AsError(err).Code
	}
	if got != code {
		t.Fatalf("got code %q, want %q (error: %v)", got, code, err)
	}
}
