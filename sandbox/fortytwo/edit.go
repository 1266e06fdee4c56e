package fortytwo

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Edit is what a person changes in a record of the hospital through FortyTwo's own screens.
type Edit struct {
	Email   string         // who does it
	Object  string         // singular, e.g. "call"
	ID      string         // of the record
	Data    map[string]any // as an update mutation takes it
	Unheard bool           // no webhook tells of it, as when a delivery is lost; event streams do
}

// Edit changes a record as a person would. Errors: ErrUnknown, what upstream would refuse.
func (s *Server) Edit(e Edit) error {
	token, err := s.AccessToken(e.Email)
	if err != nil {
		return err
	}
	c, refused := s.authenticate("Bearer " + token)
	if refused != nil {
		return errors.New("fortytwo emulator: " + refused.message)
	}
	encoded, err := json.Marshal(e.Data)
	if err != nil {
		return fmt.Errorf("fortytwo emulator: %w", err)
	}
	decoded, err := decodeJSON(encoded)
	if err != nil {
		return fmt.Errorf("fortytwo emulator: %w", err)
	}
	data, ok := decoded.(*dict)
	if !ok || data.size() == 0 {
		return errors.New("fortytwo emulator: an edit without data")
	}
	ws := c.workspace
	ws.mu.Lock()
	defer ws.mu.Unlock()
	o := ws.objectNamed(e.Object)
	if o == nil {
		return fmt.Errorf("%w: object %q", ErrUnknown, e.Object)
	}
	found := ws.tables[o].live(e.ID)
	if found == nil {
		return fmt.Errorf("%w: record", ErrUnknown)
	}
	q := &request{ws: ws, caller: c, root: root{object: o}, writes: &writeLog{}}
	refused = c.role.mayWrite(o, data)
	if refused == nil {
		_, refused = q.change(found, data, "")
	}
	if refused != nil {
		q.writes.rollBack()
		return errors.New("fortytwo emulator: " + refused.message)
	}
	s.tellStreams(ws, c, q.writes.events)
	if !e.Unheard {
		s.queueWebhooks(ws, c, q.writes.events)
	}
	return nil
}
