package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/calls"
	"github.com/helix-engage/gateway/desk"
	"github.com/helix-engage/gateway/internal/audio"
	"github.com/helix-engage/gateway/internal/phone"
	"github.com/helix-engage/gateway/internal/rest"
	"github.com/helix-engage/gateway/internal/server"
	"github.com/helix-engage/gateway/internal/webhooks"
	"github.com/helix-engage/gateway/outbound"
	"github.com/helix-engage/gateway/providers/elevenlabs"
	"github.com/helix-engage/gateway/providers/knowlarity"
	"github.com/helix-engage/gateway/scheduler"
	"github.com/helix-engage/gateway/streaming"
)

// What the webhooks of outbound AI calls file pushes under, and where they and the audio arrive.
const (
	sourceKnowlarity = "knowlarity.callback"
	sourceElevenLabs = "elevenlabs.conversation"

	pathKnowlarity    = "/webhooks/knowlarity"
	pathElevenLabs    = "/webhooks/elevenlabs"
	pathStream        = "/streams/knowlarity"
	pathSessionStream = "/knowlarity-stream"
	pathNumberStream  = "/knowlarity-stream/n"
)

// What ElevenLabs may send (elevenlabs.md 8): signatures are good for half an hour, and a transcript may be large until it
// is reduced to what is kept.
const (
	elevenLabsMaxAge  = 30 * time.Minute
	elevenLabsMaxBody = 10 << 20
)

// streamTokenFor is how long the token of an attempt's stream works: a phone may ring for a while, and a late stream is
// taken.
const streamTokenFor = 10 * time.Minute

// voiceCalls is what outbound AI calls are made of. All of it is nil where they are not configured.
type voiceCalls struct {
	knowlarity *knowlarity.Client
	elevenLabs *elevenlabs.Client
	outbound   *outbound.Service
	tokens     *streaming.Tokens
	recordings *streaming.Recordings
	streams    *streaming.Server
}

// buildVoice makes outbound AI calls, where both of their providers are configured.
func (g *Gateway) buildVoice(ctx context.Context) (err error) {
	if err := g.buildVoiceProviders(); err != nil {
		return err
	}
	if !g.voiceConfigured() {
		return nil
	}
	v, c := &g.voice, g.cfg.Outbound
	secret := []byte(g.cfg.Server.Secret.Reveal())
	v.tokens = streaming.NewTokens(secret, g.now)
	if c.Record {
		if v.recordings, err = streaming.NewRecordings(c.RecordingsDir, secret, g.now, g.log); err != nil {
			return err
		}
	}
	transferTo := helix.Phone("")
	if c.TransferTo != "" {
		if transferTo, err = phone.Parse(c.TransferTo, homeRegion); err != nil {
			return err
		}
	}
	if v.outbound, err = outbound.New(ctx, outbound.Options{
		Bus: g.bus, Dialler: v.knowlarity, CallLog: v.knowlarity, Conversations: v.elevenLabs, Streams: audioStreams{g}, Log: g.calls,
		Records: linkedRecords{g.records, g.calls}, CallBacks: callBacks{g.queue},
		Tail: func(ctx context.Context, after *helix.Cursor) (outbound.Feed, error) {
			return g.calls.Stream(ctx, after)
		},
		Leader:   g.lease.IsLeader,
		Greeting: func(r helix.OutboundRequest) string { return inLanguage(c.Greetings, r.Language) },

		VoiceAgent: g.cfg.ElevenLabs.AgentID, TransferTo: transferTo, Record: c.Record, Concurrency: c.Concurrency,
		MaxDuration: c.MaxDuration, DialTimeout: c.DialTimeout, Patience: c.Patience,
		BackOff: outbound.BackOff{Busy: c.RetryBusy, NoAnswer: c.RetryNoAnswer, Refused: c.RetryRefused},
		Now:     g.now, Logger: g.log,
	}); err != nil {
		return err
	}
	g.calls.WireOutbound(v.outbound)
	goodbye, err := readGoodbye(c.GoodbyeFile)
	if err != nil {
		return err
	}
	v.streams, err = streaming.NewServer(streaming.Options{
		Voices: voices{v.elevenLabs}, Calls: streamOwner{v.outbound, c.Resumptions}, Goodbye: goodbye, Tokens: v.tokens, Recordings: v.recordings, Capacity: c.Streams,
		Drain: g.cfg.Server.DrainTimeout, Logger: g.log,
	})
	return err
}

