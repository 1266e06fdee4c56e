package federationtest

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

//go:embed testdata/local.graphqls
var localSDL string

func localSchema() *ast.Schema {
	return gqlparser.MustLoadSchema(&ast.Source{Name: "local.graphqls", Input: localSDL})
}

// entity is a record that the local half knows by its id alone.
type entity struct{ typ, id string }

// thing is any other object of the local half.
type thing struct {
	typ    string
	number int
	at     string // the record that it belongs to
}

// desk is the local half: everything follows from ids, but for the tags, which mutations write.
type desk struct {
	ids map[string][]string // of records, by type

	mu   sync.Mutex
	tags map[string][]string
}

func newDesk(ids map[string][]string) *desk { return &desk{ids: ids, tags: map[string][]string{}} }

// draw makes a small number out of words, the same each time.
func draw(n int, words ...any) int {
	hash := fnv.New32a()
	fmt.Fprint(hash, words...)
	return int(hash.Sum32() % uint32(n))
}

// record is a reference to a record, or none.
func (d *desk) record(typ string, words ...any) any {
	ids := d.ids[typ]
	n := draw(len(ids)+1, append(words, typ)...)
	if n == len(ids) {
		return nil
	}
	return entity{typ, ids[n]}
}

var itemTypes = map[string]string{"MISSED_CALL": "MissedCallItem", "LEAD": "LeadItem", "FOLLOW_UP": "FollowUpItem"}

// items are work items, out of an endless row of them.
func items(args map[string]any) []any {
	kinds, _ := args["kinds"].([]any)
	first, _ := integer(args["first"])
	out := []any{}
	for i := 0; len(out) < int(first) && i < 40; i++ {
		for kind, typ := range itemTypes {
			if draw(3, i) == slices.Index([]string{"MISSED_CALL", "LEAD", "FOLLOW_UP"}, kind) && (kinds == nil || slices.Contains(kinds, any(kind))) {
				out = append(out, thing{typ: typ, number: i})
			}
		}
	}
	return out
}

func (d *desk) TypeOf(value any) string {
	switch v := value.(type) {
	case entity:
		return v.typ
	case thing:
		return v.typ
	default:
		return ""
	}
}

func (d *desk) Resolve(_ context.Context, f Field) (any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch parent := f.Parent.(type) {
	case nil:
		return d.root(f)
	case entity:
		return d.extension(f, parent)
	case thing:
		return d.member(f, parent)
	case map[string]any:
		return parent[f.Name], nil
	default:
		return nil, fmt.Errorf("no %T is known", parent)
	}
}

func failure(code string) error {
	return &gqlerror.Error{Message: "it failed", Extensions: map[string]any{"code": code}}
}

func (d *desk) root(f Field) (any, error) {
	switch f.Name {
	case "worklist":
		return items(f.Args), nil
	case "mixed":
		list := items(f.Args)
		for i := range list {
			switch i % 4 {
			case 1:
				list[i] = thing{typ: "Board", number: i}
			case 3:
				list[i] = d.record("Lead", "mixed", i)
			}
		}
		return append(list, nil), nil
	case "task":
		id, _ := f.Args["id"].(string)
		if strings.HasSuffix(id, "9") {
			return nil, failure("NOT_FOUND")
		}
		return thing{typ: "FollowUpItem", number: draw(10, id)}, nil
	case "board":
		filter, _ := f.Args["filter"].(map[string]any)
		level, _ := integer(filter["level"])
		name, err := json.Marshal(filter)
		return thing{typ: "Board", number: int(level), at: string(name)}, err
	case "echo":
		text, err := json.Marshal(f.Args)
		return string(text), err
	case "fails", "mustNotFail":
		return nil, failure("CONFLICT")
	case "_service":
		return map[string]any{"sdl": localSDL}, nil
	case "_entities":
		return entities(f.Args["representations"]), nil
	case "tagLead":
		input, _ := f.Args["input"].(map[string]any)
		id, tag := fmt.Sprint(input["leadId"]), fmt.Sprint(input["tag"])
		d.tags[id] = append(d.tags[id], tag)
		return map[string]any{"ok": true, "lead": entity{"Lead", id}, "count": len(d.tags[id])}, nil
	case "clearTags":
		id := fmt.Sprint(f.Args["leadId"])
		delete(d.tags, id)
		return entity{"Lead", id}, nil
	default: // failToTag
		return nil, failure("CONFLICT")
	}
}

