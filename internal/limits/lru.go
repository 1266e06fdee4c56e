package limits

import "container/list"

// lru remembers the most recently used values. It is not safe for concurrent use.
type lru[K comparable, V any] struct {
	max   int
	byKey map[K]*list.Element
	order *list.List // of entry[K, V], the newest first
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newLRU[K comparable, V any](limit int) *lru[K, V] {
	return &lru[K, V]{max: limit, byKey: make(map[K]*list.Element), order: list.New()}
}

// get finds a value and counts as its use.
func (l *lru[K, V]) get(key K) (value V, ok bool) {
	e, ok := l.byKey[key]
	if !ok {
		return value, false
	}
	l.order.MoveToFront(e)
	return e.Value.(entry[K, V]).value, true
}

// add remembers a value under a key that get has not found, in place of the least recently used when it is full.
func (l *lru[K, V]) add(key K, value V) {
	if l.order.Len() >= l.max {
		oldest := l.order.Back()
		delete(l.byKey, oldest.Value.(entry[K, V]).key)
		l.order.Remove(oldest)
	}
	l.byKey[key] = l.order.PushFront(entry[K, V]{key, value})
}
