package ozonetel

import "encoding/json"

// record answers GET /CAServices/Call/Record.php (ozonetel.md 7): pauses or resumes the recording of a call that is up, credentials in
// the query in every auth mode. The outer status of success says Error; what counts is the JSON document inside the text.
// Not documented and chosen here: `ucid is Invalid` for a call that is not up; asking twice succeeds.
func (s *Server) record(r *request) reply {
	query := r.http.URL.Query()
	failed := func(text string) *reply { return ptr(statusReply("Error", text)) }
	invalid := failed("userName or apiKey is Invalid")
	refused := s.authoriseKey(query.Get("apiKey"), query.Get("userName"), authTexts{
		keyEmpty: failed("apiKey should not be empty"), keyWrong: invalid,
		userEmpty: failed("userName should not be empty"), userWrong: invalid,
	})
	if refused != nil {
		return *refused
	}
	action, c := Action(query.Get("action")), s.calls[query.Get("ucid")]
	texts := map[Action]string{
		PauseRecording: "paused monitoring of the channel", ResumeRecording: "Unpaused monitoring of the channel",
	}
	switch {
	case action == "":
		return *failed("action should not be empty")
	case texts[action] == "":
		return *failed("action should be either pause or unPause")
	case query.Get("ucid") == "":
		return *failed("ucid should not be empty")
	case c == nil || c.state != Answered:
		return *failed("ucid is Invalid")
	}
	s.perform(c, action, "")
	inner, err := json.Marshal(answer{Status: "Success", Message: texts[action]})
	if err != nil {
		return *failed(err.Error())
	}
	return *failed(string(inner))
}
