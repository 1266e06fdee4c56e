package ozonetel

import (
	"errors"
	"time"
)

// RateLimits is how the account enforces the vendor's limits (ozonetel.md 0).
type RateLimits struct {
	Off    bool `json:"off"`    // everything is let through
	Status int  `json:"status"` // HTTP status of a refusal; 0 means 200, as documented; 429 has been seen
}

// family is a group of APIs that share one limit. Families without a row in rateTable have none.
type family string

const (
	tokenFamily   family = "generateToken"
	cdrFamily     family = "fetchCdr"
	summaryFamily family = "summaryReport"
	loginsFamily  family = "getAgentLogins"
	detailsFamily family = "AgentDetails"
	ahtFamily     family = "AHT"
)

// rate is a number of requests in a sliding interval, and the text of the refusal.
type rate struct {
	limit    int
	interval time.Duration
	text     string
}

var rateTable = map[family]rate{
	tokenFamily:   {10, time.Hour, "Max limit exceeded"},
	cdrFamily:     {2, time.Minute, "Max limit exceeded"},
	summaryFamily: {5, time.Minute, "Max limit exceeded"},
	loginsFamily:  {5, time.Minute, "Max limit exceeded"},
	detailsFamily: {10, time.Minute, "Max limit exceeded"},
	ahtFamily:     {50, time.Minute, "max limit exceeded"},
}

// window counts the requests of one family in the interval that ends now.
type window struct{ at []time.Time }

// SetRateLimits changes how limits are enforced. Errors: a status that is no final HTTP status.
func (s *Server) SetRateLimits(limits RateLimits) error {
	if limits.Status != 0 && (limits.Status < 200 || limits.Status > 599) {
		return errors.New("ozonetel emulator: rate limits answer a final HTTP status, or 0")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rateLimits = limits
	return nil
}

// overLimit takes one of a family's places in the sliding interval, or answers the refusal; a refused request takes none.
// Server.mu is held.
func (s *Server) overLimit(f family) *reply {
	if s.rateLimits.Off {
		return nil
	}
	w, now, allowed := s.windows[f], s.line.Now(), rateTable[f]
	if w == nil {
		w = &window{}
		s.windows[f] = w
	}
	for len(w.at) > 0 && !now.Before(w.at[0].Add(allowed.interval)) {
		w.at = w.at[1:]
	}
	if len(w.at) >= allowed.limit {
		return ptr(limitExceeded(allowed.text, s.rateLimits.Status))
	}
	w.at = append(w.at, now)
	return nil
}

func limitExceeded(text string, status int) reply {
	out := statusReply("error", text)
	if status != 0 {
		out.code = status
	}
	return out
}
