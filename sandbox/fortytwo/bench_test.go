package fortytwo

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// listOf50 is what a work list asks for: about 4 kB over the hospital's seeded leads.
const listOf50 = `{"query":"query($f:LeadFilterInput){leads(first:50,filter:$f,orderBy:[{createdAt:DescNullsLast},{id:AscNullsFirst}])` +
	`{edges{node{id createdAt leadStatus assigneeId}}}}","variables":{"f":{"and":[{"leadStatus":{"in":["NEW","CONTACTED","QUALIFIED"]}}]}}}`

// BenchmarkRequests measures whole requests without a socket.
func BenchmarkRequests(b *testing.B) {
	for _, line := range []Line{Line27, Line15} {
		server, err := New(Options{Seed: 1, Line: line, Rate: RateLimit{Off: true}})
		if err != nil {
			b.Fatal(err)
		}
		token, err := server.AccessToken("asha@sandbox.test")
		if err != nil {
			b.Fatal(err)
		}
		var ids []string
		for _, r := range server.main().tables[server.main().objectNamed("lead")].records[:50] {
			ids = append(ids, `\"`+r.id+`\"`)
		}
		for name, body := range map[string]string{
			"50 leads": listOf50,
			"50 leads by id": fmt.Sprintf(`{"query":"{leads(first:50,filter:{id:{in:[%s]}}){edges{node{id createdAt leadStatus assigneeId}}}}"}`,
				strings.Join(ids, ",")),
			"introspection": fmt.Sprintf(`{"query":%q}`, wholeSchema),
		} {
			b.Run(string(line)+" "+name, func(b *testing.B) {
				b.ReportAllocs()
				handler := server.Handler()
				size := 0
				for b.Loop() {
					request := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
					request.Header.Set("Content-Type", "application/json")
					request.Header.Set("Authorization", "Bearer "+token)
					recorder := httptest.NewRecorder()
					handler.ServeHTTP(recorder, request)
					size = recorder.Body.Len()
					if recorder.Code != http.StatusOK || strings.Contains(recorder.Body.String()[:20], "errors") {
						b.Fatal(recorder.Body.String())
					}
				}
				b.ReportMetric(float64(size), "B/answer")
			})
		}
	}
}
