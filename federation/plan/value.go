package plan

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
)

// value is an input value after coercion, as it goes upstream: JSON, with the order of its members kept.
type value struct {
	kind    valueKind
	text    string   // of a scalar: its JSON
	names   []string // of an object's members
	members []value  // of an object or a list
}

type valueKind uint8

const (
	kindNull valueKind = iota
	kindScalar
	kindList
	kindObject
)

// append writes the value's JSON.
func (v *value) append(dst []byte) []byte {
	switch v.kind {
	case kindScalar:
		return append(dst, v.text...)
	case kindList:
		dst = append(dst, '[')
		for i := range v.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = v.members[i].append(dst)
		}
		return append(dst, ']')
	case kindObject:
		dst = append(dst, '{')
		for i := range v.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, v.names[i]), ':')
			dst = v.members[i].append(dst)
		}
		return append(dst, '}')
	default:
		return append(dst, "null"...)
	}
}

// member finds a member of an object.
func (v *value) member(name string) *value {
	for i, n := range v.names {
		if n == name {
			return &v.members[i]
		}
	}
	return nil
}

func (v *value) set(name string, member value) {
	v.names, v.members = append(v.names, name), append(v.members, member)
}

func object(name string, member value) value {
	return value{kind: kindObject, names: []string{name}, members: []value{member}}
}

func list(members ...value) value { return value{kind: kindList, members: members} }

func scalar(text string) value { return value{kind: kindScalar, text: text} }

func stringValue(s string) value { return scalar(string(appendString(nil, s))) }

