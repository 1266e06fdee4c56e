package limits

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
)

// Options are the limits. The zero value of each field means the default stated; the defaults leave room for the
// introspection query and for the documents of a large single-page application.
type Options struct {
	Tokens      int // in the document, comments included; default 5,000
	Depth       int // of nested fields, fragments expanded; default 20
	Selections  int // fields, spreads and inline fragments, fragments expanded; default 2,000
	RootFields  int // of one operation, fragments expanded; default 30
	Aliases     int // fragments expanded; default 100
	Directives  int // fragments expanded; default 50
	Comparisons int // of fields that share a response name, as the validator makes them; default 10,000
	ListItems   int // of one list, in the document or in the variables; default 1,000
	Values      int // in the variables, lists and objects and what they hold counted; default 10,000
	ValueDepth  int // of lists and objects in each other, in the document or in the variables; default 32
	StringBytes int // of one string, in the document or in the variables; default 256 KiB
	Operations  int // in the document; default 100

	// Complexity is how many values the answer may hold, as estimated: doc.go says how. Default 100,000.
	Complexity int

	// Introspection is the same for __schema and __type, whose lists have no stated sizes. Default 2,000,000, which leaves room for the
	// introspection query of the tools, once.
	Introspection int

	Remembered int // accepted documents; default 5,000
}

func (o Options) withDefaults() Options {
	orDefault(&o.Tokens, 5_000)
	orDefault(&o.Depth, 20)
	orDefault(&o.Selections, 2_000)
	orDefault(&o.RootFields, 30)
	orDefault(&o.Aliases, 100)
	orDefault(&o.Directives, 50)
	orDefault(&o.Comparisons, 10_000)
	orDefault(&o.ListItems, 1_000)
	orDefault(&o.Values, 10_000)
	orDefault(&o.ValueDepth, 32)
	orDefault(&o.StringBytes, 256<<10)
	orDefault(&o.Operations, 100)
	orDefault(&o.Complexity, 100_000)
	orDefault(&o.Introspection, 2_000_000)
	orDefault(&o.Remembered, 5_000)
	return o
}

// Documents refuses documents and variables beyond the limits. It is safe for concurrent use, and an extension of gqlgen:
// install it with executor.Use, behind any extension that supplies documents (persisted queries) and before any other.
type Documents struct {
	limits Options

	mu       sync.Mutex
	accepted *lru[[sha256.Size]byte, []estimate] // of the operations
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
} = (*Documents)(nil)

// NewDocuments makes the checker.
func NewDocuments(o Options) *Documents {
	o = o.withDefaults()
	return &Documents{limits: o, accepted: newLRU[[sha256.Size]byte, []estimate](o.Remembered)}
}

// Check measures a document and its variables. The error, a [helix.Error], has code LIMIT_EXCEEDED and names the limit, or
// BAD_USER_INPUT when a fragment spreads itself, since such a document has no size, and for @defer and @stream.
func (d *Documents) Check(document string, variables map[string]any) error {
	answers, err := d.checkDocument(document)
	if err != nil {
		return err
	}
	if err := checkVariables(d.limits, variables); err != nil {
		return err
	}
	for i := range answers {
		if answers[i].total(variables) > d.limits.Complexity {
			return exceeded("values in the answer, as estimated (complexity)", d.limits.Complexity)
		}
	}
	return nil
}

// checkDocument answers with an estimate for each operation: which of them is asked for is decided later.
func (d *Documents) checkDocument(document string) ([]estimate, error) {
	var room [2048]byte // what most documents fit in, so that they are not copied to the heap
	key := sha256.Sum256(append(room[:0], document...))
	if answers, ok := d.isAccepted(key); ok {
		return answers, nil
	}
	source := &ast.Source{Input: document}
	if err := checkTokens(source, d.limits.Tokens); err != nil {
		return nil, err
	}
	parsed, err := parser.ParseQuery(source)
	if err != nil {
		return nil, nil //nolint:nilerr // the executor reports it
	}
	answers, err := measure(d.limits, parsed)
	if err != nil {
		return nil, err
	}
	d.accept(key, answers)
	return answers, nil
}

func (d *Documents) isAccepted(key [sha256.Size]byte) ([]estimate, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.accepted.get(key)
}

// accept remembers a document. Two requests may have measured it at the same time.
func (d *Documents) accept(key [sha256.Size]byte, answers []estimate) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.accepted.get(key); !ok {
		d.accepted.add(key, answers)
	}
}

// checkTokens reads tokens until the limit, the end or the first that is none, which the parser will report.
func checkTokens(source *ast.Source, limit int) error {
	lex := lexer.New(source)
	for n := 0; ; n++ {
		token, err := lex.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			return nil //nolint:nilerr // as said above
		}
		if n == limit {
			return exceeded("tokens in the document", limit)
		}
	}
}

// exceeded is a refusal: what there is too much of, and how much is allowed.
func exceeded(what string, limit int) error {
	return &helix.Error{Code: helix.CodeLimitExceeded, Message: fmt.Sprintf("too many %s: the limit is %d", what, limit)}
}

// ExtensionName is for gqlgen.
func (d *Documents) ExtensionName() string { return "DocumentLimits" }

// Validate is for gqlgen: the limits fit any schema.
func (d *Documents) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters is for gqlgen: it refuses what [Documents.Check] refuses.
func (d *Documents) MutateOperationParameters(_ context.Context, params *graphql.RawParams) *gqlerror.Error {
	err := d.Check(params.Query, params.Variables)
	if err == nil {
		return nil
	}
	coded := helix.AsError(err)
	return &gqlerror.Error{Err: coded, Message: coded.Message, Extensions: map[string]any{"code": string(coded.Code)}}
}
