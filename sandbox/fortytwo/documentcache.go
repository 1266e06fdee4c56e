package fortytwo

import (
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

const (
	// maxDocuments bounds the cache; when it is full it is emptied.
	maxDocuments = 1000
	// maxCachedText is the longest document that is kept, in bytes.
	maxCachedText = 16 << 10
	// maxSchemas bounds the schemas that documents hold on to: one is made for each metadata version. With more the cache is emptied.
	maxSchemas = 8
)

// documentCache keeps what was parsed, and what was found valid against a schema: clients send the same documents over and over. What
// it gives is shared and never changed.
type documentCache struct {
	mu      sync.RWMutex
	entries map[documentKey]parsed
	schemas map[*ast.Schema]bool
}

// documentKey names a document; the schema is nil for one that is only parsed.
type documentKey struct {
	schema *ast.Schema
	text   string
}

// parsed is a document, or why it is none.
type parsed struct {
	query *ast.QueryDocument
	errs  []*apiError
}

// parse gives a document without validation. One with a subscription is parsed anew each time.
func (c *documentCache) parse(text string) (*ast.QueryDocument, *apiError) {
	key := documentKey{text: text}
	if known, ok := c.get(key); ok {
		return known.query, nil
	}
	query, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return nil, syntaxError(err)
	}
	for _, operation := range query.Operations {
		if operation.Operation == ast.Subscription {
			return query, nil
		}
	}
	c.put(key, parsed{query: query})
	return query, nil
}

// validate gives a document whose nodes are bound to the schema, or the validator's complaints.
func (c *documentCache) validate(schema *ast.Schema, text string, by func() *rules.Rules) (*ast.QueryDocument, []*apiError) {
	key := documentKey{schema, text}
	if known, ok := c.get(key); ok {
		return known.query, known.errs
	}
	query, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return nil, []*apiError{syntaxError(err)}
	}
	known := parsed{query: query, errs: validationErrors(text, validator.ValidateWithRules(schema, query, by()))}
	c.put(key, known)
	return known.query, known.errs
}

func (c *documentCache) get(key documentKey) (parsed, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	known, ok := c.entries[key]
	return known, ok
}

func (c *documentCache) put(key documentKey, known parsed) {
	if len(key.text) > maxCachedText {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil || len(c.entries) >= maxDocuments || len(c.schemas) >= maxSchemas && !c.schemas[key.schema] {
		c.entries, c.schemas = map[documentKey]parsed{}, map[*ast.Schema]bool{}
	}
	c.entries[key], c.schemas[key.schema] = known, true
}
