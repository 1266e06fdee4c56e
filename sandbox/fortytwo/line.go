package fortytwo

import "fmt"

// Line is which generation of FortyTwo is emulated: they speak different dialects of GraphQL (fortytwo.md 16).
type Line string

// The lines that the emulator knows.
const (
	Line27 Line = "2.7" // records are executed directly, without validation (fortytwo.md 0)
	Line15 Line = "1.5" // one GraphQL schema per workspace, validated and executed as the specification has it
)

// ParseLine reads the setting; empty means 2.7. Error: another line.
func ParseLine(text string) (Line, error) {
	switch line := Line(text); line {
	case "":
		return Line27, nil
	case Line27, Line15:
		return line, nil
	default:
		return "", fmt.Errorf("line is %q, must be 2.7 or 1.5", text)
	}
}

// maxChildren is the cap on one-to-many children, pooled: this many times the number of parents (fortytwo.md 9).
func (l Line) maxChildren() int {
	if l == Line15 {
		return 200
	}
	return 60
}

// database is an error that the database of line 1.5 reports and that reaches the caller as it is.
func database(format string, args ...any) *apiError {
	err := internal(format, args...)
	err.user = genericMessage
	return err
}

// badSyntax is what the database says of a value that it cannot read as the column's type.
func badSyntax(typ FieldType, value any) *apiError {
	text, ok := value.(string)
	if !ok {
		text = inspect(value)
	}
	switch typ {
	case TypeUUID, TypeRelation, TypeMorph:
		return database("invalid input syntax for type uuid: \"%s\"", text)
	case TypeNumber, TypePosition:
		return database("invalid input syntax for type double precision: \"%s\"", text)
	case TypeNumeric:
		return database("invalid input syntax for type numeric: \"%s\"", text)
	case TypeDate:
		return database("invalid input syntax for type date: \"%s\"", text)
	case TypeDateTime:
		return database("invalid input syntax for type timestamp with time zone: \"%s\"", text)
	default:
		return database("invalid input value: \"%s\"", text)
	}
}

// tableName is the object's table in the database; those of custom objects begin with an underscore.
func (o *objectMeta) tableName() string {
	if o.custom {
		return "_" + o.singular
	}
	return o.singular
}

// word says an error in the words of the line. Errors are made in those of 2.7; line 1.5 has the same codes with less to show to a
// person, and answers what its guard refuses as an internal error.
func (l Line) word(err *apiError) *apiError {
	if l != Line15 || err == nil {
		return err
	}
	out := *err
	switch {
	case err.message == forbiddenResource:
		out.code, out.user, out.extra = codeInternal, genericMessage, nil
	case err.subCode == subFilter || err.subCode == subData || err.subCode == subQuery || err.code == codeNotFound:
		out.user = genericMessage
	}
	if friendly, ok := err.user.(*dict); ok {
		out.user = friendly.at("message")
	}
	return &out
}

// words is word for each of a list.
func (l Line) words(errs []*apiError) []*apiError {
	out := make([]*apiError, len(errs))
	for i, err := range errs {
		out[i] = l.word(err)
	}
	return out
}
