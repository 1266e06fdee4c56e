package knowlarity_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
	"github.com/helix-engage/gateway/providers/knowlarity"
)

// starts are first messages as different sources describe them (6.4).
var starts = map[string]struct {
	binary bool
	data   string
	want   helix.LineStart
}{
	"dialect V": {
		data: `{"uuid":"5d1f","sample_rate":16000,"from":"+919812345678","to":"+918035550001","campaign":"",
		 "metadata":{"welcome_message":"Welcome","event":"websocket:connected","call_type":"inbound"}}`,
		want: helix.LineStart{ProviderCallID: "5d1f", Customer: patient, DID: "+918035550001", Rate: 16000},
	},
	"dialect V with our metadata as a string": {
		data: `{"uuid":"5d1f","sample_rate":"8k","from":"9812345678","to":"+918035550001","metadata":"{\"call_session_id\":\"s1\",\"callid\":\"other\"}"}`,
		want: helix.LineStart{ProviderCallID: "5d1f", Session: "s1", Customer: patient, DID: "+918035550001", Rate: 8000},
	},
	"dialect H": {
		data: `{"callid":"c1","virtual_number":"+918035550001","customer_number":"+919812345678","client_meta_id":"s1","event_timestamp":1795146574000,
		 "ivr_data":"{\"language\":\"hi\"}","session_metadata":{"patient_name":"O'Brien","call_session_id":"s2"}}`,
		want: helix.LineStart{ProviderCallID: "c1", Session: "s2", Customer: patient, DID: "+918035550001"},
	},
	"dialect H nested twice": {
		data: `{"metadata":{"metadata":{"ivrCallId":"c1","call_session_id":"s1"},"customer_number":"+919812345678"}}`,
		want: helix.LineStart{ProviderCallID: "c1", Session: "s1", Customer: patient},
	},
	"dialect T": {
		data: `{"callid":"c1","customer_number":"09812345678"}`,
		want: helix.LineStart{ProviderCallID: "c1", Customer: patient},
	},
	"a Python literal": {
		data: `{'callid': 'c1', 'customer_number': u'+919812345678', 'sample_rate': 16000, 'note': "O'Brien", 'ivr_data': '{"client_meta_id": "s1"}', 'x': (1, None, True,), }`,
		want: helix.LineStart{ProviderCallID: "c1", Session: "s1", Customer: patient, Rate: 16000},
	},
	"a Python literal inside JSON": {
		data: `{"uuid":"c1","metadata":"{'call_session_id': 's1'}"}`,
		want: helix.LineStart{ProviderCallID: "c1", Session: "s1"},
	},
	"text in a binary frame": {
		binary: true, data: ` {"uuid":"c1"}`,
		want: helix.LineStart{ProviderCallID: "c1"},
	},
	"metadata that was cut on its way": {
		data: `{"uuid":"c1","from":"+919812345678","metadata":{"call_session_id":"s1","crm`,
		want: helix.LineStart{ProviderCallID: "c1", Customer: patient},
	},
	"blanks as Python writes them": {
		data: `{"uuid":"None","callid":"c1","from":"null","sample_rate":"fast"}`,
		want: helix.LineStart{ProviderCallID: "c1"},
	},
	"nothing that is known": {data: `{}`},
}

func TestStreamsStartInEveryDialect(t *testing.T) {
	t.Parallel()
	for name, c := range starts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := knowlarity.NewLine()
			got, err := line.Decode(c.binary, []byte(c.data))
			if diff := cmp.Diff(helix.LineFrame{Kind: helix.LineStarted, Start: c.want}, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if got, err := line.Decode(false, []byte(`{"uuid":"c2"}`)); err != nil || got.Kind != helix.LineUnknown {
				t.Errorf("a second start is %+v, %v", got, err)
			}
		})
	}
}

