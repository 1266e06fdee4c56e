package outbound

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	helix "github.com/helix-engage/gateway"
)

// Bounds of what is collected in one call, in bytes.
const (
	maxToolArguments  = 64 << 10
	maxCollectedKey   = 64
	maxCollectedValue = 4 << 10
	maxCollectedSize  = 64 << 10
)

// Tool does what the voice agent asks for in a call and answers in words that it understands, the error's included:
//
//	save_patient_data    any keys: each is kept, a later value replaces an earlier one
//	get_patient_context  what the CRM told of the patient
//	mark_call_outcome    outcome, notes
//	request_callback     when, reason: a person shall call
//
// Repeating a tool changes nothing.
func (s *Service) Tool(ctx context.Context, call helix.CallID, name string, args []byte) (result string, err error) {
	switch name {
	case "save_patient_data":
		items, err := toolArguments(args)
		if err != nil {
			return "", err
		}
		return `{"saved":true}`, s.collect(ctx, call, items)
	case "mark_call_outcome":
		return `{"saved":true}`, s.markOutcome(ctx, call, args)
	case "request_callback":
		return `{"requested":true}`, s.requestCallBack(ctx, call, args)
	case "get_patient_context":
		return s.patientContext(ctx, call)
	default:
		return "", helix.BadInput("there is no such tool; there are save_patient_data, get_patient_context, mark_call_outcome and request_callback")
	}
}

func (s *Service) patientContext(ctx context.Context, id helix.CallID) (string, error) {
	call, err := s.Get(ctx, id)
	if err != nil {
		return "", err
	}
	p := call.Request.Patient
	data, err := json.Marshal(map[string]any{
		"name": p.Name, "language": call.Request.Language, "purpose": call.Request.Purpose,
		"treatmentType": p.TreatmentType, "crmData": p.CRMData, "collected": call.Collected,
	})
	if err != nil {
		return "", helix.Internal("outbound.patient context", err)
	}
	return string(data), nil
}

func (s *Service) markOutcome(ctx context.Context, call helix.CallID, args []byte) error {
	items, err := toolArguments(args)
	if err != nil {
		return err
	}
	var marked []helix.CollectedItem
	for _, item := range items {
		switch item.Key {
		case "outcome":
			marked = append(marked, helix.CollectedItem{Key: "call_outcome", Value: item.Value})
		case "notes":
			marked = append(marked, helix.CollectedItem{Key: "call_notes", Value: item.Value})
		}
	}
	if len(marked) == 0 {
		return helix.BadInput("mark_call_outcome needs an outcome")
	}
	return s.collect(ctx, call, marked)
}

func (s *Service) requestCallBack(ctx context.Context, id helix.CallID, args []byte) error {
	items, err := toolArguments(args)
	if err != nil {
		return err
	}
	call, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	wish := CallBackWish{Call: id, Phone: call.Request.Patient.Phone, At: s.o.Now().UTC(), Reason: "the patient asked for it"}
	asked := []helix.CollectedItem{{Key: "callback_requested", Value: json.RawMessage("true")}}
	for _, item := range items {
		switch item.Key {
		case "when":
			var when string
			if json.Unmarshal(item.Value, &when) == nil {
				wish.When = clean(when, maxDetail)
			}
			asked = append(asked, helix.CollectedItem{Key: "callback_when", Value: item.Value})
		case "reason":
			asked = append(asked, helix.CollectedItem{Key: "callback_reason", Value: item.Value})
		}
	}
	if err := s.o.CallBacks.Request(ctx, wish); err != nil {
		return coded("outbound.call back", err)
	}
	return s.collect(ctx, id, asked)
}

// collect keeps what the voice agent found out: all of it or, with an error that says why, none.
func (s *Service) collect(ctx context.Context, call helix.CallID, items []helix.CollectedItem) error {
	_, err := s.change(ctx, call, func(e *edit) (bool, error) {
		var news []string
		for _, item := range items {
			changed, err := e.upsert(item)
			if err != nil {
				return false, err
			}
			if changed {
				news = append(news, item.Key)
			}
		}
		if len(news) == 0 {
			return false, nil
		}
		e.note(helix.OutboundCollected, strings.Join(news, ", "))
		return true, nil
	})
	return err
}

// upsert sets what is known under a key.
func (e *edit) upsert(item helix.CollectedItem) (changed bool, err error) {
	if len(item.Value) > maxCollectedValue {
		return false, helix.BadInput("a value is longer than 4 kB")
	}
	size := len(item.Key) + len(item.Value)
	at := -1
	for i, known := range e.Collected {
		if known.Key == item.Key {
			at = i
			continue
		}
		size += len(known.Key) + len(known.Value)
	}
	switch {
	case size > maxCollectedSize:
		return false, helix.BadInput("the call holds as much data as it can")
	case at >= 0 && bytes.Equal(e.Collected[at].Value, item.Value):
		return false, nil
	case at >= 0:
		e.Collected[at] = item
	case len(e.Collected) >= helix.MaxCollected:
		return false, helix.BadInput(fmt.Sprintf("the call holds %d values already", helix.MaxCollected))
	default:
		e.Collected = append(e.Collected, item)
	}
	return true, nil
}

// toolArguments reads a tool's arguments, a JSON object, by key.
func toolArguments(args []byte) ([]helix.CollectedItem, error) {
	if len(args) > maxToolArguments {
		return nil, helix.BadInput("the arguments are longer than 64 kB")
	}
	var object map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(args))
	if err := d.Decode(&object); err != nil {
		return nil, helix.BadInput("the arguments are not a JSON object")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, helix.BadInput("the arguments are not one JSON object")
	}
	items := make([]helix.CollectedItem, 0, len(object))
	for key, value := range object {
		item, err := collectedItem(key, value)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	slices.SortFunc(items, func(a, b helix.CollectedItem) int { return strings.Compare(a.Key, b.Key) })
	return items, nil
}

// collectedItem brings a value into the one form in which it is compared and stored.
func collectedItem(key string, value json.RawMessage) (helix.CollectedItem, error) {
	if key == "" || len(key) > maxCollectedKey || strings.ContainsFunc(key, unicode.IsControl) {
		return helix.CollectedItem{}, helix.BadInput("a key must have 1 to 64 bytes of text")
	}
	if len(value) == 0 {
		value = json.RawMessage("null")
	}
	stored, err := json.Marshal(value) // compact, and escaped as it is stored
	if err != nil {
		return helix.CollectedItem{}, helix.BadInput("a value is not JSON")
	}
	return helix.CollectedItem{Key: key, Value: stored}, nil
}
