package explain

import (
	"bytes"

	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// shortByCut reports whether a body that is shorter than its Content-Length was cut by the log, not edited: it ends inside a line,
// or an earlier message of the call with the same Content-Length begins with the same body and goes on. An edited body is
// shorter too, and whole.
func (t *Teller) shortByCut(h *callflow.Hop, m *sip.Message) bool {
	body := m.BodyBytes()
	if len(body) == 0 {
		return m.DeclaredLength > 0
	}
	if !bytes.HasSuffix(body, []byte("\n")) {
		return m.DeclaredLength-len(body) > 2 // less is the line end alone, which the end of a log's line takes away
	}
	for i := 0; i < h.Index(); i++ {
		o := &t.call.Hops[i]
		if o.Status != h.Status || o.Method != h.Method || !t.hasSDP(o) {
			continue
		}
		other := t.parse(o)
		if other.DeclaredLength == m.DeclaredLength && len(other.BodyBytes()) > len(body) && bytes.HasPrefix(other.BodyBytes(), body) {
			return true
		}
	}
	return false
}
