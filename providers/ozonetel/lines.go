package ozonetel

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/helix-engage/gateway/providers"
)

// ReleaseLines frees every line of the account that is stuck, and gives their numbers (6). It may be repeated. Which
// further field would choose one line is not documented.
func (c *Client) ReleaseLines(ctx context.Context) ([]string, error) {
	var numbers []string
	err := c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.release_lines", Family: "phones", Safety: providers.Idempotent, Timeout: controlTimeout},
		method: http.MethodPost, path: "/ca_apis/releaseFwpNumber",
		expect: expectation{read: func(a answer) error {
			numbers = readLines(a)
			return nil
		}},
	})
	return numbers, err
}

// readLines reads what was released, empty numbers left out; a success that names none released none.
func readLines(a answer) []string {
	var list []FlexString
	if json.Unmarshal(a.members["FwpNumbers"], &list) != nil {
		return nil
	}
	var numbers []string
	for _, n := range list {
		if n.Value() != "" {
			numbers = append(numbers, n.Value())
		}
	}
	return numbers
}
