package fortytwo

// FieldType is the type of a metadata field (fortytwo.md 7).
type FieldType string

// The field types that the emulator knows. RELATION and MORPH_RELATION are many-to-one or one-to-many.
const (
	TypeUUID        FieldType = "UUID"
	TypeText        FieldType = "TEXT"
	TypeNumber      FieldType = "NUMBER"
	TypeNumeric     FieldType = "NUMERIC"
	TypeBoolean     FieldType = "BOOLEAN"
	TypeDate        FieldType = "DATE"
	TypeDateTime    FieldType = "DATE_TIME"
	TypeSelect      FieldType = "SELECT"
	TypeMultiSelect FieldType = "MULTI_SELECT"
	TypeRating      FieldType = "RATING"
	TypeArray       FieldType = "ARRAY"
	TypeRawJSON     FieldType = "RAW_JSON"
	TypePosition    FieldType = "POSITION"
	TypeTSVector    FieldType = "TS_VECTOR"
	TypeFullName    FieldType = "FULL_NAME"
	TypePhones      FieldType = "PHONES"
	TypeEmails      FieldType = "EMAILS"
	TypeLinks       FieldType = "LINKS"
	TypeCurrency    FieldType = "CURRENCY"
	TypeAddress     FieldType = "ADDRESS"
	TypeActor       FieldType = "ACTOR"
	TypeRichText    FieldType = "RICH_TEXT"
	TypeRelation    FieldType = "RELATION"
	TypeMorph       FieldType = "MORPH_RELATION"
)

// creatable are the types that createOneField accepts; NUMERIC and the system types are refused (fortytwo.md 7).
var creatable = map[FieldType]bool{
	TypeUUID: true, TypeText: true, TypeNumber: true, TypeBoolean: true, TypeDate: true, TypeDateTime: true, TypeSelect: true,
	TypeMultiSelect: true, TypeRating: true, TypeArray: true, TypeRawJSON: true, TypeFullName: true, TypePhones: true, TypeEmails: true,
	TypeLinks: true, TypeCurrency: true, TypeAddress: true, TypeRichText: true, TypeRelation: true,
}

// composite is a field type that is stored as several columns and read as one object.
type composite struct {
	graphQLName string
	parts       []part
}

// part is one sub-field of a composite.
type part struct {
	name string
	typ  FieldType
	// textOut is a number that reads as a string: addressLat and addressLng.
	textOut bool
	// list is a JSON part that reads as [] when unset.
	list bool
}

func (c *composite) part(name string) (part, bool) {
	for _, p := range c.parts {
		if p.name == name {
			return p, true
		}
	}
	return part{}, false
}

// composites are the composite types with their GraphQL names. Read only.
var composites = map[FieldType]*composite{
	TypeFullName: {"FullName", []part{{name: "firstName", typ: TypeText}, {name: "lastName", typ: TypeText}}},
	TypePhones: {"Phones", []part{
		{name: "primaryPhoneNumber", typ: TypeText},
		{name: "primaryPhoneCountryCode", typ: TypeText},
		{name: "primaryPhoneCallingCode", typ: TypeText},
		{name: "additionalPhones", typ: TypeRawJSON, list: true},
	}},
	TypeEmails: {"Emails", []part{{name: "primaryEmail", typ: TypeText}, {name: "additionalEmails", typ: TypeRawJSON, list: true}}},
	TypeLinks: {"Links", []part{
		{name: "primaryLinkLabel", typ: TypeText}, {name: "primaryLinkUrl", typ: TypeText}, {name: "secondaryLinks", typ: TypeRawJSON, list: true},
	}},
	TypeCurrency: {"Currency", []part{{name: "amountMicros", typ: TypeNumeric}, {name: "currencyCode", typ: TypeText}}},
	TypeAddress: {"Address", []part{
		{name: "addressStreet1", typ: TypeText},
		{name: "addressStreet2", typ: TypeText},
		{name: "addressCity", typ: TypeText},
		{name: "addressPostcode", typ: TypeText},
		{name: "addressState", typ: TypeText},
		{name: "addressCountry", typ: TypeText},
		{name: "addressLat", typ: TypeNumeric, textOut: true},
		{name: "addressLng", typ: TypeNumeric, textOut: true},
	}},
	TypeActor: {"Actor", []part{
		{name: "source", typ: TypeSelect},
		{name: "workspaceMemberId", typ: TypeUUID},
		{name: "name", typ: TypeText},
		{name: "context", typ: TypeRawJSON},
	}},
	TypeRichText: {"RichText", []part{{name: "blocknote", typ: TypeText}, {name: "markdown", typ: TypeText}}},
}

// actorSources are the values of createdBy.source.
var actorSources = []string{
	"EMAIL", "CALENDAR", "WORKFLOW", "AGENT", "API", "IMPORT", "MANUAL", "SYSTEM", "WEBHOOK", "APPLICATION",
}

// ratings are the options of every RATING field.
var ratings = []string{"RATING_1", "RATING_2", "RATING_3", "RATING_4", "RATING_5"}

func (t FieldType) isRelation() bool { return t == TypeRelation || t == TypeMorph }

func (t FieldType) isNumber() bool { return t == TypeNumber || t == TypeNumeric || t == TypePosition }
