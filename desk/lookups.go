package desk

import (
	"container/list"
	"context"
	"crypto/sha256"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
)

const (
	// maxLookups is how many answers about callers are remembered; the oldest go first.
	maxLookups = 4096
	// lookupFresh is how old such an answer may be. It bridges what subscribers who sent one token are told of one call, and
	// is how late a right that is withdrawn, or a record that is changed, may show there.
	lookupFresh = 2 * time.Second
)

// lookups lets those who ask the same about a caller with the same token at the same time wait for one answer. Nothing is
// shared between tokens, whose rights may differ, and no failure is remembered.
type lookups struct {
	now func() time.Time

	mu     sync.Mutex
	known  map[lookupKey]*list.Element
	oldest *list.List // of *lookup, in the order in which they were asked
}

// lookupKey names the token by its hash, so that none is kept.
type lookupKey struct {
	token [sha256.Size]byte
	phone helix.Phone
}

// lookup is one question. All but the key is to be read once done is closed.
type lookup struct {
	key       lookupKey
	done      chan struct{}
	at        time.Time // of the answer
	contact   helix.Contact
	err       error
	abandoned bool // who asked went away, so that err is of no account to others
}

func newLookups(now func() time.Time) *lookups {
	return &lookups{now: now, known: map[lookupKey]*list.Element{}, oldest: list.New()}
}

// get answers from what is known or being asked, else asks.
func (l *lookups) get(
	ctx context.Context, token string, phone helix.Phone, ask func() (helix.Contact, error),
) (helix.Contact, error) {
	key := lookupKey{sha256.Sum256([]byte(token)), phone}
	for {
		q, mine := l.join(key)
		if mine {
			l.answer(ctx, q, ask)
			return q.contact, q.err
		}
		select {
		case <-q.done:
		case <-ctx.Done():
			return helix.Contact{}, helix.AsError(ctx.Err())
		}
		if !q.abandoned {
			return q.contact, q.err
		}
	}
}

// join gives the question that is under way or answered lately, else a new one, which is the caller's to answer.
func (l *lookups) join(key lookupKey) (q *lookup, mine bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for e := l.oldest.Front(); e != nil && l.stale(e); e = l.oldest.Front() {
		l.drop(e)
	}
	if e := l.known[key]; e != nil {
		if !l.stale(e) {
			return e.Value.(*lookup), false
		}
		l.drop(e) // one that was asked earlier is still under way
	}
	if len(l.known) == maxLookups {
		l.drop(l.oldest.Front())
	}
	q = &lookup{key: key, done: make(chan struct{})}
	l.known[key] = l.oldest.PushBack(q)
	return q, true
}

// answer settles a question, also when asking panics.
func (l *lookups) answer(ctx context.Context, q *lookup, ask func() (helix.Contact, error)) {
	q.abandoned = true
	defer func() {
		q.at = l.now()
		if q.abandoned || q.err != nil {
			l.mu.Lock()
			if e := l.known[q.key]; e != nil && e.Value == q {
				l.drop(e)
			}
			l.mu.Unlock()
		}
		close(q.done)
	}()
	q.contact, q.err = ask()
	q.abandoned = q.err != nil && ctx.Err() != nil
}

func (l *lookups) stale(e *list.Element) bool {
	q := e.Value.(*lookup)
	select {
	case <-q.done:
		return l.now().Sub(q.at) > lookupFresh
	default:
		return false
	}
}

func (l *lookups) drop(e *list.Element) {
	delete(l.known, e.Value.(*lookup).key)
	l.oldest.Remove(e)
}
