package fortytwo

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// ErrUnknown is the answer to a name that the emulator does not have.
var ErrUnknown = errors.New("fortytwo emulator: unknown")

// APIKey is the token of the key that a gateway uses; it may do everything.
func (s *Server) APIKey() string { return s.gatewayKey }

// AccessToken signs in a user of the hospital, or of the other workspace, without the two steps. Error: ErrUnknown.
func (s *Server) AccessToken(email string) (string, error) {
	u := s.userByEmail(email)
	if u == nil {
		return "", fmt.Errorf("%w: user", ErrUnknown)
	}
	for _, ws := range s.workspaces {
		if ws.hasMember(u) {
			token, _ := s.accessToken(u, ws)
			return token, nil
		}
	}
	return "", fmt.Errorf("%w: membership", ErrUnknown)
}

// SetRole gives a user of the hospital another role, which acts at once on tokens already issued. Error: ErrUnknown.
func (s *Server) SetRole(email, label string) error {
	u := s.userByEmail(email)
	if u == nil {
		return fmt.Errorf("%w: user", ErrUnknown)
	}
	ws := s.main()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	role, m := ws.roleLabelled(label), ws.members[u.id]
	if role == nil || m == nil {
		return fmt.Errorf("%w: role or membership", ErrUnknown)
	}
	ws.members[u.id] = &membership{userWorkspaceID: m.userWorkspaceID, memberID: m.memberID, role: role}
	return nil
}

// AddRole gives the hospital another role. Error: one of that label is there.
func (s *Server) AddRole(r Role) error {
	ws := s.main()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.roleLabelled(r.Label) != nil {
		return fmt.Errorf("fortytwo emulator: a role %q is there", r.Label)
	}
	id := ws.newID()
	ws.roles[id] = &roleEntry{id: id, Role: r}
	return nil
}

// Record reads a record of the hospital as JSON members: composites nested, relations as <name>Id. Soft-deleted records are read
// too. Error: ErrUnknown.
func (s *Server) Record(object, id string) (map[string]any, error) {
	ws := s.main()
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	o := ws.objectNamed(object)
	if o == nil {
		return nil, fmt.Errorf("%w: object %q", ErrUnknown, object)
	}
	r := ws.tables[o].byID[id]
	if r == nil {
		return nil, fmt.Errorf("%w: record", ErrUnknown)
	}
	return recordJSON(o, r)
}

// Records reads the live records of an object in order of creation, in the form of Record. Error: ErrUnknown.
func (s *Server) Records(object string) ([]map[string]any, error) {
	ws := s.main()
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	o := ws.objectNamed(object)
	if o == nil {
		return nil, fmt.Errorf("%w: object %q", ErrUnknown, object)
	}
	var out []map[string]any
	for _, r := range ws.tables[o].records {
		if r.deleted() {
			continue
		}
		one, err := recordJSON(o, r)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

func recordJSON(o *objectMeta, r *record) (map[string]any, error) {
	var out map[string]any
	err := json.Unmarshal(appendJSON(nil, wholeRecord(o, r.row)), &out)
	return out, err
}

// Phones are the ten-digit mobile numbers of live leads and patients, each once, in order of creation.
func (s *Server) Phones() []string {
	ws := s.main()
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	var out []string
	seen := map[string]bool{}
	for _, object := range []string{"lead", "patient"} {
		o := ws.objectNamed(object)
		if o == nil {
			continue
		}
		for _, r := range ws.tables[o].records {
			inner, _ := r.row["phone"].(row)
			if number := asText(inner["primaryPhoneNumber"]); number != "" && !r.deleted() && !seen[number] {
				seen[number] = true
				out = append(out, number)
			}
		}
	}
	return out
}

// MetadataVersion is the hospital's, as currentWorkspace tells it.
func (s *Server) MetadataVersion() int {
	ws := s.main()
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	return ws.version
}

// WebhookCounts tell what became of webhooks: delivered, failed, dropped because the queue was full.
type WebhookCounts struct {
	Delivered int64 `json:"delivered"`
	Failed    int64 `json:"failed"`
	Dropped   int64 `json:"dropped"`
}

// WebhookCounts are counted since the start.
func (s *Server) WebhookCounts() WebhookCounts {
	return WebhookCounts{Delivered: s.hooks.sent.Load(), Failed: s.hooks.failed.Load(), Dropped: s.hooks.dropped.Load()}
}

// Subscribe registers a webhook at the hospital, as createWebhook does. Error: too many.
func (s *Server) Subscribe(targetURL, secret string, operations ...string) error {
	ws := s.main()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if len(ws.webhooks) >= maxWebhooks {
		return errors.New("fortytwo emulator: too many webhooks")
	}
	ws.webhooks = append(ws.webhooks, &webhook{
		id: ws.newID(), targetURL: targetURL, secret: secret, operations: slices.Clone(operations), createdAt: ws.now(),
	})
	return nil
}
