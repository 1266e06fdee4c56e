package rest

// list is a connection of an answer, of which there may be more than the page that was read.
type list struct {
	object
	alone map[string]any // variables that ask for this list and no other
}

// root is the one list of a document.
func root(field string) func(object) []list {
	return func(data object) []list { return []list{{object: data.at(field)}} }
}

// queueLists are those of the missed-call queue, one per status.
func queueLists(data object) []list {
	var lists []list
	for _, group := range data.at("missedCallQueue").items("groups") {
		if group, ok := group.(object); ok {
			lists = append(lists, list{group.at("items"), map[string]any{"status": group["status"]}})
		}
	}
	return lists
}

// continueWith appends the page that was read of this list alone. Without one the list ends.
func (l list) continueWith(page []list) {
	var next object
	if len(page) > 0 {
		next = page[0].object
	}
	l.object["edges"] = append(l.items("edges"), next.items("edges")...)
	l.object["pageInfo"] = next.at("pageInfo")
}
