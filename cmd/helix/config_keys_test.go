package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/internal/auth"
)

func TestKeysOfTheCRMAreReadAndHashed(t *testing.T) {
	t.Parallel()
	const first, second, third = "0123456789ab", "sandbox-crm-key", "A~key_of.12-or-more"
	for _, c := range []struct {
		name, value string
		want        []auth.APIKey
	}{
		{"none", "", []auth.APIKey{}},
		{"one without a name", first, []auth.APIKey{auth.NewAPIKey("crm", first)}},
		{"several, some of one name", "lab:" + first + ", lab:" + second + " ," + third + ",", []auth.APIKey{
			auth.NewAPIKey("lab", first), auth.NewAPIKey("lab", second), auth.NewAPIKey("crm", third),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config, err := LoadConfig(map[string]string{"HELIX_SECRET": testSecret, "CRM_API_KEYS": c.value})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, config.CRM.Keys()); diff != "" {
				t.Fatal(diff)
			}
			var shown strings.Builder
			for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
				fmt.Fprintf(&shown, verb, config.CRM)
			}
			text, err := json.Marshal(config.CRM)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{first, second, third} {
				if strings.Contains(shown.String()+string(text), key) {
					t.Errorf("a key is shown: %s %s", shown.String(), text)
				}
			}
		})
	}
}

func TestAKeyThatCannotBeIsAFaultThatDoesNotShowIt(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"short": "crm:0123456789a", "short without a name": "0123456789a", "no key": "crm:", "no name": ":0123456789ab", "a name with blanks": "my crm:0123456789ab",
		"a name that is long": strings.Repeat("n", 33) + ":0123456789ab", "a key with a colon": "crm:0123456789ab:cdef", "a key with blanks": "0123456789ab cdef",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := LoadConfig(map[string]string{"HELIX_SECRET": testSecret, "CRM_API_KEYS": "good:0123456789abcdef," + value})
			if err == nil || !strings.Contains(err.Error(), "CRM_API_KEYS has a key") || strings.Contains(err.Error(), "0123456789a") {
				t.Fatalf("got %v", err)
			}
		})
	}
}
