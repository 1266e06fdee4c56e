package load

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// PeersOptions are what the gateway is configured with.
type PeersOptions struct {
	FlowPath      string // that dials are posted to
	WebhookPath   string // of the voice provider's post-call webhook
	WebhookSecret string
}

// Peers play both providers of outbound AI calls, with as little work as possible: the telephony provider, whose
// patients answer at once, and the voice provider. They are not the emulators, which would cost more than the gateway.
type Peers struct {
	URL string // of both, without a final slash

	options  PeersOptions
	listener net.Listener
	server   *http.Server
	gateway  *Gateway // set before the first call
	client   *http.Client
	pacer    *pacer
	phase    atomic.Int32
	stop     context.CancelFunc
	work     sync.WaitGroup

	mu     sync.Mutex
	calls  []*streamCall
	byID   map[string]*streamCall
	failed error // the first
}

// peerNumbers are the patients' numbers: this, then the number of the call.
const peerNumbers = "+9170"

// StartPeers listens. They must be closed.
func StartPeers(ctx context.Context, o PeersOptions) (*Peers, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	p := &Peers{
		URL: "http://" + l.Addr().String(), options: o, listener: l, pacer: newPacer(), stop: stop, byID: map[string]*streamCall{},
		client: &http.Client{Timeout: pushTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: dialersAtOnce}},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+o.FlowPath, p.dial)
	mux.HandleFunc("GET /v1/convai/conversation/get-signed-url", p.address)
	mux.HandleFunc("GET /conversation", p.converse)
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: helloWithin}
	p.work.Go(func() {
		if err := p.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			p.fail(err)
		}
	})
	p.work.Go(func() { p.pacer.run(ctx) })
	return p, nil
}

// Close ends what is open and waits for all of it.
func (p *Peers) Close() error {
	p.stop()
	err := p.server.Close()
	for _, c := range p.all() {
		c.drop()
	}
	p.work.Wait()
	p.client.CloseIdleConnections()
	return err
}

func (p *Peers) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = cmp.Or(p.failed, err)
}

func (p *Peers) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

func (p *Peers) all() []*streamCall {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clip(p.calls)
}

// expect makes the next call, which the gateway has yet to be asked for.
func (p *Peers) expect() (c *streamCall, phone string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c = newStreamCall(len(p.calls), p.pacer, &p.phase)
	p.calls = append(p.calls, c)
	return c, fmt.Sprintf("%s%08d", peerNumbers, c.number)
}

