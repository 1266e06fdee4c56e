package knowlarity

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

const maxBody = 1 << 20

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	account := "/" + s.account.Channel + "/v1/account/"
	for _, route := range []struct {
		pattern, name string
		serve         func(http.ResponseWriter, *http.Request)
	}{
		{"POST " + account + "call/makecall", "makecall", s.posted(s.makeCall)},
		{"POST " + s.options.FlowPath, "flow", s.posted(s.flowCall)},
		{"GET /newsr/api/v1/click2call/", "click2call", s.clickToCall},
		{"POST " + account + "call/campaign", "campaign", s.posted(s.createOrder)},
		{"GET " + account + "call/campaign", "campaigns", s.listOrders},
		{"PUT " + account + "call/campaign/{order}", "campaign-status", s.posted(s.switchOrder)},
		{"POST " + account + "call/campaign/add-numbers", "campaign-numbers", s.posted(s.addNumbers)},
		{"GET " + account + "calllog", "calllog", s.callLog},
		{"POST " + account + "notifications", "watch", s.posted(s.watch)},
		{"GET " + account + "notifications", "watched", s.listWatched},
		{"POST /knowlarity/update_wss_url", "update_wss_url", s.posted(s.updateStreamURL)},
	} {
		mux.HandleFunc(route.pattern, s.gate.Wrap(route.name, s.authorised(route.serve)))
	}
	mux.HandleFunc("GET /update-stream/{key}/konnect", s.gate.Wrap("events", s.serveEvents))
	return mux
}

// authorised lets through what carries both credentials (knowlarity.md 1).
func (s *Server) authorised(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !same(r.Header.Get("x-api-key"), s.account.APIKey):
			answer(w, http.StatusForbidden, object{"message": "Forbidden"})
		case s.account.Authorization != "" && !same(r.Header.Get("authorization"), s.account.Authorization):
			answer(w, http.StatusUnauthorized, object{"message": "Unauthorized"})
		default:
			serve(w, r)
		}
	}
}

func same(one, other string) bool { return subtle.ConstantTimeCompare([]byte(one), []byte(other)) == 1 }

type object = map[string]any

// posted reads a JSON object; its endpoint answers a body or, for HTTP 200 with `error`, a refusal.
func (s *Server) posted(serve func(body object, r *http.Request) (object, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		var body object
		if err != nil || json.Unmarshal(data, &body) != nil || body == nil {
			answer(w, http.StatusBadRequest, object{"message": "Invalid JSON"})
			return
		}
		out, err := serve(body, r)
		if err != nil {
			out = object{"error": object{"message": err.Error()}}
		}
		answer(w, http.StatusOK, out)
	}
}

func answer(w http.ResponseWriter, code int, body object) {
	text, err := json.Marshal(body)
	if err != nil { // our own maps always marshal
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(text) // the client has gone: nobody is left to tell
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{7,14}$`)

// text is a member as text; "" when it is none.
func text(body object, name string) string {
	value, _ := body[name].(string)
	return value
}

// numbers checks the members that every way of dialling has.
func (s *Server) numbers(number string, customers ...string) error {
	if !slices.Contains(s.account.Numbers, number) {
		return errors.New("k_number is not registered")
	}
	for _, customer := range customers {
		if !e164.MatchString(customer) {
			return errors.New("customer_number is invalid")
		}
	}
	return nil
}

func (s *Server) makeCall(body object, _ *http.Request) (object, error) {
	number, customer := text(body, "k_number"), text(body, "customer_number")
	if err := s.numbers(number, customer); err != nil {
		return nil, err
	}
	if !e164.MatchString(text(body, "agent_number")) {
		return nil, errors.New("agent_number is invalid")
	}
	return s.placed("makecall", customer, number, text(body, "caller_id"), sessionIn(body["additional_params"]), flow{})
}

func (s *Server) flowCall(body object, _ *http.Request) (object, error) {
	number, customer := text(body, "k_number"), text(body, "customer_number")
	if err := s.numbers(number, customer); err != nil {
		return nil, err
	}
	f, err := parseFlow(body["ivr_flow"])
	if err != nil {
		return nil, err
	}
	return s.placed("flow", customer, number, text(body, "caller_id"), sessionIn(f.metadata), f)
}

// clickToCall is the older way (knowlarity.md 2.2).
func (s *Server) clickToCall(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	number, customer := query.Get("sr_number"), query.Get("phone_number")
	err := s.numbers(number, customer)
	var out object
	if err == nil {
		out, err = s.placed("click2call", customer, number, query.Get("caller_id"), "", flow{})
	}
	if err != nil {
		out = object{"error": object{"message": err.Error()}}
	}
	answer(w, http.StatusOK, out)
}

func (s *Server) placed(via, customer, number, caller, session string, f flow) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.place(via, customer, number, caller, session, f)
	if !ok {
		return nil, errors.New("No channel is available") //nolint:staticcheck // the provider's words
	}
	return object{"success": object{"status": "success", "message": "Call is being placed", "call_id": c.id}}, nil
}

// sessionIn finds what we gave a call to recognise it by.
func sessionIn(value any) string {
	members, _ := value.(map[string]any)
	for _, name := range []string{"call_session_id", "client_custom_id", "client_meta_id", "callid", "trace_id"} {
		if session := text(members, name); session != "" {
			return session
		}
	}
	if inner, ok := members["session_metadata"].(map[string]any); ok {
		return sessionIn(inner)
	}
	return ""
}

// updateStreamURL answers POST update_wss_url (knowlarity.md 6.2).
func (s *Server) updateStreamURL(body object, _ *http.Request) (object, error) {
	data, _ := body["data"].(map[string]any)
	url := text(data, "wss_url")
	if !strings.HasPrefix(url, "wss://") && !strings.HasPrefix(url, "ws://") {
		return nil, errors.New("wss_url is invalid")
	}
	if s.SetStreamURL(text(data, "number"), url) != nil {
		return nil, errors.New("number is not registered")
	}
	return object{"success": object{"status": "success", "message": "Updated"}}, nil
}
