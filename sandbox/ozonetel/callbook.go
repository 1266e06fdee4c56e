package ozonetel

import "strings"

// newCall registers a call; the oldest ended ones are forgotten beyond maxCalls.
func (s *Server) newCall(kind callKind, phone string) (*call, error) {
	if s.open >= maxOpenCalls {
		return nil, ErrFull
	}
	c := &call{ucid: s.ids.next(), kind: kind, phone: phone, started: s.line.Now()}
	s.calls[c.ucid] = c
	s.order = append(s.order, c)
	s.open++
	if len(s.order) > maxCalls {
		s.forgetOldest()
	}
	return c, nil
}

func (s *Server) forgetOldest() {
	for i, c := range s.order {
		if c.state == Ended && (c.agent == nil || c.agent.call != c) {
			delete(s.calls, c.ucid)
			s.order = append(s.order[:i], s.order[i+1:]...)
			return
		}
	}
}

// nationalNumber reduces the ways an Indian number is written to its ten digits.
func nationalNumber(phone string) (string, bool) {
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case strings.ContainsRune("+ -()", r):
			return -1
		default:
			return 'x'
		}
	}, phone)
	switch {
	case len(digits) == 11 && digits[0] == '0':
		digits = digits[1:]
	case len(digits) == 12 && digits[:2] == "91":
		digits = digits[2:]
	}
	if len(digits) != 10 || strings.ContainsRune(digits, 'x') {
		return "", false
	}
	return digits, true
}
