package callflow

// The quietest call is the one of which the newest message is the oldest. It is asked for only when memory is short: until then each message leaves its number in
// its call, and no more. A list that is kept in order would touch three other calls for each message, all of them out of the cache.

// quietest is a heap of open calls by the number of their newest message as it was when they were put there. That number only grows, so that a
// call which turns out to have had another message since is put back further down.
type quietest []quietCall

type quietCall struct {
	moved int64
	seq   int64
	call  *openCall
}

// touch notes that a call has a new message.
func (a *Assembler) touch(o *openCall) {
	a.moves++
	o.moved = a.moves
}

// shrink hands on the quietest calls until the budget holds.
func (a *Assembler) shrink() error {
	for a.used > a.opts.Memory && a.count > 1 {
		o := a.popQuietest()
		if !o.settled() {
			o.evicted = true
			a.stats.Evicted++
			a.leaveStub(o)
		}
		if err := a.handOn(o); err != nil {
			return err
		}
	}
	return nil
}

// popQuietest takes the quietest of the open calls, of which there is one at least.
func (a *Assembler) popQuietest() *openCall {
	if a.quiet == nil || len(a.quiet) > 2*a.count+1024 {
		a.quiet = a.quiet[:0]
		for _, o := range a.opened {
			if o != nil {
				a.quiet.push(quietCall{o.moved, o.seq, o})
			}
		}
	}
	for {
		q := a.quiet.pop()
		if q.call.seq != q.seq {
			continue // handed on
		}
		if q.call.moved == q.moved {
			return q.call
		}
		a.quiet.push(quietCall{q.call.moved, q.seq, q.call})
	}
}

func (h *quietest) push(c quietCall) {
	q := append(*h, c)
	i := len(q) - 1
	for i > 0 {
		p := (i - 1) / 2
		if q[p].moved <= q[i].moved {
			break
		}
		q[p], q[i] = q[i], q[p]
		i = p
	}
	*h = q
}

func (h *quietest) pop() quietCall {
	q := *h
	top := q[0]
	n := len(q) - 1
	q[0] = q[n]
	q[n] = quietCall{}
	q = q[:n]
	for i := 0; ; {
		k := 2*i + 1
		if k >= n {
			break
		}
		if k+1 < n && q[k+1].moved < q[k].moved {
			k++
		}
		if q[i].moved <= q[k].moved {
			break
		}
		q[i], q[k] = q[k], q[i]
		i = k
	}
	*h = q
	return top
}
