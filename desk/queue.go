package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

const (
	// seenFor is how long an entry remembers which provider calls it has counted; polls look back a day at most.
	seenFor = 48 * time.Hour
	// maxSeen bounds that memory: a caller who tries more often loses the oldest.
	maxSeen = 256
	// contactWithin bounds the look-up of who calls when a call is missed; a later tending makes up for it.
	contactWithin = 2 * time.Second
)

// entry is what is stored of a caller.
type entry struct {
	ID            helix.CallID         `json:"id"`
	Phone         helix.Phone          `json:"phone"`
	DID           string               `json:"did,omitempty"`
	Campaign      string               `json:"campaign,omitempty"`
	Status        helix.CallbackStatus `json:"status"`
	Count         int                  `json:"count"`
	FirstMissedAt time.Time            `json:"firstMissedAt"`
	LastMissedAt  time.Time            `json:"lastMissedAt"`
	AttemptedAt   time.Time            `json:"attemptedAt,omitzero"`
	SettledAt     time.Time            `json:"settledAt,omitzero"`
	MovedAt       time.Time            `json:"movedAt,omitzero"` // when the status was set, here or by an edit in FortyTwo
	Agent         helix.AgentID        `json:"agent,omitempty"`
	AgentName     string               `json:"agentName,omitempty"`
	Member        helix.MemberID       `json:"member,omitempty"`
	ClaimedUntil  time.Time            `json:"claimedUntil,omitzero"`
	Lead          string               `json:"lead,omitempty"`
	Patient       string               `json:"patient,omitempty"`
	ContactKnown  bool                 `json:"contactKnown,omitempty"` // whether FortyTwo was asked, not whether it knew
	PassedBy      helix.AgentID        `json:"passedBy,omitempty"`     // who gave it back or let it lapse
	PassedAt      time.Time            `json:"passedAt,omitzero"`

	Seen map[string]time.Time `json:"seen"` // provider call ids that are counted, and when they were missed
}

// held reports whether an agent has the entry and may keep it.
func (e *entry) held(now time.Time) bool {
	return e.Agent != "" && (e.Status != helix.CallbackPending || now.Before(e.ClaimedUntil))
}

// passed reports whether the agent has just given the entry back or let it lapse: it goes to others first.
func (e *entry) passed(agent helix.AgentID, now time.Time, rest time.Duration) bool {
	lapsed := e.Agent == agent && !e.held(now) && now.Before(e.ClaimedUntil.Add(rest))
	return lapsed || (e.PassedBy == agent && now.Before(e.PassedAt.Add(rest)))
}

// pass takes the entry from its holder.
func (e *entry) pass(now time.Time) {
	e.PassedBy, e.PassedAt = e.Agent, now.UTC()
	e.Agent, e.AgentName, e.Member, e.ClaimedUntil = "", "", "", time.Time{}
}

type indexed struct {
	entry
	key string
	rev uint64
}

// QueueOptions wires a [Queue].
type QueueOptions struct {
	Bus      *bus.Bus
	Person   func(helix.Phone) string // names a caller's entry without showing his number
	Calls    Calls
	Records  Records
	CRM      CRM
	ClaimTTL time.Duration // how long an offer holds (MISSED_CALL_CLAIM_TTL)
	SLA      time.Duration // when a caller should be called back at the latest
	Now      func() time.Time
	Logger   *slog.Logger
}

// Queue is the missed-call queue. It is safe for concurrent use, on any number of replicas.
//
// Each process keeps all entries in memory, following the bucket: reading costs nothing, and a stale reading is caught
// by the compare-and-set. Memory is bounded by the bucket's own size (bus.BucketMissedCalls).
type Queue struct {
	o       QueueOptions
	bucket  *bus.Bucket[entry]
	talked  *bus.Bucket[time.Time] // when callers were last talked to, entry or not
	loaded  chan struct{}          // closed when the entries of the start are in memory
	changes *changes

	mu    sync.Mutex
	byKey map[string]*indexed
	byID  map[helix.CallID]string
}

// NewQueue opens the queue.
func NewQueue(ctx context.Context, o QueueOptions) (*Queue, error) {
	bucket, err := bus.OpenBucket[entry](ctx, o.Bus, bus.BucketMissedCalls)
	if err != nil {
		return nil, err
	}
	talked, err := bus.OpenBucket[time.Time](ctx, o.Bus, bus.BucketTalked)
	if err != nil {
		return nil, err
	}
	return &Queue{
		o: o, bucket: bucket, talked: talked, loaded: make(chan struct{}), changes: newChanges(),
		byKey: map[string]*indexed{}, byID: map[helix.CallID]string{},
	}, nil
}

