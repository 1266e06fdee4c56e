package documents

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// maxDocuments bounds what a folder may name.
const maxDocuments = 50_000

// set is what one reading of a folder has found. It does not change; nil is empty.
type set struct {
	byName   map[string]string // ids and SHA-256 in hex, to texts
	byTokens map[digest]struct{}
	count    int // of documents, whatever the number of their names
}

func newSet() *set { return &set{byName: make(map[string]string), byTokens: make(map[digest]struct{})} }

func (s *set) named(name string) (text string, found bool) {
	if s == nil {
		return "", false
	}
	text, found = s.byName[name]
	return text, found
}

// holds tells whether a text, whose SHA-256 in hex is given, is trusted.
func (s *set) holds(hash, text string) bool {
	if s == nil {
		return false
	}
	if named, found := s.byName[hash]; found && named == text {
		return true
	}
	tokens, ok := digestOf(text)
	_, found := s.byTokens[tokens]
	return ok && found
}

// add takes a document under its own id, "" for none, and under its hash.
func (s *set) add(id, text string) error {
	if _, err := parser.ParseQuery(&ast.Source{Input: text}); err != nil {
		return fmt.Errorf("%sdoes not parse: %w", called(id), err)
	}
	tokens, ok := digestOf(text)
	if !ok {
		return fmt.Errorf("%sis empty or has more than %d tokens", called(id), maxTokens)
	}
	sum := sha256.Sum256([]byte(text))
	for _, name := range []string{hex.EncodeToString(sum[:]), id} {
		if other, known := s.byName[name]; known && !sameTokens(other, text) {
			return fmt.Errorf("%shas the name of another document", called(id))
		}
		if name != "" {
			s.byName[name] = text
		}
	}
	if _, known := s.byTokens[tokens]; !known {
		s.byTokens[tokens] = struct{}{}
		s.count++
	}
	if len(s.byName) > 2*maxDocuments {
		return fmt.Errorf("there are more than %d documents", maxDocuments)
	}
	return nil
}

// called begins what is said of a document in a fault.
func called(id string) string {
	if id == "" {
		return ""
	}
	return fmt.Sprintf("document %.80q ", strings.ToValidUTF8(id, "�"))
}
