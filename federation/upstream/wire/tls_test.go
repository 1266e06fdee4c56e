package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"net/url"
	"testing"
)

// listenTLS is listen with a certificate that the configuration trusts.
func listenTLS(t *testing.T, talk func(*peer)) (*url.URL, *tls.Config) {
	t.Helper()
	signed := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(signed.Close)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: signed.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	serve(t, listener, talk)
	trusted := x509.NewCertPool()
	trusted.AddCert(signed.Certificate())
	return &url.URL{Scheme: "https", Host: listener.Addr().String()}, &tls.Config{RootCAs: trusted}
}

func TestOverTLSConnectionsAreKeptToo(t *testing.T) {
	t.Parallel()
	at, config := listenTLS(t, saying(whole))
	client := newClient(t, Options{URL: at, TLS: config})
	var first net.Conn
	for range 3 {
		wantAnswer(t, client, once(), answerBody)
		kept := client.pool.idle[0]
		if first == nil {
			first = kept
		}
		if net.Conn(kept) != first {
			t.Error("another connection was made")
		}
	}
	if config.NextProtos != nil {
		t.Error("the configuration was changed")
	}
}

func TestACertificateThatIsNotTrustedEndsIt(t *testing.T) {
	t.Parallel()
	at, _ := listenTLS(t, func(p *peer) { p.closed() })
	x := once()
	err := newClient(t, Options{URL: at}).Do(x)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok || x.Sent {
		t.Errorf("got %v", err)
	}
}

func TestWhatTLSHasReadAlreadySpoilsAConnection(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]func(*peer){
		"an answer more": func(p *peer) { p.send(whole) },
		"a goodbye":      func(p *peer) { _ = p.Conn.(*tls.Conn).CloseWrite() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spoiled := make(chan struct{})
			at, config := listenTLS(t, func(p *peer) {
				if p.number > 1 {
					saying(whole)(p)
					return
				}
				if _, ok := p.request(); !ok {
					return
				}
				p.send(whole)
				more(p)
				close(spoiled)
				p.closed()
			})
			client := newClient(t, Options{URL: at, TLS: config})
			wantAnswer(t, client, once(), answerBody)
			<-spoiled
			if client.pool.idle[0].raw == nil {
				t.Fatal("the socket cannot be looked at")
			}
			wantAnswer(t, client, once(), answerBody)
			until(t, "it is still open", func() bool { open, _ := client.counts(); return open == 1 })
		})
	}
}

func TestAnExchangeOverTLSIsInterruptedAndGoesOn(t *testing.T) {
	t.Parallel()
	for name, parts := range stages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			waits, release := make(chan struct{}), make(chan struct{})
			at, config := listenTLS(t, func(p *peer) {
				if _, ok := p.request(); !ok {
					return
				}
				p.send(parts[0])
				waits <- struct{}{}
				<-release
				p.send(parts[1])
			})
			client := newClient(t, Options{URL: at, TLS: config})
			x := once()
			ended := doing(client, x)
			<-waits
			x.Interrupt()
			if err := <-ended; !errors.Is(err, ErrInterrupted) {
				t.Fatal(err)
			}
			close(release)
			wantAnswer(t, client, x, answerBody)
		})
	}
}
