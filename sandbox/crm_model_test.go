package sandbox_test

import (
	"strings"
	"testing"

	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/fortytwo"
)

func TestAnAdministratorChangesTheDataModelThroughTheControlServer(t *testing.T) {
	t.Parallel()
	for _, line := range []fortytwo.Line{fortytwo.Line27, fortytwo.Line15} {
		t.Run(string(line), func(t *testing.T) {
			t.Parallel()
			s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff, FortyTwoLine: line})
			schema := func() string {
				_, out := s.query("/graphql", `{ __schema { queryType { fields { name } } types { name fields { name } } } }`)
				return asJSON(t, out)
			}
			version := func() int { return s.FortyTwo().MetadataVersion() }
			for _, c := range []struct{ path, body, appears, disappears string }{
				{"objects", `{"singular":"ward","plural":"wards","fields":[{"name":"beds","type":"NUMBER"}]}`, `"beds"`, "nothing"},
				{"fields/rename", `{"object":"ward","name":"beds","to":"bedCount"}`, `"bedCount"`, `"beds"`},
				{"fields/remove", `{"object":"ward","name":"bedCount"}`, `"wards"`, `"bedCount"`},
				{"objects/deactivate", `{"object":"ward"}`, `"calls"`, `"wards"`},
				{"objects/deactivate", `{"object":"ward","active":true}`, `"wards"`, "nothing"},
			} {
				before := version()
				s.ok("POST", "/sandbox/fortytwo/"+c.path, c.body)
				got := schema()
				if !strings.Contains(got, c.appears) || strings.Contains(got, c.disappears) {
					t.Errorf("after %s %s: %t, %t", c.path, c.body, strings.Contains(got, c.appears), strings.Contains(got, c.disappears))
				}
				if version() <= before {
					t.Errorf("after %s %s the metadata version is %d as before", c.path, c.body, version())
				}
			}
		})
	}
}
