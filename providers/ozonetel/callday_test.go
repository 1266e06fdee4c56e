package ozonetel_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers/ozonetel"
	emulator "github.com/helix-engage/gateway/sandbox/ozonetel"
)

const colleague helix.Phone = "+919800000007"

// talk dials the patient and lets him and the agent talk.
func (a *account) talk(t *testing.T, client *ozonetel.Client, seat helix.AgentSeat) helix.Call {
	t.Helper()
	a.SetDialPlan(func() emulator.DialPlan { return emulator.DialPlan{Outcome: emulator.HandDriven} })
	ucid, err := client.Dial(t.Context(), seat, patient, ourID)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the agent's leg, then the patient's
		a.Advance(5 * time.Second)
		if err := a.Answer(ucid); err != nil {
			t.Fatal(err)
		}
	}
	return helix.Call{ProviderCallID: ucid, DID: seat.DID, Phone: patient}
}

func TestACallUnderControl(t *testing.T) {
	t.Parallel()
	for mode := range modes {
		t.Run("with "+string(mode), func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, mode)
			client, seat := a.client(t), a.ready(t)
			call := a.talk(t, client, seat)
			control := func(action helix.ControlAction, number helix.Phone) {
				t.Helper()
				if err := client.Control(t.Context(), seat, call, action, number); err != nil {
					t.Fatalf("%s: %v", action, err)
				}
			}
			check := func(what string, ok func(emulator.CallView) bool) {
				t.Helper()
				if view, err := a.Call(call.ProviderCallID); err != nil || !ok(view) {
					t.Errorf("%s: the call is %+v, %v", what, view, err)
				}
			}
			control(helix.ControlHold, "")
			check("hold", func(v emulator.CallView) bool { return v.Held })
			control(helix.ControlUnhold, "")
			check("unhold", func(v emulator.CallView) bool { return !v.Held })
			control(helix.ControlMute, "")
			check("mute", func(v emulator.CallView) bool { return v.Muted })
			control(helix.ControlUnmute, "")
			check("unmute", func(v emulator.CallView) bool { return !v.Muted })
			for _, paused := range []bool{true, true, false} {
				if err := client.SetRecording(t.Context(), call.ProviderCallID, paused); err != nil {
					t.Fatal(err)
				}
				check("recording", func(v emulator.CallView) bool { return v.RecordingPaused == paused })
			}
			control(helix.ControlConference, colleague)
			if err := a.JoinConference(call.ProviderCallID); err != nil {
				t.Fatal(err)
			}
			check("conference", func(v emulator.CallView) bool {
				return len(v.Parties) == 1 && v.Parties[0].State == emulator.PartyJoined
			})
			control(helix.ControlKick, "") // the agent leaves patient and colleague to each other
			check("transfer", func(v emulator.CallView) bool { return v.AgentGone && v.EndedAt.IsZero() })

			if err := client.Control(t.Context(), seat, call, helix.ControlHold, ""); !helix.IsCode(err, helix.CodeNotFound) {
				t.Errorf("hold of a call that the agent left: %v", err)
			}
			if err := client.SetRecording(t.Context(), "11111111111111111", true); !helix.IsCode(err, helix.CodeNotFound) {
				t.Errorf("recording of a call that does not exist: %v", err)
			}
			if n := a.RequestCount("phoneManageV2"); n != 1 {
				t.Errorf("the phone's name was asked for %d times", n)
			}
		})
	}
}

func TestAConferenceIsSentOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]emulator.Fault{
		"a reset after it": {Kind: emulator.FaultReset, AfterEffect: true},
		"a 502 after it":   {Kind: emulator.FaultStatus, Status: 502, AfterEffect: true},
		"garbage":          {Kind: emulator.FaultGarbage, AfterEffect: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.AuthToken)
			client, seat := a.client(t), a.ready(t)
			call := a.talk(t, client, seat)
			fault.Endpoint = "CallControl_V4"
			if err := a.Fail(fault); err != nil {
				t.Fatal(err)
			}
			err := client.Control(t.Context(), seat, call, helix.ControlConference, colleague)
			if !helix.IsCode(err, helix.CodeUnknownOutcome) || a.RequestCount("CallControl_V4") != 1 {
				t.Errorf("%v after %d requests", err, a.RequestCount("CallControl_V4"))
			}
			if err := client.Control(t.Context(), seat, call, helix.ControlHold, ""); err != nil {
				t.Errorf("hold after it: %v", err)
			}
		})
	}
}

