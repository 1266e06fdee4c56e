package fortytwo

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// maxRoots is the most root fields of a request to /graphql (fortytwo.md 12).
const maxRoots = 20

// executeGraphQL answers /graphql: record fields directly, introspection of the workspace, and the core schema for the rest.
func (s *Server) executeGraphQL(in incoming, doc *document, c *caller) reply {
	roots, err := doc.roots()
	if err != nil {
		return in.refusal(err)
	}
	if c.workspace == nil || in.coreOnly {
		return s.executeCore(in, doc, c)
	}
	c.workspace.mu.RLock()
	records := 0
	for _, f := range roots {
		if _, ok := c.workspace.roots[f.Name]; ok {
			records++
		}
	}
	c.workspace.mu.RUnlock()
	switch {
	case records == len(roots):
		return s.executeRecords(doc, roots, c)
	case records > 0:
		return errorReply(http.StatusOK, jsonPlain, &apiError{
			message: "This query cannot be executed as a single request. Please split it into separate queries.", code: codeBadInput,
		})
	case introspects(roots):
		return s.executeIntrospection(in, c)
	default:
		return s.executeCore(in, doc, c)
	}
}

func introspects(roots []*ast.Field) bool {
	for _, f := range roots {
		if f.Name != "__schema" && f.Name != "__type" {
			return false
		}
	}
	return true
}

// executeRecords is upstream's direct execution: no validation, one error per root field without a path, mutations at the same
// time in no order (fortytwo.md 0).
func (s *Server) executeRecords(doc *document, fields []*ast.Field, c *caller) reply {
	if err := checkRoots(fields); err != nil {
		return dataReply(newDict(), err)
	}
	results := make([]any, len(fields))
	failures := make([]*apiError, len(fields))
	var group sync.WaitGroup
	for i, f := range fields[1:] {
		group.Go(func() { results[i+1], failures[i+1] = s.executeDirectly(doc, f, c) })
	}
	results[0], failures[0] = s.executeDirectly(doc, fields[0], c)
	group.Wait()
	data := newDict()
	var errs []*apiError
	for i, f := range fields {
		key := f.Name
		if f.Alias != "" {
			key = f.Alias
		}
		data.set(key, results[i])
		if failures[i] != nil {
			data.set(key, nil)
			errs = append(errs, failures[i])
		}
	}
	return dataReply(data, errs...)
}

func checkRoots(fields []*ast.Field) *apiError {
	if len(fields) > maxRoots {
		return &apiError{code: codeBadInput, message: fmt.Sprintf(
			"Query too complex - Too many root resolvers requested: %d - Maximum allowed root resolvers: %d", len(fields), maxRoots)}
	}
	seen := map[string]bool{}
	for _, f := range fields {
		if seen[f.Name] {
			return &apiError{code: codeBadInput, message: "Duplicate root resolver: \"" + f.Name + "\""}
		}
		seen[f.Name] = true
	}
	return nil
}

func dataReply(data *dict, errs ...*apiError) reply {
	body := newDict()
	body.set("data", data)
	if len(errs) > 0 {
		body.set("errors", errorList(errs))
	}
	return reply{status: http.StatusOK, contentType: jsonPlain, body: appendJSON(make([]byte, 0, usualAnswer), body)}
}

// executeDirectly runs one root field without validation.
func (s *Server) executeDirectly(doc *document, f *ast.Field, c *caller) (any, *apiError) {
	if c.kind == keyHolder {
		if err := s.limiter.take(c.workspace.id); err != nil {
			return nil, err
		}
	}
	outer, err := doc.selection(f.SelectionSet)
	if err != nil {
		return nil, err
	}
	return s.executeRoot(f.Name, doc.arguments(f), outer, c)
}

// executeRoot runs one root field under the workspace's lock. A failed mutation leaves nothing behind.
func (s *Server) executeRoot(name string, args *dict, outer *selection, c *caller) (any, *apiError) {
	ws := c.workspace
	q := &request{ws: ws, caller: c, args: args, outer: outer, writes: &writeLog{}}
	if s.rootMutates(ws, name) {
		ws.mu.Lock()
		defer ws.mu.Unlock()
	} else {
		ws.mu.RLock()
		defer ws.mu.RUnlock()
	}
	var ok bool
	if q.root, ok = ws.roots[name]; !ok {
		return nil, internal("Unknown method: %s", name) // the object was removed a moment ago
	}
	result, err := q.run()
	if err != nil {
		q.writes.rollBack()
		return nil, err
	}
	s.announce(ws, c, q.writes.events)
	return result, nil
}

func (s *Server) rootMutates(ws *workspace, name string) bool {
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	return ws.roots[name].op.mutates()
}

func (q *request) run() (any, *apiError) {
	q.node = q.outer
	switch q.root.op {
	case findMany, groupBy, findDuplicates:
		q.node = q.outer.get("edges").get("node")
	}
	if err := q.caller.role.mayRead(q.object(), q.node); err != nil {
		return nil, err
	}
	if err := checkNesting(q.object(), q.node, false); err != nil {
		return nil, err
	}
	switch q.root.op {
	case findOne:
		return q.findOne()
	case findMany:
		return q.findMany()
	case groupBy:
		return q.groupBy()
	case findDuplicates:
		return q.findDuplicates()
	case createOne:
		return q.createOne()
	case createMany:
		return q.createMany()
	case updateOne:
		return q.updateOne()
	case updateMany:
		return q.updateMany()
	case deleteOne:
		return q.removeOne(softDeletion())
	case deleteMany:
		return q.removeMany(softDeletion())
	case restoreOne:
		return q.removeOne(restoring())
	case restoreMany:
		return q.removeMany(restoring())
	case destroyOne:
		return q.removeOne(destruction())
	default:
		return q.removeMany(destruction())
	}
}

// staleSchema turns a validation failure into a version complaint when the client named another version (fortytwo.md 13).
func (in incoming) staleSchema(ws *workspace) *apiError {
	if in.schemaVersion == "" {
		return nil
	}
	if ws != nil {
		ws.mu.RLock()
		defer ws.mu.RUnlock()
		if in.schemaVersion == strconv.Itoa(ws.version) {
			return nil
		}
	}
	return &apiError{
		message: "Schema version mismatch.",
		user:    "Your workspace has been updated with a new data model. Please refresh the page.",
	}
}
