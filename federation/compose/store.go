package compose

import (
	"encoding/json"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// storedFormat is the format of an Upstream on disk. Another one is not read: the schema is read from FortyTwo again.
const storedFormat = 1

// maxStoredTokens keeps a damaged file from nesting without end; a schema of 40,000 lines has 250,000.
const maxStoredTokens = 2_000_000

// stored is an Upstream on disk. The schema is its text, which is small, and can be read by who looks for a fault.
type stored struct {
	storedHead

	Objects []*Object `json:"objects"`
	Schema  string    `json:"schema"`
}

type storedHead struct {
	Format   int    `json:"format"`
	Version  int    `json:"version"`
	Line     Line   `json:"line"`
	Query    string `json:"query"`
	Mutation string `json:"mutation,omitempty"`
}

// MarshalJSON writes what is kept on disk.
func (u *Upstream) MarshalJSON() ([]byte, error) { return (*Pace)(nil).Marshal(u) }

// Marshal is [Upstream.MarshalJSON] at this pace. It writes the parts one after another, and the text of the schema but once: package
// json would make it whole, and copy and check it twice.
func (p *Pace) Marshal(u *Upstream) ([]byte, error) {
	head, err := json.Marshal(storedHead{storedFormat, u.Version, u.Line, u.Query, u.Mutation})
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, storedOfType*(len(u.Types)+1))
	out = append(append(out, head[:len(head)-1]...), `,"objects":[`...)
	for i, o := range u.Objects {
		object, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, object...)
		p.Look()
	}
	out = append(out, `],"schema":"`...)
	text := &printer{}
	for def := range printed(u.Types) {
		text.out = text.out[:0]
		text.definition(def)
		text.write("\n")
		out = appendEscaped(out, text.out)
		p.Look()
	}
	return append(out, `"}`...), nil
}

// storedOfType is about how many bytes a type takes on disk, descriptions and all.
const storedOfType = 2 << 10

// appendEscaped appends text as it stands inside of a string of JSON.
func appendEscaped(out, text []byte) []byte {
	for len(text) > 0 {
		n := plainEnd(text, 0)
		if out = append(out, text[:n]...); n == len(text) {
			break
		}
		switch c := text[n]; c {
		case '\n':
			out = append(out, '\\', 'n')
		case '"', '\\':
			out = append(out, '\\', c)
		default:
			out = fmt.Appendf(out, `\u%04x`, c)
		}
		text = text[n+1:]
	}
	return out
}

// UnmarshalJSON reads what was kept on disk. Errors are UPSTREAM_UNAVAILABLE: another format, or damage.
func (u *Upstream) UnmarshalJSON(data []byte) error {
	var s stored
	if len(data) > maxAnswer || json.Unmarshal(data, &s) != nil {
		return illegible("the copy is damaged")
	}
	if s.Format != storedFormat {
		return illegible("the copy has format %d, not %d", s.Format, storedFormat)
	}
	objects, err := sortObjects(s.Objects)
	if err != nil {
		return err
	}
	types, err := parseTypes(s.Schema)
	if err != nil {
		return err
	}
	if err := checkTypes(types, s.Query, s.Mutation); err != nil {
		return err
	}
	*u = Upstream{Version: s.Version, Line: s.Line, Query: s.Query, Mutation: s.Mutation, Types: types, Objects: objects}
	return nil
}

// parseTypes reads the types of a schema's text, which holds nothing else.
func parseTypes(sdl string) (map[string]*ast.Definition, error) {
	doc, err := parser.ParseSchemaWithLimit(&ast.Source{Input: sdl}, maxStoredTokens)
	if err != nil {
		return nil, illegible("the copy's schema does not parse")
	}
	if len(doc.Extensions)+len(doc.Directives)+len(doc.DirectiveExtensions)+len(doc.Schema)+len(doc.SchemaExtension) > 0 {
		return nil, illegible("the copy's schema holds more than types")
	}
	kept := keeper{sharing{}, references{}}
	types := make(map[string]*ast.Definition, len(doc.Definitions))
	for _, def := range doc.Definitions {
		kept.definition(def)
		if !legal(def.Name) || isBuiltIn(def.Name) || types[def.Name] != nil {
			return nil, illegible("type %s is out of place", def.Name)
		}
		types[def.Name] = def
	}
	return types, nil
}
