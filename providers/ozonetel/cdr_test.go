package ozonetel_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

func TestWhatARecordSays(t *testing.T) {
	t.Parallel()
	c := decoder(t)
	for name, tc := range map[string]struct {
		body string
		want func(r *helix.CallReport)
	}{
		"a missed call has no talk": {
			change(cdr, `"Status":"Answered"`, `"Status":"NotAnswered"`, `"AgentID":"ravi01"`, `"AgentID":"None"`, `"AgentName":"Ravi"`, `"AgentName":""`,
				`"Disposition":"Booked"`, `"Disposition":""`, `"AudioFile":"http://recordings.example/x.mp3"`, `"AudioFile":"None"`),
			func(r *helix.CallReport) {
				r.Answered, r.Talk, r.Agent, r.AgentName, r.Disposition, r.RecordingURL = false, 0, "", "", "", ""
			},
		},
		"a dial of ours carries our id": {
			change(cdr, `"Type":"inbound"`, `"Type":"Manual"`, `"UUI":"General"`, `"UUI":"6F1D5C1E-7C0E-4A53-9D0A-0123456789AB"`, `"UserHangup"`, `"AgentHangup"`),
			func(r *helix.CallReport) {
				r.Direction, r.OurCall, r.EndReason = helix.Outbound, ourID, helix.EndAgentHungUp
			},
		},
		"a dial that nobody answered was not hung up": {
			change(cdr, `"Type":"inbound"`, `"Type":"progressive"`, `"Status":"Answered"`, `"Status":"NotAnswered"`, `"UserHangup"`, `"AgentHangup"`),
			func(r *helix.CallReport) {
				r.Direction, r.Answered, r.Talk, r.EndReason = helix.Outbound, false, 0, helix.EndNotAnswered
			},
		},
		"a leg has an id of its own": {
			change(cdr, `"Location":"Pune"`, `"UCID":21799900000000460`),
			func(r *helix.CallReport) { r.LegID = "21799900000000460" },
		},
		"a withheld number is none": {
			change(cdr, `"CallerID":"919800000001"`, `"CallerID":"anonymous"`),
			func(r *helix.CallReport) { r.Phone = "" },
		},
		"a missing total is the time between": {
			change(cdr, `"CallDuration":"00:00:45"`, `"CallDuration":""`),
			func(*helix.CallReport) {},
		},
		"a missing end follows from the total": {
			change(cdr, `"EndTime":"2026-01-14 16:11:05"`, `"EndTime":"None"`),
			func(*helix.CallReport) {},
		},
		"a missing start follows from the end": {
			change(cdr, `"StartTime":"2026-01-14 16:10:20"`, `"StartTime":null`),
			func(*helix.CallReport) {},
		},
		"without times it ended just now": {
			change(cdr, `"StartTime":"2026-01-14 16:10:20"`, `"StartTime":""`, `"EndTime":"2026-01-14 16:11:05"`, `"EndTime":""`),
			func(r *helix.CallReport) { r.EndedAt, r.At = morning, morning.Add(-45*time.Second) },
		},
		"a call may last longer than a day": {
			change(cdr, `"CallDuration":"00:00:45"`, `"CallDuration":"27:00:45"`, `"Duration":"00:00:36"`, `"Duration":"26:59:36"`),
			func(r *helix.CallReport) {
				r.Total, r.Talk = 27*time.Hour+45*time.Second, 26*time.Hour+59*time.Minute+36*time.Second
			},
		},
		"talk is never longer than the call": {
			change(cdr, `"Duration":"00:00:36"`, `"Duration":"00:10:00"`),
			func(r *helix.CallReport) { r.Talk = 45 * time.Second },
		},
		"a recording that is no web address is none": {
			change(cdr, `http://recordings.example/x.mp3`, `file:///etc/passwd`),
			func(r *helix.CallReport) { r.RecordingURL = "" },
		},
		"an unknown side hung up": {
			change(cdr, `"UserHangup"`, `"SystemHangup"`),
			func(r *helix.CallReport) { r.EndReason = helix.EndOther },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := details
			tc.want(&want)
			got, err := c.DecodeCDR(formType, []byte(form(tc.body)))
			if diff := cmp.Diff(helix.ProviderReports{Calls: []helix.CallReport{want}}, got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func FuzzDecodeCDR(f *testing.F) {
	for _, body := range []string{cdr, form(cdr), "[" + cdr + "," + cdr + "]", "monitorUCID=1&Status=Answered&Duration=99:00:00", `{"data":{"UCID":1e9}}`} {
		f.Add(formType, []byte(body))
	}
	c := decoder(f)
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		got, err := c.DecodeCDR(contentType, body)
		checkDecoded(t, got, err)
		for _, r := range got.Calls {
			if r.Talk > r.Total || (!r.Answered && r.Talk != 0) || r.Talk < 0 {
				t.Fatalf("the report %+v has a talk that cannot be", r)
			}
		}
	})
}
