package knowlarity

import (
	"encoding/json"

	helix "github.com/helix-engage/gateway"
)

// The rates of a stream (6.5).
const (
	rate8k  = 8000
	rate16k = 16000
)

// maxMetadata bounds the metadata of a stream, in bytes: what is longer is cut on its way without a word, and is then no
// JSON any more (6.3).
const maxMetadata = 4096

// flow is an IVR of one call: a greeting in the patient's language, then the stream (2.4).
type flow struct {
	Nodes []node `json:"nodes"`
}

type node struct {
	ID     string        `json:"id"`
	Type   string        `json:"type"`
	Audio  *prompt       `json:"audio,omitempty"`
	Config *streamConfig `json:"config,omitempty"`
	Next   string        `json:"next,omitempty"`
}

type prompt struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Language string `json:"language,omitempty"`
}

type streamConfig struct {
	URL      string `json:"wss_url"`
	Rate     string `json:"sampling_rate"`
	Metadata string `json:"metadata"` // a string that holds JSON
}

func (c *Client) flow(r helix.DialRequest) flow {
	rate := "16k"
	if c.o.Rate == rate8k {
		rate = "8k"
	}
	stream := node{ID: "stream_node", Type: "stream", Config: &streamConfig{URL: r.StreamURL, Rate: rate, Metadata: c.metadata(r)}}
	if r.Greeting == "" {
		return flow{Nodes: []node{stream}}
	}
	return flow{Nodes: []node{
		{ID: "welcome", Type: "play", Audio: &prompt{Type: "tts", Text: r.Greeting, Language: r.Language}, Next: stream.ID},
		stream,
	}}
}

// metadata is what the stream begins with. The ids always fit; what else was asked for is left out when it does not,
// since the stream needs only the ids.
func (c *Client) metadata(r helix.DialRequest) string {
	ids := map[string]any{
		"call_session_id": r.Call, "client_meta_id": r.Call, "attempt": r.Attempt,
		"virtual_number": c.number, "customer_number": r.To,
	}
	bare, _ := json.Marshal(ids) // strings and a number can be written
	if len(r.Metadata) == 0 {
		return string(bare)
	}
	ids["session_metadata"] = r.Metadata
	full, err := json.Marshal(ids)
	if err != nil || len(full) > maxMetadata {
		return string(bare)
	}
	return string(full)
}
