package elevenlabs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	helix "github.com/helix-engage/gateway"
)

// The variables that every conversation has besides those that it is given. The agent's prompt may name them.
const (
	variableCall    = "call_session_id"       // by which the results are matched with the call
	variableAttempt = "attempt"               //
	variableContext = "previous_conversation" // what was said before the connection was lost; "" at first
)

// The names that the provider reserves (2).
const (
	systemPrefix = "system__" // its own variables
	secretPrefix = "secret__" // never shown to the model, usable in headers
)

// Bounds of what a conversation is told.
const (
	maxVariables = 200
	maxVariable  = 4 << 10 // bytes of one
	maxNesting   = 8
)

// startFrame is `conversation_initiation_client_data` (2). What is empty is left out, so that the agent's own holds.
type startFrame struct {
	Type      string          `json:"type"`
	Override  *startOverride  `json:"conversation_config_override,omitempty"`
	Variables map[string]any  `json:"dynamic_variables"`
	User      string          `json:"user_id,omitempty"`
	Source    startSourceInfo `json:"source_info"`
}

type startOverride struct {
	Agent struct {
		FirstMessage string `json:"first_message,omitempty"`
		Language     string `json:"language,omitempty"`
	} `json:"agent"`
}

type startSourceInfo struct {
	Source string `json:"source"`
}

// AppendStart appends the first frame of a conversation (2). Variables may nest: objects become names joined by "_", the
// elements of lists are joined by commas, and what is null is left out. Extra holds secret variables, whose names begin
// with "secret__".
//
// Errors: BAD_USER_INPUT for a reserved name, or more than 200 variables or 4 KB in one of them.
func (v *Voice) AppendStart(dst []byte, s helix.VoiceStart) ([]byte, error) {
	variables := map[string]any{}
	if err := flatten(variables, "", s.Variables, 0); err != nil {
		return dst, err
	}
	for _, reserved := range []string{systemPrefix, secretPrefix} {
		for name := range variables {
			if strings.HasPrefix(name, reserved) {
				return dst, helix.BadInput("a variable has a name that the voice provider reserves")
			}
		}
	}
	for name, value := range s.Extra {
		if !strings.HasPrefix(name, secretPrefix) {
			return dst, helix.BadInput("only secret variables are extra")
		}
		variables[name] = value
	}
	private := append(texts(variables), s.FirstMessage, s.Context)
	maps.Copy(variables, map[string]any{variableCall: string(s.Call), variableAttempt: s.Attempt, variableContext: s.Context})
	if len(variables) > maxVariables {
		return dst, &helix.Error{Code: helix.CodeBadInput, Message: "a conversation cannot have so many variables", Detail: strconv.Itoa(len(variables))}
	}
	frame := startFrame{
		Type: "conversation_initiation_client_data", Variables: variables, User: first(s.User, string(s.Call)),
		Source: startSourceInfo{Source: "helix-gateway"},
	}
	if s.FirstMessage != "" || s.Language != "" {
		frame.Override = &startOverride{}
		frame.Override.Agent.FirstMessage, frame.Override.Agent.Language = s.FirstMessage, s.Language
	}
	raw, err := json.Marshal(frame)
	if err != nil {
		return dst, helix.BadInput("a variable of the conversation cannot be written as JSON")
	}
	v.private.Store(&private)
	return append(dst, raw...), nil
}

// flatten makes variables of an object: the provider takes texts, numbers and booleans alone. Of two values for one name
// the outer counts.
func flatten(into map[string]any, prefix string, object map[string]any, depth int) error {
	if depth > maxNesting {
		return helix.BadInput("the variables of a conversation nest too deeply")
	}
	var inner []string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		plain, err := simple(object[key])
		if err != nil {
			return err
		}
		switch plain := plain.(type) {
		case nil:
		case map[string]any:
			object = withPlain(object, key, plain)
			inner = append(inner, key)
		default:
			if _, taken := into[prefix+key]; !taken {
				into[prefix+key] = plain
			}
		}
	}
	for _, key := range inner {
		if err := flatten(into, prefix+key+"_", object[key].(map[string]any), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// withPlain gives an object with one member in its plain form, leaving the caller's as it was.
func withPlain(object map[string]any, key string, plain map[string]any) map[string]any {
	object = maps.Clone(object)
	object[key] = plain
	return object
}

// simple gives a value as text, number, boolean, object or nil. What Go knows under other types goes through JSON.
func simple(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int, int64, json.Number:
		return v, nil
	case string:
		if len(v) > maxVariable {
			return nil, helix.BadInput("a variable of the conversation is too long")
		}
		return v, nil
	case map[string]any:
		return v, nil
	case []any:
		var said []string
		for _, item := range v {
			plain, err := simple(item)
			if err != nil {
				return nil, err
			}
			if _, nested := plain.(map[string]any); plain != nil && !nested {
				said = append(said, fmt.Sprint(plain))
			}
		}
		return simple(strings.Join(said, ", "))
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, helix.BadInput("a variable of the conversation cannot be written as JSON")
	}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return nil, helix.BadInput("a variable of the conversation cannot be written as JSON")
	}
	return simple(plain)
}

// texts are the values that are words.
func texts(variables map[string]any) []string {
	var found []string
	for _, value := range variables {
		if text, ok := value.(string); ok {
			found = append(found, text)
		}
	}
	return found
}
