package main

import (
	"bytes"
	"maps"
	"net/url"
	"strings"
	"testing"
)

// doctored runs `helix doctor` with the configuration of a system's gateway.
func (s *system) doctored(environment map[string]string, args ...string) (code int, said string) {
	s.t.Helper()
	address, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	all := sandboxEnvironment(s.sandbox, map[string]string{"HOST": "127.0.0.1", "PORT": address.Port(), "DATA_DIR": s.t.TempDir()})
	maps.Copy(all, environment)
	var out bytes.Buffer
	code = run(s.t.Context(), append([]string{"doctor"}, args...), environ(all), &out, newTestWriter(s.t))
	return code, out.String()
}

func TestDoctorTakesNoTokenFromARunningGateway(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	token := s.signIn("asha@sandbox.test")
	s.ask(token, `mutation { agentLogin(input: {}) { ok } }`, nil)
	s.ask(token, `mutation { setAgentState(input: {state: READY}) { ok } }`, nil)
	before := s.sandbox.Ozonetel().RequestCounts()["generateToken"]
	if before == 0 {
		t.Fatal("the gateway works without a token")
	}
	code, said := s.doctored(nil)
	if code != 0 || !strings.Contains(said, "fortytwo: up") || !strings.Contains(said, "ozonetel: up (says the gateway that runs here") {
		t.Errorf("exit code %d: %s", code, said)
	}
	if code, said = s.doctored(map[string]string{"PORT": "1"}); code != 0 || !strings.Contains(said, "ozonetel: not asked; no gateway answers") {
		t.Errorf("without a gateway: exit code %d: %s", code, said)
	}
	if after := s.sandbox.Ozonetel().RequestCounts()["generateToken"]; after != before {
		t.Errorf("doctor made %d tokens", after-before)
	}
	if code, said = s.doctored(nil, "-live"); code != 0 || !strings.Contains(said, "campaign: up") {
		t.Errorf("live: exit code %d: %s", code, said)
	}
	if after := s.sandbox.Ozonetel().RequestCounts()["generateToken"]; after == before { // the gateway's next one is the price
		t.Error("live, doctor made no token")
	}
	for _, wrong := range [][]string{{"-dead"}, {"live"}, {"-h"}} {
		if code, _ := s.doctored(nil, wrong...); code != 2 {
			t.Errorf("%v: exit code %d", wrong, code)
		}
	}
}
