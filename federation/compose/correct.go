package compose

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// searchSDL is the core's search (fortytwo.md 3). The newer line lists it to nobody who is signed in, and lists nothing to
// others in production (fortytwo.md 13), so it is known beforehand.
const searchSDL = `
type Query {
  "Records of all searchable objects that hold the beginnings of all given words, the best first."
  search(
    "The words."
    searchInput: String!
    "How many, up to 100."
    limit: Int!
    after: String
    "Only records of these objects."
    includedObjectNameSingulars: [String!]
    "No records of these objects."
    excludedObjectNameSingulars: [String!]
    filter: ObjectRecordFilterInput
  ): SearchResultConnection!
}
input ObjectRecordFilterInput {
  and: [ObjectRecordFilterInput!]
  or: [ObjectRecordFilterInput!]
  not: ObjectRecordFilterInput
  id: UUIDFilter
}
type SearchResultConnection { edges: [SearchResultEdge!]! pageInfo: SearchResultPageInfo! }
type SearchResultEdge { node: SearchRecord! cursor: String! }
type SearchResultPageInfo { endCursor: String hasNextPage: Boolean! }
type SearchRecord {
  recordId: UUID!
  objectNameSingular: String!
  objectLabelSingular: String!
  label: String!
  imageUrl: String
  tsRankCD: Float!
  tsRank: Float!
}
`

// filterSDL is the filter of date-times, which 2.7 introspects as the bare scalar (fortytwo.md 4).
const filterSDL = `
"What a date-time is to be. One operator at a time; a range is an ` + "`and`" + ` of two."
input DateTimeFilter {
  eq: DateTime
  neq: DateTime
  gt: DateTime
  gte: DateTime
  lt: DateTime
  lte: DateTime
  in: [DateTime!]
  is: FilterIs
}
enum FilterIs { NULL NOT_NULL }
`

const dateTimeFilter = "DateTimeFilter"

// addSearch adds search to a server of the newer line that does not list it. An object of the workspace that has one of the
// names that it needs leaves no room for it.
func (c *composition) addSearch() {
	offered := c.picker.types[c.up.Query]
	if c.up.Line != Line2 || offered == nil || offered.Fields.ForName("search") != nil {
		return
	}
	types := c.picker.types
	definitions := c.parse(searchSDL)
	for _, def := range definitions {
		if def.Name != "Query" && types[def.Name] != nil {
			c.conflict("Query.search", "", "the workspace has its own type "+def.Name)
			return
		}
	}
	if types["UUIDFilter"] == nil || types["UUID"] == nil {
		return // no server of that line lacks these
	}
	for _, def := range definitions {
		if def.Name == "Query" {
			c.picker.roots[ast.Query]["search"] = def.Fields[0]
		} else {
			types[def.Name] = def
		}
	}
	c.picker.search()
}

// correctFilter gives the filter of a record real filters where the server lists the bare scalar of date-times.
func (c *composition) correctFilter(def *ast.Definition) (*ast.Definition, error) {
	if !isRecordFilter(def) || !slices.ContainsFunc(def.Fields, isBareDateTime) {
		return def, nil
	}
	if err := c.addDateTimeFilter(); err != nil {
		return def, err
	}
	out := *def
	out.Fields = slices.Clone(def.Fields)
	for i, f := range out.Fields {
		if isBareDateTime(f) {
			field := *f
			field.Type = c.references.of(dateTimeFilter, nil, false)
			out.Fields[i] = &field
		}
	}
	return &out, nil
}

// isRecordFilter tells the filter of a record, which combines with itself, from the operators of one field.
func isRecordFilter(def *ast.Definition) bool {
	and := def.Fields.ForName("and")
	return def.Kind == ast.InputObject && and != nil && and.Type.Name() == def.Name
}

func isBareDateTime(f *ast.FieldDefinition) bool { return f.Type.NamedType == "DateTime" }

// addDateTimeFilter makes sure that there is one; the server's own is right where it has one.
func (c *composition) addDateTimeFilter() error {
	types := c.picker.types
	if own := types[dateTimeFilter]; own != nil {
		if own.Kind != ast.InputObject {
			return refused("FortyTwo's type %s is no filter", dateTimeFilter)
		}
		return nil
	}
	for _, def := range c.parse(filterSDL) {
		if types[def.Name] == nil {
			types[def.Name] = def
		}
	}
	if types["FilterIs"].Kind != ast.Enum {
		return refused("FortyTwo's type FilterIs is not the enum of a filter")
	}
	return nil
}

// parse reads one of the texts above, which the tests prove to be right.
func (c *composition) parse(sdl string) ast.DefinitionList {
	doc, err := parser.ParseSchema(&ast.Source{Input: sdl})
	if err != nil {
		return nil
	}
	kept := keeper{shared: sharing{}, references: c.references}
	for _, def := range doc.Definitions {
		kept.definition(def)
	}
	return doc.Definitions
}
