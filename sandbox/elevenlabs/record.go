package elevenlabs

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
)

// typed is a value as an agent that was told to save numbers would save it.
func typed(value string) any {
	if number, err := strconv.Atoi(value); err == nil {
		return number
	}
	return value
}

func quote(value string) string {
	text, err := json.Marshal(typed(value))
	if err != nil {
		return `""` // numbers and strings always marshal
	}
	return string(text)
}

// analyse completes the record of a conversation that is over, then calls the webhook.
func (c *conversation) analyse() {
	status := Done
	if c.failed() {
		status = Failed
	}
	c.change(func(v *View) { v.Status = status })
	c.postCall(c)
}

// failed says whether it ended by an error of the platform or never began.
func (c *conversation) failed() bool {
	v := c.look()
	switch v.CloseCode {
	case websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.CloseNoStatusReceived, websocket.CloseAbnormalClosure:
		return len(v.Transcript) == 0
	default:
		return true
	}
}

func (c *conversation) summary() object {
	v := c.look()
	return object{
		"agent_id": c.agent.ID, "agent_name": c.agent.Name, "conversation_id": c.id, "status": v.Status, "start_time_unix_secs": c.begun.Unix(),
		"call_duration_secs": seconds(v.Duration), "message_count": len(v.Transcript), "call_successful": successful(v),
	}
}

// record is the full one (elevenlabs.md 7).
func (c *conversation) record() object {
	v := c.look()
	audio := v.AgentAudio > 0 || v.CallerAudio > 0
	out := object{
		"agent_id": c.agent.ID, "agent_name": c.agent.Name, "conversation_id": c.id, "status": v.Status, "user_id": nil,
		"has_audio": audio, "has_user_audio": v.CallerAudio > 0, "has_response_audio": v.AgentAudio > 0, "has_auxiliary_audio": false,
		"transcript": turns(v), "analysis": nil,
		"metadata": object{
			"start_time_unix_secs": c.begun.Unix(), "accepted_time_unix_secs": c.begun.Unix(), "call_duration_secs": seconds(v.Duration),
			"cost": 7 * seconds(v.Duration), "termination_reason": v.CloseReason, "error": nil, "main_language": v.Language,
			"authorization_method": "signed_url", "phone_call": nil,
		},
		"conversation_initiation_client_data": object{
			"dynamic_variables": orEmpty(v.Variables), "conversation_config_override": orEmpty(v.Overrides), "user_id": nil,
		},
	}
	if v.User != "" {
		out["user_id"] = v.User
		out["conversation_initiation_client_data"].(object)["user_id"] = v.User
	}
	if c.agent.Public {
		out["metadata"].(object)["authorization_method"] = "public"
	}
	if v.Status == Done {
		out["analysis"] = analysis(v)
	}
	if v.Status == Failed {
		out["metadata"].(object)["error"] = object{"code": v.CloseCode, "reason": v.CloseReason}
	}
	return out
}

func turns(v View) []object {
	out := []object{}
	for _, l := range v.Transcript {
		turn := object{
			"role": l.Role, "message": l.Text, "time_in_call_secs": seconds(l.At), "interrupted": l.Interrupted, "tool_calls": []object{}, "tool_results": []object{},
		}
		if l.Tool != "" {
			kind := "client"
			if l.Tool == "end_call" {
				kind = "system"
			}
			turn["message"] = nil
			turn["tool_calls"] = []object{{
				"type": kind, "request_id": l.ToolCall, "tool_name": l.Tool, "params_as_json": l.Arguments, "tool_has_been_called": true,
			}}
			turn["tool_results"] = []object{{
				"type": kind, "request_id": l.ToolCall, "tool_name": l.Tool, "result_value": l.Result, "is_error": l.Failed,
				"tool_has_been_called": true, "tool_latency_secs": 0.2,
			}}
		}
		out = append(out, turn)
	}
	return out
}

func analysis(v View) object {
	collected := object{}
	for field, value := range v.Collected {
		kind := "string"
		if _, number := typed(value).(int); number {
			kind = "integer"
		}
		collected[field] = object{
			"data_collection_id": field, "value": typed(value), "json_schema": object{"type": kind, "description": field}, "rationale": "The caller said so.",
		}
	}
	return object{
		"call_successful": successful(v), "transcript_summary": "The agent asked the caller for what an appointment needs.",
		"call_summary_title": "Intake", "evaluation_criteria_results": object{}, "data_collection_results": collected,
	}
}

func successful(v View) string {
	switch {
	case v.Status != Done:
		return "unknown"
	case v.EndedByAgent && len(v.Collected) > 0:
		return "success"
	default:
		return "failure"
	}
}

func seconds(d time.Duration) int { return int(d / time.Second) }

func orEmpty(members map[string]any) map[string]any {
	if members == nil {
		return object{}
	}
	return members
}