// dial takes a dial with its flow: the patient answers, and the line opens the stream that the flow names.
func (p *Peers) dial(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Customer string `json:"customer_number"`
		Number   string `json:"k_number"`
		Flow     struct {
			Nodes []struct {
				Config struct {
					URL      string `json:"wss_url"`
					Metadata string `json:"metadata"`
				} `json:"config"`
			} `json:"nodes"`
		} `json:"ivr_flow"`
	}
	var given struct {
		Session string `json:"call_session_id"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&in); err != nil || len(in.Flow.Nodes) == 0 {
		http.Error(w, "no flow", http.StatusBadRequest)
		return
	}
	stream := in.Flow.Nodes[len(in.Flow.Nodes)-1].Config
	_, path, found := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(stream.URL, "ws://"), "wss://"), "/")
	number, err := strconv.Atoi(strings.TrimPrefix(in.Customer, peerNumbers))
	if json.Unmarshal([]byte(stream.Metadata), &given) != nil || err != nil || !found {
		http.Error(w, "the flow has no stream, or the number is none of ours", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	if number >= len(p.calls) {
		p.mu.Unlock()
		http.Error(w, "the number is none of ours", http.StatusBadRequest)
		return
	}
	c := p.calls[number]
	p.byID[given.Session] = c
	p.mu.Unlock()
	id := fmt.Sprintf("load-%d", number)
	_, _ = fmt.Fprintf(w, `{"success":{"status":"success","message":"Call is being placed","call_id":%q}}`, id) // the gateway has gone: nobody is left to tell
	p.work.Go(func() {
		if err := p.answer(c, "ws"+strings.TrimPrefix(p.gateway.URL, "http")+"/"+path, id, in.Customer, in.Number); err != nil {
			p.fail(fmt.Errorf("the line of call %d: %w", number, err))
		}
	})
}

// answer is the line's side of a call: it lasts until the socket is closed.
func (p *Peers) answer(c *streamCall, url, id, customer, number string) error {
	dialer := websocket.Dialer{
		HandshakeTimeout: helloWithin, Subprotocols: []string{"audio.drachtio.org"}, ReadBufferSize: audioBuffer, WriteBufferSize: 1 << 10,
	}
	socket, res, err := dialer.Dial(url, nil)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	hello, err := json.Marshal(map[string]any{"uuid": id, "sample_rate": 16000, "from": customer, "to": number})
	if err == nil {
		err = socket.WriteMessage(websocket.TextMessage, hello)
	}
	if err != nil {
		return errors.Join(err, socket.Close())
	}
	if !c.lineSocket.CompareAndSwap(nil, socket) {
		return errors.Join(errors.New("it was dialled again"), socket.Close())
	}
	p.pacer.add(c)
	c.readLine(socket)
	p.pacer.remove(c)
	return socket.Close()
}

// audioBuffer holds a message of audio.
const audioBuffer = 16 << 10

func (p *Peers) address(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintf(w, `{"signed_url":"ws%s/conversation"}`, strings.TrimPrefix(p.URL, "http")) // as above
}

// converse is the agent's side of a call.
func (p *Peers) converse(w http.ResponseWriter, r *http.Request) {
	socket, err := (&websocket.Upgrader{ReadBufferSize: 4 << 10, WriteBufferSize: 1 << 10}).Upgrade(w, r, nil)
	if err != nil {
		return // answered
	}
	p.work.Add(1) // the server does not wait for what it was deprived of
	defer p.work.Done()
	defer func() { _ = socket.Close() }()
	var start struct {
		Variables struct {
			Session string `json:"call_session_id"`
		} `json:"dynamic_variables"`
	}
	if socket.ReadJSON(&start) != nil {
		return // the call never came
	}
	p.mu.Lock()
	c := p.byID[start.Variables.Session]
	p.mu.Unlock()
	if c == nil || c.voiceSocket.Load() != nil {
		p.fail(errors.New("a conversation is of no call, or a call has two"))
		return
	}
	id := "load-" + strconv.Itoa(c.number)
	if err := socket.WriteMessage(websocket.TextMessage, []byte(`{"type":"conversation_initiation_metadata","conversation_initiation_metadata_event":{`+
		`"conversation_id":"`+id+`","agent_output_audio_format":"pcm_16000","user_input_audio_format":"pcm_16000"}}`)); err != nil {
		return
	}
	c.voiceSocket.Store(socket)
	close(c.talking)
	c.readVoice(socket)
	if err := p.tell(r.Context(), id, start.Variables.Session); err != nil && r.Context().Err() == nil {
		p.fail(fmt.Errorf("post-call webhook: %w", err))
	}
}

// tell sends the conversation's post-call webhook.
func (p *Peers) tell(ctx context.Context, conversation, session string) error {
	now := time.Now().Unix()
	body := fmt.Appendf(nil, `{"type":"post_call_transcription","event_timestamp":%d,"data":{"agent_id":"load","conversation_id":%q,"status":"done",`+
		`"transcript":[{"role":"agent","message":"When would it suit you?","time_in_call_secs":1}],"metadata":{"start_time_unix_secs":%d,"call_duration_secs":2},`+
		`"analysis":{"call_successful":"success","transcript_summary":"A date was agreed on."},`+
		`"conversation_initiation_client_data":{"dynamic_variables":{"call_session_id":%q}}}}`, now, conversation, now, session)
	mac := hmac.New(sha256.New, []byte(p.options.WebhookSecret))
	mac.Write(fmt.Appendf(nil, "%d.%s", now, body))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.gateway.URL+p.options.WebhookPath, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("ElevenLabs-Signature", fmt.Sprintf("t=%d,v0=%s", now, hex.EncodeToString(mac.Sum(nil))))
	res, err := p.client.Do(req)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %d", res.StatusCode)
	}
	return nil
}
