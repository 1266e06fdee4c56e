package fortytwo

import (
	"fmt"
	"sync"
	"testing"
)

func TestReadsWritesAndChangesOfMetadataMayHappenAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.token(adminEmail)
	call := b.main().objectNamed("call").id
	const rounds = 15
	workers := map[string]func(i int) (path, query string){
		"list": func(int) (string, string) {
			return "/graphql", `{calls(orderBy:[{startedAt:DescNullsLast}]){totalCount edges{node{id lead{id name} attachments{totalCount}}}}}`
		},
		"write": func(i int) (string, string) {
			return "/graphql", fmt.Sprintf(`mutation{createCall(data:{providerCallId:"%d",leadId:"%s"},upsert:true){id} updateLead(id:"%s",data:{score:%d}){score}}`,
				i, leadID, leadID, i)
		},
		"remove": func(i int) (string, string) {
			return "/graphql", fmt.Sprintf(`mutation{destroyCalls(filter:{providerCallId:{eq:"%d"}}){id}}`, i)
		},
		"objects": func(int) (string, string) {
			return "/metadata", `{objects(paging:{first:200}){edges{node{fieldsList{name relation{targetFieldMetadata{name}}}}}}}`
		},
		"field": func(i int) (string, string) {
			return "/metadata", fmt.Sprintf(`mutation{createOneField(input:{field:{objectMetadataId:"%s",name:"extra%d",label:"x",type:TEXT}}){id}}`, call, i)
		},
		"schema": func(int) (string, string) { return "/graphql", `{__type(name:"Call"){fields{name}}}` },
		"me": func(int) (string, string) {
			return "/metadata", `{currentUser{workspaceMember{id} currentWorkspace{metadataVersion}}}`
		},
	}
	var group sync.WaitGroup
	for name, request := range workers {
		group.Go(func() {
			for i := range rounds {
				path, query := request(i)
				if got := b.post(path, token, map[string]any{"query": query}); got.failure() != "" {
					t.Errorf("%s: %s", name, got.failure())
				}
			}
		})
	}
	group.Wait()
	if got := b.MetadataVersion(); got != 1+rounds {
		t.Errorf("metadata version %d, want %d", got, 1+rounds)
	}
}
