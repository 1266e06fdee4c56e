package fortytwo

import "strings"

// reach is how far into a field a filter looks.
type reach int

const (
	anywhere  reach = iota
	beginning       // where a word begins; at either end of a phone number
)

// matching builds the filter of an object's records that have all terms. Each term may stand in another of the texts, or
// in the phone number.
//
// What is filtered by must be selected too: FortyTwo lets a role filter by a field that it may not read, and only refuses
// to show it (fortytwo.md 4), so that a filter alone would give the field away.
func (s searchText) matching(o *object, how reach) ([]filter, error) {
	var all []filter
	for _, t := range s.terms {
		var some []filter
		for _, pattern := range t.patterns(how) {
			some = append(some, o.textsLike(pattern)...)
		}
		if f := o.fields["phone"]; f != nil && t.number != nil {
			some = append(some, t.number.matching(f, how)...)
		}
		if len(some) == 0 {
			return nil, lacking(string(o.ours) + ".name")
		}
		all = append(all, or(some...))
	}
	return all, nil
}

// textsLike gives a filter for each text of the object that is searched. Only ilike is used: startsWith is newer than
// line 1.5, and heeds case.
func (o *object) textsLike(pattern string) []filter {
	var some []filter
	for _, name := range []string{"name", "mrn"} {
		if f := o.fields[name]; f != nil {
			some = append(some, cond(f.name, "ilike", pattern))
		}
	}
	if f := o.fields["fullName"]; f != nil {
		some = append(some, filter{f.name: cond("firstName", "ilike", pattern)}, filter{f.name: cond("lastName", "ilike", pattern)})
	}
	return some
}

func (t searchTerm) patterns(how reach) []string {
	var patterns []string
	for _, form := range t.forms {
		form = literal(form)
		if how == beginning {
			patterns = append(patterns, form+"%", "% "+form+"%")
		} else {
			patterns = append(patterns, "%"+form+"%")
		}
	}
	return patterns
}

// matching gives the alternatives by which a PHONES field has the piece of a number.
func (n partialNumber) matching(f *field, how reach) []filter {
	number := func(pattern string) filter { return filter{f.name: cond("primaryPhoneNumber", "ilike", pattern)} }
	var some []filter
	switch {
	case n.inside == "":
	case how == beginning:
		some = append(some, number("%"+n.inside), number(n.inside+"%"))
	default:
		some = append(some, number("%"+n.inside+"%"))
	}
	for _, b := range n.begins {
		begins := number(b.national + "%")
		if b.calling != "" {
			begins = and(filter{f.name: cond("primaryPhoneCallingCode", "eq", "+"+b.calling)}, begins)
		}
		some = append(some, begins)
	}
	return some
}

// literal makes a pattern of ilike that matches s alone, letter case aside.
func literal(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
