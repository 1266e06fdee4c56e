package documents

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"
)

// digest identifies a document, or one definition of it, by its tokens.
type digest = [sha256.Size]byte

// maxTokens bounds the documents that are compared by tokens, comments included.
const maxTokens = 20_000

// definition is one operation or fragment of a document.
type definition struct {
	fragment   bool
	name       string   // "" for an anonymous operation
	spreads    []string // the fragments that it names, repeated as often
	start, end int      // in the text, in characters
	tokens     digest
}

// definitionsIn cuts a text into its definitions without parsing it. ok is false for what cannot be a document, and for one with
// more than maxTokens.
func definitionsIn(text string) (found []definition, ok bool) {
	lex := lexer.New(&ast.Source{Input: text})
	for left := maxTokens; ; {
		d, n, more := nextDefinition(&lex, left)
		if !more {
			return found, n == 0 && len(found) > 0
		}
		left -= n
		found = append(found, d)
	}
}

// nextDefinition reads up to the brace that closes a definition. more is false at the end of the text, with n = 0, and where there
// is none.
func nextDefinition(lex *lexer.Lexer, limit int) (d definition, n int, more bool) {
	sum, depth := sha256.New(), 0
	var first, last lexer.Token // last: the token before
	var head [9]byte
	for {
		token, err := lex.ReadToken()
		if err != nil || n > limit {
			return d, max(n, 1), false
		}
		switch token.Kind {
		case lexer.EOF:
			if first.Kind == lexer.Invalid {
				n = 0 // comments at the most
			}
			return d, n, false
		case lexer.Comment:
			n++
			continue
		case lexer.BraceL, lexer.ParenL, lexer.BracketL:
			depth++
		case lexer.BraceR, lexer.ParenR, lexer.BracketR:
			depth--
		case lexer.Name:
			d.meets(token, first, last, depth)
		}
		if n++; first.Kind == lexer.Invalid {
			first, d.start = token, token.Pos.Start
		}
		head[0] = byte(token.Kind)
		binary.BigEndian.PutUint64(head[1:], uint64(len(token.Value)))
		sum.Write(head[:])
		sum.Write([]byte(token.Value))
		if depth <= 0 && token.Kind == lexer.BraceR {
			d.end, d.tokens = token.Pos.End, digest(sum.Sum(nil))
			return d, n, depth == 0
		}
		last = token
	}
}

// meets takes from a name what is worth knowing: what kind of definition it begins, what it is called, which fragment is spread.
func (d *definition) meets(token, first, last lexer.Token, depth int) {
	switch {
	case first.Kind == lexer.Invalid:
		d.fragment = token.Value == "fragment"
	case last.Pos.Start == first.Pos.Start && first.Kind == lexer.Name && depth == 0:
		d.name = token.Value
	case last.Kind == lexer.Spread && token.Value != "on":
		d.spreads = append(d.spreads, token.Value)
	}
}

// digestOf identifies a document by its tokens, whatever the order of its definitions.
func digestOf(text string) (of digest, ok bool) {
	definitions, ok := definitionsIn(text)
	if !ok {
		return of, false
	}
	slices.SortFunc(definitions, func(a, b definition) int { return slices.Compare(a.tokens[:], b.tokens[:]) })
	sum := sha256.New()
	for _, d := range definitions {
		sum.Write(d.tokens[:])
	}
	return digest(sum.Sum(nil)), true
}

// sameTokens tells whether two texts are one document.
func sameTokens(a, b string) bool {
	if a == b {
		return true
	}
	of, ok := digestOf(a)
	other, too := digestOf(b)
	return ok && too && of == other
}
