package fortytwo

import (
	"cmp"
	"context"
	"slices"
	"strings"

	helix "github.com/helix-engage/gateway"
)

// appointmentsNamed finds appointments by their own name. Their people are shown where the asker may read them.
func (s *search) appointmentsNamed(ctx context.Context) (found finding) {
	found.err = s.client.withModel(ctx, func(m *model) error {
		o, err := m.object(helix.ObjectAppointment)
		if err != nil {
			return err
		}
		sel := appointmentSelection(o)
		nodes, more, err := s.records(ctx, o, sel+" "+m.people(o))
		if helix.IsCode(err, helix.CodeForbidden) { // one unreadable relation refuses the whole query (fortytwo.md 9)
			nodes, more, err = s.records(ctx, o, sel)
		}
		found.hits, found.more = nil, more
		for _, n := range nodes {
			person, number := m.about(o, n)
			hit := s.hit(helix.SearchAppointments, o, n)
			found.hits = append(found.hits, s.appointment(hit, o, n, person, number))
		}
		return err
	})
	return found
}

// appointmentsOf finds the appointments of people who were found. What kept people from being found, keeps their
// appointments; people whom the asker may not see have none for him.
func (s *search) appointmentsOf(ctx context.Context, patients, leads finding) (found finding) {
	people := map[string]helix.SearchHit{}
	patientIDs, leadIDs := patients.best(people), leads.best(people)
	err := s.client.withModel(ctx, func(m *model) error {
		o, err := m.object(helix.ObjectAppointment)
		if err != nil {
			return err
		}
		where := append(o.relatedTo("patient", patientIDs...), o.relatedTo("lead", leadIDs...)...)
		if len(where) == 0 {
			return nil
		}
		nodes, err := s.client.list(ctx, listQuery{
			op: "fortytwo.search", access: s.access, object: o, sel: appointmentSelection(o) + " " + columnCreatedAt,
			where: []filter{or(where...)}, order: newestFirst(), first: searchWindow,
		})
		found.hits, found.more = nil, len(nodes) == searchWindow
		for _, n := range nodes {
			found.hits = append(found.hits, s.appointmentOf(o, n, people))
		}
		return err
	})
	found.more = found.more || patients.more || leads.more || max(len(patients.hits), len(leads.hits)) > maxSearchedPeople
	found.err = cmp.Or(err, unforgiven(patients.err), unforgiven(leads.err))
	return found
}

// appointmentOf is an appointment that is found through its patient or lead, the better of the two.
func (s *search) appointmentOf(o *object, n node, people map[string]helix.SearchHit) helix.SearchHit {
	hit := s.hit(helix.SearchAppointments, o, n)
	var about helix.SearchHit
	through := ""
	for _, relation := range []string{"patient", "lead"} {
		if p, ok := people[n.column(o.fields[relation])]; ok && (through == "" || p.Score > about.Score) {
			about, through = p, relation
		}
	}
	hit.Score = max(hit.Score, about.Score*throughPerson)
	for _, h := range about.Highlights {
		hit.Highlights = append(hit.Highlights, helix.Highlight{Field: through + "." + h.Field, Text: h.Text})
	}
	return s.appointment(hit, o, n, about.Title, about.Phone)
}

// appointment completes a hit with what is shown of an appointment.
func (s *search) appointment(hit helix.SearchHit, o *object, n node, person string, number helix.Phone) helix.SearchHit {
	hit.Title, hit.Phone = n.text(o.fields["name"]), number
	at := ""
	if scheduled := n.timeOf(o.fields["scheduledAt"]); !scheduled.IsZero() {
		at = scheduled.In(s.zone).Format("2 Jan 2006 15:04")
	}
	status := o.fields["appointmentStatus"]
	parts := []string{person, at, status.ours(n.text(status))}
	hit.Subtitle = strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ", ")
	return hit
}

func appointmentSelection(o *object) string {
	return o.selection("name", "scheduledAt", "durationMinutes", "appointmentStatus", "patient", "lead")
}

// relatedTo filters by a relation to any of the records. There is no filter without records, since FortyTwo takes an
// empty list for an error (fortytwo.md 0.8), nor where the workspace lacks the relation.
func (o *object) relatedTo(relation string, ids ...string) []filter {
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	f := o.fields[relation]
	if f == nil || len(ids) == 0 {
		return nil
	}
	return []filter{cond(f.column, "in", ids)}
}

// best gives the ids of the best people, and adds these to a register.
func (m finding) best(register map[string]helix.SearchHit) []string {
	hits := slices.SortedFunc(slices.Values(m.hits), helix.SearchHit.Compare)
	var ids []string
	for _, hit := range hits[:min(len(hits), maxSearchedPeople)] {
		ids = append(ids, hit.ID)
		register[hit.ID] = hit
	}
	return ids
}

// and joins two ways of finding records of one kind. A record that was found in both is one hit, with all that matched.
func (m finding) and(other finding) finding {
	joined := finding{hits: slices.Clone(m.hits), more: m.more || other.more, err: cmp.Or(m.err, other.err)}
	place := map[string]int{}
	for i, hit := range joined.hits {
		place[hit.ID] = i
	}
	for _, hit := range other.hits {
		i, both := place[hit.ID]
		if !both {
			joined.hits = append(joined.hits, hit)
			continue
		}
		first := &joined.hits[i]
		first.Score = max(first.Score, hit.Score)
		for _, h := range hit.Highlights {
			if !slices.Contains(first.Highlights, h) {
				first.Highlights = append(first.Highlights, h)
			}
		}
	}
	return joined
}

// unforgiven is an error other than that an object counts as empty.
func unforgiven(err error) error {
	if forgiven(err) {
		return nil
	}
	return err
}
