package helix_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	helix "github.com/helix-engage/gateway"
)

func TestAsErrorNeverShowsTheTextOfAnErrorWithoutACode(t *testing.T) {
	t.Parallel()
	e := helix.AsError(fmt.Errorf("dial tcp 10.0.0.7: secret"))
	if e.Code != helix.CodeInternal || strings.Contains(e.Message, "secret") {
		t.Fatalf("got %q %q", e.Code, e.Message)
	}
}

func TestAsErrorFindsTheCodeUnderWrapping(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("desk: %w", errors.Join(errors.New("other"), helix.NotFound("call")))
	if e := helix.AsError(err); e.Code != helix.CodeNotFound || e.Message != "no such call" {
		t.Fatalf("got %q %q", e.Code, e.Message)
	}
}

func TestACancelledWaitMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	if !helix.IsRetryable(fmt.Errorf("wait: %w", context.DeadlineExceeded)) {
		t.Fatal("not retryable")
	}
}

func TestTheOperatorsTextHasEverythingInOrder(t *testing.T) {
	t.Parallel()
	e := &helix.Error{Op: "ozonetel.dial", Code: helix.CodeRejected, Message: "no", Detail: "status Fail", Err: errors.New("cause")}
	if got, want := e.Error(), "ozonetel.dial: UPSTREAM_REJECTED: no (status Fail): cause"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}
