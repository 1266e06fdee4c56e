package compose_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/compose"
)

// unvalidated is a schema as it would come from its text if nobody looked at it.
func unvalidated(t *testing.T, doc *ast.SchemaDocument) *ast.Schema {
	t.Helper()
	s := &ast.Schema{Types: map[string]*ast.Definition{}, Directives: map[string]*ast.DirectiveDefinition{}}
	for _, def := range doc.Definitions {
		s.Types[def.Name] = def
	}
	for _, def := range doc.Directives {
		s.Directives[def.Name] = def
	}
	for _, def := range doc.Schema {
		s.SchemaDirectives = def.Directives
	}
	s.Query = s.Types["Query"]
	return s
}

func parsed(t *testing.T, sdl string) *ast.SchemaDocument {
	t.Helper()
	doc, err := parser.ParseSchemas(validator.Prelude, &ast.Source{Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// What there is besides in the schemas below.
const surroundings = `
type Query { a: Int }
interface Named { name: String }
interface Whole implements Named { name: String short(of: Int!): Named }
type Lead implements Named { name: String! }
input In { a: Int = 1 b: [In!] }
enum Kind { HOT COLD }
union Any = Lead
directive @once(of: Int!) on OBJECT | FIELD_DEFINITION | ARGUMENT_DEFINITION | ENUM_VALUE | SCHEMA
directive @often(of: In, to: Int = 1) repeatable on OBJECT
`

func TestTheRulesForSchemasAreThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sdl  string
		good bool
	}{
		"a type without fields":                          {`type T`, false},
		"an input without fields":                        {`input T`, false},
		"an enum without values":                         {`enum T`, false},
		"a union without members":                        {`union T`, false},
		"two fields of a name":                           {`type T { a: Int b: Int a: Int }`, false},
		"two of many fields of a name":                   {`type T { a: Int b: Int c: Int d: Int e: Int f: Int g: Int h: Int i: Int j: Int k: Int l: Int m: Int n: Int o: Int p: Int a: Int }`, false},
		"many fields":                                    {`type T { a: Int b: Int c: Int d: Int e: Int f: Int g: Int h: Int i: Int j: Int k: Int l: Int m: Int n: Int o: Int p: Int q: Int }`, true},
		"two arguments of a name":                        {`type T { f(a: Int, a: Int): Int }`, false},
		"a value twice":                                  {`enum T { A B A }`, false},
		"a member twice":                                 {`union T = Lead | Lead`, false},
		"a name of introspection's, of a type":           {`type __T { a: Int }`, false},
		"a name of introspection's, of a field":          {`type T { __a: Int }`, false},
		"a name of introspection's, of an argument":      {`type T { f(__a: Int): Int }`, false},
		"a name of introspection's, of a value":          {`enum T { __A }`, false},
		"a value called null":                            {`enum T { null }`, false},
		"a field of no type that there is":               {`type T { a: Nowhere }`, false},
		"a list of no type that there is":                {`type T { a: [[Nowhere!]] }`, false},
		"an argument of no type that there is":           {`type T { f(a: Nowhere): Int }`, false},
		"an input as a field":                            {`type T { a: In }`, false},
		"an object as an argument":                       {`type T { f(a: Lead): Int }`, false},
		"an object in an input":                          {`input T { a: Lead }`, false},
		"a union in an input":                            {`input T { a: [Any] }`, false},
		"a member that is no object":                     {`union T = Lead | Named`, false},
		"a member that is not there":                     {`union T = Nowhere`, false},
		"an interface that is not there":                 {`type T implements Nowhere { a: Int }`, false},
		"an interface that is none":                      {`type T implements Lead { name: String }`, false},
		"an interface twice":                             {`type T implements Named & Named { name: String }`, false},
		"an interface that implements itself":            {`interface T implements T { a: Int }`, false},
		"an interface without what it is for":            {`type T implements Named { a: Int }`, false},
		"an interface with another type":                 {`type T implements Named { name: Int }`, false},
		"an interface with a list":                       {`type T implements Named { name: [String] }`, false},
		"an interface with less":                         {`interface I { a: Int! } type T implements I { a: Int }`, false},
		"an interface with more":                         {`interface I { a: Named b: [Any] } type T implements I { a: Lead! b: [Lead!]! }`, true},
		"an interface of a list":                         {`interface I { a: [Int] } type T implements I { a: Int }`, false},
		"an interface through another":                   {`type T implements Whole & Named { name: String short(of: Int!): Lead }`, true},
		"an interface without the other":                 {`type T implements Whole { name: String short(of: Int!): Lead }`, false},
		"interfaces in a circle":                         {`interface I implements J { a: Int } interface J implements I { a: Int }`, false},
		"an argument that the interface has not":         {`type T implements Named { name(a: Int!): String }`, false},
		"an argument that may be left out":               {`type T implements Named { name(a: Int! = 1, b: Int): String }`, true},
		"without an argument of the interface":           {`type T implements Whole & Named { name: String short: Lead }`, false},
		"with another argument than the interface":       {`type T implements Whole & Named { name: String short(of: String!): Lead }`, false},
		"an input that must hold itself":                 {`input T { a: T! }`, false},
		"inputs that must hold each other":               {`input T { a: U! } input U { a: Int b: V! } input V { a: T! }`, false},
		"inputs that may hold each other":                {`input T { a: U! } input U { a: V } input V { a: T! b: [V!]! }`, true},
		"two inputs that must hold a third":              {`input T { a: V! b: U! } input U { a: V! } input V { a: Int }`, true},
		"a default that gives a field twice":             {`input T { a: In = {a: 1, b: [{a: 1, a: 2}]} }`, false},
		"an argument's default that gives a field twice": {`type T { f(a: In = {a: 1, a: 2}): Int }`, false},
		"a default that gives fields once":               {`input T { a: In = {a: 1, b: [{a: 1}, {a: 2}]} }`, true},
		"a directive that there is not":                  {`type T @nowhere { a: Int }`, false},
		"a directive that is out of place":               {`enum T @once(of: 1) { A }`, false},
		"a directive that is out of place at a field":    {`type T { a: Int @often }`, false},
		"a directive that is out of place in an input":   {`input T { a: Int @once(of: 1) }`, false},
		"a directive twice":                              {`type T { a: Int @once(of: 1) @once(of: 2) }`, false},
		"a directive that may be there often":            {`type T @often @often(of: {a: 1}) { a: Int }`, true},
		"a directive without its argument":               {`type T { a(b: Int @once): Int }`, false},
		"a directive with null":                          {`enum T { A @once(of: null) }`, false},
		"a directive with an argument too many":          {`type T { a: Int @once(of: 1, by: 2) }`, false},
		"a directive with an argument twice":             {`type T { a: Int @once(of: 1, of: 2) }`, false},
		"a directive with a value's field twice":         {`type T @often(of: {a: 1, a: 2}) { a: Int }`, false},
		"a directive for the schema":                     {`schema @once(of: 1) { query: Query }`, true},
		"a directive that is not for the schema":         {`schema @often { query: Query }`, false},
		"directives everywhere":                          {`type T @once(of: 1) { a(b: Int @once(of: 1)): Int @once(of: 1) @deprecated } enum E { A @deprecated(reason: "old") }`, true},
		"a directive's argument that is no input":        {`directive @d(a: Lead) on OBJECT`, false},
		"a scalar": {`scalar T @specifiedBy(url: "https://t.test")`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, theirs := validator.ValidateSchemaDocument(parsed(t, surroundings+c.sdl))
			if (theirs == nil) != c.good {
				t.Fatalf("the library says %v", theirs)
			}
			got, err := compose.Compose(unvalidated(t, parsed(t, surroundings+c.sdl)), nil)
			if !c.good {
				if !helix.IsCode(err, helix.CodeInternal) {
					t.Errorf("got %v where the library says: %v", err, theirs)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tables(want), tables(got.Schema)); diff != "" {
				t.Errorf("the tables differ, the library's -:\n%s", diff)
			}
		})
	}
}

// tables are the names in the tables of a schema.
func tables(s *ast.Schema) map[string][]string {
	out := map[string][]string{}
	for name, def := range s.Types {
		out["type "+name] = []string{string(def.Kind)}
		for _, f := range def.Fields {
			out["type "+name] = append(out["type "+name], f.Name)
		}
	}
	for name, defs := range s.PossibleTypes {
		out["possible "+name] = names(defs)
	}
	for name, defs := range s.Implements {
		out["implemented "+name] = names(defs)
	}
	for name := range s.Directives {
		out["directive "+name] = nil
	}
	return out
}

func names(defs []*ast.Definition) []string {
	var out []string
	for _, def := range defs {
		out = append(out, def.Name)
	}
	slices.Sort(out)
	return out
}

func TestPartsThatAKindOfTypeHasNotAreRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*ast.Schema){
		"an input with an interface": func(s *ast.Schema) { s.Types["In"].Interfaces = []string{"Named"} },
		"an object with members":     func(s *ast.Schema) { s.Types["Lead"].Types = []string{"Lead"} },
		"a union with fields":        func(s *ast.Schema) { s.Types["Any"].Fields = s.Types["Lead"].Fields },
		"an object with values":      func(s *ast.Schema) { s.Types["Lead"].EnumValues = s.Types["Kind"].EnumValues },
		"a root that is an input":    func(s *ast.Schema) { s.Mutation = s.Types["In"] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			local := unvalidated(t, parsed(t, surroundings))
			spoil(local)
			if _, err := compose.Compose(local, nil); !helix.IsCode(err, helix.CodeInternal) {
				t.Errorf("got %v", err)
			}
		})
	}
}
