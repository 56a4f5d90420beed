package explain

import (
	"bytes"
	"strconv"

	"sipscribe/sip"
)

// rtpStat is what a device says of the sound of a call, in its BYE or in the 200 to one; -1: it does not say. No RFC has the fields:
//
//	P-RTP-Stat: PS=500,OS=80000,PR=498,OR=79680,PL=2,JI=3,LA=20,DU=10,EN=G711u,DE=G711u     Linksys and Cisco SPA, ATA 19x (Stats In BYE)
//	X-RTP-Stat: PS=207;OS=49680;PR=314;OR=50240;PL=0;JI=600;LA=40                            AudioCodes, Obihai
//	RTP-RxStat: Dur=10,Pkt=498,Oct=79680,LatePkt=0,LostPkt=2,AvgJit=3,…                      Cisco telephones; RTP-TxStat beside it
//
// Packets and octets sent and received, packets lost on the way to it, jitter in ms, latency in ms, the duration in s, encoder and decoder.
// AvgJit is in units of the timestamps, whatever those are, and is left out.
type rtpStat struct {
	sent, received, lost, jitter int64
}

// rtpStatOf reads what a message says of the sound, and reports whether it says anything.
func rtpStatOf(m *sip.Message) (rtpStat, bool) {
	s := rtpStat{-1, -1, -1, -1}
	for _, name := range [...]string{"P-RTP-Stat", "X-RTP-Stat"} {
		if v := m.Named(name); v != nil {
			s.read(v, "PS", "PR", "PL", "JI")
			return s, s.sent >= 0 || s.received >= 0
		}
	}
	s.read(m.Named("RTP-TxStat"), "Pkt", "", "", "")
	s.read(m.Named("RTP-RxStat"), "", "Pkt", "LostPkt", "")
	return s, s.sent >= 0 || s.received >= 0
}

// read takes the parameters that have a name from a list of name=value. What is no number is passed over.
func (s *rtpStat) read(v []byte, sent, received, lost, jitter string) {
	for len(v) > 0 {
		item := v
		if i := bytes.IndexAny(v, ",;"); i >= 0 {
			item, v = v[:i], v[i+1:]
		} else {
			v = nil
		}
		name, value, ok := bytes.Cut(item, []byte("="))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 40)
		if !ok || err != nil {
			continue
		}
		name = bytes.TrimSpace(name)
		for _, p := range [...]struct {
			name string
			to   *int64
		}{{sent, &s.sent}, {received, &s.received}, {lost, &s.lost}, {jitter, &s.jitter}} {
			if p.name != "" && *p.to < 0 && bytes.EqualFold(name, []byte(p.name)) {
				*p.to = int64(n)
			}
		}
	}
}

// tellRTPStat adds what a message says of the sound of the call.
func (t *Teller) tellRTPStat(m *sip.Message) {
	s, ok := rtpStatOf(m)
	if !ok {
		return
	}
	if t.from >= 0 && t.middle(t.from) {
		// A server in the middle hands on what the far end says.
		t.fill[placeText] = t.calleeName
		if t.call.FromInitiator(t.hop) == t.hop.IsRequest() {
			t.fill[placeText] = t.callerName
		}
		t.say("word.rtpstat.far")
	} else {
		t.say("word.rtpstat")
	}
	separator := " "
	item := func(n int64, key, none string) {
		if n < 0 {
			return
		}
		if n == 0 && none != "" {
			key = none
		}
		t.fill[placeCount] = strconv.FormatInt(n, 10)
		t.buf = append(t.buf, separator...)
		t.put(t.template(key))
		separator = ", "
	}
	item(s.sent, "word.rtpstat.sent", "")
	item(s.received, "word.rtpstat.received", "word.rtpstat.deaf")
	if s.received != 0 {
		item(s.lost, "word.rtpstat.lost", "word.rtpstat.whole")
		item(s.jitter, "word.rtpstat.jitter", "")
	}
	t.buf = append(t.buf, '.')
}
