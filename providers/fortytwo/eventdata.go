package fortytwo

import (
	"encoding/json"
	"errors"

	helix "github.com/helix-engage/gateway"
)

// streamDocument selects ids alone of what happened: neither the record before nor after, whose fields this client does not
// take from a stream.
const streamDocument = `subscription($id: String!) { onEventSubscription(eventStreamId: $id) { objectRecordEventsWithQueryIds { ` +
	`queryIds objectRecordEvent { action } } } }`

// streamed is one record event of a stream.
type streamed struct {
	queries   []string
	destroyed bool
}

// errStreamAnswer marks an event that is no answer to the subscription.
var errStreamAnswer = errors.New("an event of the stream has another shape than expected")

// decodeStreamed reads an event's data: what happened, or why the stream was refused. The hello has no events.
func decodeStreamed(data []byte) ([]streamed, error) {
	a, err := decodeAnswer(data)
	if err != nil {
		return nil, errStreamAnswer
	}
	if len(a.Errors) > 0 {
		return nil, refusal(a.Errors[0], false)
	}
	var told struct {
		OnEventSubscription *struct {
			Events []struct {
				QueryIDs []string `json:"queryIds"`
				Event    struct {
					Action looseText `json:"action"`
				} `json:"objectRecordEvent"`
			} `json:"objectRecordEventsWithQueryIds"`
		} `json:"onEventSubscription"`
	}
	if json.Unmarshal(a.Data, &told) != nil {
		return nil, errStreamAnswer
	}
	if told.OnEventSubscription == nil {
		return nil, nil // the hello may be that empty
	}
	events := make([]streamed, len(told.OnEventSubscription.Events))
	for i, e := range told.OnEventSubscription.Events {
		events[i] = streamed{queries: e.QueryIDs, destroyed: helix.RecordEvent(e.Event.Action) == helix.RecordDestroyed}
	}
	return events, nil
}
