package ozonetel_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

// FuzzJSONEndpoints sends any body to every JSON endpoint with good credentials: the answer is always HTTP 200 and one JSON document.
func FuzzJSONEndpoints(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"userName":"sandbox_hospital"}`, `{"userName":1e400}`,
		`{"userName":"sandbox_hospital","action":"Set","ucid":21799900000000457}`,
		`{"userName":"sandbox_hospital","agentID":"agent1","campaignName":"Inbound_918041763265","customerNumber":"९८१२","UCID":true}`,
		`{"userName":"sandbox_hospital","agentId":"agent1","state":"Pause","pauseReason":{"a":[1]}}`,
		`{"userName":"sandbox_hospital","fromDate":"2026-01-14 00:00:00","toDate":"2026-01-14 23:59:59","ucid":1}`,
	} {
		f.Add(seed)
	}
	account := ozonetel.DefaultAccount()
	account.AuthMode = ozonetel.BasicAuth
	f.Fuzz(func(t *testing.T, body string) {
		emulator, err := ozonetel.New(ozonetel.Options{Account: account})
		if err != nil {
			t.Fatal(err)
		}
		if err := emulator.LogIn("agent1"); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{
			"POST /ca_apis/CAToken/generateToken", "POST /ca_apis/changeAgentState", "POST /ca_apis/DispositionAPIV2",
			"POST /ca_apis/AgentManualDial", "POST /ca_apis/CallControl_V4", "GET /ca_apis/abandonCalls",
			"GET /ca_reports/fetchCDRDetails", "GET /ca_reports/fetchCdrByPagination", "GET /ca_reports/fetchCdrByUCID",
			"POST /ca_apis/getAgentLogins", "POST /ca_apis/AgentDetails", "GET /ca_apis/phoneManageV2",
			"POST /ca_apis/PhoneManualDial", "POST /ca_reports/summaryReport", "GET /ca_apis/AHT", "GET /ca_apis/campaignStatus",
			"PUT /ca_apis/setCampaignStatus", "POST /ca_apis/releaseFwpNumber",
		} {
			method, path, _ := strings.Cut(path, " ")
			request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
			request.Header.Set("Apikey", account.APIKey)
			answer := httptest.NewRecorder()
			emulator.Handler().ServeHTTP(answer, request)
			if answer.Code != http.StatusOK || !json.Valid(answer.Body.Bytes()) {
				t.Errorf("%s %q: %d %s", path, body, answer.Code, answer.Body)
			}
		}
	})
}

// FuzzAgentAuthentication sends any form and any Authorization header: the answer is always HTTP 200 and one JSON document.
func FuzzAgentAuthentication(f *testing.F) {
	f.Add("", "")
	f.Add("userName=sandbox_hospital&apiKey=KKsandbox0000000000000000000000&phoneNumber=1&action=login", "Basic YWdlbnQxOnNhbmRib3gtYWdlbnQx")
	f.Add("%zz;&=", "Basic !")
	f.Fuzz(func(t *testing.T, form, authorization string) {
		emulator, err := ozonetel.New(ozonetel.Options{})
		if err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequestWithContext(t.Context(), "POST", "/CAServices/AgentAuthenticationV2/index.php", strings.NewReader(form))
		request.Header["Authorization"] = []string{authorization}
		answer := httptest.NewRecorder()
		emulator.Handler().ServeHTTP(answer, request)
		if answer.Code != http.StatusOK || !json.Valid(answer.Body.Bytes()) {
			t.Errorf("%q: %d %s", form, answer.Code, answer.Body)
		}
	})
}

// FuzzParameters sends any query to every API that takes its parameters there: the answer is always HTTP 200 and one JSON document, or XML
// where it was asked for.
func FuzzParameters(f *testing.F) {
	const good = "apiKey=KKsandbox0000000000000000000000&api_key=KKsandbox0000000000000000000000" +
		"&userName=sandbox_hospital&username=sandbox_hospital&customer=sandbox_hospital"
	for _, seed := range []string{
		"", "%zz;&=", good + "&action=CONFERENCE&did=918041763265&agentPhoneName=asha-desk&conferenceNumber=%2B15550100000",
		good + "&action=set&agentID=agent1&did=918041763265&disposition=Call+Back&callBackTime=01/14/2026+17:00:00",
		good + "&action=get&campaignID=31", good + "&action=pause", good + "&state=Pause&agentId=agent1&pauseReason=Lunch",
		good + "&agentID=agent1&campaignName=Inbound_918041763265&customerNumber=9812345678&UCID=true&format=xml",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		emulator, err := ozonetel.New(ozonetel.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := emulator.LogIn("agent1"); err != nil {
			t.Fatal(err)
		}
		ucid, err := emulator.RingIn("9812345678", ozonetel.CallerPlan{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(emulator.Offer(ucid, "agent1"), emulator.Answer(ucid)); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{
			"/callcontrol_v4.php", "/CAServices/Call/Record.php", "/CAServices/AgentManualDial.php", "/CAServices/AgentState/StateChange.php",
			"/CAServices/Disposition/DispositionAPI.php", "/CAServices/Disposition/DispositionAPIV3.php",
		} {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			request.URL.RawQuery = query + "&ucid=" + ucid
			answer := httptest.NewRecorder()
			emulator.Handler().ServeHTTP(answer, request)
			valid := json.Valid(answer.Body.Bytes())
			if answer.Header().Get("Content-Type") == "text/xml" {
				valid = xml.Unmarshal(answer.Body.Bytes(), new(struct{})) == nil
			}
			if answer.Code != http.StatusOK || !valid {
				t.Errorf("%s %q: %d %s", path, query, answer.Code, answer.Body)
			}
		}
	})
}
