package faults

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Wait passes d in real time. It is false when the client gave up or the server stopped before; a nil channel never stops.
func Wait(ctx context.Context, stopped <-chan struct{}, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-stopped:
	}
	return false
}

// Hang waits until the client gives up or the server stops; a nil channel never stops.
func Hang(ctx context.Context, stopped <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-stopped:
	}
}

// Reset closes the connection with a TCP reset, as a crashed peer or a firewall does.
func Reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 has no connection to hijack; the stream is reset
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
