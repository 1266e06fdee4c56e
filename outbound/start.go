package outbound

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
	"github.com/helix-engage/gateway/internal/phone"
)

const (
	// maxCRMData bounds what a CRM sends along, in bytes of JSON.
	maxCRMData = 16 << 10
	// maxAhead is how far ahead a call may be scheduled, if the bus keeps it that long.
	maxAhead = 30 * 24 * time.Hour
)

var (
	languageForm = regexp.MustCompile(`^[a-z]{2}(-[A-Z]{2})?$`)
	agentForm    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)
)

// Start takes a request in; once it returns nil the call is stored and will end as COMPLETED or FAILED. The same request
// under the same key of the same asker ([helix.Caller.Key]) answers with the same call, replayed; another request is
// IDEMPOTENCY_CONFLICT. A request without a key answers with the asker's open call to that number, if there is one.
func (s *Service) Start(ctx context.Context, asker string, r helix.OutboundRequest) (call helix.OutboundCall, replayed bool, err error) {
	now := s.o.Now().UTC().Round(0)
	if err := check(&r, now, s.ahead()); err != nil {
		return helix.OutboundCall{}, false, err
	}
	if r.Key == "" {
		open, err := s.openTo(ctx, asker, r.Patient.Phone)
		if err != nil || open != nil {
			return valueOf(open), open != nil, err
		}
		r.Key = "unnamed " + newKey()
	}
	digest, err := digestOf(r)
	if err != nil {
		return helix.OutboundCall{}, false, err
	}
	call = helix.OutboundCall{
		ID: helix.CallID(helix.NewID("outbound", asker, r.Key)), Asker: asker, Digest: digest, Request: r,
		State: helix.OutboundInitiating, CreatedAt: now, DueAt: now,
	}
	if r.ScheduledAt.After(now) {
		call.DueAt = r.ScheduledAt
	}
	e := edit{OutboundCall: call, now: now}
	e.note(helix.OutboundCreated, "")
	call = e.OutboundCall
	call.Revision, err = s.calls.Create(ctx, bus.Key(string(call.ID)), call)
	if errors.Is(err, bus.ErrConflict) {
		return s.replay(ctx, call.ID, digest)
	}
	if err != nil {
		return helix.OutboundCall{}, false, coded("outbound.start", err)
	}
	s.index.put(call.ID, &call, call.Revision)
	s.follows(ctx, &helix.OutboundCall{ID: call.ID}, &call)
	return call, false, nil
}

func valueOf(c *helix.OutboundCall) helix.OutboundCall {
	if c == nil {
		return helix.OutboundCall{}
	}
	return *c
}

// replay answers a repeated request. Its first one may have broken off before the call was queued.
func (s *Service) replay(ctx context.Context, id helix.CallID, digest string) (helix.OutboundCall, bool, error) {
	earlier, err := s.Get(ctx, id)
	if err != nil {
		return earlier, false, err
	}
	if earlier.Digest != digest {
		return helix.OutboundCall{}, false, &helix.Error{
			Code: helix.CodeIdempotencyConflict, Op: "outbound.start",
			Message: "this idempotency key was used for another request; take a new one",
		}
	}
	s.index.put(id, &earlier, earlier.Revision)
	return earlier, true, nil
}

// openTo finds the asker's open call to a number.
func (s *Service) openTo(ctx context.Context, asker string, to helix.Phone) (*helix.OutboundCall, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	for _, e := range s.index.ofPhone(to) {
		if e.asker != asker || e.state.Final() {
			continue
		}
		call, err := s.Get(ctx, e.id)
		if err != nil {
			return nil, err
		}
		if call.Request.Patient.Phone == to && !call.State.Final() {
			return &call, nil
		}
	}
	return nil, nil
}

// Cancel ends a call: one that waits is not dialled, one that is up is hung up. Cancelling twice is one cancellation; a
// call that ended otherwise is CONFLICT.
func (s *Service) Cancel(ctx context.Context, id helix.CallID) (helix.OutboundCall, error) {
	call, err := s.change(ctx, id, func(e *edit) (bool, error) {
		if e.EndReason == helix.ReasonCancelled {
			return false, nil
		}
		if e.State.Final() {
			return false, helix.Conflict("this call is over already")
		}
		return e.finish(helix.OutboundFailed, helix.ReasonCancelled), nil
	})
	if err == nil && len(call.Attempts) > 0 {
		s.o.Streams.End(id, helix.ReasonCancelled)
	}
	return call, err
}

// ahead is how far ahead a call may be scheduled: a call must not outlive what the bus keeps.
func (s *Service) ahead() time.Duration {
	return max(0, min(maxAhead, s.o.Bus.Retention()-s.o.Expiry-24*time.Hour))
}

// check completes a request and says what is wrong with it.
func check(r *helix.OutboundRequest, now time.Time, ahead time.Duration) error {
	for _, f := range []struct {
		name, value string
		limit       int
	}{
		{"the idempotency key", r.Key, 200},
		{"the patient's id", r.Patient.ID, 200},
		{"the patient's name", r.Patient.Name, 200},
		{"the treatment type", r.Patient.TreatmentType, 500},
		{"the purpose", r.Purpose, 1000},
	} {
		if len(f.value) > f.limit {
			return helix.BadInput(fmt.Sprintf("%s is longer than %d bytes", f.name, f.limit))
		}
		if !utf8.ValidString(f.value) || strings.ContainsFunc(f.value, unicode.IsControl) {
			return helix.BadInput(f.name + " holds characters that are no text")
		}
	}
	if strings.TrimSpace(r.Patient.Name) == "" {
		return helix.BadInput("the patient's name is missing")
	}
	if r.Patient.Phone == "" {
		return helix.BadInput("the patient's phone number is missing")
	}
	var err error
	if r.Patient.Phone, err = phone.Parse(string(r.Patient.Phone), "IN"); err != nil {
		return err
	}
	if r.Language != "" && !languageForm.MatchString(r.Language) {
		return helix.BadInput(`the language must be a code such as "hi" or "en-IN"`)
	}
	if r.VoiceAgent != "" && !agentForm.MatchString(r.VoiceAgent) {
		return helix.BadInput("the voice agent's id is not one")
	}
	if r.ScheduledAt.After(now.Add(ahead)) {
		return helix.BadInput(fmt.Sprintf("a call can be scheduled at most %d days ahead", ahead/(24*time.Hour)))
	}
	r.Patient.CRMData, err = checkCRMData(r.Patient.CRMData)
	return err
}

// checkCRMData brings what the CRM sends along into one form, so that the order of its keys makes no other request.
func checkCRMData(data json.RawMessage) (json.RawMessage, error) {
	if len(bytes.TrimSpace(data)) == 0 || string(bytes.TrimSpace(data)) == "null" {
		return nil, nil
	}
	if len(data) > maxCRMData {
		return nil, helix.BadInput("crmData is larger than 16 kB")
	}
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&object); err != nil || d.More() {
		return nil, helix.BadInput("crmData must be a JSON object")
	}
	one, err := json.Marshal(object)
	if err != nil || len(one) > 2*maxCRMData {
		return nil, helix.BadInput("crmData must be a JSON object of at most 16 kB")
	}
	return one, nil
}

// digestOf tells requests apart.
func digestOf(r helix.OutboundRequest) (string, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return "", helix.Internal("outbound.digest", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16]), nil
}
