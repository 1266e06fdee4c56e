package documents

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"

	"github.com/99designs/gqlgen/graphql"
	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Mode says what happens to documents that are not in the folder.
type Mode string

// The modes; doc.go says what they do.
const (
	Off  Mode = "off"
	Log  Mode = "log"
	Only Mode = "only"
)

// Options configure [Documents].
type Options struct {
	// Mode; the default is Off.
	Mode Mode

	// Folder holds the trusted documents; required by any mode but Off, which does not use it.
	Folder *Folder

	// Known tells whether the gateway knows who calls; it is asked before something is remembered on his behalf. Default: nobody.
	Known func(ctx context.Context) bool

	// Entries and Bytes bound what clients have registered. Default: 2,000 documents, 8 MiB.
	Entries, Bytes int

	// Logger takes what mode log finds. Default: slog.Default().
	Logger *slog.Logger
}

// Documents supplies and checks the texts of operations. It is safe for concurrent use, and an extension of gqlgen: install it with
// executor.Use in front of the limits, which then see the text.
type Documents struct {
	mode       Mode
	folder     *Folder
	known      func(ctx context.Context) bool
	registered *store
	untrusted  *notes
	log        *slog.Logger
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
	graphql.OperationContextMutator
} = (*Documents)(nil)

// New makes the extension.
func New(o Options) *Documents {
	if o.Known == nil {
		o.Known = func(context.Context) bool { return false }
	}
	if o.Entries <= 0 {
		o.Entries = 2_000
	}
	if o.Bytes <= 0 {
		o.Bytes = 8 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Mode == "" || o.Folder == nil {
		o.Mode = Off
	}
	return &Documents{
		mode: o.Mode, folder: o.Folder, known: o.Known, log: o.Logger,
		registered: newStore(o.Entries, o.Bytes), untrusted: newNotes(),
	}
}

type ownKey struct{}

// Own gives a context whose operations the gateway itself has written, and which therefore run whatever the mode.
func Own(ctx context.Context) context.Context { return context.WithValue(ctx, ownKey{}, true) }

// ExtensionName is for gqlgen.
func (d *Documents) ExtensionName() string { return "Documents" }

// Validate is for gqlgen: documents come from any schema.
func (d *Documents) Validate(graphql.ExecutableSchema) error { return nil }

// pending is what is left to do when an operation has passed the limits and the validation.
type pending struct {
	hash      [sha256.Size]byte
	register  bool
	untrusted bool
}

// MutateOperationParameters is for gqlgen: it puts the text in place of a name, and refuses what may not run. The codes are
// PERSISTED_QUERY_NOT_FOUND for a name that is not known, FORBIDDEN for what mode only does not let run, and BAD_USER_INPUT for a
// name that is malformed or belongs to another text.
func (d *Documents) MutateOperationParameters(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	if own, _ := ctx.Value(ownKey{}).(bool); own {
		return nil
	}
	name, err := nameIn(params.Extensions)
	if err != nil {
		return err
	}
	if params.Query == "" {
		return d.supply(params, name)
	}
	return d.check(ctx, params.Query, name)
}

// supply finds the text of a name. Without a name there is nothing to run, which the parser says.
func (d *Documents) supply(params *graphql.RawParams, name string) *gqlerror.Error {
	if name == "" {
		return nil
	}
	text, found := d.trusted().named(name)
	switch {
	case found:
	case d.mode == Only:
		return notTrusted()
	default:
		if text, found = d.registered.get(name); !found {
			return notFound()
		}
	}
	params.Query = text
	return nil
}

// check decides about a text that was sent, be it with a name or without.
func (d *Documents) check(ctx context.Context, text, name string) *gqlerror.Error {
	if name == "" && d.mode == Off {
		return nil
	}
	p := pending{hash: sha256.Sum256([]byte(text))}
	hash := hex.EncodeToString(p.hash[:])
	set := d.trusted()
	trusted := d.mode != Off && set.holds(hash, text)
	if name != "" && name != hash {
		if named, found := set.named(name); !found || !sameTokens(named, text) {
			return refusal(helix.CodeBadInput, "the document's name is not the SHA-256 of its text")
		}
	}
	if d.mode == Only && !trusted {
		return notTrusted()
	}
	p.register = name == hash && !trusted
	p.untrusted = d.mode == Log && !trusted
	if p.register || p.untrusted {
		graphql.GetOperationContext(ctx).Stats.SetExtension(d.ExtensionName(), &p)
	}
	return nil
}

// MutateOperationContext is for gqlgen. Here an operation has passed the limits and the validation, so it may be remembered.
func (d *Documents) MutateOperationContext(ctx context.Context, oc *graphql.OperationContext) *gqlerror.Error {
	p, ok := oc.Stats.GetExtension(d.ExtensionName()).(*pending)
	if !ok {
		return nil
	}
	known := d.known(ctx)
	if p.register && known {
		d.registered.add(hex.EncodeToString(p.hash[:]), oc.RawQuery)
	}
	if p.untrusted {
		d.note(ctx, p.hash, oc.Operation.Name, known)
	}
	return nil
}

// maxLoggedName bounds a name that a client has chosen, in bytes.
const maxLoggedName = 80

// note logs a document that is not trusted, the first time.
func (d *Documents) note(ctx context.Context, hash [sha256.Size]byte, operation string, known bool) {
	first, last := d.untrusted.add(d.folder.current(), hash, known)
	if first {
		d.log.WarnContext(ctx, "a document that is not trusted was let through",
			"sha256", hex.EncodeToString(hash[:]), "operation", operation[:min(len(operation), maxLoggedName)])
	}
	if last {
		d.log.WarnContext(ctx, "further documents that are not trusted are not logged until the folder changes", "known_callers", known)
	}
}

// trusted are the documents in force: none without a folder.
func (d *Documents) trusted() *set {
	if d.mode == Off {
		return nil
	}
	return d.folder.current()
}

// notFound is what Apollo's clients answer by sending the text; message and code are the protocol's.
func notFound() *gqlerror.Error {
	return &gqlerror.Error{Message: "PersistedQueryNotFound", Extensions: map[string]any{"code": "PERSISTED_QUERY_NOT_FOUND"}}
}

func notTrusted() *gqlerror.Error {
	return refusal(helix.CodeForbidden, "only trusted documents are run here, and this is none of them")
}

func refusal(code helix.Code, message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": string(code)}}
}