// readGoodbye reads what patients hear when their voice agent is lost; nothing for no file.
func readGoodbye(file string) (audio.Clip, error) {
	if file == "" {
		return audio.Clip{}, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return audio.Clip{}, fmt.Errorf("OUTBOUND_GOODBYE_FILE: %w", err)
	}
	clip, err := audio.ParseWAV(data)
	if err != nil {
		return audio.Clip{}, fmt.Errorf("OUTBOUND_GOODBYE_FILE: %w", err)
	}
	return clip, nil
}

// homeRegion is where national phone numbers are of.
const homeRegion = "IN"

func (g *Gateway) voiceConfigured() bool {
	return g.voice.knowlarity.Configured() && g.voice.elevenLabs.Configured()
}

// buildVoiceProviders makes the drivers, configured or not.
func (g *Gateway) buildVoiceProviders() (err error) {
	if g.knowlarityHTTP, err = g.providerHTTP(helix.ProviderKnowlarity, 0); err != nil {
		return err
	}
	if g.elevenLabsHTTP, err = g.providerHTTP(helix.ProviderElevenLabs, 0); err != nil {
		return err
	}
	k, e := g.cfg.Knowlarity, g.cfg.ElevenLabs
	if g.voice.knowlarity, err = knowlarity.New(knowlarity.Options{
		BaseURL: k.URL, Channel: k.Channel, APIKey: k.APIKey.Reveal(), Authorization: k.Authorization.Reveal(), AccountID: k.AccountID,
		Number: k.Number, CallerID: k.CallerID, Strategy: knowlarity.Strategy(k.Strategy), FlowPath: k.FlowPath, IVRID: k.IVRID,
		AgentNumber: k.AgentNumber, Rate: k.Rate, StreamURLAPI: k.StreamURLAPI, HTTP: g.knowlarityHTTP, Now: g.now,
	}); err != nil {
		return err
	}
	g.voice.elevenLabs, err = elevenlabs.New(elevenlabs.Options{BaseURL: e.URL, APIKey: e.APIKey.Reveal(), AgentID: e.AgentID, HTTP: g.elevenLabsHTTP})
	return err
}

// How often what providers may have failed to tell is asked for, and how long that may take.
const (
	reconcileDialsEvery     = 30 * time.Second
	fetchConversationsEvery = time.Minute
	sweepRecordingsEvery    = time.Hour
	announceStreamEvery     = 5 * time.Second
	announceStreamAgain     = time.Hour
)

// voiceJobs are the scheduled jobs of outbound AI calls.
func (g *Gateway) voiceJobs() []scheduler.Job {
	v := &g.voice
	if v.outbound == nil {
		return nil
	}
	jobs := []scheduler.Job{
		{Name: "reconcile-outbound-dials", Every: reconcileDialsEvery, Within: reconcileDialsEvery, Run: v.outbound.Reconcile},
		{Name: "fetch-conversations", Every: fetchConversationsEvery, Within: fetchConversationsEvery, Run: v.outbound.FetchConversations},
	}
	if v.recordings != nil {
		keep := time.Duration(g.cfg.Storage.RetentionDays) * 24 * time.Hour
		jobs = append(jobs, scheduler.Job{
			Name: "sweep-recordings", Every: sweepRecordingsEvery, Within: sweepRecordingsEvery / 2, Run: func(ctx context.Context) error {
				_, err := v.recordings.Sweep(ctx, g.now().Add(-keep))
				return err
			},
		})
	}
	if k := g.cfg.Knowlarity; k.Strategy != string(knowlarity.StrategyFlow) && len(k.Secrets) > 0 {
		url := g.cfg.streamBase() + pathNumberStream + "/" + k.Secrets[0].Reveal()
		jobs = append(jobs, scheduler.Job{
			Name: "announce-stream", Every: announceStreamEvery, Within: time.Minute, Run: g.announceStream(url),
		})
	}
	return jobs
}

