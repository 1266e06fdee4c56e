package streaming

import (
	"context"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
)

const (
	// prepareWithin is how long opening a socket ahead may take, and preparedFor how long it may wait for its call.
	prepareWithin = 10 * time.Second
	preparedFor   = time.Minute
)

// prepared holds the sockets to voice agents that were opened while the telephone rings, at most one for each call and as
// many as there may be streams.
type prepared struct {
	server *Server

	mu   sync.Mutex
	legs map[helix.CallID]*parked
}

// parked is a socket that waits for its call, or is being opened.
type parked struct {
	agent  string
	cancel context.CancelFunc
	opened chan struct{} // closed when leg is known
	leg    *leg          // nil when it could not be opened
	expiry *time.Timer
}

func (p *prepared) add(call helix.CallID, agent string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.legs == nil || p.legs[call] != nil || len(p.legs) >= p.server.opts.Capacity {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), prepareWithin)
	k := &parked{agent: agent, cancel: cancel, opened: make(chan struct{})}
	k.expiry = time.AfterFunc(preparedFor, func() { p.drop(call) })
	p.legs[call] = k
	go func() {
		defer close(k.opened)
		defer cancel()
		l, err := p.server.dialVoice(ctx, agent)
		if err != nil {
			p.server.opts.Logger.WarnContext(ctx, "no socket to the voice agent ahead of the call", "call", call, "error", err)
			return
		}
		k.leg = l
	}()
}

// take gives the socket that was opened for a call, or nil. It waits for one that is being opened as long as ctx allows.
func (p *prepared) take(ctx context.Context, call helix.CallID, agent string) *leg {
	k := p.remove(call)
	if k == nil {
		return nil
	}
	select {
	case <-k.opened:
	case <-ctx.Done():
		go k.drop()
		return nil
	}
	if k.leg == nil {
		return nil
	}
	select {
	case <-k.leg.lost:
	default:
		if k.agent == agent {
			return k.leg
		}
	}
	go k.drop()
	return nil
}

func (p *prepared) drop(call helix.CallID) {
	if k := p.remove(call); k != nil {
		k.drop()
	}
}

// dropAll drops what waits, and takes nothing more.
func (p *prepared) dropAll() {
	p.mu.Lock()
	legs := p.legs
	p.legs = nil
	p.mu.Unlock()
	for _, k := range legs {
		k.expiry.Stop()
		k.drop()
	}
}

func (p *prepared) remove(call helix.CallID) *parked {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.legs[call]
	delete(p.legs, call)
	if k != nil {
		k.expiry.Stop()
	}
	return k
}

func (k *parked) drop() {
	k.cancel()
	<-k.opened
	if k.leg != nil {
		k.leg.drop()
	}
}
