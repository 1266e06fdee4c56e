package helix

import (
	"cmp"
	"strings"
	"time"
)

// SearchKind is a sort of record that a search finds.
type SearchKind string

// The kinds, in the order in which equals are listed.
const (
	SearchPatients     SearchKind = "PATIENT"
	SearchLeads        SearchKind = "LEAD"
	SearchAppointments SearchKind = "APPOINTMENT"
)

// SearchKinds is every kind.
func SearchKinds() []SearchKind { return []SearchKind{SearchPatients, SearchLeads, SearchAppointments} }

// SearchQuery is what a user looks for.
type SearchQuery struct {
	Text  string         // as typed: names in any script, record numbers, parts of phone numbers
	Kinds []SearchKind   // every kind when nil, none when empty
	First int            // hits of each kind at most; 10 when zero, never more than 100
	Zone  *time.Location // in which subtitles tell times; UTC when nil
}

// The marks around the part of a [Highlight] that matched. A text that holds them itself is shown without them, so that
// they always come in pairs, opening first, never nested.
const (
	MarkOpen  = "\u27e6" // ⟦
	MarkClose = "\u27e7" // ⟧
)

// Highlight is a field that matched, as plain text in which what matched stands between [MarkOpen] and [MarkClose]:
// "⟦Ash⟧a Rao", "+91⟦98123⟧45678". A mark never stands within a user-perceived character.
type Highlight struct {
	Field string // as fortytwo-model.md names it: "name", "fullName", "mrn", "phone"; of a relation "patient.phone"
	Text  string
}

// SearchHit is a record that a search found.
type SearchHit struct {
	Kind       SearchKind
	ID         string
	Title      string // the person's name; the appointment's name
	Subtitle   string // a patient's record number, a lead's status; an appointment's person, time and status
	Phone      Phone  // the person's; "" when unknown
	Score      float64
	Highlights []Highlight // empty where FortyTwo's idea of equal letters is wider than ours
	CreatedAt  time.Time
}

// Compare orders hits of all kinds: the better score first, then the newer record, then by kind and id. It is negative
// when h comes before other.
func (h SearchHit) Compare(other SearchHit) int {
	return cmp.Or(
		cmp.Compare(other.Score, h.Score),
		other.CreatedAt.Compare(h.CreatedAt),
		strings.Compare(string(other.Kind), string(h.Kind)),
		strings.Compare(h.ID, other.ID),
	)
}

// SearchPart is what a search found of one kind.
type SearchPart struct {
	Hits  []SearchHit // best first
	Total int         // how many matched; see More
	More  bool        // there are more than Total: only so many were looked at
	Err   error       // not nil: the hits are incomplete, or missing altogether
}

// SearchResults has a part for every kind that was asked for.
type SearchResults map[SearchKind]SearchPart
