package sim

import "sipscribe/sip"

// hits are the rows of the CANCEL matrix that a schedule has seen.
type hits struct{ rows [rows]bool }

func (h *hits) hit(_ *world, r Row) { h.rows[r] = true }

// hangUp takes note of the moment at which a user hangs up.
func (h *hits) hangUp(w *world, st *station) {
	if len(st.order) == 0 {
		return
	}
	c := st.order[len(st.order)-1]
	now := w.net.Now()
	switch {
	case !c.outgoing || c.over:
		return
	case !c.answered.IsZero():
		if now.Sub(c.answered) <= t1 {
			h.hit(w, RowAfter200)
		}
		return
	}
	i := w.watch.of(st.node).lastRequest(sip.MethodInvite, c.id)
	if i == nil || i.final != 0 {
		return
	}
	switch {
	case i.provisional == 0:
		h.hit(w, RowBefore100)
	case i.provisional == 100:
		h.hit(w, RowAfter100)
	default:
		h.hit(w, RowAfter180)
	}
	if i.auth {
		h.hit(w, RowAfter407)
	}
}

// lastRequest returns the last request of a method and Call-ID that a node has begun.
func (n *watched) lastRequest(m sip.Method, callID string) *clientSeen {
	for i := len(n.order) - 1; i >= 0; i-- {
		if c := n.order[i]; c.method == m && c.callID == callID {
			return c
		}
	}
	return nil
}

// branches counts the INVITEs of a Call-ID that a node has sent with one CSeq number.
func (n *watched) branches(c *clientSeen) int {
	k := 0
	for _, o := range n.order {
		if o.method == sip.MethodInvite && o.callID == c.callID && o.cseq == c.cseq {
			k++
		}
	}
	return k
}

// cancelled takes note of a CANCEL that a node sends.
func (h *hits) cancelled(w *world, n *watched, invite *clientSeen) {
	if n.kind == kindPhone && len(invite.toTags) > 1 || n.kind == kindProxy && n.branches(invite) > 1 {
		h.hit(w, RowForked)
	}
}

// answered takes note of a response that comes to a node.
func (h *hits) answered(w *world, n *watched, c *clientSeen, m *sip.Message) {
	if c.method != sip.MethodInvite {
		return
	}
	success := m.Status/100 == 2
	switch {
	case success && c.byCancel != nil && c.final == 0 && n.kind == kindPhone:
		h.hit(w, RowCrossing)
	case success && c.byCancel != nil && c.final == 0 && n.branches(c) > 1:
		h.hit(w, RowLosing)
	case success && c.final/100 == 2 && n.kind == kindPhone && len(c.toTags) > 1:
		h.hit(w, RowLosing)
	case m.Status == 487 && c.byCancel != nil && c.byCancel.final == 0:
		h.hit(w, RowReordered)
	}
}
