package elevenlabs

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]http.HandlerFunc{
		"GET /v1/convai/conversation/get-signed-url": s.keyed(s.getSignedURL),
		"GET /v1/convai/conversation/get_signed_url": s.keyed(s.getSignedURL),
		"GET /v1/convai/conversations":               s.keyed(s.listConversations),
		"GET /v1/convai/conversations/{id}":          s.keyed(s.getConversation),
		"GET /v1/convai/conversations/{id}/audio":    s.keyed(s.getAudio),
		"GET /v1/convai/conversation":                s.open,
	} {
		mux.HandleFunc(pattern, s.gate.Wrap(strings.TrimPrefix(pattern, "GET /v1/convai/"), serve))
	}
	return mux
}

// keyed lets through what carries the workspace's key.
func (s *Server) keyed(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch key := r.Header.Get("xi-api-key"); {
		case key == "":
			refuse(w, http.StatusUnauthorized, "needs_authorization", "Neither authorization header nor xi-api-key received, please provide one.")
		case subtle.ConstantTimeCompare([]byte(key), []byte(s.options.APIKey)) != 1:
			refuse(w, http.StatusUnauthorized, "invalid_api_key", "Invalid API key")
		default:
			serve(w, r)
		}
	}
}

// refuse answers an error in the shape of elevenlabs.md 5.
func refuse(w http.ResponseWriter, code int, status, message string) {
	answer(w, code, object{"detail": object{"status": status, "message": message}})
}

// invalid answers a request whose parameter is missing or none.
func invalid(w http.ResponseWriter, parameter, message string) {
	answer(w, http.StatusUnprocessableEntity, object{
		"detail": []object{{"loc": []string{"query", parameter}, "msg": message, "type": "value_error"}},
	})
}

type object = map[string]any

func answer(w http.ResponseWriter, code int, body any) {
	text, err := json.Marshal(body)
	if err != nil { // our own maps always marshal
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(text) // the client has gone: nobody is left to tell
}

// signedURL is the right to open one agent's conversation.
type signedURL struct {
	agent        string
	conversation string // "" when it may be used more than once
	used         bool
	expires      time.Time
}

func (s *Server) getSignedURL(w http.ResponseWriter, r *http.Request) {
	agent := r.URL.Query().Get("agent_id")
	switch {
	case agent == "":
		invalid(w, "agent_id", "Field required")
		return
	case s.agent(agent) == nil:
		refuse(w, http.StatusNotFound, "agent_not_found", "The agent was not found.")
		return
	}
	signature := strings.ToLower(rand.Text())
	query := url.Values{"agent_id": {agent}, "conversation_signature": {signature}}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.line.Now()
	for old, signed := range s.signed {
		if now.After(signed.expires) {
			delete(s.signed, old)
		}
	}
	if len(s.signed) >= maxSigned {
		refuse(w, http.StatusTooManyRequests, "system_busy", "Our services are currently experiencing heavy traffic.")
		return
	}
	signed := &signedURL{agent: agent, expires: now.Add(s.options.Timing.SignedURLLife)}
	if r.URL.Query().Get("include_conversation_id") == "true" {
		signed.conversation = s.nextID("conv")
		query.Set("conversation_id", signed.conversation)
	}
	s.signed[signature] = signed
	answer(w, http.StatusOK, object{"signed_url": s.socketBase(r) + "/v1/convai/conversation?" + query.Encode()})
}

func (s *Server) socketBase(r *http.Request) string {
	switch {
	case s.options.PublicURL != "":
		return strings.TrimSuffix(s.options.PublicURL, "/")
	case r.TLS != nil:
		return "wss://" + r.Host
	default:
		return "ws://" + r.Host
	}
}

// redeem says whether a socket may be opened, and the id of its conversation when the signed address has one.
func (s *Server) redeem(agent *Agent, signature string) (id string, ok bool) {
	if signature == "" {
		return "", agent.Public
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	signed := s.signed[signature]
	if signed == nil || signed.agent != agent.ID || s.line.Now().After(signed.expires) || (signed.used && signed.conversation != "") {
		return "", false
	}
	signed.used = true
	return signed.conversation, true
}

func (s *Server) getConversation(w http.ResponseWriter, r *http.Request) {
	c := s.conversation(r.PathValue("id"))
	if c == nil {
		refuse(w, http.StatusNotFound, "conversation_not_found", "The conversation was not found.")
		return
	}
	answer(w, http.StatusOK, c.record())
}

// listConversations filters, newest first; the cursor is the place in that list.
func (s *Server) listConversations(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	size, sizeErr := strconv.Atoi(cmp.Or(query.Get("page_size"), "30"))
	from, fromErr := strconv.Atoi(cmp.Or(query.Get("cursor"), "0"))
	after, afterErr := strconv.ParseInt(cmp.Or(query.Get("call_start_after_unix"), "0"), 10, 64)
	before, beforeErr := strconv.ParseInt(cmp.Or(query.Get("call_start_before_unix"), "0"), 10, 64)
	for name, bad := range map[string]bool{
		"page_size": sizeErr != nil || size < 1 || size > 100, "cursor": fromErr != nil || from < 0,
		"call_start_after_unix": afterErr != nil, "call_start_before_unix": beforeErr != nil,
	} {
		if bad {
			invalid(w, name, "Input should be a valid integer")
			return
		}
	}
	s.mu.Lock()
	talks := slices.Clone(s.talks)
	s.mu.Unlock()
	slices.Reverse(talks)
	found := []object{}
	for _, c := range talks {
		start := c.begun.Unix()
		if is(query.Get("agent_id"), c.agent.ID) && is(query.Get("user_id"), c.look().User) &&
			start >= after && (before == 0 || start <= before) {
			found = append(found, c.summary())
		}
	}
	from = min(from, len(found))
	to := min(from+size, len(found))
	out := object{"conversations": found[from:to], "has_more": to < len(found), "next_cursor": nil}
	if to < len(found) {
		out["next_cursor"] = strconv.Itoa(to)
	}
	answer(w, http.StatusOK, out)
}

func is(wanted, have string) bool { return wanted == "" || wanted == have }

func (s *Server) getAudio(w http.ResponseWriter, r *http.Request) {
	c := s.conversation(r.PathValue("id"))
	if c == nil || c.isOpen() {
		refuse(w, http.StatusNotFound, "conversation_not_found", "The conversation has no audio.")
		return
	}
	w.Header().Set("Content-Type", "audio/mpeg")
	_, _ = w.Write(silentMP3(c.look().Duration)) // the client has gone: nobody is left to tell
}

// silentMP3 is a valid file of silence: what was said is not kept.
func silentMP3(d time.Duration) []byte {
	const (
		frameBytes = 417 // MPEG 1 layer III, 128 kbit/s, 44.1 kHz
		frameTime  = 1_152 * time.Second / 44_100
	)
	frame := append([]byte{0xFF, 0xFB, 0x90, 0x64}, make([]byte, frameBytes-4)...)
	return slices.Repeat(frame, int(min(d, 10*time.Minute)/frameTime)+1)
}
