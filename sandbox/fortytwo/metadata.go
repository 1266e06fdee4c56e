package fortytwo

import (
	"maps"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// metaRequest is one operation on /metadata.
type metaRequest struct {
	s      *Server
	caller *caller
}

// metadataMaxRoots is the most root fields of a request to /metadata (fortytwo.md 12).
const metadataMaxRoots = 10

func (s *Server) executeMetadata(in incoming, doc *document, c *caller) reply {
	roots, err := doc.roots()
	if err != nil {
		return in.refusal(err)
	}
	if err := checkMetadataRoots(len(roots), doc.rootNames()); err != nil {
		return in.refusal(err)
	}
	return s.runValidated(in, s.metadata, c.workspace, s.metadataValues(s.metadata, c))
}

// metadataValues are the root fields that are emulated of what the server does beside records.
func (s *Server) metadataValues(schema *ast.Schema, c *caller) fields {
	m := &metaRequest{s: s, caller: c}
	values := introspecting(schema)
	maps.Copy(values, fields{
		"getLoginTokenFromCredentials": resolver(m.getLoginToken), "getAuthTokensFromLoginToken": resolver(m.getAuthTokens),
		"renewToken": resolver(m.renewToken), "signIn": resolver(m.signIn), "signUp": resolver(m.signUp),
		"signUpInWorkspace": resolver(m.signUpInWorkspace),

		"currentUser": resolver(m.currentUser), "currentWorkspace": m.reading("", m.currentWorkspace),

		"objects": m.reading("", m.objects), "object": m.reading("", m.object),
		"fields": m.reading("", m.fields), "field": m.reading("", m.field), "getRoles": m.reading("", m.roles),
		"apiKeys": m.reading(settingKeys, m.apiKeys), "webhooks": m.reading(settingKeys, m.webhooks),

		"createOneObject": m.writing(settingDataModel, m.createObject), "createOneField": m.writing(settingDataModel, m.createField),
		"updateOneField": m.writing(settingDataModel, m.updateField), "deleteOneField": m.writing(settingDataModel, m.deleteField),
		"createApiKey": m.writing(settingKeys, m.createAPIKey), "generateApiKeyToken": m.writing(settingKeys, m.generateAPIKeyToken),
		"revokeApiKey":          m.writing(settingKeys, m.revokeAPIKey),
		"addQueryToEventStream": m.reading("", m.addQuery), "removeQueryFromEventStream": m.reading("", m.removeQuery),

		"createWebhook": m.writing(settingKeys, m.createWebhook), "deleteWebhook": m.writing(settingKeys, m.deleteWebhook),
	})
	return values
}

func checkMetadataRoots(n int, names []string) *apiError {
	friendly := newDict()
	friendly.set("id", "4LVaa7")
	friendly.set("message", "The request is too complex to process. Please try reducing the amount of requested root resolvers.")
	if n > metadataMaxRoots {
		return badInputWith(friendly,
			"Query too complex - Too many root resolvers requested: %d - Maximum allowed root resolvers: %d", n, metadataMaxRoots)
	}
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			return badInputWith(friendly, "Duplicate root resolver: \"%s\"", name)
		}
		seen[name] = true
	}
	return nil
}

func badInputWith(user *dict, format string, args ...any) *apiError {
	err := badInput("", "", format, args...)
	err.user = user
	return err
}

// reading guards a query of the workspace: a user or an API key, with the setting if one is needed.
func (m *metaRequest) reading(setting string, resolve resolver) any {
	return m.guard(setting, resolve, (*sync.RWMutex).RLocker)
}

// writing guards a mutation of the workspace.
func (m *metaRequest) writing(setting string, resolve resolver) any {
	return m.guard(setting, resolve, func(mu *sync.RWMutex) sync.Locker { return mu })
}

func (m *metaRequest) guard(setting string, resolve resolver, lock func(*sync.RWMutex) sync.Locker) any {
	if err := m.allowed(setting); err != nil {
		return resolver(func(map[string]any) (any, *apiError) { return nil, err })
	}
	return guarded{lock: lock(&m.caller.workspace.mu), resolve: resolve}
}

func (m *metaRequest) allowed(setting string) *apiError {
	if m.caller.workspace == nil {
		return errForbiddenResource()
	}
	if setting != "" && !m.caller.role.may(setting) {
		return errDenied()
	}
	return nil
}
