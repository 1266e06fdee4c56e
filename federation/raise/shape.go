package raise

// Shape says how a value of the answer is made out of its source: a list when Elem is set, an object when Object is
// set, else a leaf. It is immutable and shared between requests.
type Shape struct {
	NonNull bool
	Elem    *Shape  // a list of these
	Object  *Object // an object
	Leaf    Leaf    // neither: what JSON the value may be

	matcher matcher // nil until Compile
}

// Compile readies the shape of a root field's value for [Open], which else does that each time. It is called before the shape
// is shared, once all of it is there.
func (s *Shape) Compile() { s.matcher = newMatcher(s, valueDepth) }

// Leaf is what JSON a value without selections may be. null is judged by [Shape.NonNull] alone.
type Leaf uint8

// The leaves.
const (
	LeafAny     Leaf = iota // custom scalars: any JSON, nested or not
	LeafString              // String and enums
	LeafNumber              // Int and Float: any number, its text is kept
	LeafBoolean             // Boolean
	LeafID                  // ID: a string or a number, its text is kept
)

// accepted has a bit for each kind that a leaf may be.
var accepted = [...]uint8{
	LeafAny:     1<<KindBoolean | 1<<KindNumber | 1<<KindString | 1<<KindList | 1<<KindObject,
	LeafString:  1 << KindString,
	LeafNumber:  1 << KindNumber,
	LeafBoolean: 1 << KindBoolean,
	LeafID:      1<<KindString | 1<<KindNumber,
}

// accepts reports whether a value of this kind is taken over as it is: s is a leaf, and allows it.
func (s *Shape) accepts(kind Kind) bool {
	return s.Elem == nil && s.Object == nil && accepted[s.Leaf]>>kind&1 != 0
}

// TypeKey is the member of a source object that names its concrete type, where [Object.ByType] is set: a hidden alias
// of __typename.
const TypeKey = "__helix_type"

// Object is what an object of the answer consists of.
type Object struct {
	// Fields are the members, in the order of the answer. Their keys are distinct GraphQL names.
	Fields []Field
	// ByType, when set, says what the object is by the value of its member TypeKey; the fields and hops of the chosen
	// object count, those beside ByType do not. A type that is not listed is a broken answer.
	ByType map[string]*Object
	// Hops are where fields of other sources come from. Field.Hop is an index into it.
	Hops []Hop
	// Deep says that hops begin here or below. Collect descends only where it is set, also where ByType is.
	Deep bool
}

// Field is a member of an object of the answer.
type Field struct {
	Key   string // its name in the answer
	From  string // the member of the source object or of the hop's record; "" with Hop >= 0: the record itself
	Hop   int    // an index into Object.Hops, or -1: the object itself is the source
	Const []byte // JSON that is written as it is (__typename); From, Hop and Shape are unused then
	Shape *Shape
}

// Hop names a record of another source that supplies fields of the object.
type Hop struct {
	Fetch int    // which fetch answers; passed on to Answers
	Key   string // the member of the source object that names the record, a string; null, absent or no string: nothing is asked
	// Required says that without the record the whole object is null (FortyTwo's entity behind a local reference).
	// Otherwise the fields that need it are.
	Required bool
}
