package documents

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// reading takes files one after another. What the *.graphql files hold is known only with the last, since fragments are shared.
type reading struct {
	set       *set
	sources   []source
	fragments map[string][]piece
}

// source is one *.graphql file.
type source struct {
	name, text string
	own        map[string]piece // its fragments
	operations []piece
}

// piece is a definition with its text.
type piece struct {
	definition
	text string
}

func newReading() *reading {
	return &reading{set: newSet(), fragments: make(map[string][]piece)}
}

// manifest takes a JSON file: Apollo's persisted query manifest (format, version and operations with id and body), or the
// object of texts by hash that Relay's compiler (persistConfig.file) and GraphQL Code Generator (persisted-documents.json)
// write.
func (r *reading) manifest(content []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(content, &members); err != nil {
		return fmt.Errorf("it is no JSON object: %w", err)
	}
	if _, apollo := members["operations"]; apollo {
		return r.apollo(content)
	}
	for id, raw := range members {
		var text *string
		if err := json.Unmarshal(raw, &text); err != nil || text == nil {
			return errors.New("it is neither an Apollo manifest nor an object of documents by hash")
		}
		if err := r.named(id, *text); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) apollo(content []byte) error {
	var m struct {
		Format     string `json:"format"`
		Version    int    `json:"version"`
		Operations []struct {
			ID   string `json:"id"`
			Body string `json:"body"`
		} `json:"operations"`
	}
	if err := json.Unmarshal(content, &m); err != nil {
		return fmt.Errorf("it is no Apollo manifest: %w", err)
	}
	if m.Format != "apollo-persisted-query-manifest" || m.Version != 1 {
		return errors.New("it is an Apollo manifest of another format or version than apollo-persisted-query-manifest, 1")
	}
	for _, op := range m.Operations {
		if err := r.named(op.ID, op.Body); err != nil {
			return err
		}
	}
	return nil
}

// named takes a document of a manifest.
func (r *reading) named(id, text string) error {
	if id == "" || len(id) > maxName {
		return fmt.Errorf("an id is empty or longer than %d bytes", maxName)
	}
	return r.set.add(plain(id), text)
}

// graphql takes a *.graphql file.
func (r *reading) graphql(name, text string) error {
	if _, err := parser.ParseQuery(&ast.Source{Input: text}); err != nil {
		return fmt.Errorf("it does not parse: %w", err)
	}
	definitions, ok := definitionsIn(text)
	if !ok {
		return fmt.Errorf("it is empty or has more than %d tokens", maxTokens)
	}
	s := source{name: name, text: text, own: make(map[string]piece)}
	characters := []rune(text)
	for _, d := range definitions {
		p := piece{definition: d, text: string(characters[d.start:d.end])}
		if !d.fragment {
			s.operations = append(s.operations, p)
			continue
		}
		s.own[d.name] = p
		r.fragments[d.name] = append(r.fragments[d.name], p)
	}
	r.sources = append(r.sources, s)
	return nil
}

// finish makes documents of the *.graphql files.
func (r *reading) finish() (*set, error) {
	for _, s := range r.sources {
		complete := len(s.operations) > 0
		for _, op := range s.operations {
			text, alone, err := r.whole(s, op)
			if err == nil {
				err = r.set.add("", text)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			complete = complete && alone
		}
		if !complete {
			continue
		}
		for _, text := range []string{s.text, strings.TrimSpace(s.text)} {
			if err := r.set.add("", text); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	return r.set, nil
}

// whole is an operation followed by the fragments that it uses, in the order in which they are met. alone tells whether all of
// them stand in its own file.
func (r *reading) whole(s source, op piece) (text string, alone bool, err error) {
	parts, taken, alone := []string{op.text}, map[string]bool{}, true
	for queue := op.spreads; len(queue) > 0; queue = queue[1:] {
		name := queue[0]
		if taken[name] {
			continue
		}
		taken[name] = true
		fragment, own := s.own[name]
		if !own {
			if fragment, err = r.shared(name); err != nil {
				return "", false, err
			}
			alone = false
		}
		parts = append(parts, fragment.text)
		queue = append(queue, fragment.spreads...)
	}
	return strings.Join(parts, "\n\n"), alone, nil
}

// shared finds a fragment of another file.
func (r *reading) shared(name string) (piece, error) {
	found := r.fragments[name]
	if len(found) == 0 {
		return piece{}, fmt.Errorf("fragment %s is not in the folder", name)
	}
	for _, other := range found[1:] {
		if other.tokens != found[0].tokens {
			return piece{}, fmt.Errorf("fragment %s stands in several files, with different texts", name)
		}
	}
	return found[0], nil
}
