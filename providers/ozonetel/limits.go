package ozonetel

import (
	"time"

	"github.com/helix-engage/gateway/providers"
)

// The families whose requests the account counts (0). The time between tokens is kept by [TokenStore], for all replicas
// together.
const (
	familyCDR          = "cdr" // all of 9
	familySummary      = "summary"
	familyAHT          = "aht"
	familyAgentLogins  = "agentLogins"
	familyAgentDetails = "agentDetails"
)

// limitWindow is the vendor's minute and what requests may be apart on their way there.
const limitWindow = 61 * time.Second

// limits are the documented ones.
func limits() map[string]providers.Limit {
	return map[string]providers.Limit{
		familyCDR:          {Requests: 2, Per: limitWindow},
		familySummary:      {Requests: 5, Per: limitWindow},
		familyAHT:          {Requests: 50, Per: limitWindow},
		familyAgentLogins:  {Requests: 5, Per: limitWindow},
		familyAgentDetails: {Requests: 10, Per: limitWindow},
	}
}