// TestADayOfCalls reads in the account's reports what happened in it.
func TestADayOfCalls(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	client, seat := a.client(t), a.ready(t)
	missed, err := a.RingIn("9800000003", emulator.CallerPlan{})
	if err != nil {
		t.Fatal(err)
	}
	a.Advance(20 * time.Second)
	if err := a.Abandon(missed); err != nil {
		t.Fatal(err)
	}
	began := a.line.Now()
	call := a.talk(t, client, seat)
	a.Advance(60 * time.Second)
	if err := a.Hangup(call.ProviderCallID, emulator.UserHangup); err != nil {
		t.Fatal(err)
	}
	a.Advance(15 * time.Second)
	disposal := ozonetel.Disposal{ProviderCallID: call.ProviderCallID, Label: "Appointment Booked", Notes: "wants a reminder"}
	if _, err := client.Dispose(t.Context(), seat, disposal); err != nil {
		t.Fatal(err)
	}
	a.Advance(time.Minute)

	day, err := client.CallRecords(t.Context(), date(14))
	if err != nil || len(day.Records) != 2 {
		t.Fatalf("%+v, %v; want two records", day, err)
	}
	lost, answered := day.Records[0], day.Records[1]
	if lost.Outcome != ozonetel.OutcomeMissed || lost.Report.ProviderCallID != missed || lost.Report.Phone != "+919800000003" ||
		!lost.Report.At.Equal(morning) || lost.Report.Total != 20*time.Second || lost.Report.Direction != helix.Inbound {
		t.Errorf("the missed call is %+v", lost)
	}
	want := ozonetel.CallRecord{
		ID: call.ProviderCallID, Outcome: ozonetel.OutcomeAnswered, Agents: []helix.AgentID{seat.Agent}, Notes: "wants a reminder",
		AnsweredAt: began.Add(10 * time.Second), Ring: 10 * time.Second, WrapUp: 15 * time.Second, Handling: 85 * time.Second,
		Report: helix.CallReport{
			Kind: helix.ReportDetails, Provider: helix.ProviderOzonetel, ProviderCallID: call.ProviderCallID, LegID: call.ProviderCallID,
			OurCall: ourID, Direction: helix.Outbound, Phone: patient, DID: seat.DID, Campaign: seat.Campaign, Agent: seat.Agent,
			AgentName: "Asha", At: began, EndedAt: began.Add(70 * time.Second), Answered: true, Total: 70 * time.Second, Talk: 60 * time.Second,
			EndReason: helix.EndPatientHungUp, Disposition: "Appointment Booked", RecordingURL: answered.Report.RecordingURL,
		},
	}
	if diff := cmp.Diff(want, answered); diff != "" || answered.Report.RecordingURL == "" {
		t.Errorf("the answered call is\n%s", diff)
	}
	if one, err := client.CallRecord(t.Context(), date(14), call.ProviderCallID); err != nil || cmp.Diff(want, one) != "" {
		t.Errorf("alone it is %+v, %v", one, err)
	}
	if _, err := client.CallRecord(t.Context(), date(14), "11111111111111111"); !helix.IsCode(err, helix.CodeNotFound) {
		t.Errorf("an unknown call: %v", err)
	}

	days, _, err := client.AgentDays(t.Context(), date(14))
	i := slices.IndexFunc(days, func(d ozonetel.AgentDay) bool { return d.Agent == seat.Agent })
	if err != nil || i < 0 {
		t.Fatalf("agents' days are %+v, %v", days, err)
	}
	if d := days[i]; d.Login == 0 || d.WrapUp != 15*time.Second || d.Busy+d.Dials < 60*time.Second || d.Busy+d.Idle+d.Pause+d.WrapUp+d.Dials > d.Login {
		t.Errorf("the agent's day is %+v", d)
	}
	average, err := client.AgentAHT(t.Context(), seat.Agent)
	if ofAll, err2 := client.CampaignAHT(t.Context(), seat.Campaign); err != nil || err2 != nil || average == 0 || ofAll != average {
		t.Errorf("the average is %v, %v, of the campaign %v, %v", average, err, ofAll, err2)
	}
}

func TestACampaignIsStoppedAndStarted(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthAPIKey)
	client, name := a.client(t), a.Account().Campaign.Name
	for _, run := range []bool{false, true} {
		if err := client.SetCampaign(t.Context(), name, run); err != nil {
			t.Fatal(err)
		}
		got, err := client.CampaignStatus(t.Context(), name)
		if err != nil || got.Name != name || (got.Position == "RUNNING") != run {
			t.Errorf("the campaign is %+v, %v; want running: %t", got, err, run)
		}
	}
	if _, err := client.CampaignStatus(t.Context(), "none"); !helix.IsCode(err, helix.CodeNotFound) {
		t.Errorf("an unknown campaign: %v", err)
	}
}
