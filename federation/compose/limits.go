package compose

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
)

// Bounds of what is taken in. A large workspace has 600 types, 33 objects and 3 MB of introspection (fortytwo.md 13).
const (
	maxAnswer     = 32 << 20 // bytes of one answer, and of the copy on disk
	maxTypes      = 20_000
	maxFields     = 2_000  // of a type or an object; values of an enum and members of a union too
	maxRootFields = 10_000 // of a root type: some eleven for every object
	maxArguments  = 100    // of a field
	maxWrappers   = 8      // lists and non-nulls around a type
	maxObjects    = 2_000
	maxNesting    = 64 // of JSON
)

// illegible is the refusal of an answer that is no schema. Reading again later may do better.
func illegible(format string, args ...any) error {
	return &helix.Error{
		Code: helix.CodeUnavailable, Provider: helix.ProviderFortyTwo, Retryable: true,
		Message: "FortyTwo's schema cannot be read now", Op: "compose.read", Detail: fmt.Sprintf(format, args...),
	}
}

// refused is the refusal of a schema that was read well but cannot be composed.
func refused(format string, args ...any) error {
	return &helix.Error{
		Code: helix.CodeRejected, Provider: helix.ProviderFortyTwo,
		Message: "FortyTwo's schema cannot be composed with the gateway's", Op: "compose", Detail: fmt.Sprintf(format, args...),
	}
}

// checkTypes refuses types whose roots are missing or that are larger than any that FortyTwo makes.
func checkTypes(types map[string]*ast.Definition, query, mutation string) error {
	if query == "" {
		return illegible("there is no type of queries")
	}
	for _, root := range []string{query, mutation} {
		if def := types[root]; root != "" && (def == nil || def.Kind != ast.Object) {
			return illegible("root type %s is no object type", root)
		}
	}
	if len(types) > maxTypes {
		return illegible("there are %d types, of at most %d", len(types), maxTypes)
	}
	for name, def := range types {
		limit := maxFields
		if name == query || name == mutation {
			limit = maxRootFields
		}
		if len(def.Fields) > limit {
			return illegible("type %s has %d fields, of at most %d", name, len(def.Fields), limit)
		}
	}
	return nil
}
