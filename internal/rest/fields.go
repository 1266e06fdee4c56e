package rest

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	helix "github.com/helix-engage/gateway"
)

// place is where a field stands in a request.
type place int

const (
	inBody place = iota
	inQuery
	inPath
	inHeader
)

// field is one thing that a request may say, and the variable that it becomes. Several fields may fill one variable: the
// first that is there does.
type field struct {
	variable  string
	in        place
	names     []string // of those given, the first counts; in a body, "a.b" is member b of member a
	required  bool
	read      reader
	otherwise func(h *Handler) any // when it is not there
}

// reader makes a variable's value of what was given, which is not empty. Its error is the end of a sentence that begins with
// the field's name.
type reader func(ctx context.Context, h *Handler, given any) (any, error)

// text reads a text; a number counts as its digits.
func text(_ context.Context, _ *Handler, given any) (any, error) {
	switch given := given.(type) {
	case string:
		return given, nil
	case json.Number:
		return given.String(), nil
	}
	return nil, helix.BadInput("must be a text")
}

// asItIs reads any JSON.
func asItIs(_ context.Context, _ *Handler, given any) (any, error) { return given, nil }

// flag reads a truth value, as JSON or as a word.
func flag(_ context.Context, _ *Handler, given any) (any, error) {
	switch given {
	case true, "true":
		return true, nil
	case false, "false":
		return false, nil
	}
	return nil, helix.BadInput("must be true or false")
}

// maxUCID is longer than any id of a call at the telephony provider, in digits (ozonetel.md 0).
const maxUCID = 24

// callID reads the id of a call: ours, or the provider's, which has digits alone.
func callID(ctx context.Context, h *Handler, given any) (any, error) {
	id, err := text(ctx, h, given)
	if err != nil {
		return nil, err
	}
	ucid := id.(string)
	if len(ucid) > maxUCID || strings.Trim(ucid, "0123456789") != "" {
		return ucid, nil
	}
	ours, err := h.o.CallID(ctx, ucid)
	return string(ours), err
}

// oneOf reads a word in any case, with any of the usual signs between its parts. choices says what there is.
func oneOf(choices string, values map[string]any) reader {
	plain := strings.NewReplacer("_", "", "-", "", " ", "")
	return func(_ context.Context, _ *Handler, given any) (any, error) {
		word, _ := given.(string)
		if value, ok := values[plain.Replace(strings.ToLower(word))]; ok {
			return value, nil
		}
		return nil, helix.BadInput("must be " + choices)
	}
}

// moment reads a time. One without a zone is the account's: so are the provider's own (ozonetel.md 0).
func moment(_ context.Context, h *Handler, given any) (any, error) {
	word, _ := given.(string)
	if at, err := time.Parse(time.RFC3339Nano, word); err == nil {
		return at.UTC().Format(time.RFC3339Nano), nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if at, err := time.ParseInLocation(layout, word, h.o.Zone); err == nil {
			return at.UTC().Format(time.RFC3339Nano), nil
		}
	}
	return nil, helix.BadInput("must be a time such as 2026-01-14T10:40:00Z")
}

// dayBegins and dayEnds read the first and the last moment of a day.

func dayBegins(_ context.Context, h *Handler, given any) (any, error) { return h.day(given, 0) }

func dayEnds(_ context.Context, h *Handler, given any) (any, error) { return h.day(given, 1) }

func (h *Handler) day(given any, later int) (any, error) {
	word, _ := given.(string)
	day, err := time.ParseInLocation(time.DateOnly, word, h.o.Zone)
	if err != nil {
		return nil, helix.BadInput("must be a day such as 2026-01-14")
	}
	return day.AddDate(0, 0, later).UTC().Format(time.RFC3339Nano), nil
}

// today is the account's day.
func today(h *Handler) any { return h.o.Now().In(h.o.Zone).Format(time.DateOnly) }

func todayBegins(h *Handler) any { begins, _ := h.day(today(h), 0); return begins }

func todayEnds(h *Handler) any { ends, _ := h.day(today(h), 1); return ends }

// newRequestID is what a dial is known by whose client gave no id: such a request dials anew when it is repeated.
func newRequestID(*Handler) any { return uuid.NewString() }

func nothing(*Handler) any { return "" }
