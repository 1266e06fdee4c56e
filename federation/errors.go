package federation

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// faultsOf presents an error of ours as the executor would, without a path: that is where it is asked.
func faultsOf(ctx context.Context, err error) gqlerror.List {
	ctx = graphql.WithFreshResponseContext(ctx)
	graphql.AddError(ctx, err)
	faults := graphql.GetErrors(ctx)
	for _, f := range faults {
		f.Path = nil
	}
	return faults
}
