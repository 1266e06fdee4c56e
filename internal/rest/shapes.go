package rest

import (
	helix "github.com/helix-engage/gateway"
)

// command answers a mutation that worked: what its payload holds, and a word for the user.
func command(message string) func(object) any {
	return func(data object) any {
		answer := effects(data.at(outcomeAlias))
		answer["status"], answer["message"] = "success", message
		return answer
	}
}

// effects is what a payload holds beside its outcome. A call is also told by the name that it has with the old clients;
// sent back as ucid, it means this call.
func effects(outcome object) object {
	out := object{}
	for name, value := range outcome {
		if name != "ok" && name != "error" {
			out[name] = value
		}
	}
	if call := outcome.at("call"); call != nil {
		out["ucid"] = call["id"]
	}
	return out
}

// worklist parts the list by kinds. total counts all items, also those beyond the pages that were read.
func worklist(data object) any {
	list := data.at("worklist")
	parts := map[string][]object{"MISSED_CALL": {}, "FOLLOW_UP": {}, "LEAD": {}}
	for _, item := range list.nodes() {
		parts[item.text("kind")] = append(parts[item.text("kind")], item)
	}
	answer := object{
		"missedCalls": parts["MISSED_CALL"], "followUps": parts["FOLLOW_UP"], "marketingLeads": parts["LEAD"],
		"total": list["totalCount"],
	}
	return withErrors(answer, list)
}

// missedQueue gives one list per status, under the status's name.
func missedQueue(data object) any {
	answer := object{}
	for _, group := range data.at("missedCallQueue").items("groups") {
		if group, ok := group.(object); ok {
			answer[group.text("status")] = group.at("items").nodes()
		}
	}
	return answer
}

// searchKinds are the lists of a search.
var searchKinds = []string{"leads", "patients", "appointments"}

func search(data object) any {
	answer := object{}
	var parts []object
	for _, kind := range searchKinds {
		answer[kind] = data.at(kind).nodes()
		parts = append(parts, data.at(kind))
	}
	return withErrors(answer, parts...)
}

// maxShort is a text of one character at most, in bytes: as people perceive characters, of which one takes several code
// points in Indian scripts. What is refused and longer is refused for another reason.
const maxShort = 16

// tooShort answers a search that GraphQL refuses with nothing found.
func tooShort(variables map[string]any, err *helix.Error) any {
	if query, _ := variables["query"].(string); err.Code != helix.CodeBadInput || len(query) > maxShort {
		return nil
	}
	answer := object{}
	for _, kind := range searchKinds {
		answer[kind] = []object{}
	}
	return answer
}

// lookup tells who a number belongs to. matched is about the number: a patient who is no lead matches too.
func lookup(data object) any {
	profile := data.at("callerProfile")
	answer := object{
		"matched": profile["known"], "lead": nil, "patient": nil,
		"aiSummary": profile.at("insight")["summary"], "aiSuggestedAction": nil,
	}
	for _, who := range []string{"lead", "patient"} {
		if record := profile.at(who); record != nil {
			record["name"], record["phone"] = profile["displayName"], profile["phone"]
			answer[who] = record
		}
	}
	if actions := profile.at("insight").items("suggestedActions"); len(actions) > 0 {
		first, _ := actions[0].(object)
		answer["aiSuggestedAction"] = first["title"]
	}
	return withErrors(answer, profile)
}

// withErrors adds what could not be read, when there is something.
func withErrors(answer object, parts ...object) object {
	var faults []any
	for _, part := range parts {
		faults = append(faults, part.items("errors")...)
	}
	if len(faults) > 0 {
		answer["errors"] = faults
	}
	return answer
}