// Get gives an entry by its id; NOT_FOUND when there is none.
func (q *Queue) Get(ctx context.Context, id helix.CallID) (helix.MissedCall, error) {
	e, err := q.find(ctx, id)
	if err != nil {
		return helix.MissedCall{}, err
	}
	return q.view(&e.entry), nil
}

// All lists every entry, the first missed first.
func (q *Queue) All(ctx context.Context) ([]helix.MissedCall, error) {
	if err := q.ready(ctx); err != nil {
		return nil, err
	}
	entries := q.snapshot()
	all := make([]helix.MissedCall, len(entries))
	for i, e := range entries {
		all[i] = q.view(&e.entry)
	}
	return all, nil
}

// Open lists the open entries that an agent holds, the first missed first.
func (q *Queue) Open(ctx context.Context, agent helix.AgentID) ([]helix.MissedCall, error) {
	if err := q.ready(ctx); err != nil {
		return nil, err
	}
	now := q.o.Now()
	var open []helix.MissedCall
	for _, e := range q.snapshot() {
		if e.Status.Open() && e.Agent == agent && e.held(now) {
			open = append(open, q.view(&e.entry))
		}
	}
	return open, nil
}

// Record takes a missed call in. A caller who waits already is counted once more instead of twice listed; a call that
// is counted already, or that was missed before the caller was reached, changes nothing that anybody waits for. The answer
// is empty when such a one finds no entry.
func (q *Queue) Record(ctx context.Context, call helix.Call) (helix.MissedCall, error) {
	key := q.o.Person(call.Phone)
	talked, err := q.talkedTo(ctx, key)
	if err != nil {
		return helix.MissedCall{}, err
	}
	var contact *helix.Contact
	e, _, err := q.change(ctx, key, func(e *entry, exists bool) (bool, error) {
		if exists {
			if _, counted := e.Seen[call.ProviderCallID]; counted {
				return false, nil
			}
		}
		if !call.StartedAt.After(talked) {
			return false, nil
		}
		again := exists && (e.Status.Open() || !call.StartedAt.After(e.SettledAt))
		if !again {
			seen := e.Seen
			*e = entry{
				ID: call.ID, Phone: call.Phone, DID: call.DID, Campaign: call.Campaign,
				Status: helix.CallbackPending, FirstMissedAt: call.StartedAt, LastMissedAt: call.StartedAt,
				Seen: seen, Lead: e.Lead, Patient: e.Patient, ContactKnown: e.ContactKnown,
			}
		}
		if e.Seen == nil {
			e.Seen = map[string]time.Time{}
		}
		e.Seen = maps.Clone(e.Seen)
		e.Seen[call.ProviderCallID] = call.StartedAt
		e.forget(q.o.Now())
		e.Count++
		if call.StartedAt.After(e.LastMissedAt) {
			e.LastMissedAt = call.StartedAt
		}
		if call.StartedAt.Before(e.FirstMissedAt) {
			e.FirstMissedAt = call.StartedAt
		}
		if !e.ContactKnown && contact == nil {
			contact = q.lookUp(ctx, call.Phone)
		}
		if contact != nil {
			e.Lead, e.Patient, e.ContactKnown = contact.Lead, contact.Patient, true
		}
		return true, nil
	})
	if err != nil {
		return helix.MissedCall{}, err
	}
	// The caller may have been talked to while this was written: whoever comes last sees what the other wrote.
	if now, err := q.talkedTo(ctx, key); err != nil {
		return helix.MissedCall{}, err
	} else if now.After(talked) {
		if e, err = q.talk(ctx, key, now); err != nil {
			return helix.MissedCall{}, err
		}
	}
	return q.view(&e), nil
}

// forget drops provider calls that no poll can report any more, and the oldest when there are too many.
func (e *entry) forget(now time.Time) {
	for id, at := range e.Seen {
		if now.Sub(at) > seenFor {
			delete(e.Seen, id)
		}
	}
	for len(e.Seen) > maxSeen {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(e.Seen)), func(a, b string) int { return e.Seen[a].Compare(e.Seen[b]) })
		delete(e.Seen, oldest)
	}
}

// lookUp asks FortyTwo who calls. It degrades to nil: the entry matters more than the name.
func (q *Queue) lookUp(ctx context.Context, phone helix.Phone) *helix.Contact {
	ctx, cancel := context.WithTimeout(ctx, contactWithin)
	defer cancel()
	contact, err := q.o.CRM.ContactByPhone(ctx, helix.AsServer(), phone)
	if err != nil {
		q.o.Logger.InfoContext(ctx, "a caller was not looked up; tried again later", "code", string(helix.AsError(err).Code))
		return nil
	}
	return &contact
}

