package compose

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
)

// entityNames are the types that both sides may have. Which they are is fixed: a new object in FortyTwo never merges with a
// local type that happens to have its name.
var entityNames = []string{"Appointment", "Call", "FollowUp", "Lead", "Patient", "WorkspaceMember"}

// sharedNames are the types that mean the same on both sides.
var sharedNames = []string{"Cursor", "Date", "DateTime", "JSON", "PageInfo", "UUID"}

// key is the field that tells one record from another.
const key = "id"

// Compose makes one schema of local, a validated schema such as the generated executor has, and FortyTwo's. It edits
// neither. With a nil up the local part stands alone.
//
// Errors: UPSTREAM_REJECTED when the two do not compose, INTERNAL when local does not stand alone.
func Compose(local *ast.Schema, up *Upstream) (*Composed, error) {
	return (*Pace)(nil).Compose(local, up)
}

// Compose is the function Compose at this pace.
func (p *Pace) Compose(local *ast.Schema, up *Upstream) (*Composed, error) {
	if local == nil || local.Query == nil {
		return nil, helix.Internal("compose", errors.New("the local schema has no queries"))
	}
	c := &composition{
		pace: p, local: newLocalPart(local), references: references{}, types: map[string]string{}, fields: map[ast.Operation]map[string]string{},
		out: &Composed{
			Local: local, Upstream: up, Types: map[string]*Type{}, Entities: map[string]*Entity{},
			Roots: map[ast.Operation]map[string]*Root{ast.Query: {}, ast.Mutation: {}},
		},
	}
	if up != nil {
		if err := c.add(up); err != nil {
			return nil, err
		}
	}
	schema, err := validate(c.local.document(), p)
	switch {
	case err == nil:
	case up == nil:
		return nil, helix.Internal("compose", err)
	default:
		return nil, refused("%s", err)
	}
	c.out.Schema = schema
	slices.SortFunc(c.out.Conflicts, func(a, b Conflict) int { return cmp.Compare(a.Place, b.Place) })
	return c.out, nil
}

// composition is the work of one Compose.
type composition struct {
	local      *localPart
	pace       *Pace
	up         *Upstream
	picker     *picker
	reached    []*ast.Definition // of FortyTwo, corrected, by FortyTwo's names, in the order of reach
	lists      map[string]pick   // by the name of the connection's type
	children   map[childField]child
	references references
	types      map[string]string                   // composed names of FortyTwo's types, where they differ
	fields     map[ast.Operation]map[string]string // composed names of all picked root fields
	origins    map[string]*Origin                  // those without children, by name
	out        *Composed
}

// add composes FortyTwo's part.
func (c *composition) add(up *Upstream) error {
	types := *up
	types.Types = maps.Clone(up.Types) // corrections may add types
	c.up, c.picker, c.children, c.origins = up, pickRoots(&types, c.pace), map[childField]child{}, map[string]*Origin{}
	c.addSearch()
	c.lists = c.picker.lists()
	if len(c.lists) == 0 {
		return refused("none of FortyTwo's active objects has a list")
	}
	if err := c.gather(); err != nil {
		return err
	}
	if err := c.nameTypes(); err != nil {
		return err
	}
	if err := c.nameRoots(); err != nil {
		return err
	}
	for _, def := range c.reached {
		if err := c.merge(def); err != nil {
			return err
		}
		c.pace.step()
	}
	for _, p := range c.picker.picks {
		c.mergeRoot(p)
		c.pace.step()
	}
	return nil
}

// gather walks what is composed and corrects it on the way.
func (c *composition) gather() error {
	var failed error
	err := c.picker.reach(func(def *ast.Definition) *ast.Definition {
		def, err := c.correctFilter(def)
		failed = errors.Join(failed, err)
		def = c.cutChildren(def)
		c.reached = append(c.reached, def)
		return def
	})
	return cmp.Or(failed, err)
}

// conflict notes a name that could not stay.
func (c *composition) conflict(place, became, reason string) {
	c.out.Conflicts = append(c.out.Conflicts, Conflict{place, became, reason})
}

func (c *composition) typeName(name string) string {
	if renamed, ok := c.types[name]; ok {
		return renamed
	}
	return name
}

// nameTypes finds the composed name of each type of FortyTwo.
func (c *composition) nameTypes() error {
	taken := make(map[string]bool, len(c.reached))
	for _, def := range c.reached {
		name := def.Name
		if local := c.local.types[name]; local != nil && !c.merges(local, def) {
			name = renamedType(name)
			c.types[def.Name] = name
			c.conflict("type "+def.Name, name, "the gateway has a type of this name")
			if c.local.types[name] != nil {
				return refused("type %s has no name left: the gateway has %s too", def.Name, name)
			}
		}
		if taken[name] {
			return refused("two types of FortyTwo would be called %s", name)
		}
		taken[name] = true
	}
	return nil
}

// nameRoots finds the composed name of each picked root field.
func (c *composition) nameRoots() error {
	for _, operation := range []ast.Operation{ast.Query, ast.Mutation} {
		names, taken := map[string]string{}, map[string]bool{}
		local := c.local.root(operation)
		for _, p := range c.picker.picks {
			if p.operation != operation {
				continue
			}
			name := p.field.Name
			if local.Fields.ForName(name) != nil {
				name = renamedField(name)
				c.conflict(local.Name+"."+p.field.Name, name, "the gateway has a root field of this name")
			}
			if taken[name] || name != p.field.Name && local.Fields.ForName(name) != nil {
				return refused("two root fields would be called %s", name)
			}
			names[p.field.Name], taken[name] = name, true
		}
		c.fields[operation] = names
	}
	return nil
}
