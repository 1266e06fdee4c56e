package resolvers

import (
	"testing"

	helix "github.com/helix-engage/gateway"
)

func TestStandingsDifferWhereWhatIsToldDoes(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, who := range []string{"agent1/asha", "agent2/ravi", "supervisor/meera", "nobody/x", "key:crm", "key:lab"} {
		standing, err := Standing(as(t, who))
		if err != nil || seen[standing] != "" {
			t.Errorf("%s: %s, like %q, %v", who, standing, seen[standing], err)
		}
		seen[standing] = who
		if again, err := Standing(as(t, who)); again != standing || err != nil {
			t.Errorf("%s: %s then %s, %v", who, standing, again, err)
		}
	}
	for _, who := range []string{"", "key:made up"} {
		if standing, err := Standing(as(t, who)); !helix.IsCode(err, helix.CodeUnauthenticated) {
			t.Errorf("%q: %s, %v", who, standing, err)
		}
	}
}
