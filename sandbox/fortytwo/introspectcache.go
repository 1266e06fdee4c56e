package fortytwo

import (
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// maxIntrospections bounds the answers that are kept; they are megabytes. When it is full it is emptied.
const maxIntrospections = 8

// introspectionCache keeps answers to introspection. A schema is built anew with every metadata version, so an answer is good for as
// long as its schema is in use.
type introspectionCache struct {
	mu      sync.Mutex
	answers map[introspectionKey]*introspection
}

type introspectionKey struct {
	schema                     *ast.Schema
	text, operation, mediaType string
}

// introspection is an answer that is made once, by the first who asks.
type introspection struct {
	once  sync.Once
	reply reply
}

// answer gives what ask answers, or answered before to the same request. Variables are rare here; with them nothing is kept.
func (c *introspectionCache) answer(in incoming, schema *ast.Schema, ask func() reply) reply {
	if in.variables.size() > 0 || in.schemaVersion != "" || len(in.query) > maxCachedText {
		return ask()
	}
	key := introspectionKey{schema: schema, text: in.query, operation: in.operationName}
	if in.strictStatus {
		key.mediaType = "strict"
	}
	one := c.entry(key)
	one.once.Do(func() { one.reply = ask() })
	return one.reply
}

func (c *introspectionCache) entry(key introspectionKey) *introspection {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.answers[key]
	if one == nil {
		if c.answers == nil || len(c.answers) >= maxIntrospections {
			c.answers = map[introspectionKey]*introspection{}
		}
		one = &introspection{}
		c.answers[key] = one
	}
	return one
}