func TestMessagesDuringACall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fresh, binary bool
		data          string
		want          helix.LineFrame
		bad           bool
	}{
		"samples":                                   {binary: true, data: "\x01\x00\x02", want: helix.LineFrame{Kind: helix.LineAudio, Audio: []byte("\x01\x00\x02")}},
		"samples that look like text":               {binary: true, data: `{"uuid":"c1"}`, want: helix.LineFrame{Kind: helix.LineAudio, Audio: []byte(`{"uuid":"c1"}`)}},
		"samples before the start":                  {fresh: true, binary: true, data: "{\x00}", want: helix.LineFrame{Kind: helix.LineAudio, Audio: []byte("{\x00}")}},
		"no samples at all":                         {binary: true, want: helix.LineFrame{Kind: helix.LineAudio, Audio: []byte{}}},
		"a key":                                     {data: `{"type":"dtmf","digit":"5"}`, want: helix.LineFrame{Kind: helix.LineDigit, Digit: "5"}},
		"a key as a number":                         {data: `{"event":"DTMF","data":{"digit":5}}`, want: helix.LineFrame{Kind: helix.LineDigit, Digit: "5"}},
		"a key before the start":                    {fresh: true, data: `{"type":"dtmf","digit":"#"}`, want: helix.LineFrame{Kind: helix.LineDigit, Digit: "#"}},
		"a key that does not exist":                 {data: `{"type":"dtmf","digit":"E!"}`},
		"the end":                                   {data: `{"type":"call_end"}`, want: helix.LineFrame{Kind: helix.LineEnded}},
		"the end under its other name":              {data: `{'event': 'call-end'}`, want: helix.LineFrame{Kind: helix.LineEnded}},
		"the beginning, which the metadata told":    {data: `{"type":"call_start"}`},
		"a notice of the module":                    {data: `{"msg":"buffer overrun"}`},
		"an unknown type":                           {data: `{"type":"mark"}`},
		"garbage":                                   {data: `hello`, bad: true},
		"garbage before the start":                  {fresh: true, data: `hello`, bad: true},
		"a list before the start":                   {fresh: true, data: `[1]`, bad: true},
		"an object that was cut after the start":    {data: `{"type":"dtmf","digit":"5"`, bad: true},
		"nothing":                                   {data: ``, bad: true},
		"nested deeper than a message is":           {data: `{'a':` + string(bytes.Repeat([]byte("["), 100)), bad: true},
		"longer than a message is before the start": {fresh: true, data: `{"a":"` + string(bytes.Repeat([]byte("x"), 70_000)) + `"}`, bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := knowlarity.NewLine()
			if !c.fresh {
				if _, err := line.Decode(false, []byte(`{"uuid":"c1"}`)); err != nil {
					t.Fatal(err)
				}
			}
			got, err := line.Decode(c.binary, []byte(c.data))
			if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != c.bad {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestWhatWeSend(t *testing.T) {
	t.Parallel()
	line := knowlarity.NewLine()
	before := []byte("before")
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"audio":      {line.AppendAudio(before, audio.PCM8k, []byte{1, 2, 3, 4}), `{"type":"playAudio","data":{"audioContentType":"raw","sampleRate":8000,"audioContent":"AQIDBA=="}}`},
		"clear":      {line.AppendClear(before), `{"type":"killAudio"}`},
		"hangup":     {line.AppendHangup(before), `{"type":"disconnect"}`},
		"transfer":   {line.AppendTransfer(before, "+918035550009"), `{"type":"transfer","data":{"textContent":"+918035550009"}}`},
		"nobody":     {line.AppendTransfer(before, ""), ``},
		"no number":  {line.AppendTransfer(before, `+91","x":"`), ``},
		"many bytes": {line.AppendAudio(before, audio.PCM16k, make([]byte, 6400)), `{"type":"playAudio","data":{"audioContentType":"raw","sampleRate":16000,"audioContent":"` + base64.StdEncoding.EncodeToString(make([]byte, 6400)) + `"}}`},
	} {
		if string(c.got) != "before"+c.want {
			t.Errorf("%s is %s", name, c.got)
		}
		if c.want != "" && !json.Valid(c.got[len(before):]) {
			t.Errorf("%s is no JSON", name)
		}
	}
}

func TestTheLineAllocatesNothingPerFrame(t *testing.T) {
	line := knowlarity.NewLine()
	if _, err := line.Decode(false, []byte(`{"uuid":"c1"}`)); err != nil {
		t.Fatal(err)
	}
	samples, dst := make([]byte, 6400), make([]byte, 0, 16<<10)
	for name, f := range map[string]func(){
		"decoding audio": func() { _, _ = line.Decode(true, samples) },
		"playing":        func() { dst = line.AppendAudio(dst[:0], audio.PCM16k, samples) },
		"clearing":       func() { dst = line.AppendClear(dst[:0]) },
		"hanging up":     func() { dst = line.AppendHangup(dst[:0]) },
		"transferring":   func() { dst = line.AppendTransfer(dst[:0], patient) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, c := range starts {
		f.Add(c.binary, []byte(c.data))
	}
	f.Add(false, []byte(`{"type":"dtmf","digit":"5"}`))
	f.Add(true, []byte{0x7b, 0x00, 0x7d})
	f.Fuzz(func(t *testing.T, binary bool, data []byte) {
		line := knowlarity.NewLine()
		for range 2 {
			frame, err := line.Decode(binary, data)
			switch {
			case err != nil && frame.Kind != helix.LineUnknown:
				t.Fatalf("%+v and %v", frame, err)
			case binary && frame.Kind == helix.LineAudio && !bytes.Equal(frame.Audio, data):
				t.Fatal("samples were changed")
			case frame.Kind == helix.LineDigit && frame.Digit == "":
				t.Fatal("a key without a digit")
			}
		}
	})
}

func BenchmarkLineDecodeAudio(b *testing.B) {
	line, frame := knowlarity.NewLine(), make([]byte, 640)
	_, _ = line.Decode(false, []byte(`{"uuid":"c1"}`))
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		_, _ = line.Decode(true, frame)
	}
}

func BenchmarkLineAppendAudio(b *testing.B) {
	line, samples := knowlarity.NewLine(), make([]byte, 6400) // 200 ms at 16 kHz
	var dst []byte
	b.ReportAllocs()
	b.SetBytes(int64(len(samples)))
	for b.Loop() {
		dst = line.AppendAudio(dst[:0], audio.PCM16k, samples)
	}
}
