package helix

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// Cursor is a place in the log of events: the epoch names the log, the sequence the last event that was seen. A log
// that was lost and begun anew has another epoch, so that an old cursor is told so instead of being misread.
type Cursor struct {
	Epoch    string
	Sequence uint64
}

// String gives the opaque form that clients keep.
func (c Cursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(c.Epoch + ":" + strconv.FormatUint(c.Sequence, 10)))
}

// ParseCursor reads what [Cursor.String] wrote; anything else is BAD_USER_INPUT.
func ParseCursor(s string) (Cursor, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) > 128 {
		return Cursor{}, BadInput("the cursor is not one of ours")
	}
	epoch, seq, ok := strings.Cut(string(raw), ":")
	if !ok || epoch == "" {
		return Cursor{}, BadInput("the cursor is not one of ours")
	}
	n, err := strconv.ParseUint(seq, 10, 64)
	if err != nil {
		return Cursor{}, BadInput("the cursor is not one of ours")
	}
	return Cursor{Epoch: epoch, Sequence: n}, nil
}
