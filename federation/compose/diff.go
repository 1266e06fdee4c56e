package compose

// Change is one difference between two states of FortyTwo's schema.
type Change struct {
	Place  string // e.g. "Lead.score", "Query.leads(filter:)", "enum CallCallStatusEnum.MISSED"
	Before string // the type or kind before; "" when it is new
	After  string // and after; "" when it is gone
}

// String is the change in one line: "+ Lead.score: Float", "- …", "~ Lead.score: Float became Int".
func (c Change) String() string {
	switch {
	case c.Before == "":
		return "+ " + c.Place + ": " + c.After
	case c.After == "":
		return "- " + c.Place + ": " + c.Before
	default:
		return "~ " + c.Place + ": " + c.Before + " became " + c.After
	}
}
