package ozonetel_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

// pop is a hit with every parameter that ozonetel.md 12.4 names.
const pop = "phoneNumber=9800000001&callerID=09800000001&customer=demo_account&ucid=21799900000000458&monitorUcid=21799900000000458" +
	"&did=918000000001&campaignID=31&type=Inbound&dataID=&uui=&skillName=General&agentID=ravi01&phoneName=ravi-desk&agentPhoneNumber=520011"

func TestScreenPops(t *testing.T) {
	t.Parallel()
	c := decoder(t)
	for name, tc := range map[string]struct {
		contentType, body string
		want              func(*helix.CallReport)
	}{
		"a query":               {formType, pop, nil},
		"without content type":  {"", pop, nil},
		"as JSON":               {jsonType, `{"callerID":"9800000001","ucid":21799900000000458,"did":"918000000001","type":"inbound","agentID":"ravi01"}`, nil},
		"only the phone number": {formType, change(pop, "callerID=09800000001", "callerID="), nil},
		"a withheld caller": {
			formType, change(pop, "callerID=09800000001", "callerID=anonymous", "phoneNumber=9800000001", "phoneNumber="),
			func(r *helix.CallReport) { r.Phone = "" },
		},
		"another leg": {
			formType, change(pop, "&ucid=21799900000000458", "&ucid=21799900000000999"),
			func(r *helix.CallReport) { r.LegID = "21799900000000999" },
		},
		"only the whole call": {formType, change(pop, "&ucid=21799900000000458", "&ucid="), nil},
		"a dial of ours": {
			formType, change(pop, "type=Inbound", "type=manual", "uui=", "uui="+string(ourID)),
			func(r *helix.CallReport) { r.Direction, r.OurCall = helix.Outbound, ourID },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := calling
			want.At, want.Undated = morning, true
			if tc.want != nil {
				tc.want(&want)
			}
			got, err := c.DecodeScreenPop(tc.contentType, []byte(tc.body))
			if diff := cmp.Diff(helix.ProviderReports{Calls: []helix.CallReport{want}}, got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
	if _, err := c.DecodeScreenPop(formType, []byte("customer=demo_account&ucid=")); !helix.IsCode(err, helix.CodeBadInput) {
		t.Errorf("a hit without a call: %v", err)
	}
}

func FuzzDecodeScreenPop(f *testing.F) {
	for _, body := range []string{pop, form(`{"ucid":"1"}`), `[{"monitorUcid":1e3},{"ucid":2}]`, "monitorUcid=1&agentID=a->b"} {
		f.Add(formType, []byte(body))
	}
	c := decoder(f)
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		got, err := c.DecodeScreenPop(contentType, body)
		checkDecoded(t, got, err)
		for _, r := range got.Calls {
			if r.Kind != helix.ReportOffered || r.LegID == "" {
				t.Fatalf("the report %+v is of no call that is offered", r)
			}
		}
	})
}
