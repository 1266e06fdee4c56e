package federationtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// object answers the selection sets of an object (specification 6.3). ok is false when a null reached it.
func (r *execution) object(sets []ast.SelectionSet, typ *ast.Definition, parent any, path ast.Path) (out []byte, ok bool) {
	ok = true
	out = append(out, '{')
	for i, g := range r.collect(sets, typ) {
		value, valueOK := r.field(g, typ, parent, join(path, ast.PathName(g.key)))
		ok = ok && valueOK // siblings are executed all the same: their errors are allowed, and a mutation must have its effect
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, quote(g.key)...)
		out = append(out, ':')
		out = append(out, value...)
	}
	return append(out, '}'), ok
}

// complete turns a value into JSON (specification 6.4.3) and handles nulls (6.4.4): ok is false when there is a null, reported, where
// the type allows none.
func (r *execution) complete(typ *ast.Type, sets []ast.SelectionSet, value any, path ast.Path) (out []byte, ok bool) {
	null := []byte("null")
	if value == nil || isNull(value) {
		if typ.NonNull {
			r.fail(path, gqlerror.Errorf("null where %s is required", typ))
		}
		return null, !typ.NonNull
	}
	switch {
	case typ.Elem != nil:
		out, ok = r.list(typ, sets, value, path)
	case r.schema.Types[typ.NamedType].IsLeafType():
		out, ok = r.leaf(r.schema.Types[typ.NamedType], value, path)
	default:
		out, ok = r.composite(r.schema.Types[typ.NamedType], sets, value, path)
	}
	if !ok {
		return null, !typ.NonNull
	}
	return out, true
}

// isNull knows the null of a value that is JSON already.
func isNull(value any) bool {
	raw, ok := value.(json.RawMessage)
	return ok && string(raw) == "null"
}

func (r *execution) list(typ *ast.Type, sets []ast.SelectionSet, value any, path ast.Path) (out []byte, ok bool) {
	items, isList := value.([]any)
	if !isList {
		r.fail(path, gqlerror.Errorf("no list where %s is required", typ))
		return nil, false
	}
	ok = true
	out = append(out, '[')
	for i, item := range items {
		completed, itemOK := r.complete(typ.Elem, sets, item, join(path, ast.PathIndex(i)))
		ok = ok && itemOK
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, completed...)
	}
	return append(out, ']'), ok
}

func (r *execution) composite(typ *ast.Definition, sets []ast.SelectionSet, value any, path ast.Path) (out []byte, ok bool) {
	if typ.IsAbstractType() {
		name := r.source.TypeOf(value)
		concrete := r.schema.Types[name]
		if concrete == nil || !slices.Contains(r.schema.GetPossibleTypes(typ), concrete) {
			r.fail(path, gqlerror.Errorf("%q is not one of %s", name, typ.Name))
			return nil, false
		}
		typ = concrete
	}
	return r.object(sets, typ, value, path)
}

// leaf serialises a scalar or enum value and checks that it is one (specification 3.5, 3.9).
func (r *execution) leaf(typ *ast.Definition, value any, path ast.Path) (out []byte, ok bool) {
	out, err := json.Marshal(value)
	if err == nil {
		out, err = leafOf(typ, out)
	}
	if err != nil {
		r.fail(path, err)
		return nil, false
	}
	return out, true
}

func leafOf(typ *ast.Definition, out []byte) ([]byte, error) {
	isText := out[0] == '"'
	isNumber := out[0] == '-' || out[0] >= '0' && out[0] <= '9'
	fits := true
	switch {
	case typ.Kind == ast.Enum:
		fits = isText && typ.EnumValues.ForName(string(bytes.Trim(out, `"`))) != nil
	case typ.Name == "Int":
		_, err := strconv.ParseInt(string(out), 10, 32)
		fits = err == nil
	case typ.Name == "Float":
		fits = isNumber
	case typ.Name == "Boolean":
		fits = string(out) == "true" || string(out) == "false"
	case typ.Name == "String":
		fits = isText
	case typ.Name == "ID":
		fits = isText || isNumber
		if isNumber {
			out = quote(string(out))
		}
	}
	if !fits {
		return nil, fmt.Errorf("a value that is no %s", typ.Name)
	}
	return out, nil
}
