package federationtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Compare tells in what two answers to one document differ; nil when they say the same.
//
// Data must be equal as JSON: the same members in the same order, the same texts however they are escaped, the same numbers however
// they are written. Of errors the paths and extensions.code count, each as often as it is there; texts, locations and other
// extensions do not. Errors below a place that a null has taken are one: the specification (6.4.4) leaves open which of several are
// found before their parent is given up. INTERNAL_SERVER_ERROR counts as BAD_USER_INPUT: of several faults in one filter FortyTwo tells
// one, and line 1.5 has either code for them.
func Compare(got, want Response) error {
	if err := compareData(got.Data, want.Data); err != nil {
		return err
	}
	gotErrors, wantErrors := summary(got), summary(want)
	if !slices.Equal(gotErrors, wantErrors) {
		return fmt.Errorf("errors %v, not %v", gotErrors, wantErrors)
	}
	return nil
}

// compareData reads both token by token; where tells how far they agree.
func compareData(got, want json.RawMessage) error {
	if len(got) == 0 || len(want) == 0 {
		if len(got) != len(want) {
			return fmt.Errorf("data %q, not %q", clip(got), clip(want))
		}
		return nil
	}
	a, b := decoder(got), decoder(want)
	for {
		x, errX := a.Token()
		y, errY := b.Token()
		switch {
		case errors.Is(errX, io.EOF) && errors.Is(errY, io.EOF):
			return nil
		case errX != nil && !errors.Is(errX, io.EOF):
			return fmt.Errorf("data is no JSON: %w", errX)
		case errX != nil || errY != nil || !sameToken(x, y):
			return fmt.Errorf("data %v after …%s, not %v", x, clip(got[max(0, int(a.InputOffset())-80):a.InputOffset()]), y)
		}
	}
}

func decoder(data []byte) *json.Decoder {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d
}

func sameToken(x, y json.Token) bool {
	a, isNumber := x.(json.Number)
	b, isAlso := y.(json.Number)
	if !isNumber || !isAlso {
		return x == y
	}
	m, errM := a.Float64()
	n, errN := b.Float64()
	return a == b || errM == nil && errN == nil && m == n
}

func clip(data []byte) string { return string(data[:min(len(data), 200)]) }

// summary is the sorted errors of an answer as "path code".
func summary(r Response) []string {
	var data any
	if len(r.Data) > 0 {
		_ = decoder(r.Data).Decode(&data) // compareData has told
	}
	out := make([]string, 0, len(r.Errors))
	taken := map[string]bool{}
	for _, e := range r.Errors {
		line := told(e)
		if at, isTaken := nulled(data, e.Path); isTaken && len(r.Data) > 0 {
			line = at.String() + " and below"
			if taken[line] {
				continue
			}
			taken[line] = true
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func told(e *gqlerror.Error) string {
	code, _ := e.Extensions["code"].(string)
	if code == "INTERNAL_SERVER_ERROR" {
		code = "BAD_USER_INPUT"
	}
	return strings.TrimSpace(e.Path.String() + " " + code)
}

// nulled finds the null above an error's own place; the place itself is not one.
func nulled(data any, path ast.Path) (ast.Path, bool) {
	for i, element := range path {
		switch v := data.(type) {
		case nil:
			return path[:i], true
		case map[string]any:
			data = v[name(element)]
		case []any:
			index, err := strconv.Atoi(name(element))
			if err != nil || index >= len(v) {
				return nil, false
			}
			data = v[index]
		default:
			return nil, false
		}
	}
	return nil, false
}

func name(element ast.PathElement) string { return fmt.Sprint(element) }
