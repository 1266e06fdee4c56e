package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// The streams.
const (
	streamInbox  = "INBOX"
	streamEvents = "EVENTS"
	streamOutbox = "OUTBOX"
	streamDead   = "DEAD"
	streamDials  = "DIALS"
)

// The buckets, to be opened with [OpenBucket].
const (
	// BucketAgents holds the presence of each agent; key: Key(agent id).
	BucketAgents = "agents"
	// BucketMissedCalls is the queue of missed calls; key: the caller's token.
	BucketMissedCalls = "missed_calls"
	// BucketTalked says when callers were last talked to, for two days: reports of missed calls may come that much later;
	// key: the caller's token.
	BucketTalked = "talked"
	// BucketDials holds each agent's open dial; key: Key(agent id).
	BucketDials = "dials"
	// BucketCallIDs maps ids of providers to our call ids; key: Key(provider + id).
	BucketCallIDs = "call_ids"
	// BucketProviderTokens caches access tokens that providers issued; key: Key(provider account).
	BucketProviderTokens = "provider_tokens"
	// BucketMeta holds marks of progress, such as when a sweep last succeeded.
	BucketMeta = "meta"
	// BucketDesks says which agents' desks are there; a key that is not written again within a minute is gone; key:
	// Key(agent id).
	BucketDesks = "desks"
	// BucketRecordIDs maps our record ids to those that FortyTwo keeps, where they differ; key: Key(record id).
	BucketRecordIDs = "record_ids"
	// BucketOutboundCalls holds each outbound AI call with its whole story; key: our call id.
	BucketOutboundCalls = "outbound_calls"

	// BucketWorkSignals tells every replica whose work list changed by an edit in FortyTwo; a key that is a minute old
	// is gone; key: Key(what changed and when).
	BucketWorkSignals = "work_signals"

	// BucketRecordCalls names the latest calls that are recorded under a lead or a patient; key: object.Key(record id).
	BucketRecordCalls = "record_calls"

	// BucketErasures holds the trace of each erasure of a person, without the person; key: Key(erasure id).
	BucketErasures = "erasures"

	// BucketErased says when a person was erased, for as long as providers may tell of his earlier calls again; key: his
	// token.
	BucketErased = "erased"

	bucketLeases = "leases"
	bucketParked = "parked"
)

// Limits of single messages, headers included.
const (
	// MaxInboxMessage is the largest raw push that [Bus.AppendInbox] takes, in bytes, and the largest group of them.
	MaxInboxMessage = 512 << 10
	// MaxEvent is the largest event, in bytes.
	MaxEvent = 64 << 10
	// MaxOutboxMessage is the largest command, in bytes.
	MaxOutboxMessage = 256 << 10
	// MaxOutboundCall is the largest story of an outbound AI call, in bytes of JSON.
	MaxOutboundCall = 512 << 10
)

const (
	defaultRetention = 90 * 24 * time.Hour
	defaultMaxStore  = 10 << 30
	minMaxStore      = 64 << 20
	minRetention     = time.Hour
	// dedupeWindow is how long a stream remembers message ids. Handlers are idempotent, so that it is an economy.
	dedupeWindow = 2 * time.Minute
	// markerTTL is how long a bucket keeps the marker of a deleted key, for watchers. A watcher that was away for
	// longer finds out by comparing with the keys that are left.
	markerTTL = time.Hour
	// definePatience bounds how long defining a stream may take in all, defineAttempt how long the first attempt may; each
	// further one has twice the time, since a disk that is slow answers none that are cut short.
	definePatience = 2 * time.Minute
	defineAttempt  = 2 * time.Second
	// maxLease is the longest lease; see lease.go.
	maxLease = time.Minute
	// metaEpoch is the metadata of EVENTS that says which log this is: cursors of another one are void.
	metaEpoch = "helix_epoch"
)

