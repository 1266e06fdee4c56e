package fortytwo

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

const benchRows = 22 // a desk shows twenty

// cannedPage is an answer of FortyTwo with a full page.
func cannedPage(plural string) []byte {
	var edges []string
	for i := range benchRows {
		id, at := fmt.Sprintf("a0000000-0000-4000-8000-%012d", i), fmt.Sprintf("2026-05-01T09:%02d:00.000Z", i)
		edges = append(edges, fmt.Sprintf(
			`{"node":{"id":%q,"name":"Call back","remark":"before noon","dueAt":%q,"createdAt":%q,"leadId":%q,"patientId":null,`+
				`"phone":{"primaryPhoneNumber":"9812345678","primaryPhoneCallingCode":"+91"},"patient":null,`+
				`"lead":{"id":%q,"name":"Lakshmi Rao","fullName":{"firstName":"Lakshmi","lastName":"Rao"},`+
				`"phone":{"primaryPhoneNumber":"9812345678","primaryPhoneCallingCode":"+91"}}}}`, id, at, at, leadID, leadID))
	}
	return fmt.Appendf(nil, `{"data":{%q:{"totalCount":40,"edges":[%s]}}}`, plural, strings.Join(edges, ","))
}

func benchModel(b *testing.B) *model { return resolve(1, metadataOf(b, defaultObjects()), nil) }

// BenchmarkWorklist measures reading both sources of a work list with all counts, over HTTP, from an upstream that has its
// answers ready.
func BenchmarkWorklist(b *testing.B) {
	pages := map[string][]byte{"leads": cannedPage("leads"), "followUps": cannedPage("followUps")}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		doc, _ := io.ReadAll(r.Body)
		for plural, page := range pages {
			if strings.Contains(string(doc), plural+"(") {
				_, _ = w.Write(page)
			}
		}
	}))
	b.Cleanup(web.Close)
	kit, err := providers.NewHTTP(providers.Options{Provider: helix.ProviderFortyTwo})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(kit.Close)
	c, err := New(Options{URL: web.URL + "/graphql", APIKey: "server-key", Origin: "http://crm.test", HTTP: kit})
	if err != nil {
		b.Fatal(err)
	}
	c.model.Store(benchModel(b))
	q := helix.DueQuery{Limit: benchRows - 1, Total: true, Before: time.Date(2026, 5, 1, 9, 5, 0, 0, time.UTC)}
	b.ReportAllocs()
	for b.Loop() {
		g, ctx := errgroup.WithContext(b.Context())
		g.Go(func() error {
			_, counts, err := c.FollowUpsDue(ctx, helix.AsUser("u"), member, q)
			return expectCounts(counts, err)
		})
		g.Go(func() error {
			_, counts, err := c.LeadsWaiting(ctx, helix.AsUser("u"), member, q)
			return expectCounts(counts, err)
		})
		if err := g.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

func expectCounts(counts helix.DueCounts, err error) error {
	if err == nil && counts != (helix.DueCounts{Total: 40, Before: 5}) {
		err = fmt.Errorf("counted %+v", counts)
	}
	return err
}

// BenchmarkAnswer measures reading one page of follow-ups alone.
func BenchmarkAnswer(b *testing.B) {
	page, c, m := cannedPage("followUps"), &Client{}, benchModel(b)
	o := m.objects[helix.ObjectFollowUp]
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		err := c.judge(b.Context(), providers.Operation{}, providers.Response{Status: http.StatusOK, Body: page}, false, false, func(data json.RawMessage) error {
			found, ok := readConnection(valueOf(data, "followUps"))
			for _, n := range found.nodes {
				ok = ok && m.followUp(o, keyed{helix.DueKey{Due: n.time("dueAt"), ID: n.id()}, n}).Phone != ""
			}
			if !ok || len(found.nodes) != benchRows {
				return errShape
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
