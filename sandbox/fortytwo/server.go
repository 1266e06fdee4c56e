package fortytwo

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/sandbox/faults"
)

// Server is an emulated FortyTwo with two workspaces: the hospital's, and another tenant's whose tokens are valid on the same
// server but mean nothing in the first.
type Server struct {
	options  Options
	log      *slog.Logger
	tokens   *tokens
	core     *ast.Schema // of /graphql without a token
	metadata *ast.Schema
	limiter  *limiter
	faults   faults.Book[Fault]
	requests faults.Log[RequestRecord]
	hooks    *deliveries
	streams  streamBook

	documents      documentCache
	introspections introspectionCache
	perCaller      callerLimiter
	otherSchema    func() (*ast.Schema, error) // of FaultOtherSchema; built when it is needed
	stopped        chan struct{}               // closed when Run ends: requests that hang on purpose end too
	stop           sync.Once

	mu         sync.RWMutex // of users; the workspaces themselves are set once
	users      map[string]*user
	workspaces []*workspace
	seeded     SeedFacts
	gatewayKey string
}

// New builds a server and seeds it. Errors: a data model that does not fit together, a user without a role.
func New(options Options) (*Server, error) {
	options = options.withDefaults()
	tokens, err := newTokens(options.Line, options.AppSecret, options.Now)
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: options, log: options.Logger, tokens: tokens, users: map[string]*user{}, stopped: make(chan struct{}),
		limiter: newLimiter(options.Rate, options.Now), perCaller: callerLimiter{rate: options.Rate, now: options.Now}, hooks: newDeliveries(options.WebhookClient, options.Now, options.Logger),
	}
	s.otherSchema = sync.OnceValues(func() (*ast.Schema, error) { return newOtherSchema(options.Line, options.Now()) })
	if err := s.loadSchemas(); err != nil {
		return nil, err
	}
	if err := s.addWorkspaces(); err != nil {
		return nil, err
	}
	if err := s.seed(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) loadSchemas() (err error) {
	if s.options.Line == Line15 {
		if s.core, err = mergedSchema(coreSources()...); err == nil {
			s.metadata, err = loadSchema("metadata.graphqls")
		}
		return err
	}
	if s.core, err = loadSchema("core.graphqls"); err == nil {
		s.metadata, err = loadSchema("metadata.graphqls", "stream.graphqls")
	}
	return err
}

func (s *Server) addWorkspaces() error {
	for _, w := range []struct{ id, name, subdomain string }{
		{s.options.WorkspaceID, s.options.WorkspaceName, "hospital"},
		{uuid.NewSHA1(namespace, []byte(s.options.WorkspaceID)).String(), "Sandbox Clinic", "clinic"},
	} {
		ws, err := newWorkspace(w.id, w.name, w.subdomain, s.options)
		if err != nil {
			return err
		}
		if ws.objectNamed("workspaceMember") == nil {
			return fmt.Errorf("fortytwo emulator: the metadata has no object workspaceMember")
		}
		for _, r := range s.options.Roles {
			id := uuid.NewSHA1(namespace, []byte(w.id+"/role/"+r.Label)).String()
			ws.roles[id] = &roleEntry{id: id, Role: r}
		}
		s.workspaces = append(s.workspaces, ws)
	}
	return nil
}

// main is the hospital's workspace.
func (s *Server) main() *workspace { return s.workspaces[0] }

// workspaceOf picks the workspace by the sub-domain of a front end's URL; any other origin means the first one, as on a server
// for a single workspace (fortytwo.md 2.1).
func (s *Server) workspaceOf(origin string) *workspace {
	host := strings.TrimPrefix(strings.TrimPrefix(origin, "http://"), "https://")
	subdomain, _, _ := strings.Cut(host, ".")
	for _, ws := range s.workspaces {
		if ws.subdomain == subdomain {
			return ws
		}
	}
	return s.main()
}

func (s *Server) workspaceByID(id string) *workspace {
	i := slices.IndexFunc(s.workspaces, func(ws *workspace) bool { return ws.id == id })
	if i < 0 {
		return nil
	}
	return s.workspaces[i]
}

// Handler serves /graphql, /metadata, /healthz and /client-config.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/graphql", s.serveAPI)
	mux.HandleFunc("/metadata", s.serveAPI)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		reply{status: http.StatusOK, contentType: jsonUTF8, body: []byte(`{"status":"ok","info":{},"error":{},"details":{}}`)}.write(w)
	})
	mux.HandleFunc("GET /client-config", s.serveClientConfig)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		nestError(http.StatusNotFound, "Cannot "+r.Method+" "+r.URL.Path, "Not Found").write(w)
	})
	return mux
}

func (s *Server) serveClientConfig(w http.ResponseWriter, _ *http.Request) {
	providers := newDict()
	providers.set("google", false)
	providers.set("magicLink", false)
	providers.set("password", true)
	providers.set("microsoft", false)
	providers.set("sso", []any{})
	api := newDict()
	api.set("mutationMaximumAffectedRecords", 100)
	config := newDict()
	config.set("authProviders", providers)
	config.set("isMultiWorkspaceEnabled", false)
	config.set("signInPrefilled", false)
	config.set("api", api)
	reply{status: http.StatusOK, contentType: jsonUTF8, body: appendJSON(nil, config)}.write(w)
}

// Run delivers webhooks until ctx ends and then returns nil. Event streams and requests that hang on purpose end with it. It is to be called once;
// without it webhooks wait in their queue.
func (s *Server) Run(ctx context.Context) error {
	defer s.Close()
	s.hooks.run(ctx)
	return nil
}

// Close ends event streams and the requests that hang on purpose.
func (s *Server) Close() { s.stop.Do(func() { close(s.stopped) }) }
