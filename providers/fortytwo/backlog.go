package fortytwo

import (
	"sync"

	helix "github.com/helix-engage/gateway"
)

// maxBacklogs bounds what is remembered of backlogs; when it is full, all is forgotten.
const maxBacklogs = 4096

// backlogs remembers whose early work did not fit on the first page when it was last read, so that next time its count is
// asked beside the page and not behind it. Being wrong costs a request, or the time of one.
type backlogs struct {
	mu    sync.Mutex
	known map[backlog]struct{}
}

type backlog struct {
	object helix.RecordObject
	member helix.MemberID
}

func (b *backlogs) expected(of backlog) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.known[of]
	return ok
}

func (b *backlogs) note(of backlog, there bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !there:
		delete(b.known, of)
	case b.known == nil || len(b.known) >= maxBacklogs:
		b.known = map[backlog]struct{}{of: {}}
	default:
		b.known[of] = struct{}{}
	}
}
