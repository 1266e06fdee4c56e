package raise

// Collect finds the keys of hops in v, in the order of the text, duplicates included. A key is a string's content as it
// stands in the text, without quotes, and part of it. What comes from hops' records is not looked into: each record is
// collected from by itself. Values of another kind than s says are passed over; writing reports them.
func Collect(v Value, s *Shape, found func(hop *Hop, key []byte)) {
	switch {
	case s.Elem != nil:
		if !s.Elem.deep() {
			return
		}
		for _, element := range v.Elements() {
			Collect(element, s.Elem, found)
		}
	case s.Object != nil && s.Object.Deep && v.Kind() == KindObject:
		collectObject(v, s.Object.concrete(v), found)
	}
}

func collectObject(v Value, o *Object, found func(hop *Hop, key []byte)) {
	if o == nil || !o.Deep {
		return
	}
	for i := range o.Hops {
		if key := v.Member(o.Hops[i].Key).key(); key != nil {
			found(&o.Hops[i], key)
		}
	}
	for i := range o.Fields {
		f := &o.Fields[i]
		if f.Const == nil && f.Hop < 0 && f.Shape.deep() {
			Collect(v.Member(f.From), f.Shape, found)
		}
	}
}

// deep reports whether hops begin in a value of this shape.
func (s *Shape) deep() bool {
	for s.Elem != nil {
		s = s.Elem
	}
	return s.Object != nil && s.Object.Deep
}

// concrete is what the source object v is made into, nil when its type is unknown.
func (o *Object) concrete(v Value) *Object {
	if o.ByType == nil {
		return o
	}
	name, _ := v.Member(TypeKey).Text()
	return o.ByType[string(name)]
}
