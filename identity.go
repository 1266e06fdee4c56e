package helix

import "time"

// User is a FortyTwo user in the gateway's workspace, as FortyTwo itself answered for his token.
type User struct {
	ID       string   // FortyTwo user id, global to the person
	Member   MemberID // workspace member id
	Name     string   // full name
	Email    string   // lower case
	Roles    []string // labels of his roles
	Locale   string
	TimeZone string
}

// Caller is who sends a request. Exactly one of the two is set: a signed-in user, or a CRM's API key.
type Caller struct {
	User       *User
	Token      string   // the user's bearer token, handed on to FortyTwo; never logged
	TokenHash  [32]byte // SHA-256 of Token, by which what is kept for the token is found
	ExpiresAt  time.Time
	Seat       *AgentSeat // the user's seat in the agent directory, or nil
	Supervisor bool
	APIKeyID   string // which CRM key, never the key itself
}

// Key names the caller for limits and shared requests: stable, opaque and free of secrets.
func (c *Caller) Key() string {
	switch {
	case c == nil:
		return "anonymous"
	case c.User != nil:
		return "user:" + c.User.ID
	default:
		return "key:" + c.APIKeyID
	}
}

// Session is the outcome of a sign-in or a refresh.
type Session struct {
	AccessToken  string
	ExpiresAt    time.Time
	RefreshToken string
}