// announceStream tells the telephony provider where the audio of the number's calls goes: as soon as this replica leads, since
// no call can be heard before, and now and then again.
func (g *Gateway) announceStream(url string) func(context.Context) error {
	var told time.Time // runs of a job do not overlap
	return func(ctx context.Context) error {
		if g.now().Sub(told) < announceStreamAgain {
			return nil
		}
		if err := g.voice.knowlarity.SetStreamURL(ctx, "", url); err != nil {
			return err
		}
		told = g.now()
		return nil
	}
}

// voiceComponents are what runs for outbound AI calls. Streams stop before what they report to.
func (g *Gateway) voiceComponents() []server.Component {
	v := &g.voice
	if v.outbound == nil {
		return nil
	}
	return []server.Component{
		{Name: "outbound", Run: v.outbound.Run},
		{Name: "ended-streams", Run: g.endStreams},
		{Name: "streams", Run: v.streams.Run, StopWithin: g.cfg.Server.DrainTimeout + streamsStopWithin},
	}
}

// streamsStopWithin is how long streams that were ended politely take to be over.
const streamsStopWithin = 15 * time.Second

// endStreams ends the streams of calls that were ended elsewhere: by a cancellation or a time-out on another replica.
func (g *Gateway) endStreams(ctx context.Context) error {
	feed, err := g.calls.Stream(ctx, nil)
	if err != nil {
		return err
	}
	for {
		e, err := feed.Next(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err != nil {
			return fmt.Errorf("ended streams: %w", err)
		}
		if e.Outbound != nil && e.Outbound.State.Final() {
			g.voice.streams.End(e.Call, e.Outbound.Reason)
		}
	}
}

// voiceRoutes are where the telephony provider's audio arrives.
func (g *Gateway) voiceRoutes() ([]server.Route, error) {
	if g.voice.streams == nil {
		return nil, nil
	}
	k := g.cfg.Knowlarity
	kind := streaming.LineKind{
		Name: "knowlarity", Dialect: func() streaming.Line { return knowlarity.NewLine() }, Matching: streaming.ByToken,
		Settings: streaming.LineSettings{
			In:   audio.Format{Encoding: audio.PCM16LE, Rate: k.Rate},
			Out:  audio.Format{Encoding: audio.PCM16LE, Rate: k.PlayRate},
			Gain: k.Gain, Subprotocols: []string{knowlarity.Subprotocol},
		},
	}
	byToken, err := g.voice.streams.Handler(kind)
	if err != nil {
		return nil, err
	}
	routes := []server.Route{
		{Pattern: "GET " + pathStream + "/{token}", Handler: byToken}, {Pattern: "GET " + pathSessionStream + "/{token}", Handler: byToken},
	}
	if len(k.Secrets) == 0 {
		return routes, nil
	}
	kind.Matching, kind.Secret = streaming.ByNumber, k.Secrets[0].Reveal()
	byNumber, err := g.voice.streams.Handler(kind)
	return append(routes, server.Route{Pattern: "GET " + pathNumberStream + "/{secret}", Handler: byNumber}), err
}

// voiceWebhooks are the pushes of both providers, and the telephony provider's on the path of the replaced system.
func (g *Gateway) voiceWebhooks() []webhooks.Source {
	if g.voice.outbound == nil {
		return nil
	}
	callback := webhooks.Source{Name: sourceKnowlarity, Path: pathKnowlarity, Secrets: reveal(g.cfg.Knowlarity.Secrets), Get: true}
	kept := callback
	kept.Path, kept.Get, kept.Answer = rest.CallbackPath, false, rest.AnswerCallback
	kept.Lacks = func(contentType string, body []byte) string {
		reports, err := g.voice.knowlarity.DecodeCallback(contentType, body)
		if err != nil || len(reports) == 0 {
			return rest.CallbackLacksID
		}
		return ""
	}
	return []webhooks.Source{callback, kept, {
		Name: sourceElevenLabs, Path: pathElevenLabs, Secrets: reveal(g.cfg.ElevenLabs.Secrets), Redact: elevenlabs.ReduceWebhook,
		MaxAge: elevenLabsMaxAge, MaxBody: elevenLabsMaxBody,
		Seal: func(h http.Header) (webhooks.Seal, bool) {
			at, prefix, macs, ok := elevenlabs.WebhookSeal(h)
			return webhooks.Seal{At: at, Prefix: prefix, MACs: macs}, ok
		},
	}}
}

// voiceDecoders read what the webhooks stored.
func (g *Gateway) voiceDecoders() map[string]calls.Decoder {
	return map[string]calls.Decoder{
		sourceKnowlarity: func(contentType string, body []byte) (helix.ProviderReports, error) {
			dials, err := g.voice.knowlarity.DecodeCallback(contentType, body)
			return helix.ProviderReports{Dials: dials}, err
		},
		sourceElevenLabs: func(_ string, body []byte) (helix.ProviderReports, error) {
			c, kind, err := g.voice.elevenLabs.DecodeWebhook(body)
			if err != nil || kind != elevenlabs.WebhookTranscription {
				return helix.ProviderReports{}, err
			}
			return helix.ProviderReports{Conversations: []helix.Conversation{c}}, nil
		},
	}
}

// ownRecordings opens recordings that the gateway made, nil where it makes none.
func (g *Gateway) ownRecordings() func(string) (io.ReadSeekCloser, time.Time, error) {
	if g.voice.recordings == nil {
		return nil
	}
	return func(name string) (io.ReadSeekCloser, time.Time, error) {
		r, err := g.voice.recordings.Open(name)
		if err != nil {
			return nil, time.Time{}, err
		}
		return r, r.ModTime, nil
	}
}

// audioStreams tells outbound calls where their audio arrives.
type audioStreams struct{ g *Gateway }

func (a audioStreams) URL(call helix.CallID, attempt int) string {
	return a.g.cfg.streamBase() + pathStream + "/" + a.g.voice.tokens.Token(call, attempt, streamTokenFor)
}

func (a audioStreams) Prepare(call helix.CallID, voiceAgent string) {
	a.g.voice.streams.Prepare(call, voiceAgent)
}

func (a audioStreams) End(call helix.CallID, reason helix.OutboundReason) {
	a.g.voice.streams.End(call, reason)
}

func (a audioStreams) Forget(ctx context.Context, call helix.CallID) error {
	if a.g.voice.recordings == nil {
		return nil
	}
	_, err := a.g.voice.recordings.Remove(ctx, call)
	return err
}

// voices lets streams reach voice agents.
type voices struct{ *elevenlabs.Client }

func (v voices) Dialect() streaming.Voice { return v.Client.Dialect() }

// streamOwner lets streams report to the calls that they belong to.
type streamOwner struct {
	*outbound.Service
	resumptions []string
}

func (o streamOwner) Attach(ctx context.Context, c streaming.Claim) (streaming.Plan, error) {
	p, err := o.Service.Attach(ctx, outbound.Claim(c))
	return streaming.Plan{
		Call: p.Call, Attempt: p.Attempt, VoiceAgent: p.VoiceAgent, Start: p.Start, MaxDuration: p.MaxDuration,
		Record: p.Record, TransferTo: p.TransferTo, ResumeMessage: inLanguage(o.resumptions, p.Start.Language),
	}, err
}

func (o streamOwner) Ended(ctx context.Context, call helix.CallID, attempt int, r streaming.Result) error {
	return o.Service.Ended(ctx, call, attempt, outbound.Result(r))
}

// callBacks puts patients whom a person should call into the missed-call queue.
type callBacks struct{ queue *desk.Queue }

func (c callBacks) Request(ctx context.Context, wish outbound.CallBackWish) error {
	_, err := c.queue.Record(ctx, helix.Call{
		ID: wish.Call, Phone: wish.Phone, ProviderCallID: "outbound." + string(wish.Call), Direction: helix.Outbound, StartedAt: wish.At,
	})
	return err
}
