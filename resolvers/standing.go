package resolvers

import (
	"context"
	"encoding/json"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/auth"
)

// standingFor is how old FortyTwo's answer about a caller may be whose standing is asked for. With the ten seconds between two
// rounds, and as much for the answer to come, a subscription outlives its token by no more than a minute.
const standingFor = 40 * time.Second

// Standing names what the caller may be told of: everything, what is his desk's, what a key of the CRM asked for, or nothing.
// Who he is is asked anew; what is cached for his token counts while it is young. It is UNAUTHENTICATED for a token that is not valid any more.
func Standing(ctx context.Context) (string, error) {
	caller, err := auth.Anyone(auth.Recent(ctx, standingFor))
	if err != nil {
		return "", err
	}
	seat := helix.AgentID("")
	if caller.Seat != nil {
		seat = caller.Seat.Agent
	}
	name, err := json.Marshal([]any{caller.User != nil, caller.Supervisor, seat, caller.APIKeyID})
	return string(name), err
}
