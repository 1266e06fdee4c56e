package helix

import "time"

// MaxNotes is the longest note that a disposition carries, in bytes.
const MaxNotes = 8 << 10

// Disposition is how an agent sums up a call.
type Disposition struct {
	Label      string    `json:"label"` // as the agent chose it; the campaign's list is the provider's
	Notes      string    `json:"notes,omitempty"`
	CallbackAt time.Time `json:"callbackAt,omitzero"` // zero when no call back was agreed
}
