package ozonetel

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// reply is an answer before it is written, so that a fault can still replace it.
type reply struct {
	code        int
	contentType string
	body        []byte
}

// answer is the usual body. Which key carries the text differs per endpoint and outcome (ozonetel.md 0), so the callers name it.
type answer struct {
	Status       string `json:"status"`
	Message      any    `json:"message,omitempty"`
	UpperMessage string `json:"Message,omitempty"`
	Details      any    `json:"details,omitempty"`
	UCID         string `json:"ucid,omitempty"`
}

// jsonReply answers HTTP 200, as the vendor does for application errors too.
func jsonReply(v any) reply {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil { // the emulator's own types always marshal
		return textReply(http.StatusInternalServerError, err.Error())
	}
	return reply{code: http.StatusOK, contentType: "application/json", body: bytes.TrimSuffix(body.Bytes(), []byte("\n"))}
}

func textReply(code int, text string) reply {
	return reply{code: code, contentType: "text/plain; charset=utf-8", body: []byte(text)}
}

// envelope is the token layer's error (ozonetel.md 0).
func envelope(message string) reply {
	return jsonReply(struct {
		Status  string  `json:"status"`
		Message string  `json:"message"`
		Data    *string `json:"data"`
	}{Status: "false", Message: message})
}

// statusReply answers a status and a text in `message`; several endpoints report success in the same shape.
func statusReply(status, message string) reply {
	return jsonReply(answer{Status: status, Message: message})
}
