package helix

import (
	"encoding/json"
	"time"
)

// RecordView is a record of any object of FortyTwo as one reader may read it. The zero value is a record that is destroyed,
// was never there, or is hidden from the reader: FortyTwo does not tell these apart.
type RecordView struct {
	Found     bool
	Deleted   bool            // softly: it can be restored
	UpdatedAt time.Time       // by FortyTwo's clock; zero when the reader may not read it
	JSON      json.RawMessage // an object of the plain fields that the reader may read, relations as <name>Id
}
