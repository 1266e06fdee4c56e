package fortytwo

import (
	"context"
	"slices"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
)

const (
	defaultHits = 10
	maxHits     = 100

	// searchWindow is how many matches of a request are ranked. Where there are more, those that match where a word
	// begins are fetched as well; of either the newest.
	searchWindow = maxPage

	// maxSearchedPeople is of how many patients, and of how many leads, appointments are looked for.
	maxSearchedPeople = 100
)

// Search finds patients, leads and appointments, with the asker's rights. A record is found when each word of the text
// stands somewhere in its name, full name, record number or phone number, in the text's own script: letter case and the
// two spellings of nukta letters aside, nothing is translated, so "Asha" does not find "आशा". An appointment is found by
// its own name, or when its patient or lead is found.
//
// A role that may not see numbers finds people by name, with FORBIDDEN beside the hits.
//
// The kinds fail apart: see [helix.SearchPart]. The search as a whole fails with BAD_USER_INPUT when the text has fewer
// than two letters or digits, counted as people perceive them, or is too long, and with UNAUTHENTICATED.
func (c *Client) Search(ctx context.Context, access helix.Access, q helix.SearchQuery) (helix.SearchResults, error) {
	text, err := understand(q.Text)
	if err != nil {
		return nil, err
	}
	if _, err := c.resolved(); err != nil {
		return nil, err
	}
	if q.Kinds == nil {
		q.Kinds = helix.SearchKinds()
	}
	if q.Zone == nil {
		q.Zone = time.UTC
	}
	s := &search{client: c, access: access, text: text, zone: q.Zone}
	found := s.all(ctx, q.Kinds)
	results := helix.SearchResults{}
	for _, kind := range q.Kinds {
		f := found[kind]
		if helix.IsCode(f.err, helix.CodeUnauthenticated) {
			return nil, f.err
		}
		slices.SortFunc(f.hits, helix.SearchHit.Compare)
		shown := min(len(f.hits), orDefault(max(q.First, 0), defaultHits), maxHits)
		results[kind] = helix.SearchPart{Hits: f.hits[:shown], Total: len(f.hits), More: f.more, Err: f.err}
	}
	return results, nil
}

// search is one search under way.
type search struct {
	client *Client
	access helix.Access
	text   searchText
	zone   *time.Location
}

// finding is what was found of one kind, and what was missed.
type finding struct {
	hits []helix.SearchHit
	more bool
	err  error
}

// all looks for the kinds side by side; for people also for the sake of their appointments.
//
// FortyTwo's own search field is not asked: of a custom object it knows the label alone, by the beginnings of its words,
// and answers ids without the fields that are shown here (fortytwo.md 3).
func (s *search) all(ctx context.Context, kinds []helix.SearchKind) map[helix.SearchKind]finding {
	appointments := slices.Contains(kinds, helix.SearchAppointments)
	var patients, leads, named finding
	var wg sync.WaitGroup
	if appointments || slices.Contains(kinds, helix.SearchPatients) {
		wg.Go(func() { patients = s.people(ctx, helix.SearchPatients, helix.ObjectPatient) })
	}
	if appointments || slices.Contains(kinds, helix.SearchLeads) {
		wg.Go(func() { leads = s.people(ctx, helix.SearchLeads, helix.ObjectLead) })
	}
	if appointments {
		wg.Go(func() { named = s.appointmentsNamed(ctx) })
	}
	wg.Wait()
	found := map[helix.SearchKind]finding{helix.SearchPatients: patients, helix.SearchLeads: leads}
	if appointments {
		found[helix.SearchAppointments] = named.and(s.appointmentsOf(ctx, patients, leads))
	}
	return found
}

// people finds patients or leads.
func (s *search) people(ctx context.Context, kind helix.SearchKind, name helix.RecordObject) (found finding) {
	found.err = s.client.withModel(ctx, func(m *model) error {
		o, err := m.object(name)
		if err != nil {
			return err
		}
		nodes, more, err := s.records(ctx, o, o.selection("name", "fullName", "mrn", "phone", "leadStatus"))
		if helix.IsCode(err, helix.CodeForbidden) { // perhaps for one field alone; err stays, since numbers were not searched
			o = o.only("name", "fullName")
			if named, moreNamed, err := s.records(ctx, o, o.selection("name", "fullName")); err == nil {
				nodes, more = named, moreNamed
			}
		}
		found.hits, found.more = nil, more
		for _, n := range nodes {
			hit := s.hit(kind, o, n)
			hit.Title, hit.Phone = n.displayName(o), n.phone(o.fields["phone"])
			switch status := o.fields["leadStatus"]; kind {
			case helix.SearchPatients:
				hit.Subtitle = n.text(o.fields["mrn"])
			case helix.SearchLeads:
				hit.Subtitle = status.ours(n.text(status))
			}
			found.hits = append(found.hits, hit)
		}
		return err
	})
	return found
}

// records gives the newest records that match, and of too many also the newest of the better ones.
func (s *search) records(ctx context.Context, o *object, sel string) (nodes []node, more bool, err error) {
	q := listQuery{
		op: "fortytwo.search", access: s.access, object: o, sel: sel + " " + columnCreatedAt,
		order: newestFirst(), first: searchWindow,
	}
	if q.where, err = s.text.matching(o, anywhere); err != nil {
		return nil, false, err
	}
	if nodes, err = s.client.list(ctx, q); err != nil || len(nodes) < searchWindow {
		return nodes, false, err
	}
	if q.where, err = s.text.matching(o, beginning); err != nil {
		return nodes, true, err
	}
	better, err := s.client.list(ctx, q)
	known := map[string]bool{}
	for _, n := range nodes {
		known[n.id()] = true
	}
	for _, n := range better {
		if !known[n.id()] {
			nodes = append(nodes, n)
		}
	}
	return nodes, true, err
}

// hit begins a hit with what is alike for all kinds.
func (s *search) hit(kind helix.SearchKind, o *object, n node) helix.SearchHit {
	hit := helix.SearchHit{Kind: kind, ID: n.id(), CreatedAt: n.time(columnCreatedAt)}
	hit.Score, hit.Highlights = s.text.rank(n.shown(o))
	return hit
}

// shown gives the fields of a record that a search may have matched. A full name that says the same as the name is left
// out.
func (n node) shown(o *object) []shownField {
	var fields []shownField
	seen := map[string]bool{"": true}
	add := func(name, text string) {
		if !seen[text] {
			seen[text] = true
			fields = append(fields, shownField{name: name, text: text})
		}
	}
	add("name", n.text(o.fields["name"]))
	add("fullName", n.fullName(o))
	add("mrn", n.text(o.fields["mrn"]))
	if calling, national := n.phoneParts(o.fields["phone"]); national != "" {
		text := national
		if calling != "" {
			text = "+" + calling + national
		}
		fields = append(fields, shownField{name: "phone", text: text, phone: true, calling: calling, national: national})
	}
	return fields
}
