package ozonetel

import (
	"net/url"
	"strings"
)

// callControl answers POST /ca_apis/CallControl_V4 (ozonetel.md 6).
func (s *Server) callControl(r *request) reply {
	body, refused := s.accept(r, authTexts{})
	if refused != nil {
		return *refused
	}
	return s.control(body)
}

// callControlLegacy answers GET /callcontrol_v4.php, deprecated: the same with everything in the query and the key as api_key.
// sip=true lets conferenceNumber be a SIP extension; output and playRing change nothing here, the answer is always JSON.
func (s *Server) callControlLegacy(r *request) reply {
	query := r.http.URL.Query()
	if refused := s.authoriseKey(query.Get("api_key"), query.Get("userName"), authTexts{}); refused != nil {
		return *refused
	}
	return s.control(queryFields(query))
}

// queryFields makes the members of a body of what a legacy API takes as parameters.
func queryFields(query url.Values) fields {
	out := make(fields, len(query))
	for name := range query {
		out[name] = query.Get(name)
	}
	return out
}

// control carries out one action on a call that is up. conferenceNumber is looked at for CONFERENCE and KICK_CALL alone, because
// integrators omit it for the others.
//
// Not documented and chosen here: `Call not Found` for a did or agentPhoneName that is not the call's, `Invalid action`; asking twice
// for hold or mute succeeds; the ucid that CONFERENCE answers is the call's. KICK_CALL, and it alone, works while a dialled customer's
// phone still rings.
func (s *Server) control(body fields) reply {
	action, c := Action(body.text("action")), s.calls[body.text("ucid")]
	text, known := controlDone[action]
	switch {
	case !known:
		return statusReply("Error", "Invalid action")
	case c == nil || c.phoneName == "" || c.agentGone || body.text("did") != s.account.Campaign.DID ||
		body.text("agentPhoneName") != c.phoneName || !c.controllable(action):
		return statusReply("Error", "Call not Found")
	}
	number, out := body.text("conferenceNumber"), answer{Status: "Success", Message: text}
	var done bool
	if action == Conference {
		out.UCID = c.ucid
		done = (conferenceNumber(number) || (body.yes("sip") && number != "")) && s.callParty(c, number, s.nextDialPlan)
	} else {
		done = s.perform(c, action, number)
	}
	if !done {
		return statusReply("Error", "Please pass valid Conference number")
	}
	return jsonReply(out)
}

// Action is what can be done to a call that is up.
type Action string

// The actions: those of call control, and the two of the recording.
const (
	Conference      Action = "CONFERENCE"
	Hold            Action = "HOLD"
	Unhold          Action = "UNHOLD"
	Mute            Action = "MUTE"
	Unmute          Action = "UNMUTE"
	KickCall        Action = "KICK_CALL"
	PauseRecording  Action = "pause"
	ResumeRecording Action = "unPause"
)

// perform does what needs nobody to be rung. False: no such party, or no such action.
func (s *Server) perform(c *call, action Action, number string) bool {
	switch action {
	case Hold:
		c.hold(s.line.Now())
	case Unhold:
		c.unhold(s.line.Now())
	case Mute, Unmute:
		c.muted = action == Mute
	case PauseRecording, ResumeRecording:
		c.recordingPaused = action == PauseRecording
	case KickCall:
		return s.kick(c, number)
	default:
		return false
	}
	return true
}

// controlDone is the text of success of each action (ozonetel.md 6).
var controlDone = map[Action]string{
	Conference: "dialing",
	Hold:       "User hold is successful",
	Unhold:     "Call is Un-hold successfully",
	Mute:       "call got mute successfully",
	Unmute:     "unmute success",
	KickCall:   "call got disconnected",
}

func (c *call) controllable(action Action) bool {
	return c.state == Answered || (action == KickCall && c.kind == manual && (c.state == AgentRinging || c.state == CustomerRinging))
}

// kick drops one party, named by its number: the agent, the customer, or somebody in conference. False: no such party.
func (s *Server) kick(c *call, number string) bool {
	switch {
	case sameNumber(number, c.agentNumber):
		s.kickAgent(c)
	case sameNumber(number, c.phone):
		s.must(c, s.end(c, AgentHangup)) // a call is its customer's: without him it is over
	default:
		p := c.activeParty(number)
		if p == nil {
			return false
		}
		s.partyLeaves(c, p)
	}
	return true
}

// kickAgent is the second half of a transfer when somebody else is or will be in the call, and the end of the call otherwise.
func (s *Server) kickAgent(c *call) {
	if c.state != Answered || len(c.activeParties()) == 0 {
		s.must(c, s.end(c, AgentHangup))
		return
	}
	c.unhold(s.line.Now())
	c.agentGone, c.muted = true, false
	s.startWrapUp(c)
}

// sameNumber compares two numbers as written, or by their ten digits.
func sameNumber(one, other string) bool {
	if one == "" || one == other {
		return one != ""
	}
	first, ok := nationalNumber(one)
	second, also := nationalNumber(other)
	return ok && also && first == second
}

// conferenceNumber says whether a number may be called into a conference: 0 and ten digits, or + and the number of a country that is not
// India, because +91 fails (ozonetel.md 6).
func conferenceNumber(number string) bool {
	digits, international := strings.CutPrefix(number, "+")
	if strings.Trim(digits, "0123456789") != "" {
		return false
	}
	if international {
		return len(digits) >= 8 && len(digits) <= 15 && digits[0] != '0' && !strings.HasPrefix(digits, "91")
	}
	return len(digits) == 11 && digits[0] == '0' && digits[1] != '0'
}
