package compose_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/compose/composetest"
)

// answers is a server that gives fixed texts.
type answers struct{ introspection, objects, version string }

func (a answers) post(_ context.Context, endpoint compose.Endpoint, query string, _ any) (json.RawMessage, error) {
	switch {
	case endpoint == compose.Records:
		return json.RawMessage(a.introspection), nil
	case strings.Contains(query, "currentWorkspace"):
		return json.RawMessage(a.version), nil
	default:
		return json.RawMessage(a.objects), nil
	}
}

// sound is a small server that composes.
func sound(t testing.TB) answers {
	t.Helper()
	up := synthetic(t, 1)
	ctx := context.Background()
	ask := func(endpoint compose.Endpoint, query string) string {
		text, err := composetest.Server(up)(ctx, endpoint, query, nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	return answers{ask(compose.Records, ""), ask(compose.Metadata, "objects"), ask(compose.Metadata, "currentWorkspace")}
}

func TestWhatIsReadIsWhatTheServerHas(t *testing.T) {
	t.Parallel()
	want := synthetic(t, 2)
	want.Types["Lead"].Fields.ForName("score").Directives = ast.DirectiveList{{Name: "deprecated", Arguments: ast.ArgumentList{
		{Name: "reason", Value: &ast.Value{Kind: ast.StringValue, Raw: "a \"better\" one\nis there"}},
	}}}
	got, err := compose.Read(t.Context(), composetest.Server(want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Types, got.Types, cmp.Comparer(func(a, b *ast.Value) bool {
		return a == b || a != nil && b != nil && a.Kind == b.Kind && a.String() == b.String()
	})); diff != "" {
		t.Errorf("types: want -, got +:\n%s", diff)
	}
	if diff := cmp.Diff(want.Objects, got.Objects); diff != "" {
		t.Errorf("objects: want -, got +:\n%s", diff)
	}
	if got.Version != 1 || got.Line != compose.Line2 || got.Query != "Query" || got.Mutation != "Mutation" {
		t.Errorf("got version %d, line %s, roots %s and %s", got.Version, got.Line, got.Query, got.Mutation)
	}
}

func TestAnswersThatAreNoSchemaAreRefused(t *testing.T) {
	t.Parallel()
	good := sound(t)
	schema := func(types string) string {
		return `{"__schema":{"queryType":{"name":"Query"},"mutationType":null,"types":[` + types + `]}}`
	}
	query := func(fields string) string { return `{"kind":"OBJECT","name":"Query","fields":[` + fields + `]}` }
	typed := func(typ string) string { return schema(query(`{"name":"a","args":[],"type":` + typ + `}`)) }
	deep := strings.Repeat(`{"kind":"LIST","ofType":`, 40) + `{"kind":"SCALAR","name":"Int"}` + strings.Repeat(`}`, 40)
	for name, c := range map[string]struct{ introspection, want string }{
		"nothing":                      {``, "has not the kind"},
		"null":                         {`null`, "no type of queries"},
		"a list":                       {`[]`, "has not the kind"},
		"an end too early":             {good.introspection[:len(good.introspection)/2], ""},
		"something behind":             {good.introspection + `{}`, "something follows"},
		"no types":                     {schema(``), "root type Query"},
		"a query type that is none":    {schema(`{"kind":"ENUM","name":"Query","enumValues":[{"name":"A"}]}`), "root type Query"},
		"no query type":                {`{"__schema":{"queryType":null,"types":[]}}`, "no type of queries"},
		"a nameless query type":        {`{"__schema":{"queryType":{},"types":[]}}`, "no type of queries"},
		"an unknown kind":              {schema(`{"kind":"TABLE","name":"A"}`), "unknown kind"},
		"a reserved type":              {schema(`{"kind":"SCALAR","name":"__x"}`), "no name"},
		"an illegal type":              {schema(`{"kind":"SCALAR","name":"a-b"}`), "no name"},
		"a nameless type":              {schema(`{"kind":"SCALAR"}`), "no name"},
		"a type twice":                 {schema(query(``) + `,` + query(``)), "twice"},
		"a reserved field":             {schema(query(`{"name":"__x","type":{"kind":"SCALAR","name":"Int"}}`)), "no name"},
		"an illegal field":             {schema(query(`{"name":"1a","type":{"kind":"SCALAR","name":"Int"}}`)), "no name"},
		"an illegal value":             {schema(`{"kind":"ENUM","name":"E","enumValues":[{"name":"A B"}]}`), "no name"},
		"an illegal member":            {schema(`{"kind":"UNION","name":"U","possibleTypes":[{"name":"{"}]}`), "no name"},
		"a field without type":         {typed(`null`), "has no type"},
		"a list of nothing":            {typed(`{"kind":"LIST","ofType":null}`), "broken"},
		"two non-nulls":                {typed(`{"kind":"NON_NULL","ofType":{"kind":"NON_NULL","ofType":{"kind":"SCALAR","name":"Int"}}}`), "broken"},
		"a cut reference":              {typed(`{"kind":"NON_NULL","ofType":{"kind":"LIST"}}`), "broken"},
		"an endless reference":         {typed(deep), "wrappers"},
		"endless nesting":              {strings.Repeat(`{"a":`, 100_000), "deep"},
		"too many types":               {schema(strings.Repeat(`{"kind":"SCALAR","name":"Int"},`, 20_000) + `{}`), "more than 20000"},
		"too many fields":              {schema(query(``) + `,` + manyFields(2_001)), "2001 fields"},
		"too many arguments":           {schema(query(`{"name":"a","args":[` + strings.Repeat(`{"name":"a","type":{"kind":"SCALAR","name":"Int"}},`, 100) + `{}]}`)), "more than 100"},
		"too many bytes":               {strings.Repeat(" ", 32<<20) + `{}`, "bytes"},
		"a default that is no value":   {schema(input(`}`)), "default value"},
		"a default with more than one": {schema(input(`1 b: Int = 2`)), "default value"},
		"a default with another type":  {schema(input(`1 } scalar X input Y { a: Int = 2`)), "default value"},
		"a default that nests":         {schema(input(strings.Repeat(`[`, 20_000))), "default value"},
		"a text that is a number":      {schema(`{"kind":1,"name":"A"}`), "not the text"},
		"a flag that is a text":        {schema(query(`{"name":"a","isDeprecated":"no"}`)), "not the boolean"},
		"a list that is a text":        {schema(`{"kind":"OBJECT","name":"A","fields":"none"}`), "not the kind"},
		"a broken text":                {schema(`{"kind":"SCALAR","name":"\x"}`), "not JSON"},
		"a control character":          {schema("{\"kind\":\"SCALAR\",\"name\":\"a\nb\"}"), "control character"},
		"a text without end":           {`{"__schema`, "does not end"},
		"an escape without end":        {`{"__schema\`, "does not end"},
		"a number that is none":        {`{"a":1e}`, "not JSON"},
		"a word that is none":          {`{"a":nul}`, "not JSON"},
		"a comma too many":             {`{"a":1,}`, "comma"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given := good
			given.introspection = c.introspection
			_, err := compose.Read(t.Context(), given.post)
			wantUnreadable(t, err, c.want)
		})
	}
}

func manyFields(n int) string {
	var fields []string
	for i := range n {
		fields = append(fields, fmt.Sprintf(`{"name":"f%d","type":{"kind":"SCALAR","name":"Int"}}`, i))
	}
	return `{"kind":"INPUT_OBJECT","name":"Wide","inputFields":[` + strings.Join(fields, ",") + `]}`
}

func input(value string) string {
	text, _ := json.Marshal(value)
	return `{"kind":"INPUT_OBJECT","name":"I","inputFields":[{"name":"a","type":{"kind":"SCALAR","name":"Int"},"defaultValue":` + string(text) + `}]}`
}

func wantUnreadable(t *testing.T, err error, detail string) {
	t.Helper()
	if !helix.IsCode(err, helix.CodeUnavailable) || !helix.IsRetryable(err) {
		t.Fatalf("got %v", err)
	}
	if e := helix.AsError(err); !strings.Contains(e.Detail, detail) || e.Provider != helix.ProviderFortyTwo {
		t.Errorf("got %q of %s, want %q", e.Detail, e.Provider, detail)
	}
}

func TestObjectsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	good := sound(t)
	page := func(nodes, info string) string {
		return `{"objects":{"edges":[` + nodes + `],"pageInfo":` + info + `}}`
	}
	lead := `{"node":{"nameSingular":"lead","namePlural":"leads","isActive":true,"fieldsList":[]}}`
	for name, c := range map[string]struct{ objects, want string }{
		"nothing":                 {`null`, "empty"},
		"an empty page":           {page(``, `{"hasNextPage":false}`), "empty"},
		"a page that leads back":  {page(lead, `{"hasNextPage":true,"endCursor":null}`), "does not go on"},
		"a page that repeats":     {page(lead, `{"hasNextPage":true,"endCursor":"a"}`), "does not go on"},
		"an object twice":         {page(lead+`,`+lead, `{"hasNextPage":false}`), "twice"},
		"an object without name":  {page(`{"node":{"namePlural":"leads"}}`, `{}`), "no name"},
		"an object of a bad name": {page(strings.ReplaceAll(lead, "leads", "le ads"), `{}`), "no name"},
		"more than were asked":    {page(strings.Repeat(lead+`,`, 200)+lead, `{}`), "more than 200"},
		"a page that breaks off":  {page(lead, `{`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given := good
			given.objects = c.objects
			_, err := compose.Read(t.Context(), given.post)
			wantUnreadable(t, err, c.want)
		})
	}
}

func TestAllPagesOfObjectsAreRead(t *testing.T) {
	t.Parallel()
	good := sound(t)
	var asked []string
	up, err := compose.Read(t.Context(), func(ctx context.Context, endpoint compose.Endpoint, query string, variables any) (json.RawMessage, error) {
		if endpoint == compose.Records || strings.Contains(query, "currentWorkspace") {
			return good.post(ctx, endpoint, query, variables)
		}
		text, err := json.Marshal(variables)
		asked = append(asked, string(text))
		if len(asked) < 3 {
			return json.RawMessage(fmt.Sprintf(`{"objects":{"edges":[{"node":{"nameSingular":"o%d","namePlural":"os"}}],"pageInfo":{"hasNextPage":true,"endCursor":"c%d"}}}`,
				len(asked), len(asked))), err
		}
		return json.RawMessage(good.objects), err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`{"first":200}`, `{"first":200,"after":"c1"}`, `{"first":200,"after":"c2"}`}, asked); diff != "" {
		t.Error(diff)
	}
	if len(up.Objects) != 3 || up.Object("o1") == nil || up.Object("lead") == nil || up.Object("nothing") != nil {
		t.Errorf("got %d objects", len(up.Objects))
	}
}

func TestADataModelThatChangesWhileItIsReadIsReadAgain(t *testing.T) {
	t.Parallel()
	good := sound(t)
	for name, c := range map[string]struct {
		versions string
		want     int
	}{
		"once":         {"1223", 2},
		"all the time": {"123456789", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			left := c.versions
			up, err := compose.Read(t.Context(), func(ctx context.Context, endpoint compose.Endpoint, query string, variables any) (json.RawMessage, error) {
				if !strings.Contains(query, "currentWorkspace") {
					return good.post(ctx, endpoint, query, variables)
				}
				version := left[:1]
				left = left[1:]
				return json.RawMessage(`{"currentWorkspace":{"metadataVersion":` + version + `}}`), nil
			})
			if c.want == 0 {
				wantUnreadable(t, err, "changed 3 times")
				return
			}
			if err != nil || up.Version != c.want {
				t.Errorf("got %v, %v", up, err)
			}
		})
	}
}

func TestFaultsOfTheServerAreHandedOn(t *testing.T) {
	t.Parallel()
	good, broken := sound(t), errors.New("the line is cut")
	for fails := range 4 {
		n := 0
		_, err := compose.Read(t.Context(), func(ctx context.Context, endpoint compose.Endpoint, query string, variables any) (json.RawMessage, error) {
			if n++; n-1 == fails {
				return nil, broken
			}
			return good.post(ctx, endpoint, query, variables)
		})
		if !errors.Is(err, broken) {
			t.Errorf("request %d: got %v", fails, err)
		}
	}
}

func TestAVersionIsANumber(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, `null`, `{}`, `{"currentWorkspace":null}`, `{"currentWorkspace":{"metadataVersion":"7"}}`} {
		_, err := compose.Version(t.Context(), answers{version: text}.post)
		wantUnreadable(t, err, "no version")
	}
	if v, err := compose.Version(t.Context(), answers{version: `{"currentWorkspace":{"metadataVersion":7}}`}.post); v != 7 || err != nil {
		t.Errorf("got %d, %v", v, err)
	}
}
