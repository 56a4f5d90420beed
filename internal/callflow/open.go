package callflow

import (
	"sipscribe/internal/capture"
)

// openCall is what the assembler holds of a call while records come in. There may be a million of them: it is small, what few calls have is behind
// one pointer, and the Call that a consumer sees is made of it when it is over.
type openCall struct {
	seq        int64
	moved      int64 // number of its newest message, over all calls
	text       stream
	records    []packed
	endpoints  []capture.Endpoint
	id         span // the first Call-ID, and its hash, 0 for one that is masked
	idHash     uint64
	name       span // the first observer, and its hash
	nameHash   uint64
	rare       *rarely
	deadline   int64
	due        int64  // when its timer fires
	until      int64  // it is kept at least until then
	from       uint64 // From tag of the first INVITE outside a dialog
	legs       []leg  // INVITE transactions of the newest attempt
	ends       []end  // of dialogs that were answered
	source     int32
	size       int32 // as it was counted last
	session    int32 // how long it may go on without a message once it is answered, in seconds
	cseq       uint32
	attempt    uint32 // CSeq of the newest INVITE outside a dialog
	domain     capture.Domain
	kind       Kind
	timed      bool
	over       bool // a final response or BYE was seen: what follows is only the tail
	done       bool // and the tail was seen too
	early      bool // somebody is working on the INVITE, or ringing
	challenged bool // the last refusal was a challenge
	confirmed  bool // an INVITE was answered with 2xx, and no BYE was seen
	hungUp     bool // by a BYE
	apart      bool // another call has its Call-ID
	cut        bool // a message of it was cut in its header
	unnamed    bool // and all of them before the Call-ID
	redirected bool // an INVITE was: the next is kept whole, since a row says where it goes

	disordered bool // a first attempt came behind a later one
	rest       bool // what follows was handed on before

	evicted, resumed, continued, logEnded, masked bool
}

// rarely is what hardly any call has.
type rarely struct {
	ids        []span   // further Call-IDs
	hashes     []uint64 // of each, 0 for one that is masked
	names      []span   // further observers
	nameHashes []uint64
	marks      []mark
	extras     []extra
	joined     []Join
	ties       []uint64
}

// extra is what hardly any message has, beside its packed record.
type extra struct {
	second, bottom uint32 // hashes, as in Hop
	source         int32
	mark           int32
	length         uint32 // of the text in the source, where it is not that of what is kept
	omap           uint32 // bytes of the offset map, which follows the text
}

// few returns the rare part, making it.
func (o *openCall) few() *rarely {
	if o.rare == nil {
		o.rare = &rarely{}
	}
	return o.rare
}

// settled reports whether nothing more was to come.
func (o *openCall) settled() bool { return o.over && o.done && !o.confirmed }

// addID names the call by a Call-ID.
func (a *Assembler) addID(o *openCall, id identity, reason JoinReason) {
	if len(id.callID) == 0 {
		return
	}
	var s span
	if id.within > 0 {
		s = span{o.text.n + id.within, uint32(len(id.callID))}
	} else {
		s = a.keep(o, id.callID)
	}
	first := o.id.len == 0
	if first {
		o.id = s
	} else {
		o.few().ids = append(o.few().ids, s)
	}
	if reason != 0 {
		o.few().joined = append(o.few().joined, Join{string(id.callID), reason, len(o.records)})
	}
	hash := id.hash
	if id.masked {
		hash = 0
	}
	if first {
		o.idHash = hash
	} else {
		o.few().hashes = append(o.few().hashes, hash)
	}
	if id.masked {
		return
	}
	a.byID.put(id.hash, o)
	if id.apart {
		a.apart++
		o.apart = true
	}
}

// withText returns the open call of a Call-ID that stands in another message, nil if there is none.
func (a *Assembler) withText(id []byte) *openCall { return a.byID.get(hashOf(id)) }

// forgetIDs makes the call no longer findable.
func (a *Assembler) forgetIDs(o *openCall) {
	forget := func(hash uint64) {
		if hash != 0 {
			a.byID.forget(hash, o)
		}
	}
	forget(o.idHash)
	if o.rare != nil {
		for _, h := range o.rare.hashes {
			forget(h)
		}
		for _, k := range o.rare.ties {
			if a.byTag[k] == o {
				delete(a.byTag, k)
			}
		}
	}
}

// eachID calls yield with each Call-ID of the call that is not masked.
func (a *Assembler) eachID(o *openCall, yield func(id []byte)) {
	if o.idHash != 0 {
		yield(a.store.text(&o.text, o.id, nil))
	}
	if o.rare != nil {
		for i, s := range o.rare.ids {
			if o.rare.hashes[i] != 0 {
				yield(a.store.text(&o.text, s, nil))
			}
		}
	}
}

// name returns the index of a name of this call, adding it; -1 for none. Names are known by their hashes: to compare the text would be to wait for memory that
// nobody else needs now.
func (a *Assembler) name(o *openCall, b []byte) int16 {
	if len(b) == 0 {
		return -1
	}
	hash := hashOf(b)
	if o.nameHash == hash {
		return 0
	}
	if o.name.len == 0 {
		o.name, o.nameHash = a.keep(o, b), hash
		return 0
	}
	r := o.few()
	for i, k := range r.nameHashes {
		if k == hash {
			return int16(i + 1)
		}
	}
	if len(r.names) >= 1<<15-2 {
		return -1
	}
	r.names, r.nameHashes = append(r.names, a.keep(o, b)), append(r.nameHashes, hash)
	return int16(len(r.names))
}

func (o *openCall) internEndpoint(e capture.Endpoint) int16 {
	if !e.IsValid() {
		return -1
	}
	for i := range o.endpoints {
		if o.endpoints[i] == e {
			return int16(i)
		}
	}
	// An address that changes with every message is an attack; one participant more or less does not help against it.
	if len(o.endpoints) >= 1024 {
		return -1
	}
	o.endpoints = append(o.endpoints, e)
	return int16(len(o.endpoints) - 1)
}

// recycle keeps what a call held for others.
func (a *Assembler) recycle(o *openCall) {
	a.store.free(&o.text)
	a.freeRecords(o.records)
	if len(a.free) >= poolPerSize || cap(o.legs) > maxLegs || cap(o.endpoints) > 64 {
		*o = openCall{seq: -1}
		return
	}
	*o = openCall{seq: -1, text: stream{blocks: o.text.blocks[:0]}, endpoints: o.endpoints[:0], legs: o.legs[:0], ends: o.ends[:0]}
	a.free = append(a.free, o)
}
