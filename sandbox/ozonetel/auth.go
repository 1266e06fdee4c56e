package ozonetel

import "strings"

// authTexts are one endpoint's own answers to bad credentials of a BASIC_AUTH account. Without an answer the token layer's envelope is
// used.
type authTexts struct {
	keyEmpty, keyWrong   *reply
	userEmpty, userWrong *reply
	tokenSent            *reply // a token and no key
}

// accept reads the JSON body of a /ca_apis request and checks its credentials; with a reply it is refused.
func (s *Server) accept(r *request, texts authTexts) (fields, *reply) {
	body, refused := r.json()
	if refused == nil {
		refused = s.authorise(r, body, texts)
	}
	return body, refused
}

// authorise checks a /ca_apis request in the account's style (ozonetel.md 0); nil means it may pass.
func (s *Server) authorise(r *request, body fields, texts authTexts) *reply {
	userName := body.text("userName")
	if s.account.AuthMode == TokenAuth {
		if refusal := s.tokens.refusal(r.bearer(), s.line.Now()); refusal != "" {
			return ptr(envelope(refusal))
		}
		return s.authoriseUser(userName, texts)
	}
	key, given := r.apiKey()
	if !given && r.bearer() != "" {
		return orEnvelope(texts.tokenSent, "Api Key Should Not be Null or Empty.")
	}
	return s.authoriseKey(key, userName, texts)
}

// authoriseKey checks an API key and a user name, wherever they were sent; nil means the request may pass.
func (s *Server) authoriseKey(key, userName string, texts authTexts) *reply {
	switch key {
	case s.account.APIKey:
		return s.authoriseUser(userName, texts)
	case "":
		return orEnvelope(texts.keyEmpty, "Api Key Should Not be Null or Empty.")
	default:
		return orEnvelope(texts.keyWrong, "Invalid User Details")
	}
}

func (s *Server) authoriseUser(userName string, texts authTexts) *reply {
	switch userName {
	case s.account.UserName:
		return nil
	case "":
		return orEnvelope(texts.userEmpty, "Username Should Not be Null or Empty.")
	default:
		return orEnvelope(texts.userWrong, "Invalid User Details")
	}
}

func orEnvelope(own *reply, message string) *reply {
	if own != nil {
		return own
	}
	return ptr(envelope(message))
}

func (r *request) bearer() string {
	token, ok := strings.CutPrefix(r.http.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return strings.TrimSpace(token)
}

// apiKey is the header of the BASIC_AUTH style and whether it was sent at all.
func (r *request) apiKey() (key string, given bool) {
	values, given := r.http.Header["Apikey"]
	if !given || len(values) == 0 {
		return "", false
	}
	return values[0], true
}

func ptr[T any](v T) *T { return &v }
