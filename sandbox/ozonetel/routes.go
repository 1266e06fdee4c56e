package ozonetel

import (
	"errors"
	"io"
	"net/http"
)

// endpoint is one emulated API. Its name is what faults and the request log call it.
type endpoint struct {
	name    string
	methods []string
	paths   []string
	serve   func(*request) reply // Server.mu is held
}

func (s *Server) endpoints() []endpoint {
	return []endpoint{
		{"generateToken", []string{"POST"}, []string{
			"/ca_apis/CAToken/generateToken", "/ca_apis/caToken/generateToken",
			"/ca_reports/CAToken/generateToken", "/ca_reports/caToken/generateToken",
		}, s.generateToken},
		{"AgentAuthenticationV2", []string{"POST"}, []string{"/CAServices/AgentAuthenticationV2/index.php"}, s.authenticateAgent},
		{"changeAgentState", []string{"POST"}, []string{"/ca_apis/changeAgentState"}, s.changeAgentState},
		{"DispositionAPIV2", []string{"POST"}, []string{"/ca_apis/DispositionAPIV2"}, s.dispose},
		{"StateChange.php", []string{"GET"}, []string{"/CAServices/AgentState/StateChange.php"}, s.stateChangeLegacy},
		{"DispositionAPI.php", []string{"GET"}, []string{"/CAServices/Disposition/DispositionAPI.php"}, s.listDispositionsLegacy},
		{"DispositionAPIV3.php", []string{"GET"}, []string{"/CAServices/Disposition/DispositionAPIV3.php"}, s.disposeLate},
		{"AgentManualDial", []string{"POST"}, []string{"/ca_apis/AgentManualDial"}, s.manualDial},
		{"AgentManualDial.php", []string{"GET", "POST"}, []string{"/CAServices/AgentManualDial.php"}, s.manualDialLegacy},
		{"PhoneManualDial", []string{"POST"}, []string{"/ca_apis/PhoneManualDial"}, s.phoneDial},
		{"CallControl_V4", []string{"POST"}, []string{"/ca_apis/CallControl_V4"}, s.callControl},
		{"callcontrol_v4.php", []string{"GET"}, []string{"/callcontrol_v4.php"}, s.callControlLegacy},
		{"Record", []string{"GET"}, []string{"/CAServices/Call/Record.php"}, s.record},
		{"abandonCalls", []string{"GET"}, []string{"/ca_apis/abandonCalls"}, s.abandonCalls},
		{"fetchCDRDetails", []string{"GET"}, []string{"/ca_reports/fetchCDRDetails"}, s.fetchCDRDetails},
		{"fetchCdrByPagination", []string{"GET"}, []string{"/ca_reports/fetchCdrByPagination"}, s.fetchCDRByPagination},
		{"fetchCdrByUCID", []string{"GET"}, []string{"/ca_reports/fetchCdrByUCID"}, s.fetchCDRByUCID},
		{"summaryReport", []string{"GET", "POST"}, []string{"/ca_reports/summaryReport"}, s.summaryReport},
		{"AHT", []string{"GET"}, []string{"/ca_apis/AHT"}, s.averageHandling},
		{"getAgentLogins", []string{"POST"}, []string{"/ca_apis/getAgentLogins"}, s.getAgentLogins},
		{"AgentDetails", []string{"POST"}, []string{"/ca_apis/AgentDetails"}, s.agentDetails},
		{"campaignStatus", []string{"GET"}, []string{"/ca_apis/campaignStatus"}, s.campaignStatus},
		{"setCampaignStatus", []string{"PUT"}, []string{"/ca_apis/setCampaignStatus"}, s.setCampaignStatus},
		{"releaseFwpNumber", []string{"POST"}, []string{"/ca_apis/releaseFwpNumber"}, s.releaseLines},
		{"phoneManageV2", []string{"GET"}, []string{"/ca_apis/phoneManageV2"}, s.phoneManage},
		{"subscribe", []string{"POST"}, []string{"/events/subscribe"}, s.subscribe},
		{"subscriptions", []string{"GET"}, []string{"/events/subscriptions/list"}, s.listSubscriptions},
		{"un-subscribe", []string{"POST"}, []string{"/events/un-subscribe"}, s.unsubscribe},
	}
}

// Endpoints are the names that Fault.Endpoint and the request log know.
func (s *Server) Endpoints() []string {
	var names []string
	for _, e := range s.endpoints() {
		names = append(names, e.name)
	}
	return names
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, e := range s.endpoints() {
		for _, path := range e.paths {
			for _, method := range e.methods {
				mux.HandleFunc(method+" "+path, func(w http.ResponseWriter, r *http.Request) { s.handle(w, r, e) })
			}
		}
	}
	return mux
}

// handle serves one request: read, fault, endpoint under the lock, log, write.
func (s *Server) handle(w http.ResponseWriter, r *http.Request, e endpoint) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		code := http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			code = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "unreadable body", code)
		return
	}
	fault := s.faults.Take(func(f Fault) bool { return f.Endpoint == "" || f.Endpoint == e.name })
	record := RequestRecord{At: s.line.Now(), Endpoint: e.name, Method: r.Method, Path: r.URL.Path, Fault: fault.kind()}
	s.requests.Add(record, e.name)
	var out reply
	if fault == nil || fault.AfterEffect || fault.Kind == FaultDelay {
		out = s.serveLocked(e, &request{http: r, body: body})
	}
	if fault != nil {
		s.applyFault(w, r, *fault, out)
		return
	}
	out.write(w)
}

func (s *Server) serveLocked(e endpoint, r *request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	return e.serve(r)
}

func (p reply) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", p.contentType)
	w.WriteHeader(p.code)
	_, _ = w.Write(p.body) // the client has gone: nobody is left to tell
}
