package proxycore

import (
	"bytes"
	"time"

	"sipscribe/sip"
)

// cancelWait is how long a branch that was cancelled may go on without a final response. The transaction layer gives up after 64·T1, which is
// 32 s (§9.1); this is the longer stop behind it.
const cancelWait = time.Minute

// branch is one client transaction (§16.6).
type branch struct {
	target     int
	breadth    int
	proceeding bool // a provisional response came
	cancelled  bool
	stopped    bool      // timer C fired
	answered   bool      // a final response that is no 2xx came
	done       bool      // a final response came, or none will
	ended      bool      // the transaction is gone
	timerC     time.Time // of an INVITE (§16.6 step 11); once cancelled, cancelWait
}

func (x *Context) branch(n int) *branch {
	if n < 0 || n >= len(x.branches) {
		return nil
	}
	return &x.branches[n]
}

// finish ends a branch, and its target with it.
func (x *Context) finish(b *branch) {
	if b.done {
		return
	}
	b.done = true
	x.targets[b.target].state = targetDone
}

// fail ends a branch that will have no final response: the next address of its target is tried, if there is one (§16.6 step 7); otherwise it
// is as if a 408 had come, or a 503 if it could not be sent (§16.9). A branch that had any response was not unreachable (RFC 3263 §4.3:
// "without ever having received any response, provisional or final").
func (x *Context) fail(b *branch, unsent bool) {
	if b.done {
		return
	}
	t := &x.targets[b.target]
	if len(t.flows) > 0 && !x.closed && !b.cancelled && !b.proceeding {
		b.done = true
		t.state = targetReady
		return
	}
	if unsent {
		x.unsent = true
	} else {
		x.timedOut = true
	}
	x.finish(b)
}

// cancel takes a CANCEL from upstream (§16.10): "the element MUST generate CANCEL requests for all pending client transactions". What has not
// been forwarded yet never will be. A CANCEL for another request than an INVITE has no effect (§9.1), nor has one after a final response.
func (x *Context) cancel(m *sip.Message) {
	if !x.invite || x.final || x.cancelled {
		return
	}
	x.cancelled, x.closed = true, true
	reason := ""
	if m != nil {
		// A Reason may stand in any CANCEL (RFC 3326 §2); since a CANCEL ends at each hop, it has to be put into the next one.
		if v := bytes.Join(bytes.Fields(m.Value(sip.FieldReason)), []byte(" ")); len(v) <= 256 {
			reason = string(v)
		}
	}
	x.cancelAll(reason)
}

// cancelAll cancels all branches without a final response. Those without a provisional one are held by the transaction layer until it comes (§9.1).
func (x *Context) cancelAll(reason string) {
	for i := range x.branches {
		x.cancelBranch(i, reason)
	}
}

// cancelBranch cancels a branch once. Only an INVITE is cancelled (§9.1: "SHOULD NOT be sent to cancel a request other than INVITE").
func (x *Context) cancelBranch(n int, reason string) {
	b := &x.branches[n]
	if !x.invite || b.done || b.cancelled {
		return
	}
	b.cancelled = true
	x.actions = append(x.actions, Action{Kind: ActionCancel, Branch: n, Target: b.target, Reason: reason})
}

// wake looks at timer C (§16.8) and at how long the group has rung.
func (x *Context) wake(now time.Time) {
	for i := range x.branches {
		b := &x.branches[i]
		if b.done || b.timerC.IsZero() || now.Before(b.timerC) {
			continue
		}
		stop := b.cancelled && b.stopped
		proceeding := b.proceeding
		x.cancelBranch(i, "")
		b.timerC, b.stopped = now.Add(cancelWait), true
		if stop || !proceeding {
			// "If the client transaction has not received a provisional response, the proxy MUST behave as if the transaction received a 408."
			// The CANCEL is held by the transaction layer then.
			x.fail(b, false)
		}
	}
	if !x.closed && x.ringing() && !now.Before(x.ring) {
		x.ring = time.Time{}
		for i := range x.branches {
			if b := &x.branches[i]; int(x.targets[b.target].Q) == x.ringQ {
				x.targets[b.target].flows = nil
				x.cancelBranch(i, "")
			}
		}
	}
}

// ringing reports whether a group is rung for a limited time: there is one behind it.
func (x *Context) ringing() bool {
	if x.ring.IsZero() {
		return false
	}
	last := x.order[len(x.order)-1]
	return int(x.targets[last].Q) < x.ringQ
}