// entities answers representations as an Apollo subgraph does.
func entities(representations any) []any {
	list, _ := representations.([]any)
	out := make([]any, len(list))
	for i := range list {
		representation, _ := list[i].(map[string]any)
		typ, _ := representation["__typename"].(string)
		id, _ := representation["id"].(string)
		if id != "" {
			out[i] = entity{typ, id}
		}
	}
	return out
}

func (d *desk) extension(f Field, e entity) (any, error) {
	first, _ := integer(f.Args["first"])
	switch f.Type + "." + f.Name {
	case "Lead.tags":
		tags := []any{}
		for _, tag := range d.tags[e.id] {
			tags = append(tags, tag)
		}
		return tags, nil
	case "Lead.risk":
		if draw(4, e.id, "risk") == 0 {
			return nil, failure("UPSTREAM_UNAVAILABLE")
		}
		return draw(100, e.id), nil
	case "Lead.badge":
		if draw(4, e.id, "badge") == 0 {
			return nil, failure("NOT_CONFIGURED")
		}
		return "badge of " + e.id, nil
	case "Lead.callTimeline":
		out := []any{}
		for i := range int(first) {
			out = append(out, thing{typ: "TimelineEntry", number: i, at: e.id})
		}
		return out, nil
	case "Patient.lastCall":
		return d.record("Call", e.id, "last"), nil
	case "Patient.insight":
		if draw(3, e.id) == 0 {
			return nil, nil
		}
		return map[string]any{"summary": "of " + e.id, "related": []any{d.record("Lead", e.id), d.record("Lead", e.id, 2)}}, nil
	case "FollowUp.item":
		return thing{typ: "LeadItem", number: draw(9, e.id)}, nil
	case "Call.missedCall":
		if draw(2, e.id, "missed") == 0 {
			return nil, nil
		}
		return thing{typ: "MissedCallItem", number: draw(9, e.id)}, nil
	case "WorkspaceMember.desk":
		return "desk of " + e.id, nil
	default: // id
		return e.id, nil
	}
}

func (d *desk) member(f Field, t thing) (any, error) {
	switch f.Name {
	case "id":
		return fmt.Sprintf("%s-%d", t.typ, t.number), nil
	case "title", "name":
		return fmt.Sprintf("%s %d %s", t.typ, t.number, t.at), nil
	case "rank":
		if draw(5, t.number) == 0 {
			return nil, nil
		}
		return draw(20, t.number, "rank"), nil
	case "lead":
		return d.record("Lead", t.number), nil
	case "call":
		return d.record("Call", t.number, t.at), nil
	case "followUp":
		return d.record("FollowUp", t.number), nil
	case "by":
		return d.record("WorkspaceMember", t.number), nil
	case "owner":
		if t.number == 3 {
			return nil, failure("FORBIDDEN")
		}
		return entity{"WorkspaceMember", d.ids["WorkspaceMember"][t.number%len(d.ids["WorkspaceMember"])]}, nil
	case "attempts":
		return []any{t.number, 1, 2}, nil
	case "patients":
		first, _ := integer(f.Args["first"])
		out := []any{}
		for i := range int(first) {
			out = append(out, entity{"Patient", d.ids["Patient"][(t.number+i)%len(d.ids["Patient"])]})
		}
		return out, nil
	case "level", "at":
		return t.number, nil
	case "items":
		return append(items(f.Args), nil), nil
	case "best":
		return items(map[string]any{"first": int64(1)})[0], nil
	default: // text
		text := fmt.Sprintf("entry %d of %s", t.number, t.at)
		if f.Args["upper"] == true {
			text = strings.ToUpper(text)
		}
		return text, nil
	}
}
