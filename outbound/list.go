package outbound

import (
	"context"
	"encoding/base64"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
)

// maxPage is how many calls one page holds at most.
const maxPage = 100

// Filter chooses calls. Its zero value chooses all.
type Filter struct {
	States []helix.OutboundState // any when nil, none when empty
	Asker  string                // [helix.Caller.Key]
	Phone  helix.Phone           // compared by its last ten digits
}

// Page is a part of a list, the newest first.
type Page struct {
	Calls   []helix.OutboundCall
	Cursors []string // of each call: a page after it begins with the next older one
	Total   int      // of all that the filter chooses
	More    bool
}

// List gives up to first calls, at most 100, that follow a cursor, "" for the newest. A call that is made or moves
// between two pages is neither repeated nor makes others be left out.
func (s *Service) List(ctx context.Context, f Filter, first int, after string) (Page, error) {
	if err := s.ready(ctx); err != nil {
		return Page{}, err
	}
	from, err := parsePlace(after)
	if err != nil {
		return Page{}, err
	}
	if first < 0 {
		return Page{}, helix.BadInput("first must not be negative")
	}
	chosen, total, more := s.index.choose(f, from, min(first, maxPage))
	page := Page{Total: total, More: more}
	for _, e := range chosen {
		call, err := s.Get(ctx, e.id)
		if helix.IsCode(err, helix.CodeNotFound) {
			continue // erased
		}
		if err != nil {
			return Page{}, err
		}
		page.Calls = append(page.Calls, call)
		page.Cursors = append(page.Cursors, placeOf(e))
	}
	return page, nil
}

// choose gives up to limit entries older than a place, and how many the filter chooses in all.
func (x *index) choose(f Filter, from *entry, limit int) (chosen []*entry, total int, more bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	behind := len(x.order)
	if from != nil {
		behind = sort.Search(len(x.order), func(i int) bool { return compareEntries(x.order[i], from) >= 0 })
	}
	for i, e := range slices.Backward(x.order) {
		if !f.chooses(e) {
			continue
		}
		total++
		switch {
		case i >= behind:
		case len(chosen) < limit:
			chosen = append(chosen, e)
		default:
			more = true
		}
	}
	return chosen, total, more
}

func (f *Filter) chooses(e *entry) bool {
	return (f.States == nil || slices.Contains(f.States, e.state)) &&
		(f.Asker == "" || f.Asker == e.asker) && (f.Phone == "" || f.Phone.Last10() == e.phone)
}

// placeOf is the opaque place of a call in the list.
func placeOf(e *entry) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(e.createdAt.UnixNano(), 10) + ":" + string(e.id)))
}

func parsePlace(cursor string) (*entry, error) {
	if cursor == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	created, id, ok := strings.Cut(string(raw), ":")
	nanos, numeric := strconv.ParseInt(created, 10, 64)
	if err != nil || len(raw) > 128 || !ok || numeric != nil {
		return nil, helix.BadInput("the cursor is not one of outbound calls")
	}
	return &entry{createdAt: time.Unix(0, nanos), id: helix.CallID(id)}, nil
}

// Statistics counts all calls that are kept.
type Statistics struct {
	Active           int // dialled or up
	Queued           int // waiting to be dialled
	ConcurrencyLimit int
	ByState          map[helix.OutboundState]int
	ByOutcome        map[helix.OutboundReason]int // of the calls that are over
	SuccessRate      float64                      // completed among those that are over, 0 to 1; 0 when none is
	AverageDuration  time.Duration                // of completed conversations
}

// Statistics counts the calls of an asker, or all for "".
func (s *Service) Statistics(ctx context.Context, asker string) (Statistics, error) {
	if err := s.ready(ctx); err != nil {
		return Statistics{}, err
	}
	st := Statistics{
		ConcurrencyLimit: s.o.Concurrency, ByState: map[helix.OutboundState]int{}, ByOutcome: map[helix.OutboundReason]int{},
	}
	var talked time.Duration
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	for _, e := range s.index.order {
		if asker != "" && asker != e.asker {
			continue
		}
		st.ByState[e.state]++
		if e.state.Final() {
			st.ByOutcome[e.reason]++
		}
		if e.state == helix.OutboundCompleted {
			talked += e.talkedFor
		}
	}
	completed := st.ByState[helix.OutboundCompleted]
	st.Queued = st.ByState[helix.OutboundInitiating]
	st.Active = st.ByState[helix.OutboundDialing] + st.ByState[helix.OutboundConnected] + st.ByState[helix.OutboundActive]
	if over := completed + st.ByState[helix.OutboundFailed]; over > 0 {
		st.SuccessRate = float64(completed) / float64(over)
	}
	if completed > 0 {
		st.AverageDuration = talked / time.Duration(completed)
	}
	return st, nil
}
