package sandbox

import (
	"context"
	"net/http"
	"time"
)

// crm is what the sandbox needs of the CRM emulator.
type crm interface {
	Handler() http.Handler
	Run(ctx context.Context) error
	APIKey() string
}

func (s *Sandbox) failCRM(fault, time.Duration) error {
	return badRequest("target fortytwo is not part of this sandbox")
}
