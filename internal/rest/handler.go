package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/auth"
)

// Options wires a [Handler]. All of it is required.
type Options struct {
	// Schema is what the documents must fit.
	Schema *ast.Schema
	// Execute runs a document for the sender of a request. data is null or nil when the operation failed as a whole; each
	// error carries extensions.code.
	Execute func(r *http.Request, document string, variables map[string]any) (data json.RawMessage, errs gqlerror.List)
	// CallID gives our id of the call that the telephony provider knows under this one. It need not exist.
	CallID func(ctx context.Context, ucid string) (helix.CallID, error)
	// MaxBody bounds a request body, in bytes.
	MaxBody int64
	// PageSize is the largest page that lists give.
	PageSize int
	// Zone is where the account's days begin and end.
	Zone *time.Location
	// Now is the clock.
	Now func() time.Time
}

// Handler answers the REST paths. It is safe for concurrent use.
type Handler struct{ o Options }

// New makes a handler; a document that does not fit the schema is an error.
func New(o Options) (*Handler, error) {
	var faults []error
	for _, e := range endpoints() {
		if _, errs := gqlparser.LoadQueryWithRules(o.Schema, e.document, rules.NewDefaultRules()); len(errs) > 0 {
			faults = append(faults, fmt.Errorf("rest: the document of %s %s does not fit the schema: %w", e.method, e.path, errs))
		}
	}
	return &Handler{o: o}, errors.Join(faults...)
}

// prefix is what all paths begin with.
const prefix = "/api/"

// Routes gives the handlers by their patterns for [http.ServeMux]. Below the prefix everything is answered in JSON: methods
// that a path does not take, and paths that do not exist. Identity is put around it ([auth.Authenticator.Middleware]).
func (h *Handler) Routes() map[string]http.Handler {
	routes := map[string]http.Handler{prefix: http.HandlerFunc(noSuchPath)}
	for _, e := range endpoints() {
		routes[e.method+" "+e.path] = h.serve(e)
		allow := e.method
		if allow == http.MethodGet {
			allow += ", " + http.MethodHead
		}
		routes[e.path] = noSuchMethod(allow)
	}
	return routes
}

func noSuchPath(w http.ResponseWriter, _ *http.Request) {
	fail(w, http.StatusNotFound, helix.NotFound("path"), nil)
}

func noSuchMethod(allow string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allow)
		fail(w, http.StatusMethodNotAllowed, helix.BadInput("this path takes "+strings.ReplaceAll(allow, ", ", " and ")), nil)
	})
}

// serve answers one path.
func (h *Handler) serve(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !e.open && auth.Anonymous(r.Context()) { // whose token it is, is asked when the document executes
			_, err := auth.Anyone(r.Context())
			e.fail(w, http.StatusUnauthorized, helix.AsError(err), input{}, nil)
			return
		}
		in, refused := h.read(w, r)
		if refused != nil {
			e.fail(w, refused.status, refused.err, in, nil)
			return
		}
		variables, err := h.variables(r.Context(), e, in)
		if err != nil {
			e.failed(w, helix.AsError(err), in, nil)
			return
		}
		data, err := h.execute(r, e, variables)
		if err != nil {
			if e.refused != nil {
				if answer := e.refused(variables, helix.AsError(err)); answer != nil {
					write(w, http.StatusOK, answer)
					return
				}
			}
			e.failed(w, helix.AsError(err), in, nil)
			return
		}
		if e.absent != "" && data[e.absent] == nil {
			e.failed(w, helix.NotFound("record"), in, nil)
			return
		}
		if outcome, is := data[outcomeAlias].(object); is && outcome["ok"] != true {
			e.failed(w, payloadError(outcome), in, effects(outcome))
			return
		}
		write(w, http.StatusOK, e.answer(data))
	})
}

// execute asks, and goes on asking where the endpoint reads whole lists.
func (h *Handler) execute(r *http.Request, e endpoint, variables map[string]any) (object, error) {
	whole, err := h.ask(r, e, variables)
	if err != nil || e.lists == nil {
		return whole, err
	}
	lists := e.lists(whole)
	for page := 1; page < e.pages; page++ {
		i := slices.IndexFunc(lists, func(l list) bool { return l.at("pageInfo")["hasNextPage"] == true })
		if i < 0 {
			break
		}
		next := maps.Clone(variables)
		maps.Copy(next, lists[i].alone)
		next["after"] = lists[i].at("pageInfo")["endCursor"]
		data, err := h.ask(r, e, next)
		if helix.IsCode(err, helix.CodeBadInput) { // the cursor is of our making: its item has moved
			return nil, helix.Conflict("the list changed while it was read; ask again")
		}
		if err != nil {
			return nil, err
		}
		lists[i].continueWith(e.lists(data))
	}
	return whole, nil
}

// ask executes the endpoint's document once.
func (h *Handler) ask(r *http.Request, e endpoint, variables map[string]any) (object, error) {
	raw, errs := h.o.Execute(r, e.document, variables)
	data, err := decode(raw)
	if err == nil && data == nil {
		err = topLevelError(errs, e)
	}
	return data, err
}

// failed answers an error by its code, with what is known in spite of it.
func (e endpoint) failed(w http.ResponseWriter, err *helix.Error, in input, with object) {
	e.fail(w, statusOf(err, e.telephony()), err, in, with)
}

// fail answers an error in the path's form.
func (e endpoint) fail(w http.ResponseWriter, status int, err *helix.Error, in input, with object) {
	if e.failure == nil {
		fail(w, status, err, with)
		return
	}
	failureHeaders(w, status, err)
	write(w, status, e.failure(status, err, in))
}
