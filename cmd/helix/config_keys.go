package main

import (
	"encoding"
	"fmt"
	"log/slog"
	"strings"

	"github.com/helix-engage/gateway/internal/auth"
)

const (
	minAPIKey  = 12 // characters; they are guessed over the network, where callers are limited
	maxKeyName = 32
	// defaultKeyName is whose key one without a name is.
	defaultKeyName = "crm"
	keyNameLetters = "abcdefghijklmnopqrstuvwxyz0123456789-_"
)

// APIKey is a configured key of the CRM or of a router, written as name:key or as key alone. Of the key only its hash is kept.
type APIKey struct {
	key   auth.APIKey
	fault string // what is wrong with it, without the key; "" when nothing is
	empty bool
}

var (
	_ encoding.TextMarshaler   = APIKey{}
	_ encoding.TextUnmarshaler = (*APIKey)(nil)
)

// UnmarshalText reads and hashes a key. What is wrong with it is told by [Config.checkKeys], with the other faults.
func (k *APIKey) UnmarshalText(text []byte) error {
	name, key, named := strings.Cut(strings.TrimSpace(string(text)), ":")
	if !named {
		name, key = defaultKeyName, name
	}
	switch {
	case key == "" && !named:
		k.empty = true
		return nil
	case name == "" || len(name) > maxKeyName || strings.Trim(name, keyNameLetters) != "":
		k.fault = "has a key whose name is none"
	case len(key) < minAPIKey || strings.Trim(key, pathSafe) != "":
		k.fault = "has a key that is short or does not fit into a header"
	}
	k.key = auth.NewAPIKey(name, key)
	return nil
}

// String tells the name alone.
func (k APIKey) String() string { return k.key.ID }

// GoString tells no more than String.
func (k APIKey) GoString() string { return fmt.Sprintf("APIKey(%q)", k.key.ID) }

// LogValue is what slog shows.
func (k APIKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText is what encoders show.
func (k APIKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Keys are the keys as the authenticator keeps them.
func (c CRMConfig) Keys() []auth.APIKey { return hashed(c.APIKeys) }

// Keys are the keys as the authenticator keeps them.
func (c FederationConfig) Keys() []auth.APIKey { return hashed(c.RouterKeys) }

func hashed(configured []APIKey) []auth.APIKey {
	keys := make([]auth.APIKey, len(configured))
	for i, k := range configured {
		keys[i] = k.key
	}
	return keys
}

func (c *Config) checkKeys(f *faults) {
	for _, of := range []struct {
		variable string
		keys     []APIKey
	}{{"CRM_API_KEYS", c.CRM.APIKeys}, {"FEDERATION_ROUTER_KEYS", c.Federation.RouterKeys}} {
		for _, k := range of.keys {
			if k.fault != "" {
				f.add(of.variable, k.fault, fmt.Sprintf(
					"write name:key, the name of a-z 0-9 - _, the key of %d or more of A-Z a-z 0-9 - _ . ~, e.g. the output of: openssl rand -hex 32", minAPIKey,
				))
			}
		}
	}
}
