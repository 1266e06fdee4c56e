package knowlarity

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"
)

const (
	maxListeners = 32
	maxEvents    = 64 // waiting for one listener; more are lost to it
	keepAlive    = 15 * time.Second
)

// watch answers POST notifications: calls of the numbers are told to event streams from now on (knowlarity.md 4).
func (s *Server) watch(body object, _ *http.Request) (object, error) {
	numbers, _ := body["knowlarity_number"].([]any)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range numbers {
		number, _ := value.(string)
		if !slices.Contains(s.account.Numbers, number) {
			return nil, errors.New("knowlarity_number is not registered")
		}
		if !slices.Contains(s.watched, number) {
			s.watched = append(s.watched, number)
		}
	}
	return object{"success": object{"status": "success"}}, nil
}

func (s *Server) listWatched(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	numbers := []object{}
	for _, number := range s.watched {
		numbers = append(numbers, object{"knowlarity_number": number})
	}
	s.mu.Unlock()
	list(w, r, numbers)
}

// serveEvents is one event stream. The key is in the path.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	if !same(r.PathValue("key"), s.account.Authorization) {
		answer(w, http.StatusUnauthorized, object{"message": "Unauthorized"})
		return
	}
	events := make(chan []byte, maxEvents)
	s.mu.Lock()
	full := len(s.listeners) >= maxListeners
	if !full {
		s.listeners[events] = struct{}{}
	}
	s.mu.Unlock()
	if full {
		answer(w, http.StatusTooManyRequests, object{"message": "Limit Exceeded"})
		return
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.listeners, events)
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for line := []byte("\n"); ; {
		if _, err := w.Write(line); err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case line = <-events:
		case <-alive.C:
			line = []byte("\n")
		case <-r.Context().Done():
			return
		}
	}
}

// tell gives an event to every listener; s.mu is held.
func (s *Server) tell(v View, event string) {
	if !slices.Contains(s.watched, v.Number) {
		return
	}
	data, err := json.Marshal(object{
		"event_type": event, "uuid": v.ID, "customer_number": v.Customer, "agent_number": v.Number, "knowlarity_number": v.Number,
		"business_call_type": v.businessType(), "leg_identifier": "customer",
	})
	if err != nil {
		return // our own map always marshals
	}
	for events := range s.listeners {
		select {
		case events <- append(append([]byte("data: "), data...), "\n\n"...):
		default:
		}
	}
}