// view is an entry as the rest of the gateway sees it.
func (q *Queue) view(e *entry) helix.MissedCall {
	m := helix.MissedCall{
		ID: e.ID, Phone: e.Phone, DID: e.DID, Campaign: e.Campaign, Status: e.Status, Count: e.Count,
		FirstMissedAt: e.FirstMissedAt, LastMissedAt: e.LastMissedAt, DueAt: e.FirstMissedAt.Add(q.o.SLA),
		AttemptedAt: e.AttemptedAt, Lead: e.Lead, Patient: e.Patient,
	}
	if e.held(q.o.Now()) {
		m.Agent, m.AgentName, m.ClaimedUntil = e.Agent, e.AgentName, e.ClaimedUntil
	}
	return m
}

// change is one compare-and-set on a caller's entry: edit may run several times and says whether there is anything to
// write. FortyTwo's view of what changes is submitted before the entry is stored: a crash in between repeats the edit.
// Only what changes is sent, so that a claim does not undo what a person has just set in FortyTwo.
func (q *Queue) change(ctx context.Context, key string, edit func(e *entry, exists bool) (bool, error)) (entry, uint64, error) {
	return q.changeSeen(ctx, key, func(stored entry) *entry { return &stored }, edit)
}

// changeSeen is change when FortyTwo shows something else than the stored entry: seen gives what, nil when nothing is sure.
func (q *Queue) changeSeen(
	ctx context.Context, key string, seen func(stored entry) *entry, edit func(e *entry, exists bool) (bool, error),
) (entry, uint64, error) {
	lost := false // a view was sent that did not come true
	for range maxTries {
		stored, rev, err := q.bucket.Get(ctx, key)
		missing := errors.Is(err, bus.ErrNotFound)
		if err != nil && !missing {
			return stored, 0, fmt.Errorf("desk.queue: %w", err)
		}
		e := stored
		write, verdict := edit(&e, !missing)
		if verdict != nil || !write {
			if !lost || missing {
				return e, rev, verdict
			}
			e = stored // with all of its view, behind the one that did not come true
		}
		if e.Status != stored.Status && e.MovedAt.Equal(stored.MovedAt) {
			e.MovedAt = q.o.Now().UTC()
		}
		before := seen(stored)
		if missing || lost || e.ID != stored.ID {
			before = nil
		}
		if view := e.record(rev, before); len(view.Fields) > 0 {
			if err := q.o.Records.Submit(ctx, view); err != nil {
				return e, 0, err
			}
		}
		if missing {
			rev, err = q.bucket.Create(ctx, key, e)
		} else {
			rev, err = q.bucket.Update(ctx, key, e, rev)
		}
		if errors.Is(err, bus.ErrConflict) {
			lost = true
			continue
		}
		if err != nil {
			return e, 0, fmt.Errorf("desk.queue: %w", err)
		}
		q.put(key, &e, rev)
		return e, rev, verdict
	}
	return entry{}, 0, helix.Conflict("the missed call keeps changing; try again")
}

// record is what FortyTwo's call object is to show of the entry: what differs from before, or all of it when that is nil.
// base is the revision that the entry is changed from.
func (e *entry) record(base uint64, before *entry) helix.RecordWrite {
	fields := e.shown()
	if before != nil {
		old := before.shown()
		maps.DeleteFunc(fields, func(field string, value any) bool {
			was, had := old[field]
			return had && was == value
		})
	}
	return helix.RecordWrite{
		ID:   fmt.Sprintf("%s.queue.%d", e.ID, base),
		Lane: string(e.ID), Object: helix.ObjectCall, Record: string(e.ID), Fields: fields,
	}
}

// shown is the entry in the fields that an administrator made (fortytwo-model.md).
func (e *entry) shown() map[string]any {
	fields := map[string]any{
		fieldCallback:     string(e.Status),
		"missedcallcount": e.Count,
		"agentName":       e.AgentName,
		"agentId":         nil, // a released entry is nobody's
	}
	for field, id := range map[string]string{"leadId": e.Lead, "patientId": e.Patient, "agentId": string(e.Member)} {
		if id != "" {
			fields[field] = id
		}
	}
	if !e.AttemptedAt.IsZero() {
		fields["callbackattemptedat"] = e.AttemptedAt.UTC().Format(time.RFC3339Nano)
	}
	return fields
}

// fieldCallback is the field of FortyTwo's call object that shows an entry's status.
const fieldCallback = "callbackstatus"
