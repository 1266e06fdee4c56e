package ozonetel

import "time"

// window counts the requests of one API in the interval that ends now.
type window struct{ at []time.Time }

// allow takes one of the limit's places in the sliding interval; a refused request takes none. Server.mu is held.
func (s *Server) allow(api string, limit int, interval time.Duration) bool {
	w := s.limits[api]
	if w == nil {
		w = &window{}
		s.limits[api] = w
	}
	now := s.line.Now()
	for len(w.at) > 0 && !now.Before(w.at[0].Add(interval)) {
		w.at = w.at[1:]
	}
	if len(w.at) >= limit {
		return false
	}
	w.at = append(w.at, now)
	return true
}
