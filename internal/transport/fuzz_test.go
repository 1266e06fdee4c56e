package transport

import (
	"encoding/json"
	"testing"

	helix "github.com/helix-engage/gateway"
)

func FuzzParseParams(f *testing.F) {
	f.Add([]byte(`{"query":"{hello}","operationName":"A","variables":{"a":[1,2.50,{"b":null}]},"extensions":{"x":1},"id":7}`))
	f.Add([]byte(`{"query":null,"extensions":{"persistedQuery":{"version":1}}}`))
	f.Add([]byte(`{"documentId":"sha256:0","extensions":{}}`))
	f.Add([]byte(` [{"query":"{hello}"}]`))
	f.Add([]byte("{\"query\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		params, err := parseParams(body)
		if err != nil {
			if !helix.IsCode(err, helix.CodeBadInput) {
				t.Fatalf("error without a code: %v", err)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("accepted what is no JSON: %q", body)
		}
		_, persisted := params.Extensions["persistedQuery"]
		if _, named := params.Extensions[keyDocumentID]; params.Query == "" && !persisted && !named {
			t.Fatal("accepted without a document")
		}
	})
}

func FuzzParseQueryString(f *testing.F) {
	f.Add(`query={hello}&variables={"a":1}&operationName=A&extensions={}`)
	f.Add("query=%zz&query=a;b")
	f.Fuzz(func(t *testing.T, raw string) {
		if _, err := parseQueryString(raw); err != nil && !helix.IsCode(err, helix.CodeBadInput) {
			t.Fatalf("error without a code: %v", err)
		}
	})
}

func FuzzParseMessage(f *testing.F) {
	for _, m := range []string{
		initMessage, ackMessage, pongMessage, `{"type":"ping","payload":{"a":1}}`, subscribeMessage("1", "{hello}"),
		`{"id":"1","type":"complete"}`, `{"id":null,"type":"subscribe","payload":{"query":"","extensions":{"persistedQuery":1}}}`,
	} {
		f.Add([]byte(m))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMessage(data)
		if err != nil {
			if !helix.IsCode(err, helix.CodeBadInput) {
				t.Fatalf("error without a code: %v", err)
			}
			return
		}
		hasID := m.kind == messageSubscribe || m.kind == messageComplete
		if hasID != (m.id != "") || (m.kind == messageSubscribe) != (m.params != nil) {
			t.Fatalf("message %+v", m)
		}
		for _, frame := range [][]byte{pongFrame(m.echo), modern{}.complete(encodeID(m.id)), modern{}.fail(encodeID(m.id), nil)} {
			if !json.Valid(frame) {
				t.Fatalf("frame %q", frame)
			}
		}
	})
}