func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			quoted, _ := json.Marshal(s) // a string can always be encoded
			return append(dst, quoted...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

// coercer turns literals and variables into what goes upstream, as the specification coerces arguments: variables that are
// absent leave their member out, one value stands for a list of one, defaults of input fields are filled in.
type coercer struct {
	schema    *ast.Schema
	variables map[string]any
}

// literal coerces a value of a document. present is false for a variable that was not given and has no default.
func (c *coercer) literal(t *ast.Type, v *ast.Value) (out value, present bool, err error) {
	if v.Kind == ast.Variable {
		return c.variable(t, v)
	}
	if v.Kind == ast.NullValue {
		return value{}, true, c.forbidNull(t)
	}
	if t.Elem != nil {
		if v.Kind != ast.ListValue {
			member, _, err := c.literal(t.Elem, v)
			return list(member), true, err
		}
		out := list()
		for _, child := range v.Children {
			member, _, err := c.literal(t.Elem, child.Value) // an absent variable in a list is null
			if err != nil {
				return value{}, false, err
			}
			out.members = append(out.members, member)
		}
		return out, true, nil
	}
	d := c.schema.Types[t.NamedType]
	switch {
	case d == nil:
		return value{}, false, helix.Internal("federation.argument", fmt.Errorf("no type %s", t.NamedType))
	case d.Kind == ast.InputObject:
		return c.inputLiteral(d, v)
	case d.Kind == ast.Enum:
		return stringValue(v.Raw), true, nil
	default:
		out, err := c.scalarLiteral(d, v)
		return out, true, err
	}
}

func (c *coercer) variable(t *ast.Type, v *ast.Value) (value, bool, error) {
	if given, ok := c.variables[v.Raw]; ok {
		out, err := c.given(t, given)
		return out, true, err
	}
	if d := v.VariableDefinition; d != nil && d.DefaultValue != nil {
		return c.literal(t, d.DefaultValue)
	}
	return value{}, false, nil
}

// forbidNull is the refusal of null where the type has none; only a nullable variable with a default can bring it there.
func (c *coercer) forbidNull(t *ast.Type) error {
	if t.NonNull {
		return helix.BadInput("an argument of type " + t.String() + " must not be null")
	}
	return nil
}

// inputLiteral orders members by the type's definition, as those of variables are: what means the same reads the same.
func (c *coercer) inputLiteral(d *ast.Definition, v *ast.Value) (value, bool, error) {
	out := value{kind: kindObject}
	for _, field := range d.Fields {
		child := v.Children.ForName(field.Name)
		if child == nil {
			continue
		}
		member, present, err := c.literal(field.Type, child)
		if err != nil {
			return value{}, false, err
		}
		if present {
			out.set(field.Name, member)
		}
	}
	return out, true, c.fillDefaults(d, &out)
}

// fillDefaults adds what an input object leaves to its type.
func (c *coercer) fillDefaults(d *ast.Definition, out *value) error {
	for _, field := range d.Fields {
		if field.DefaultValue == nil || out.member(field.Name) != nil {
			continue
		}
		member, _, err := c.literal(field.Type, field.DefaultValue)
		if err != nil {
			return err
		}
		out.set(field.Name, member)
	}
	return nil
}

// scalarLiteral keeps the digits of numbers. A custom scalar takes any literal.
func (c *coercer) scalarLiteral(d *ast.Definition, v *ast.Value) (value, error) {
	switch v.Kind {
	case ast.IntValue, ast.FloatValue:
		if d.Name == "ID" {
			return stringValue(v.Raw), nil
		}
		return scalar(v.Raw), nil
	case ast.BooleanValue:
		return scalar(v.Raw), nil
	case ast.StringValue, ast.BlockValue, ast.EnumValue:
		if d.Name == "UUID" {
			return uuidValue(v.Raw)
		}
		return stringValue(v.Raw), nil
	case ast.ListValue:
		out := list()
		for _, child := range v.Children {
			member, _, err := c.free(d, child.Value)
			if err != nil {
				return value{}, err
			}
			out.members = append(out.members, member)
		}
		return out, nil
	case ast.ObjectValue:
		out := value{kind: kindObject}
		for _, child := range v.Children {
			member, present, err := c.free(d, child.Value)
			if err != nil {
				return value{}, err
			}
			if present {
				out.set(child.Name, member)
			}
		}
		return out, nil
	default:
		return value{}, nil
	}
}

// free is a literal inside a custom scalar, where no type says what it should be.
func (c *coercer) free(d *ast.Definition, v *ast.Value) (value, bool, error) {
	switch v.Kind {
	case ast.Variable:
		return c.variable(ast.NamedType(d.Name, nil), v)
	case ast.NullValue:
		return value{}, true, nil
	default:
		out, err := c.scalarLiteral(&ast.Definition{Name: "JSON"}, v)
		return out, true, err
	}
}

// given coerces a variable's value, which the validator has accepted for the type of the variable.
func (c *coercer) given(t *ast.Type, v any) (value, error) {
	if v == nil {
		return value{}, c.forbidNull(t)
	}
	if t.Elem != nil {
		members, ok := v.([]any)
		if !ok {
			member, err := c.given(t.Elem, v)
			return list(member), err
		}
		out := value{kind: kindList, members: make([]value, 0, len(members))}
		for _, m := range members {
			member, err := c.given(t.Elem, m)
			if err != nil {
				return value{}, err
			}
			out.members = append(out.members, member)
		}
		return out, nil
	}
	d := c.schema.Types[t.NamedType]
	if d != nil && d.Kind == ast.InputObject {
		return c.givenObject(d, v)
	}
	return givenScalar(t.NamedType, v)
}

// givenObject orders members by the type's definition: a map has no order.
func (c *coercer) givenObject(d *ast.Definition, v any) (value, error) {
	members, ok := v.(map[string]any)
	if !ok {
		return value{}, helix.BadInput("an argument of type " + d.Name + " must be an object")
	}
	out := value{kind: kindObject}
	for _, field := range d.Fields {
		given, ok := members[field.Name]
		if !ok {
			continue
		}
		member, err := c.given(field.Type, given)
		if err != nil {
			return value{}, err
		}
		out.set(field.Name, member)
	}
	return out, c.fillDefaults(d, &out)
}

func givenScalar(name string, v any) (value, error) {
	switch v := v.(type) {
	case string:
		if name == "UUID" {
			return uuidValue(v)
		}
		return stringValue(v), nil
	case bool:
		return scalar(strconv.FormatBool(v)), nil
	case int64: // as the validator makes of an Int
		if name == "ID" {
			return stringValue(strconv.FormatInt(v, 10)), nil
		}
		return scalar(strconv.FormatInt(v, 10)), nil
	case json.Number:
		if name == "ID" {
			return stringValue(v.String()), nil
		}
		return scalar(v.String()), nil
	default:
		return anyValue(v)
	}
}

// anyValue is any JSON, with the members of objects in the order of their names.
func anyValue(v any) (value, error) {
	switch v := v.(type) {
	case nil:
		return value{}, nil
	case []any:
		out := list()
		for _, m := range v {
			member, err := anyValue(m)
			if err != nil {
				return value{}, err
			}
			out.members = append(out.members, member)
		}
		return out, nil
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		sort.Strings(names)
		out := value{kind: kindObject}
		for _, name := range names {
			member, err := anyValue(v[name])
			if err != nil {
				return value{}, err
			}
			out.set(name, member)
		}
		return out, nil
	default:
		text, err := json.Marshal(v)
		if err != nil {
			return value{}, helix.BadInput("an argument cannot be encoded")
		}
		return scalar(string(text)), nil
	}
}

// uuidValue refuses what FortyTwo would refuse with a text of its database (fortytwo.md 0.21, 16).
func uuidValue(s string) (value, error) {
	if !AcceptsID(s) {
		return value{}, helix.BadInput("a UUID of version 4 or 5 is wanted")
	}
	return scalar(`"` + s + `"`), nil
}

// AcceptsID tells whether FortyTwo takes an id: a UUID of version 4 or 5 (fortytwo.md 0.21).
func AcceptsID(s string) bool {
	if len(s) != 36 || (s[14] != '4' && s[14] != '5') {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		case 19:
			if c != '8' && c != '9' && c|0x20 != 'a' && c|0x20 != 'b' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
				return false
			}
		}
	}
	return true
}