// streams defines every stream. Shares are thousandths of MaxStore; the sum of all, buckets included, is below 1000, so
// that MaxStore bounds the disk.
func (b *Bus) streams() []jetstream.StreamConfig {
	return []jetstream.StreamConfig{
		{
			// Raw pushes until they are handled, up to 64 in a message (frame.go). Full: new ones are refused with ErrFull,
			// the webhook is answered 503 and the provider repeats. The reader keeps about 100 bytes of each push in mind,
			// of at most 200,000; those behind wait on the disk.
			Name: streamInbox, Subjects: []string{"inbox.>"},
			MaxBytes: b.share(100), MaxMsgs: 200_000, MaxMsgSize: MaxInboxMessage, Discard: jetstream.DiscardNew,
			Duplicates: dedupeWindow,
		},
		{
			// The log of calls, events.<call>.<person>: the server finds all of a call by its prefix in microseconds
			// however many callers there are (10 times slower at 20,000 the other way round), while all of a person is
			// wanted only to erase it. Full: the oldest go first, as if their retention were over, since
			// refusing would stop telephony; a cursor that points there is told that it is too old.
			Name: streamEvents, Subjects: []string{"events.*.*"},
			MaxBytes: b.share(420), MaxMsgs: -1, MaxMsgSize: MaxEvent, Discard: jetstream.DiscardOld,
			Duplicates: dedupeWindow, AllowDirect: true, AllowAtomicPublish: true, Metadata: map[string]string{metaEpoch: uuid.NewString()},
		},
		{
			// Commands until they are written, outbox.<lane>. Full: new ones are refused with ErrFull. At most 200,000
			// wait; the drainer keeps about 100 bytes of each in memory.
			Name: streamOutbox, Subjects: []string{"outbox.*"},
			MaxBytes: b.share(100), MaxMsgs: 200_000, MaxMsgSize: MaxOutboxMessage, Discard: jetstream.DiscardNew,
			Duplicates: dedupeWindow, AllowAtomicPublish: true,
		},
		{
			// Dead letters of the inbox. Full: the oldest go first, since a flood of bad pushes must not stop good ones.
			Name: streamDead, Subjects: []string{"dead.inbox"},
			MaxBytes: b.share(50), MaxMsgs: 20_000, MaxMsgSize: MaxInboxMessage + 4<<10, Discard: jetstream.DiscardOld,
			Duplicates: dedupeWindow, AllowDirect: true,
		},
		{
			// Calls to be dialled: dial.go.<call> now, dial.later.<call> at the time that its header says, when the server
			// turns it into the former. One message of each kind per call: a later one replaces it. A message is a hint,
			// the call's value is the authority. Full: the oldest go first, since the server refuses to keep schedules
			// otherwise; whoever owns the calls puts lost hints back.
			Name: streamDials, Subjects: []string{"dial.go.*", "dial.later.*"}, Retention: jetstream.WorkQueuePolicy,
			MaxBytes: b.share(10), MaxMsgs: 200_000, MaxMsgsPerSubject: 1, MaxMsgSize: 4 << 10, Discard: jetstream.DiscardOld,
			Duplicates: dedupeWindow, AllowDirect: true, AllowMsgSchedules: true,
		},
	}
}

// bucketSpec is what buckets differ in. All are full when their share of MaxStore is, and then refuse with ErrFull.
type bucketSpec struct {
	name  string
	ttl   time.Duration // since the last write of a key; 0 keeps it
	share int64         // thousandths of MaxStore
	value int32         // largest value in bytes
	own   bool          // each message may have a TTL of its own, without markers
}

// buckets defines every bucket.
func (b *Bus) buckets() []bucketSpec {
	return []bucketSpec{
		{name: BucketAgents, share: 5, value: 16 << 10},
		{name: BucketDesks, ttl: time.Minute, share: 1, value: 1 << 10},
		{name: BucketMissedCalls, ttl: b.retention, share: 50, value: 64 << 10},
		{name: BucketTalked, ttl: min(b.retention, 48*time.Hour), share: 10, value: 1 << 10},
		{name: BucketDials, ttl: min(b.retention, 24*time.Hour), share: 10, value: 16 << 10},
		{name: BucketCallIDs, ttl: b.retention, share: 50, value: 1 << 10},
		{name: BucketProviderTokens, ttl: min(b.retention, 24*time.Hour), share: 2, value: 16 << 10},
		{name: BucketMeta, share: 2, value: 64 << 10},
		{name: BucketRecordIDs, ttl: b.retention, share: 20, value: 1 << 10},
		{name: BucketOutboundCalls, ttl: b.retention, share: 120, value: MaxOutboundCall},
		{name: BucketWorkSignals, ttl: time.Minute, share: 5, value: 1 << 10},
		{name: BucketRecordCalls, ttl: b.retention, share: 15, value: 8 << 10},
		{name: BucketErasures, ttl: b.retention, share: 10, value: 128 << 10},
		{name: BucketErased, ttl: min(b.retention, 72*time.Hour), share: 1, value: 1 << 10},
		// A renewal carries the TTL of its own lease; the bucket's is the backstop.
		{name: bucketLeases, ttl: maxLease, share: 1, value: 1 << 10, own: true},
		// Outlives the message that parked the lane, which has the same retention but is older.
		{name: bucketParked, ttl: b.retention, share: 10, value: 4 << 10},
	}
}

func (b *Bus) share(thousandths int64) int64 { return b.maxStore / 1000 * thousandths }

