package compose

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
)

// objectPage is how many objects one request asks for; FortyTwo's default is 10.
const objectPage = 200

const objectsQuery = `query ($first: Int!, $after: ConnectionCursor) {
  objects(paging: { first: $first, after: $after }) {
    edges {
      node {
        nameSingular
        namePlural
        isActive
        isSystem
        fieldsList {
          name
          type
          isNullable
          isUnique
          settings
          relation { type targetObjectMetadata { nameSingular } targetFieldMetadata { name } }
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`

type objectPaging struct {
	First int    `json:"first"`
	After string `json:"after,omitempty"`
}

// readObjects reads all objects, page after page.
func readObjects(ctx context.Context, post Post, shared sharing, pace *Pace) ([]*Object, error) {
	page := &objectsPage{scanner: scanner{shared: shared, pace: pace}}
	for after := ""; ; after = page.cursor {
		data, err := post(ctx, Metadata, objectsQuery, objectPaging{First: objectPage, After: after})
		if err != nil {
			return nil, err
		}
		if err := page.read(data); err != nil {
			return nil, err
		}
		if !page.more {
			return sortObjects(page.objects)
		}
		if page.cursor == "" || page.cursor == after {
			return nil, illegible("the list of objects does not go on where it says that it does")
		}
	}
}

// sortObjects puts objects and their fields into the order of their names, which nothing may be there twice under.
func sortObjects(objects []*Object) ([]*Object, error) {
	if slices.Contains(objects, nil) {
		return nil, illegible("an object is nothing")
	}
	slices.SortFunc(objects, func(a, b *Object) int { return cmp.Compare(a.Singular, b.Singular) })
	for i, o := range objects {
		if slices.Contains(o.Fields, nil) {
			return nil, illegible("object %s has a field that is nothing", o.Singular)
		}
		if !legal(o.Singular) || !legal(o.Plural) {
			return nil, illegible("object %q has no name that an object may have", o.Singular)
		}
		if i > 0 && objects[i-1].Singular == o.Singular {
			return nil, illegible("object %s is there twice", o.Singular)
		}
		slices.SortFunc(o.Fields, func(a, b *Field) int { return cmp.Compare(a.Name, b.Name) })
	}
	return objects, nil
}

// objectsPage reads the answers to objectsQuery, one after another.
type objectsPage struct {
	scanner
	objects []*Object
	more    bool
	cursor  string
}

func (p *objectsPage) read(data json.RawMessage) error {
	if len(data) > maxAnswer {
		return illegible("a page of objects has %d bytes, of at most %d", len(data), maxAnswer)
	}
	p.src, p.at, p.more, p.cursor = data, 0, false, ""
	before := len(p.objects)
	p.member("objects", p.connection)
	p.end()
	switch {
	case len(p.objects) > maxObjects:
		p.failf("there are more than %d objects", maxObjects)
	case before == len(p.objects):
		p.failf("a page of objects is empty")
	}
	return p.err
}

func (p *objectsPage) connection() {
	p.object(func(key []byte) {
		switch string(key) {
		case "edges":
			p.array(objectPage, func() { p.member("node", p.node) })
		case "pageInfo":
			p.pageInfo()
		default:
			p.skip()
		}
	})
}

func (p *objectsPage) pageInfo() {
	p.object(func(key []byte) {
		switch string(key) {
		case "hasNextPage":
			p.more = p.boolean()
		case "endCursor":
			p.cursor = p.text()
		default:
			p.skip()
		}
	})
}

func (p *objectsPage) node() {
	o := &Object{}
	p.object(func(key []byte) {
		switch string(key) {
		case "nameSingular":
			o.Singular = p.text()
		case "namePlural":
			o.Plural = p.text()
		case "isActive":
			o.Active = p.boolean()
		case "isSystem":
			o.System = p.boolean()
		case "fieldsList":
			p.array(maxFields, func() {
				o.Fields = append(o.Fields, p.field())
				p.pace.step()
			})
		default:
			p.skip()
		}
	})
	p.objects = append(p.objects, o)
}

// field reads a field. The column of a relation is named by the side that has it: in its settings, else after the field
// (fortytwo.md 9).
func (p *objectsPage) field() *Field {
	f, column := &Field{}, ""
	p.object(func(key []byte) {
		switch string(key) {
		case "name":
			f.Name = p.text()
		case "type":
			f.Type = p.text()
		case "isNullable":
			f.Nullable = p.boolean()
		case "isUnique":
			f.Unique = p.boolean()
		case "settings":
			if p.next() == '{' {
				p.member("joinColumnName", func() { column = p.text() })
			} else {
				p.skip()
			}
		case "relation":
			f.Relation = p.relation()
		default:
			p.skip()
		}
	})
	if r := f.Relation; r != nil && r.Kind == ManyToOne {
		if r.ForeignKey = column; column == "" {
			r.ForeignKey = f.Name + "Id"
		}
	}
	return f
}

func (p *objectsPage) relation() *Relation {
	r, inverse := Relation{}, ""
	p.object(func(key []byte) {
		switch string(key) {
		case "type":
			r.Kind = RelationKind(p.text())
		case "targetObjectMetadata":
			p.member("nameSingular", func() { r.Target = p.text() })
		case "targetFieldMetadata":
			p.member("name", func() { inverse = p.text() })
		default:
			p.skip()
		}
	})
	if r.Kind == "" {
		return nil
	}
	if inverse != "" {
		r.ForeignKey = inverse + "Id"
	}
	return &r
}
