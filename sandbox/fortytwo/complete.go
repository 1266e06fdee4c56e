package fortytwo

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// object answers a selection set; ok is false when a field that must not be null is.
func (e *executor) object(set ast.SelectionSet, typ *ast.Definition, value any) (out *dict, ok bool) {
	out, _, ok = e.members(set, typ, value)
	return out, ok
}

// members is object with the height of the answer: how deep objects nest in it.
func (e *executor) members(set ast.SelectionSet, typ *ast.Definition, value any) (out *dict, height int, ok bool) {
	groups := e.collected(set, typ.Name)
	out = newDictOf(len(groups))
	heights := make([]int, 0, len(groups))
	for _, group := range groups {
		first, below := group.fields[0], 0
		var completed any = typ.Name
		if first.Name != "__typename" {
			if completed, below, ok = e.field(group.inner, first, memberOf(value, first.Name)); !ok {
				return nil, 0, false
			}
		}
		out.set(group.key, completed)
		heights = append(heights, below)
		height = max(height, below)
	}
	if e.line == Line15 {
		out.sortKeys(heights)
	}
	return out, height + 1, true
}

// sortKeys puts what nests less first, else as asked: line 1.5 sets members when they are complete (fortytwo.md 16).
func (d *dict) sortKeys(heights []int) {
	if slices.IsSorted(heights) {
		return
	}
	order := make([]int, len(heights))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return heights[a] - heights[b] })
	sorted := newDictOf(len(order))
	for _, from := range order {
		sorted.set(d.keys[from], d.values[from])
	}
	*d = *sorted
}

// memberOf is a field of a source: of values, or of a record that was read.
func memberOf(value any, name string) any {
	switch source := value.(type) {
	case fields:
		return source[name]
	case *dict:
		return source.at(name)
	default:
		return nil
	}
}

// field resolves and completes one field.
func (e *executor) field(set ast.SelectionSet, f *ast.Field, value any) (completed any, height int, ok bool) {
	if g, ok := value.(guarded); ok {
		g.lock.Lock()
		defer g.lock.Unlock()
		value = g.resolve
	}
	if compute, ok := value.(resolver); ok {
		var err *apiError
		if value, err = compute(f.ArgumentMap(e.variables)); err != nil {
			e.errs = append(e.errs, err)
			value = nil
		}
	}
	return e.complete(set, f.Definition.Type, value)
}

func (e *executor) complete(set ast.SelectionSet, typ *ast.Type, value any) (completed any, height int, ok bool) {
	if value == nil {
		return nil, 0, !typ.NonNull
	}
	if typ.Elem != nil {
		switch list := value.(type) {
		case []any:
			return completeList(e, set, typ, list)
		case []*dict:
			return completeList(e, set, typ, list)
		default:
			return value, 0, true // a list of plain values
		}
	}
	_, isObject := value.(fields)
	if _, isRecord := value.(*dict); isRecord && len(set) > 0 {
		isObject = true
	}
	if !isObject {
		return value, 0, true
	}
	out, height, ok := e.members(set, e.schema.Types[typ.NamedType], value)
	if !ok {
		return nil, 0, !typ.NonNull
	}
	return out, height, true
}

func completeList[T any](e *executor, set ast.SelectionSet, typ *ast.Type, list []T) (completed any, height int, ok bool) {
	out := make([]any, len(list))
	for i, item := range list {
		one, below, ok := e.complete(set, typ.Elem, item)
		if !ok {
			return nil, 0, !typ.NonNull
		}
		out[i] = one
		height = max(height, below)
	}
	return out, height + 1, true
}
