package server

import (
	"net/http"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/telemetry"
)

// Origins are the sites whose pages may call the gateway from a browser. The zero value allows none.
type Origins struct {
	any     bool
	allowed map[string]bool
}

// NewOrigins reads a list of origins ("https://desk.example"), or "*" for any.
func NewOrigins(list []string) Origins {
	o := Origins{allowed: map[string]bool{}}
	for _, origin := range list {
		if origin == "*" {
			o.any = true
		}
		o.allowed[strings.ToLower(origin)] = true
	}
	return o
}

// Allowed reports whether pages of this origin may call. Origins compare without case, since browsers send them in lower case.
func (o Origins) Allowed(origin string) bool {
	return o.any || origin != "null" && o.allowed[strings.ToLower(origin)]
}

// What pages of other origins may send and read, and for how long a browser may remember it, in seconds.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
	corsExpose  = "X-Request-Id, Retry-After"
	corsMaxAge  = "600"
	// maxCORSHeaders bounds the list of headers that a preflight asks for, in bytes.
	maxCORSHeaders = 1024
)

// varyOrigin is shared by all answers, which nobody edits in place.
var varyOrigin = []string{"Origin"}

// middleware speaks CORS. Requests without an Origin come from no page and pass; so do those of the gateway's own.
func (o Origins) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if !o.any {
			w.Header()["Vary"] = varyOrigin
		}
		preflight := r.Method == http.MethodOptions && origin != "" && r.Header.Get("Access-Control-Request-Method") != ""
		switch {
		case origin == "":
		case o.any:
			w.Header().Set("Access-Control-Allow-Origin", "*")
		case o.Allowed(origin):
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Allow-Credentials", "true")
		case preflight:
			e := helix.Forbidden("pages of this origin may not call the gateway: add it to CORS_ORIGIN")
			writeError(w, http.StatusForbidden, e, telemetry.RequestID(r.Context()))
			return
		}
		if preflight {
			o.preflight(w, r)
			return
		}
		if origin != "" {
			w.Header().Set("Access-Control-Expose-Headers", corsExpose)
		}
		next.ServeHTTP(w, r)
	})
}

// preflight allows the methods that exist and the headers that were asked for: whether a header means anything is its
// handler's business, and the origin is already trusted.
func (o Origins) preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
	h.Set("Access-Control-Allow-Methods", corsMethods)
	h.Set("Access-Control-Max-Age", corsMaxAge)
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" && len(asked) <= maxCORSHeaders && headerNames(asked) {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	w.WriteHeader(http.StatusNoContent)
}

// headerNames reports whether a text is a list of plain header names.
func headerNames(list string) bool {
	for i := range len(list) {
		switch c := list[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == ',', c == ' ':
		default:
			return false
		}
	}
	return true
}
