package ozonetel_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers/ozonetel"
	emulator "github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestAStuckLineIsReleased(t *testing.T) {
	t.Parallel()
	for mode := range modes {
		a := newAccount(t, mode)
		client, seat := a.client(t), a.ready(t)
		if err := a.StickLine(string(seat.Agent)); err != nil {
			t.Fatal(err)
		}
		for _, want := range [][]string{{seat.SIPExtension}, nil} {
			got, err := client.ReleaseLines(t.Context())
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("with %s: %v\n%s", mode, err, diff)
			}
		}
	}
	s := newScript(t, map[string]string{"/ca_apis/releaseFwpNumber": `{"status":"error","message":"userName or apiKey not valid"}`})
	if _, err := s.client(t).ReleaseLines(t.Context()); !helix.IsCode(err, helix.CodeRejected) {
		t.Errorf("wrong credentials: %v", err)
	}
}

func TestAPhoneIsDialledFromWithoutItsAgent(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	a.SetDialPlan(func() emulator.DialPlan { return emulator.DialPlan{Outcome: emulator.HandDriven} })
	client, seat, desk := a.client(t), a.seat(0), a.Profiles()[0].PhoneName
	ucid, err := client.DialPhone(t.Context(), seat, desk, patient, ourID, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	call, err := a.Call(ucid)
	if err != nil || call.UUI != string(ourID) || call.Phone != patient.Last10() {
		t.Errorf("the call %q is %+v, %v", ucid, call, err)
	}
	for name, c := range map[string]struct {
		desk  string
		phone helix.Phone
		code  helix.Code
	}{
		"a phone in use":    {desk, patient, helix.CodeRejected},
		"an unknown phone":  {"nobody's", patient, helix.CodeRejected},
		"no phone":          {"", patient, helix.CodeBadInput},
		"no number to dial": {desk, "", helix.CodeBadInput},
	} {
		if _, err := client.DialPhone(t.Context(), seat, c.desk, c.phone, ourID, 0); !helix.IsCode(err, c.code) {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if n := len(a.Calls()); n != 1 {
		t.Errorf("%d calls were placed", n)
	}
}
