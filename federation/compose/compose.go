package compose

import (
	"errors"

	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
)

// Compose makes one schema of local, a validated schema such as the generated executor has, and FortyTwo's. It edits
// neither. With a nil up the local part stands alone.
//
// Errors: UPSTREAM_REJECTED when the two do not compose, INTERNAL when local does not stand alone.
func Compose(local *ast.Schema, up *Upstream) (*Composed, error) {
	return nil, helix.Internal("compose", errors.ErrUnsupported)
}
