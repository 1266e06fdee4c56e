package watch

import (
	"context"
	"encoding/json"
	"sync"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// signal is what one replica that heard a webhook tells all.
type signal struct {
	Object    string `json:"o"`
	Record    string `json:"r"`
	Destroyed bool   `json:"d,omitempty"`
}

// recordKey names a record by FortyTwo's names.
type recordKey struct{ object, record string }

// hub knows who follows which record in this process.
type hub struct {
	mu    sync.Mutex
	ears  map[recordKey]map[*ear]bool
	count int
}

// ear hears of one record for one subscriber.
type ear struct {
	signals chan struct{} // holds one: what comes before it is taken is one signal
	ended   bool          // the record was said to be destroyed; guarded by the hub's lock
}

// Changed tells all replicas of a change that FortyTwo's webhook told here. It may be told twice.
func (s *Service) Changed(c helix.RecordChange) error {
	if c.Name == "" || c.Record == "" {
		return nil
	}
	body, err := json.Marshal(signal{Object: c.Name, Record: c.Record, Destroyed: c.Event == helix.RecordDestroyed})
	if err != nil {
		return err
	}
	return s.o.Bus.Tell(bus.LiveRecords, body)
}

// Run hears what any replica was told, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	return s.o.Bus.Listen(ctx, bus.LiveRecords, func(body []byte) {
		if body == nil {
			s.hub.all()
			return
		}
		var told signal
		if json.Unmarshal(body, &told) == nil { // another version of ours may say it otherwise
			s.hub.tell(told)
		}
	})
}

func (h *hub) join(key recordKey, limit int) (*ear, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count >= limit {
		return nil, &helix.Error{Code: helix.CodeLimitExceeded, Message: "too many records are followed here at the same time"}
	}
	if h.ears == nil {
		h.ears = map[recordKey]map[*ear]bool{}
	}
	if h.ears[key] == nil {
		h.ears[key] = map[*ear]bool{}
	}
	e := &ear{signals: make(chan struct{}, 1)}
	h.ears[key][e] = true
	h.count++
	return e, nil
}

func (h *hub) leave(key recordKey, e *ear) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.ears[key][e] {
		return
	}
	h.count--
	if delete(h.ears[key], e); len(h.ears[key]) == 0 {
		delete(h.ears, key)
	}
}

func (h *hub) tell(told signal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for e := range h.ears[recordKey{told.Object, told.Record}] {
		e.ended = e.ended || told.Destroyed
		e.signal()
	}
}

// all tells everybody to look, since something may have been missed.
func (h *hub) all() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, ears := range h.ears {
		for e := range ears {
			e.signal()
		}
	}
}

// destroyed reports whether the record was said to be so since this was last asked.
func (h *hub) destroyed(e *ear) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	ended := e.ended
	e.ended = false
	return ended
}

func (e *ear) signal() {
	select {
	case e.signals <- struct{}{}:
	default:
	}
}
