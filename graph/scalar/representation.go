package scalar

import (
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"

	helix "github.com/helix-engage/gateway"
)

// Representation refers to an entity, as routers of Apollo Federation do: an object with `__typename` and the fields of the
// key.
type Representation struct {
	Type string
	ID   string
	Err  error // BAD_USER_INPUT when it refers to nothing; the others of its list are answered all the same
}

// MarshalRepresentation writes a reference.
func MarshalRepresentation(r Representation) graphql.Marshaler {
	raw, err := json.Marshal(map[string]string{"__typename": r.Type, "id": r.ID})
	if err != nil {
		return graphql.Null
	}
	return MarshalJSON(raw)
}

// UnmarshalRepresentation reads a reference. One that is malformed keeps what is wrong with it.
func UnmarshalRepresentation(v any) (r Representation, _ error) {
	fields, ok := v.(map[string]any)
	if !ok {
		return Representation{Err: helix.BadInput("a representation is an object with __typename and id")}, nil
	}
	if r.Type, ok = fields["__typename"].(string); !ok || r.Type == "" {
		return Representation{Err: helix.BadInput("a representation needs its __typename")}, nil
	}
	id, ok := fields["id"]
	if !ok || id == nil {
		r.Err = helix.BadInput("a representation needs its id")
		return r, nil
	}
	r.ID, r.Err = UnmarshalUUID(id)
	return r, nil
}
