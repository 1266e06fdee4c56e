package compose

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// renamedType and renamedField are the names of what clashes.
func renamedType(name string) string  { return "FortyTwo" + pascal(name) }
func renamedField(name string) string { return "fortyTwo" + pascal(name) }

// pascal writes the first letter large, as FortyTwo names types and mutations after objects (fortytwo.md 3).
func pascal(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(r)) + name[size:]
}

// legal reports whether name may name anything in a schema that is not introspection's own.
func legal(name string) bool {
	if name == "" || len(name) > 255 || strings.HasPrefix(name, "__") {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// isBuiltIn reports whether every schema has a scalar of this name.
func isBuiltIn(name string) bool {
	switch name {
	case "Int", "Float", "String", "Boolean", "ID":
		return true
	default:
		return false
	}
}

// isIntrospection reports whether name is one of the types that introspection itself consists of.
func isIntrospection(name string) bool {
	switch name {
	case "__Schema", "__Type", "__TypeKind", "__Field", "__InputValue", "__EnumValue", "__Directive", "__DirectiveLocation":
		return true
	default:
		return false
	}
}
