package raise

import (
	"maps"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	helix "github.com/helix-engage/gateway"
)

// MaxErrors is how many errors a writer keeps. Those beyond are counted in one more.
const MaxErrors = 100

// What a value can lack. The texts are for users.
const (
	messageNothing = "FortyTwo answered nothing where a value is required"
	messageKind    = "FortyTwo answered with a value of another kind than its schema says"
	messageType    = "FortyTwo answered with a record of a type that its schema does not list here"
)

// broken reports that the source lacks what the place needs.
func (w *Writer) broken(message string) {
	if w.room() {
		w.Errors = append(w.Errors, &gqlerror.Error{Message: message, Path: w.here(nil), Extensions: extensions()})
	}
}

// repeat reports what went wrong with a record at the object or field that asked for it. The errors given stay as they
// are: others share them.
func (w *Writer) repeat(faults []*gqlerror.Error) {
	for _, fault := range faults {
		if w.room() {
			located := *fault
			located.Path = w.here(fault.Path)
			located.Extensions = maps.Clone(fault.Extensions)
			w.Errors = append(w.Errors, &located)
		}
	}
}

// room reports whether one more error is kept, and counts it when not.
func (w *Writer) room() bool {
	if w.reported < MaxErrors {
		w.reported++
		return true
	}
	w.dropped++
	return false
}

// summarize adds the entry that counts the errors which were not kept, or corrects its number.
func (w *Writer) summarize() {
	if w.dropped == 0 {
		return
	}
	if w.rest == nil {
		w.rest = &gqlerror.Error{Extensions: extensions()}
		w.Errors = append(w.Errors, w.rest)
	}
	w.rest.Message = "and " + strconv.Itoa(w.dropped) + " more errors"
}

func extensions() map[string]any {
	return map[string]any{"code": string(helix.CodeRejected), "provider": string(helix.ProviderFortyTwo)}
}

// here is the path of the place being written, with below added.
func (w *Writer) here(below ast.Path) ast.Path {
	path := make(ast.Path, 0, len(w.path)+len(below))
	for _, s := range w.path {
		if s.name == "" {
			path = append(path, ast.PathIndex(s.index))
		} else {
			path = append(path, ast.PathName(s.name))
		}
	}
	return append(path, below...)
}

// step is a part of the path: a name, or an index when the name is empty.
type step struct {
	name  string
	index int
}