// config completes a bucket's definition. It is the stream that nats.go's own buckets are made of, so that its client
// and the nats command can read it. Reads go to the leader when there are replicas: a stale read would not be wrong,
// since every move is a compare-and-set, but it would surprise.
func (b *Bus) config(spec bucketSpec) jetstream.StreamConfig {
	cfg := jetstream.StreamConfig{
		Name: "KV_" + spec.name, Subjects: []string{"$KV." + spec.name + ".>"},
		MaxBytes: b.share(spec.share), MaxMsgs: -1, MaxMsgSize: spec.value, MaxMsgsPerSubject: 1, MaxAge: spec.ttl,
		Discard: jetstream.DiscardNew, Duplicates: dedupeWindow, AllowRollup: true, DenyDelete: true,
		AllowDirect: b.replicas == 1, AllowMsgTTL: true, SubjectDeleteMarkerTTL: markerTTL, AllowAtomicPublish: true,
	}
	if spec.own {
		cfg.SubjectDeleteMarkerTTL = 0
	}
	if spec.ttl > 0 {
		cfg.Duplicates = min(cfg.Duplicates, spec.ttl)
	}
	return cfg
}

// define creates what is missing and updates what changed.
func (b *Bus) define(ctx context.Context) error {
	configs := b.streams()
	for i := range configs {
		configs[i].MaxAge = b.retention
	}
	for _, spec := range b.buckets() {
		configs = append(configs, b.config(spec))
	}
	made := make([]jetstream.Stream, len(configs))
	work, ctx := errgroup.WithContext(ctx)
	for i, cfg := range configs {
		cfg.Storage, cfg.Replicas, cfg.MaxConsumers = jetstream.FileStorage, b.replicas, -1
		if cfg.MaxMsgsPerSubject == 0 {
			cfg.MaxMsgsPerSubject = -1
		}
		work.Go(func() (err error) {
			made[i], err = b.ensureSoon(ctx, cfg)
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	b.byName = make(map[string]jetstream.Stream, len(configs))
	b.commits = make(map[string]*committer, len(configs))
	for i, cfg := range configs {
		b.byName[cfg.Name] = made[i]
		if cfg.AllowAtomicPublish {
			b.commits[cfg.Name] = newCommitter(b)
		}
	}
	return nil
}

// ensureSoon is patient with a cluster that is choosing its leader, during which requests are not answered.
func (b *Bus) ensureSoon(ctx context.Context, want jetstream.StreamConfig) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, definePatience)
	defer cancel()
	for patience := defineAttempt; ; patience *= 2 {
		attempt, cancel := context.WithTimeout(ctx, patience)
		s, err := b.ensure(attempt, want)
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) && !errors.Is(kindOf(err), ErrUnavailable) {
			return s, err
		}
		b.log.InfoContext(ctx, "bus: the cluster does not answer yet", "stream", want.Name, "error", err)
	}
}

// ensure makes one stream be as defined. Metadata that is there stays: it holds the epoch.
func (b *Bus) ensure(ctx context.Context, want jetstream.StreamConfig) (jetstream.Stream, error) {
	s, err := b.js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		s, err = b.js.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			s, err = b.js.Stream(ctx, want.Name) // another replica was first
		}
	}
	if err != nil {
		return nil, fmt.Errorf("bus: define %s: %w", want.Name, err)
	}
	have := s.CachedInfo().Config
	next := have
	next.Subjects, next.MaxBytes, next.MaxMsgs, next.MaxMsgSize = want.Subjects, want.MaxBytes, want.MaxMsgs, want.MaxMsgSize
	next.MaxAge, next.MaxMsgsPerSubject, next.Discard = want.MaxAge, want.MaxMsgsPerSubject, want.Discard
	next.Duplicates, next.Replicas, next.AllowDirect = want.Duplicates, want.Replicas, want.AllowDirect
	next.AllowMsgTTL, next.SubjectDeleteMarkerTTL = want.AllowMsgTTL, want.SubjectDeleteMarkerTTL
	next.AllowMsgSchedules, next.AllowAtomicPublish = want.AllowMsgSchedules, want.AllowAtomicPublish
	next.Metadata = maps.Clone(want.Metadata)
	if next.Metadata == nil {
		next.Metadata = map[string]string{}
	}
	maps.Copy(next.Metadata, have.Metadata)
	if reflect.DeepEqual(next, have) {
		return s, nil
	}
	if s, err = b.js.UpdateStream(ctx, next); err != nil {
		return nil, fmt.Errorf("bus: update %s: %w", want.Name, err)
	}
	return s, nil
}
