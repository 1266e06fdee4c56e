package knowlarity

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// Limits of the module behind the stream node (knowlarity.md 6.3).
const (
	maxStreamHost = 512
	maxStreamPath = 4_096
	maxMetadata   = 4_096 // half of what the module cuts at
)

// flow is what a call does on answer.
type flow struct {
	prompt     string
	language   string
	url        string // of the stream; never shown
	rate       int
	metadata   any    // the decoded string
	given      string // the string itself
	violations []string
}

// parseFlow reads the nodes of knowlarity.md 2.4, wrapped in `flow` or not. What the provider would tolerate or silently cut is a violation;
// what it cannot carry out is an error.
func parseFlow(value any) (flow, error) {
	type node struct {
		ID    string `json:"id"`
		Type  string `json:"type"`
		Next  string `json:"next"`
		Audio struct {
			Type     string `json:"type"`
			Text     string `json:"text"`
			Language string `json:"language"`
		} `json:"audio"`
		Config struct {
			URL      string `json:"wss_url"`
			Rate     string `json:"sampling_rate"`
			Metadata any    `json:"metadata"`
		} `json:"config"`
	}
	var in struct {
		Nodes []node `json:"nodes"`
		Flow  struct {
			Nodes []node `json:"nodes"`
		} `json:"flow"`
	}
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, &in)
	}
	nodes := slices.Concat(in.Nodes, in.Flow.Nodes)
	if err != nil || len(nodes) == 0 {
		return flow{}, errors.New("ivr_flow has no nodes")
	}
	var f flow
	for at, seen := 0, 0; ; seen++ {
		n := nodes[at]
		switch n.Type {
		case "play":
			f.prompt, f.language = n.Audio.Text, n.Audio.Language
			if n.Audio.Type != "tts" || n.Audio.Text == "" {
				f.violations = append(f.violations, "a play node without text")
			}
		case "stream":
			return f.stream(n.Config.URL, n.Config.Rate, n.Config.Metadata)
		default:
			return flow{}, fmt.Errorf("node type %q is unknown", n.Type)
		}
		if n.Next == "" {
			return f, nil
		}
		at = slices.IndexFunc(nodes, func(other node) bool { return other.ID == n.Next })
		if at < 0 || seen > len(nodes) {
			return flow{}, errors.New("the next node does not exist")
		}
	}
}

func (f flow) stream(address, rate string, metadata any) (flow, error) {
	target, err := url.Parse(address)
	if err != nil || (target.Scheme != "ws" && target.Scheme != "wss") || target.Host == "" {
		return flow{}, errors.New("wss_url is invalid")
	}
	f.url = address
	wrong := func(text string) { f.violations = append(f.violations, text) }
	if len(target.Host) > maxStreamHost || len(target.RequestURI()) > maxStreamPath {
		wrong("the URL of the stream is too long")
	}
	switch rate {
	case "16k":
		f.rate = 16_000
	case "8k":
		f.rate = 8_000
	default:
		wrong("sampling_rate is neither 8k nor 16k")
	}
	given, ok := metadata.(string)
	switch {
	case !ok && metadata != nil:
		wrong("metadata is no string")
	case len(given) > maxMetadata:
		wrong("metadata is too long")
	case given != "" && json.Unmarshal([]byte(given), &f.metadata) != nil:
		wrong("metadata holds no JSON")
	}
	f.given = given
	return f, nil
}
