package policy

import "slices"

// register finds things by the workloads that they are about. Its cost does not grow with the number of things that are about
// other ServiceAccounts or SPIFFE ids; it grows with the number of different label selectors in the workload's namespace.
type register[T any] struct {
	byAccount  map[Identity]*T
	byID       map[string][]place[T]
	bySelector map[string][]place[T] // by namespace
}

// place is where a register has a thing for the workloads of one namespace.
type place[T any] struct {
	namespace string
	selector  selector
	thing     *T
}

// of returns the things that are about a party, one for each way in which it is known; those that are missing are made.
func (r *register[T]) of(p *party) []*T {
	var things []*T
	if p.account != "" {
		things = append(things, r.ofAccount(Identity{p.namespace, p.account}))
	}
	for _, id := range p.ids {
		if r.byID == nil {
			r.byID = map[string][]place[T]{}
		}
		places, thing := takePlace(r.byID[id], p.namespace, nil)
		r.byID[id] = places
		things = append(things, thing)
	}
	for _, s := range p.selectors {
		if r.bySelector == nil {
			r.bySelector = map[string][]place[T]{}
		}
		places, thing := takePlace(r.bySelector[p.namespace], p.namespace, s)
		r.bySelector[p.namespace] = places
		things = append(things, thing)
	}
	return things
}

func (r *register[T]) ofAccount(id Identity) *T {
	if r.byAccount == nil {
		r.byAccount = map[Identity]*T{}
	}
	if r.byAccount[id] == nil {
		r.byAccount[id] = new(T)
	}
	return r.byAccount[id]
}

func takePlace[T any](places []place[T], namespace string, s selector) ([]place[T], *T) {
	for _, p := range places {
		if p.namespace == namespace && slices.Equal(p.selector, s) {
			return places, p.thing
		}
	}
	p := place[T]{namespace: namespace, selector: s, thing: new(T)}
	return append(places, p), p.thing
}

// find appends the things that are about a workload. A SPIFFE id counts in the namespace of its workload, or in every namespace
// where the workload is in none that is known; labels count only beside a ServiceAccount.
func (r *register[T]) find(id Identity, w *Workload, found []*T) []*T {
	if thing := r.byAccount[id]; thing != nil {
		found = append(found, thing)
	}
	if w.SPIFFEID != "" && r.byID != nil {
		for _, p := range r.byID[normalID(w.SPIFFEID)] {
			if id.Namespace == "" || p.namespace == id.Namespace {
				found = append(found, p.thing)
			}
		}
	}
	if w.Labels != nil && r.bySelector != nil && id.isKnown() {
		for _, p := range r.bySelector[id.Namespace] {
			if p.selector.matches(w.Labels) {
				found = append(found, p.thing)
			}
		}
	}
	return found
}
