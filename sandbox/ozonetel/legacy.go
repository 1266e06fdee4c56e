package ozonetel

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// The deprecated paths under /CAServices take everything as parameters, the key included. Their answers are those of the successors.

// manualDialLegacy answers GET and POST /CAServices/AgentManualDial.php (ozonetel.md 5.1), as JSON unless format=xml. The shape of the XML
// is not documented; an element for each member is our choice.
func (s *Server) manualDialLegacy(r *request) reply {
	query := r.http.URL.Query()
	if r.http.Method == http.MethodPost {
		maps.Copy(query, r.form())
	}
	denied := ptr(statusReply("fail", "please provide proper user credentials"))
	refused := s.authoriseKey(query.Get("api_key"), query.Get("username"), authTexts{
		keyEmpty: denied, keyWrong: denied, userEmpty: denied, userWrong: denied,
	})
	out := refused
	if refused == nil {
		out = ptr(s.startDial(queryFields(query)))
	}
	if strings.EqualFold(query.Get("format"), "xml") {
		return asXML(*out)
	}
	return *out
}

// asXML writes a JSON answer of texts as XML.
func asXML(out reply) reply {
	members, err := decodeFields(out.body)
	if err != nil {
		return out
	}
	body := struct {
		XMLName xml.Name `xml:"response"`
		Status  string   `xml:"status"`
		Message string   `xml:"message,omitempty"`
		UCID    string   `xml:"ucid,omitempty"`
	}{Status: members.text("status"), Message: members.text("message"), UCID: members.text("ucid")}
	text, err := xml.Marshal(body)
	if err != nil {
		return out
	}
	return reply{code: out.code, contentType: "text/xml", body: append([]byte(xml.Header), text...)}
}

// stateChangeLegacy answers GET /CAServices/AgentState/StateChange.php (ozonetel.md 3).
func (s *Server) stateChangeLegacy(r *request) reply {
	query := r.http.URL.Query()
	if refused := s.authoriseKey(query.Get("apiKey"), query.Get("userName"), stateTexts()); refused != nil {
		return *refused
	}
	return s.changeState(queryFields(query))
}

// listDispositionsLegacy answers GET /CAServices/Disposition/DispositionAPI.php?action=get (ozonetel.md 4).
func (s *Server) listDispositionsLegacy(r *request) reply {
	body, refused := s.acceptCustomer(r)
	if refused != nil {
		return *refused
	}
	switch action, campaign := body.text("action"), body.text("campaignID"); {
	case action != "get":
		return dispositionFail("Invalid action->" + action)
	case campaign != s.account.Campaign.ID:
		return s.noDispositions(campaign)
	default:
		return s.listDispositions()
	}
}

// disposeLate answers GET /CAServices/Disposition/DispositionAPIV3.php (ozonetel.md 4): a set that replaces the label of a call that is
// disposed of already. callBackTimeZone is not looked at. The key is not among the documented parameters; apiKey is our choice.
func (s *Server) disposeLate(r *request) reply {
	body, refused := s.acceptCustomer(r)
	if refused != nil {
		return *refused
	}
	if action := body.text("action"); !strings.EqualFold(action, "set") {
		return dispositionFail("Invalid action->" + action)
	}
	return s.setDisposition(body, lateDisposition)
}

// acceptCustomer checks the credentials of the legacy disposition APIs, which call the user name customer.
func (s *Server) acceptCustomer(r *request) (fields, *reply) {
	query := r.http.URL.Query()
	denied := ptr(dispositionFail("Authentication fails"))
	refused := s.authoriseKey(query.Get("apiKey"), query.Get("customer"), authTexts{
		keyEmpty: denied, keyWrong: denied, userEmpty: denied, userWrong: denied,
	})
	return queryFields(query), refused
}

func (s *Server) noDispositions(campaignID string) reply {
	return statusReply("Fail", fmt.Sprintf("No disposition found for campaign ID: %s and user: %s", campaignID, s.account.UserName))
}
