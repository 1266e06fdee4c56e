package ozonetel

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Token is what the replicas share about the account's one token: a new token kills the one before, and only ten may
// be made in an hour (1). Value is a secret.
type Token struct {
	Value      string      `json:"value"`
	ObtainedAt time.Time   `json:"obtainedAt"`
	Generated  []time.Time `json:"generated"`         // generations that counted in the last hour, oldest first
	Renewing   time.Time   `json:"renewing,omitzero"` // since when a replica makes a new one; zero when none does
}

// ErrTokenConflict is what a [TokenStore] answers when somebody else saved first.
var ErrTokenConflict = errors.New("ozonetel: the token was saved by somebody else")

// TokenStore keeps the account's token for all replicas.
type TokenStore interface {
	// Load gives the token and its revision; a zero Token and revision 0 when nothing was saved yet.
	Load(ctx context.Context) (Token, uint64, error)
	// Save replaces the token of revision rev, 0 for the first, and gives the new revision. It answers
	// [ErrTokenConflict], wrapped or not, when rev is not the present revision.
	Save(ctx context.Context, t Token, rev uint64) (uint64, error)
}

// MemoryTokens is a TokenStore of one process. The zero value is empty and ready.
type MemoryTokens struct {
	mu    sync.Mutex
	token Token
	rev   uint64
}

// Load implements [TokenStore].
func (m *MemoryTokens) Load(context.Context) (Token, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token, m.rev, nil
}

// Save implements [TokenStore].
func (m *MemoryTokens) Save(_ context.Context, t Token, rev uint64) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rev != m.rev {
		return 0, ErrTokenConflict
	}
	m.token = t
	m.rev++
	return m.rev, nil
}
