package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/faults"
	"github.com/helix-engage/gateway/sandbox/fortytwo"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

// route is one control endpoint. The index is printed from the same table that serves.
type route struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Does   string `json:"does"`
	Body   any    `json:"body,omitempty"` // an example
	serve  func(*http.Request) (any, error)
}

func (s *Sandbox) controlRoutes() []route {
	var routes []route
	routes = append(routes, s.callRoutes()...)
	routes = append(routes, s.faultRoutes()...)
	routes = append(routes, s.crmModelRoutes()...)
	routes = append(routes, s.crmRoutes()...)
	routes = append(routes, s.patientRoutes()...)
	routes = append(routes, s.voiceRoutes()...)
	return append(routes, route{Method: "GET", Path: "/sandbox", Does: "this index", serve: s.index})
}

// controlHandler serves the control endpoints: JSON in and out, unknown members refused, every error as {"error": …}.
func (s *Sandbox) controlHandler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.controlRoutes() {
		mux.HandleFunc(r.Method+" "+r.Path, func(w http.ResponseWriter, req *http.Request) {
			req.Body = http.MaxBytesReader(w, req.Body, maxControlBody)
			out, err := r.serve(req)
			if err != nil {
				writeJSON(w, statusOf(err), map[string]string{"error": err.Error()})
				return
			}
			writeJSON(w, http.StatusOK, out)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		text := fmt.Sprintf("no control endpoint %s %s: see GET /sandbox", req.Method, req.URL.Path)
		writeJSON(w, http.StatusNotFound, map[string]string{"error": text})
	})
	return mux
}

func (s *Sandbox) index(*http.Request) (any, error) {
	return struct {
		FortyTwo   string  `json:"fortyTwoUrl"`
		Ozonetel   string  `json:"ozonetelUrl"`
		Knowlarity string  `json:"knowlarityUrl"`
		ElevenLabs string  `json:"elevenLabsUrl"`
		Traffic    Traffic `json:"traffic"`
		Seed       int64   `json:"seed"`
		Endpoints  []route `json:"endpoints"`
	}{s.FortyTwoURL(), s.OzonetelURL(), s.KnowlarityURL(), s.ElevenLabsURL(), s.options.Traffic, s.options.Seed, s.controlRoutes()}, nil
}

const maxControlBody = 64 << 10

// badRequestError is the caller's fault, told in words.
type badRequestError string

func (e badRequestError) Error() string { return string(e) }

func statusOf(err error) int {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, ozonetel.ErrUnknownCall), errors.Is(err, ozonetel.ErrUnknownAgent), errors.Is(err, fortytwo.ErrUnknown),
		errors.Is(err, knowlarity.ErrUnknownCall), errors.Is(err, elevenlabs.ErrUnknownConversation):
		return http.StatusNotFound
	case errors.Is(err, ozonetel.ErrIllegalMove), errors.Is(err, knowlarity.ErrNotTalking), errors.Is(err, elevenlabs.ErrNotOpen):
		return http.StatusConflict
	case errors.Is(err, ozonetel.ErrFull), errors.Is(err, knowlarity.ErrFull), errors.Is(err, faults.ErrFull):
		return http.StatusTooManyRequests
	default:
		return http.StatusBadRequest
	}
}

// decodeBody reads one JSON object without unknown members. An empty body is an empty object.
func decodeBody[T any](r *http.Request) (T, error) {
	var out T
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return out, fmt.Errorf("body: %w", err)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return out, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&out); err != nil {
		return out, badRequestError("body: " + strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return out, badRequestError("body: more than one JSON value")
	}
	return out, nil
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		code, body = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written as JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n')) // the client has gone: nobody is left to tell
}

// seconds reads a duration given in seconds; at most a day, never negative.
func seconds(name string, value float64) (time.Duration, error) {
	if value < 0 || value > 24*60*60 {
		return 0, badRequestError(fmt.Sprintf("%s must be between 0 and 86400", name))
	}
	return time.Duration(value * float64(time.Second)), nil
}

// millis reads a duration given in milliseconds; at most an hour, never negative.
func millis(name string, value int) (time.Duration, error) {
	if value < 0 || value > 60*60*1000 {
		return 0, badRequestError(fmt.Sprintf("%s must be between 0 and 3600000", name))
	}
	return time.Duration(value) * time.Millisecond, nil
}

// done is the answer of an endpoint that has nothing to say.
type done struct {
	OK bool `json:"ok"`
}

// act makes an endpoint of something that takes nothing and cannot fail.
func act(do func()) func(*http.Request) (any, error) {
	return func(*http.Request) (any, error) {
		do()
		return done{OK: true}, nil
	}
}

// show makes an endpoint of something to look at.
func show[T any](view func() T) func(*http.Request) (any, error) {
	return func(*http.Request) (any, error) { return view(), nil }
}
