package compose

import (
	"context"
	"encoding/json"

	"github.com/vektah/gqlparser/v2/ast"
)

// Endpoint is one of FortyTwo's GraphQL endpoints (fortytwo.md 1).
type Endpoint uint8

// The endpoints.
const (
	Records  Endpoint = iota + 1 // /graphql
	Metadata                     // /metadata
)

// Post sends a document with the server's key and gives member data of the answer. An answer with errors, or without data,
// is an error. variables is nil or marshals to a JSON object. The document has no operation name.
type Post func(ctx context.Context, endpoint Endpoint, query string, variables any) (json.RawMessage, error)

// readings is how often Read starts anew when the data model changes while it is being read.
const readings = 3

// Read reads FortyTwo's schema: the introspection (3 MB in a large workspace) and the objects, some 200 at a time. A data
// model that changes meanwhile is read again, three times at most. Errors are those of post, and UPSTREAM_UNAVAILABLE for
// an answer that is no schema.
func Read(ctx context.Context, post Post) (*Upstream, error) { return (*Pace)(nil).Read(ctx, post) }

// Read is the function Read at this pace.
func (p *Pace) Read(ctx context.Context, post Post) (*Upstream, error) {
	version, err := Version(ctx, post)
	if err != nil {
		return nil, err
	}
	for range readings {
		up, err := readOnce(ctx, post, p)
		if err != nil {
			return nil, err
		}
		up.Version, err = Version(ctx, post)
		if err != nil {
			return nil, err
		}
		if up.Version == version {
			return up, nil
		}
		version = up.Version
	}
	return nil, illegible("the data model changed %d times while it was read", readings)
}

func readOnce(ctx context.Context, post Post, pace *Pace) (*Upstream, error) {
	data, err := post(ctx, Records, introspection, nil)
	if err != nil {
		return nil, err
	}
	in, err := decodeIntrospection(data, pace)
	if err != nil {
		return nil, err
	}
	objects, err := readObjects(ctx, post, in.shared, pace)
	if err != nil {
		return nil, err
	}
	up := &Upstream{Query: in.query, Mutation: in.mutation, Types: in.types, Objects: objects}
	picked := pickRoots(up, pace)
	up.Line = lineOf(picked)
	return up, trim(up, picked)
}

// Version asks for the version of FortyTwo's data model: it goes up by one with every change (fortytwo.md 13).
func Version(ctx context.Context, post Post) (int, error) {
	data, err := post(ctx, Metadata, `query { currentWorkspace { metadataVersion } }`, nil)
	if err != nil {
		return 0, err
	}
	var answer struct {
		CurrentWorkspace struct {
			MetadataVersion *float64 `json:"metadataVersion"`
		} `json:"currentWorkspace"`
	}
	if json.Unmarshal(data, &answer) != nil || answer.CurrentWorkspace.MetadataVersion == nil {
		return 0, illegible("the workspace has no version")
	}
	return int(*answer.CurrentWorkspace.MetadataVersion), nil
}

// lineOf tells the lines apart by what lists take: offset came after 1.5, and so did grouping (fortytwo.md 16).
func lineOf(picked *picker) Line {
	for _, p := range picked.picks {
		if p.root.Kind == GroupBy || p.root.Kind == List && p.root.Args["offset"] != "" {
			return Line2
		}
	}
	return Line15
}

// trim drops what cannot be composed, which is most of what 1.5 lists to a user: it need not be kept, nor looked at for
// changes.
func trim(up *Upstream, p *picker) error {
	types := map[string]*ast.Definition{}
	if err := p.reach(func(def *ast.Definition) *ast.Definition {
		types[def.Name] = def
		return def
	}, dateTimeFilter, "DateTime", "FilterIs", "UUID", "UUIDFilter"); err != nil { // what corrections may need
		return err
	}
	for operation, name := range map[ast.Operation]*string{ast.Query: &up.Query, ast.Mutation: &up.Mutation} {
		var fields ast.FieldList
		for _, one := range p.picks {
			if one.operation == operation {
				fields = append(fields, one.field)
			}
		}
		if len(fields) == 0 {
			*name = ""
			continue
		}
		sortFields(fields)
		types[*name] = &ast.Definition{Kind: ast.Object, Name: *name, Fields: fields}
	}
	up.Types = types
	return nil
}
