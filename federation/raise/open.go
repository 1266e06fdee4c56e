package raise

// Opened is an answer of FortyTwo, split. Its slices are parts of the body.
type Opened struct {
	// Data is all of data; nil when it is null, absent or no object. When it is as long as {"<field>":} and Value together,
	// that is what it is, and can be handed through when Value can.
	Data   []byte
	Value  []byte // the root field's value; nil when it, data or the field is null or absent
	Errors []byte // the errors as they came, usually an array; nil when they are absent, null or too short to say anything, as []
	Same   bool   // Value is what the shape asks for as it stands, and can be handed through
}

// Open splits FortyTwo's answer {"data":{"<field>":VALUE},"errors":[…],…} in one pass, whatever the order of its members,
// and checks all of its syntax; the errors are those of [Tape.Parse], and one for a body that is no object.
//
// Same says that VALUE has exactly the members that shape asks for, in its order, each of its kind, no null where none may
// be, nothing renamed, nothing added and no white space outside custom scalars. Without a shape it is false. When it turns
// out false late, the part read until then is read again to check the rest.
func Open(body []byte, field string, shape *Shape) (Opened, error) {
	var o opener
	if len(body) > maxBytes {
		return Opened{}, unreadable(maxBytes)
	}
	o.src, o.field, o.shape = body, field, shape
	end := o.object(space(body, 0), 1)
	if end >= 0 {
		if end = space(body, end); end == len(body) {
			return o.opened, nil
		}
		end = ^end
	}
	return Opened{}, unreadable(^end)
}

// opener reads the two outer levels of an answer: the envelope is level 1, data level 2.
type opener struct {
	src    []byte
	field  string
	shape  *Shape
	opened Opened

	dataSeen, errorsSeen, valueSeen bool // the first of a name counts
}

func (o *opener) object(i, level int) int {
	src := o.src
	if at(src, i) != '{' {
		return ^i
	}
	if i = space(src, i+1); at(src, i) == '}' {
		return i + 1
	}
	for {
		if at(src, i) != '"' {
			return ^i
		}
		end, _ := scanString(src, i)
		if end < 0 {
			return end
		}
		name := src[i+1 : end-1]
		if i = space(src, end); at(src, i) != ':' {
			return ^i
		}
		if i = o.member(name, space(src, i+1), level); i < 0 {
			return i
		}
		switch i = space(src, i); at(src, i) {
		case ',':
			i = space(src, i+1)
		case '}':
			return i + 1
		default:
			return ^i
		}
	}
}

func (o *opener) member(name []byte, i, level int) int {
	switch {
	case level == 1 && !o.dataSeen && string(name) == "data":
		o.dataSeen = true
		if at(o.src, i) == '{' {
			end := o.object(i, 2)
			if end >= 0 {
				o.opened.Data = o.src[i:end]
			}
			return end
		}
	case level == 1 && !o.errorsSeen && string(name) == "errors":
		o.errorsSeen = true
		end := check(o.src, i, level)
		if end > i+len("[]") && at(o.src, i) != 'n' {
			o.opened.Errors = o.src[i:end]
		}
		return end
	case level == 2 && !o.valueSeen && string(name) == o.field:
		o.valueSeen = true
		if at(o.src, i) != 'n' {
			return o.value(i)
		}
	}
	return check(o.src, i, level)
}

// valueDepth is how many levels are above the value of a root field: the envelope and data.
const valueDepth = 2

func (o *opener) value(i int) int {
	if o.shape != nil {
		matcher := o.shape.matcher
		if matcher == nil {
			matcher = newMatcher(o.shape, valueDepth)
		}
		if end := matcher.match(o.src, i); end >= 0 {
			o.opened.Value, o.opened.Same = o.src[i:end], true
			return end
		}
	}
	end := check(o.src, i, valueDepth)
	if end >= 0 {
		o.opened.Value = o.src[i:end]
	}
	return end
}

// check scans the value at i, which has depth levels above it.
func check(src []byte, i, depth int) int { return (*Tape)(nil).value(src, i, depth, 0, 0) }
