package transport

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	helix "github.com/helix-engage/gateway"
)

// A document that is named instead of sent reaches the executor as an extension, whichever way it came.
func TestADocumentMayBeNamed(t *testing.T) {
	t.Parallel()
	persisted := map[string]any{"persistedQuery": map[string]any{"sha256Hash": "a"}}
	for name, tt := range map[string]struct {
		body, query string // of a POST and of a GET
		want        map[string]any
		refused     string
	}{
		"by its id": {`{"documentId":"sha256:a"}`, `documentId=sha256%3Aa`, map[string]any{"documentId": "sha256:a"}, ""},
		"by the hash of a persisted query": {
			`{"extensions":{"persistedQuery":{"sha256Hash":"a"}}}`, `extensions={"persistedQuery":{"sha256Hash":"a"}}`, persisted, "",
		},
		"the parameter counts before an extension of its name": {
			`{"documentId":"a","extensions":{"documentId":"b"}}`, `documentId=a&extensions={"documentId":"b"}`, map[string]any{"documentId": "a"}, "",
		},
		"an empty id is none": {
			`{"documentId":""}`, `documentId=`, nil, "query is missing: it must be a string that holds a GraphQL document",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			posted, errPost := parseParams([]byte(tt.body))
			got, errGet := parseQueryString(tt.query)
			if tt.refused != "" {
				for _, err := range []error{errPost, errGet} {
					if coded, ok := errors.AsType[*helix.Error](err); !ok || coded.Message != tt.refused {
						t.Errorf("error %v", err)
					}
				}
				return
			}
			if errPost != nil || errGet != nil {
				t.Fatal(errPost, errGet)
			}
			if diff := cmp.Diff(tt.want, posted.Extensions); diff != "" {
				t.Errorf("POST (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, got.Extensions); diff != "" {
				t.Errorf("GET (-want +got):\n%s", diff)
			}
		})
	}
}
