package fortytwo

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// administered are the things that a server of line 1.5 manages, in the singular; all of it shows in the schema of records
// (fortytwo.md 16). What is emulated of it stands in metadata.graphqls.
var administered = []string{
	"Agent", "AgentChatThread", "AgentHandoff", "ApprovedAccessDomain", "AppToken", "BillingPlan", "BillingSubscription", "Blocklist",
	"CalendarChannel", "CommandMenuItem", "ConnectedAccount", "CronTrigger", "DatabaseConfigVariable", "DatabaseEventTrigger",
	"EmailingDomain", "FeatureFlag", "FieldPermission", "File", "ImapSmtpCaldavAccount", "IndexMetadata", "KeyValuePair",
	"MessageChannel", "MessageFolder", "ObjectPermission", "PageLayout", "PageLayoutTab", "PageLayoutWidget", "PermissionFlag",
	"PostgresCredentials", "PublicDomain", "RemoteServer", "RemoteTable", "Route", "SearchFieldMetadata", "ServerlessFunction",
	"SSOIdentityProvider", "TwoFactorAuthenticationMethod", "View", "ViewField", "ViewFilter", "ViewFilterGroup", "ViewGroup", "ViewSort",
	"WorkspaceInvitation", "WorkspaceMigration", "WorkspaceUrl",
}

// actions are administration that is about no one thing: its fields with their arguments, all of them a Boolean!.
var actions = []string{
	"activateWorkspace(data: ActivateWorkspaceInput!)", "activateWorkflowVersion(workflowVersionId: UUID!)",
	"assignRoleToAgent(agentId: UUID!, roleId: UUID!)", "authorizeApp(clientId: String!, redirectUrl: String!)",
	"cancelSwitchBillingInterval", "checkoutSession(successUrlPath: String)", "createOIDCIdentityProvider(input: JSON!)",
	"createSAMLIdentityProvider(input: JSON!)", "deactivateWorkflowVersion(workflowVersionId: UUID!)", "deleteCurrentWorkspace",
	"deleteUser", "deleteTwoFactorAuthenticationMethod(id: UUID!)", "disablePostgresProxy",
	"emailPasswordResetLink(email: String!, workspaceId: UUID)", "enablePostgresProxy", "generateTransientToken",
	"impersonate(userId: UUID!, workspaceId: UUID!)", "initiateOTPProvisioning(loginToken: String!, origin: String!)",
	"publishServerlessFunction(input: JSON!)", "resendWorkspaceInvitation(appTokenId: String!)", "revokeAllApiKeys",
	"runWorkflowVersion(input: JSON!)", "sendInvitations(emails: [String!]!)", "skipBookOnboardingStep", "skipSyncEmailOnboardingStep",
	"startChannelSync(connectedAccountId: UUID!)", "stopWorkflowRun(workflowRunId: UUID!)", "submitFormStep(input: JSON!)",
	"switchToYearlyInterval", "trackAnalytics(type: String!, event: String, properties: JSON)",
	"updatePasswordViaResetToken(passwordResetToken: String!, newPassword: String!)", "updateWorkspace(data: JSON!)",
	"updateWorkspaceMemberRole(workspaceMemberId: UUID!, roleId: UUID!)", "uploadProfilePicture(fileId: UUID!)",
	"uploadWorkspaceLogo(fileId: UUID!)", "userLookupAdminPanel(userIdentifier: String!)",
	"verifyTwoFactorAuthenticationMethod(otp: String!)",
}

// administrationSDL describes what is administered by rule: a look at one and at all of a kind, and five ways to write one.
func administrationSDL() string {
	var types, query, mutation strings.Builder
	for _, name := range administered {
		fmt.Fprintf(&types, "type %s { id: UUID! name: String createdAt: DateTime! updatedAt: DateTime! }\n", name)
		fmt.Fprintf(&types, "input %sInput { id: UUID name: String settings: JSON }\n", name)
		fmt.Fprintf(&query, "getOne%s(id: UUID!): %s!\ngetMany%s: [%s!]!\n", name, name, name, name)
		for _, verb := range []string{"createOne", "updateOne", "deleteOne", "destroyOne", "syncOne"} {
			fmt.Fprintf(&mutation, "%s%s(input: %sInput!): %s!\n", verb, name, name, name)
		}
	}
	for _, action := range actions {
		fmt.Fprintf(&mutation, "%s: Boolean!\n", action)
	}
	return types.String() + "input ActivateWorkspaceInput { displayName: String }\n" + onDbEventSDL +
		"type Query {\n" + query.String() + "}\ntype Mutation {\n" + mutation.String() + "}\n"
}

// onDbEventSDL is how line 1.5 pushes (fortytwo.md 15.1). It is described, not served.
const onDbEventSDL = `
enum DatabaseEventAction { CREATED UPDATED DELETED DESTROYED RESTORED UPSERTED }
input OnDbEventInput { action: DatabaseEventAction objectNameSingular: String recordId: UUID }
type OnDbEventDTO {
  action: DatabaseEventAction!
  objectNameSingular: String!
  eventDate: DateTime!
  record: JSON!
  updatedFields: [String!]
}
type Subscription { onDbEvent(input: OnDbEventInput!): OnDbEventDTO! }
`

// coreSources are the schema of line 1.5 at /graphql beside records. Reading an embedded file cannot fail.
func coreSources() []*ast.Source {
	sources := []*ast.Source{{Name: "administration", Input: administrationSDL()}}
	for _, name := range []string{"core.graphqls", "metadata.graphqls"} {
		text, _ := schemas.ReadFile(name)
		sources = append(sources, &ast.Source{Name: name, Input: string(text)})
	}
	return sources
}

// mergedSchema puts schemas into one, as upstream does: a type that several describe has the members of all, the first's description
// of a member counts.
func mergedSchema(sources ...*ast.Source) (*ast.Schema, error) {
	merged := &ast.SchemaDocument{}
	known := map[string]*ast.Definition{}
	prelude, err := parser.ParseSchema(validator.Prelude)
	if err != nil {
		return nil, err
	}
	merged.Merge(prelude)
	for _, source := range sources {
		document, err := parser.ParseSchema(source)
		if err != nil {
			return nil, err
		}
		for _, d := range document.Definitions {
			first := known[d.Name]
			if first == nil {
				known[d.Name] = d
				merged.Definitions = append(merged.Definitions, d)
				continue
			}
			first.Fields = addFields(first.Fields, d.Fields)
		}
	}
	return validator.ValidateSchemaDocument(merged)
}

func addFields(into, more ast.FieldList) ast.FieldList {
	for _, f := range more {
		if into.ForName(f.Name) == nil {
			into = append(into, f)
		}
	}
	return into
}
