package ozonetel

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// maxPhoneNames bounds the book of phone names; a full one is begun anew.
const maxPhoneNames = 4096

// phoneNames remembers the label that the account gives to each agent's phone. Labels change when the account's
// administrator renames a phone, which takes a restart here.
type phoneNames struct {
	mu   sync.Mutex
	book map[string]string
}

func (p *phoneNames) get(number string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name, known := p.book[number]
	return name, known
}

func (p *phoneNames) keep(number, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.book == nil || len(p.book) >= maxPhoneNames {
		p.book = map[string]string{}
	}
	p.book[number] = name
}

// phoneName gives the label of an agent's phone, which call control asks for instead of the number (0, 6). A phone to
// which the account gives no label is named by its number.
func (c *Client) phoneName(ctx context.Context, number string) (string, error) {
	if name, known := c.phones.get(number); known {
		return name, nil
	}
	name := ""
	err := c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.phone_name", Family: "phones", Safety: providers.Safe, Timeout: controlTimeout},
		method: http.MethodGet, path: "/ca_apis/phoneManageV2", fields: map[string]any{"action": "get", "phoneNumber": number},
		expect: expectation{accept: noData, read: func(a answer) error {
			name = readPhoneName(a)
			return nil
		}},
	})
	if err != nil && (errors.Is(err, providers.ErrCredentials) || !helix.IsCode(err, helix.CodeRejected)) {
		return "", err
	}
	if name == "" {
		name = number
	}
	c.phones.keep(number, name)
	return name, nil
}

// readPhoneName finds the label wherever the answer has it: as a member, in a row, or as the whole text (11). A text
// of several words is a message, for labels serve as identifiers.
func readPhoneName(a answer) string {
	if name := a.members.text("phoneName"); name != "" {
		return name
	}
	var rows []members
	if a.rows(&rows) == nil {
		for _, row := range rows {
			if name := row.text("phoneName"); name != "" {
				return name
			}
		}
	}
	if !strings.ContainsAny(a.text, " \t\n") && statusWords[strings.ToLower(a.text)] == unclear {
		return a.text
	}
	return ""
}
